// Keeping a figure: all pictures of its animation collect while the game plays, and leave as a strip or an animation.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { addAction } from "../actions.js";
import { resize } from "../canvas.js";
import { ask } from "../connection.js";
import { spriteShown } from "../figures.js";
import { html } from "../html.js";
import { pinned } from "../selection.js";
import { abgr } from "../snes.js";
import { repeat } from "../visible.js";
import { view } from "./view.js";

/**
 * @typedef {{width: number, height: number, pixels: string, cgram: number[]}} Picture
 * @typedef {{figure: string, frames: number, of: number, ended: boolean, count: number, pictures: Picture[],
 *   doubts: string[]}} Collected
 */

const EVERY = 250; // milliseconds between two questions
const FORMATS = [["strip", "Sprite sheet", "PNG and JSON; edit it in any image editor, and save it: the game changes"],
  ["apng", "Animated PNG", "with exact durations"], ["gif", "GIF", "to show to others"]];

/** What is collected; its pictures grow. */
const state = signal(/** @type {Collected | null} */ (null));
const told = signal("");
const asking = signal(false);

/** @param {Collected | null} answer */
function take(answer) {
  if (answer === null) return;
  const before = state.value?.figure === answer.figure ? state.value.pictures : [];
  state.value = { ...answer, pictures: [...before, ...answer.pictures] };
}

async function refresh() {
  if (asking.value || state.value === null || state.value.ended) return;
  asking.value = true;
  try {
    take(await ask("collected", { since: state.value.pictures.length }));
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  } finally {
    asking.value = false;
  }
}

/** @param {import("../selection.js").Place} place */
async function collect(place) {
  if (state.value !== null && !state.value.ended) return end();
  pinned.value = place;
  view.value = "Sprites";
  told.value = "";
  state.value = null;
  try {
    take(await ask("collect", spriteShown(place)));
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
}

async function end() {
  await ask("end_collecting").catch(() => undefined);
  await refresh();
}

/** @param {string} kind */
async function save(kind) {
  try {
    const path = await ask("export_collected", { kind });
    told.value = kind === "strip" ? `written to ${path}; edit and save it, and the game changes` : `written to ${path}`;
    await refresh();
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
}

addAction({ key: "l", name: "Collect", does: "collect all pictures of the figure's animation; again: enough",
  applies: (place) => place.sprite !== null, run: collect });

/** @param {{picture: Picture}} properties */
function Shown({ picture }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const element = canvas.current, context = element?.getContext("2d");
    if (!element || !context) return;
    resize(element, picture.width, picture.height);
    const image = context.createImageData(picture.width, picture.height);
    const words = new Uint32Array(image.data.buffer), bytes = atob(picture.pixels), all = picture.cgram.map(abgr);
    for (let n = 0; n < words.length; n++) words[n] = bytes.charCodeAt(n) ? all[bytes.charCodeAt(n) - 128] : 0;
    context.putImageData(image, 0, 0);
  }, [picture]);
  return html`<canvas ref=${canvas} width="1" height="1" class="pixels" role="img" aria-label="picture of the figure"></canvas>`;
}

/** The strip that grows, with what can be done with it; nothing while none is collected. */
export function Collect() {
  useEffect(() => {
    return repeat(refresh, EVERY);
  }, []);
  const now = state.value;
  if (now === null) return told.value ? html`<p class="line" role="status">${told.value}</p>` : null;
  const seconds = (now.frames / (now.of / 10)).toFixed(1);
  return html`<section class="collect" aria-label="Collected pictures">
    <div class="bar"><strong>${now.figure}</strong>
      <span class="progress">${now.pictures.length} picture${now.pictures.length === 1 ? "" : "s"}, ${seconds} of 10 seconds${
        now.ended ? "" : "; play on"}</span>
      ${!now.ended && html`<button onClick=${end}>Enough</button>`}
      ${FORMATS.map(([kind, name, does]) => html`<button key=${kind} title=${does} onClick=${() => save(kind)}>${name}</button>`)}
      <button onClick=${() => (void end(), ([state.value, told.value] = [null, ""]))}>Close</button></div>
    <div class="strip" tabindex="0" role="group" aria-label="Pictures">${now.pictures.map((picture, n) => html`<${Shown} key=${n} picture=${picture} />`)}</div>
    ${now.doubts.map((doubt) => html`<p class="line empty">${doubt}</p>`)}
    ${told.value && html`<p class="line" role="status">${told.value}</p>`}
  </section>`;
}
