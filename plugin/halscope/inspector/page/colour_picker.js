// Change the chosen colours: a square of saturation and brightness, sliders, numbers and texts.
import { signal } from "@preact/signals";
import { resize, usePainted } from "./canvas.js";
import { abgr } from "./snes.js";
import { hexOf, hsvOf, levels, parseColours, wordOf, wordOfHsv, wordText } from "./colour.js";
import { chosen, details, trying, version } from "./colour_state.js";
import { choose, draft, everywhere, giveUp, paletteOf, shownWord, storeSoon, told, tryColours, wordsBefore } from "./colour_edit.js";
import { ask, upload } from "./connection.js";
import { html } from "./html.js";

/** What was read from the palette file that was taken over last, and for which colours. */
const noted = signal({ text: "", of: "" });
const STEPS = 32;
const SETTLE = 350; // milliseconds after the last key
/** Hue and saturation that a grey does not tell: those of the last colour that had them. */
const hue = signal(0);
const saturation = signal(0);
/** How a whole palette is shifted: hue in degrees, saturation and brightness in percent. */
const shift = signal([0, 0, 0]);

/** @param {number} word */
function only(word) {
  tryColours(new Map([[chosen.peek()[0], word]]));
}

/** Hue, saturation and brightness of the chosen colour. */
function current() {
  const [h, s, v] = hsvOf(shownWord(chosen.value[0]));
  if (draft.value.size > 0) return [hue.value, v === 0 ? saturation.value : s === 0 ? saturation.value : s, v];
  return [s === 0 ? hue.value : h, s, v];
}

/** @param {number} h @param {number} s @param {number} v */
function pick(h, s, v) {
  [hue.value, saturation.value] = [h, s];
  only(wordOfHsv(h, s, v));
}

function Square() {
  const canvas = usePainted((context, element) => {
    resize(element, STEPS, STEPS);
    const [h, s, v] = current();
    const image = context.createImageData(STEPS, STEPS), words = new Uint32Array(image.data.buffer);
    for (let n = 0; n < words.length; n++) {
      words[n] = abgr(wordOfHsv(h, (n % STEPS) / (STEPS - 1), 1 - Math.floor(n / STEPS) / (STEPS - 1)));
    }
    const x = Math.round(s * (STEPS - 1)), y = Math.round((1 - v) * (STEPS - 1));
    for (const [dx, dy] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
      const at = STEPS * (y + dy) + x + dx;
      if (x + dx >= 0 && x + dx < STEPS && at >= 0 && at < words.length) words[at] = v > 0.5 ? 0xff000000 : 0xffffffff;
    }
    context.putImageData(image, 0, 0);
  });
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const element = /** @type {HTMLElement} */ (event.currentTarget);
    if (!element.hasPointerCapture(event.pointerId)) return;
    const box = element.getBoundingClientRect();
    const within = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    pick(current()[0], within((event.clientX - box.left) / box.width), 1 - within((event.clientY - box.top) / box.height));
  };
  return html`<canvas ref=${canvas} class="pixels square" aria-hidden="true" title="Drag: saturation across, brightness up"
    onPointerDown=${(/** @type {PointerEvent} */ event) => {
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      hue.value = current()[0];
      drag(event);
    }} onPointerMove=${drag} onPointerUp=${() => storeSoon()} onPointerCancel=${() => void giveUp()}></canvas>`;
}

/** @param {{name: string, value: number, least: number, most: number, unit?: string, set: (value: number) => void}} properties */
function Slider({ name, value, least, most, unit = "", set }) {
  const change = (/** @type {any} */ event) => {
    const number = Number(event.currentTarget.value);
    if (Number.isFinite(number)) set(Math.min(most, Math.max(least, number)));
  };
  return html`<label class="slider"><span>${name}</span><input type="range" min=${least} max=${most} value=${value}
    aria-label=${`${name}${unit && ` (${unit})`}`} onInput=${change} onChange=${() => storeSoon(SETTLE)} />
    <input type="number" min=${least} max=${most} value=${value} aria-label=${`${name} as a number`}
      onInput=${change} onChange=${() => storeSoon(SETTLE)} /></label>`;
}

/**
 * Take over colours from a text, for the chosen colour or the chosen palette. Returns whether the text holds any.
 * @param {string} text
 */
export function pasteColours(text) {
  return takeColours(parseColours(text));
}

/**
 * Take over colours for the chosen colour or the chosen palette. Returns whether there are any.
 * @param {number[]} found
 */
function takeColours(found) {
  const into = chosen.peek();
  if (found.length === 0) return false;
  if (into.length === 0) {
    told.value = { text: "click a colour or the name of a palette first: colours are pasted there", bad: true };
    return true;
  }
  // A palette's first colour is its transparent one, which is not chosen with it.
  const words = into.length > 1 && found.length >= 16 ? found.slice(1) : found;
  tryColours(new Map(into.slice(0, words.length).map((colour, n) => [colour, words[n]])));
  storeSoon();
  return true;
}

const ALL = 256;

/**
 * Take over the colours of a palette file for the palette that is chosen, or that of the chosen colour: of a file that has all of
 * CGRAM, those of this palette.
 * @param {File} file
 */
export async function takePalette(file) {
  if (chosen.peek().length === 1) choose(paletteOf(chosen.peek()[0] >> 4));
  const into = chosen.peek();
  if (into.length === 0) return void takeColours([0]);
  told.value = { text: `${file.name}: is being read…`, bad: false };
  try {
    const read = await ask("palette_file", { upload: await upload(file), name: file.name });
    if (read === null) throw new Error("no frame has come yet");
    if (into.join() !== chosen.peek().join()) return;
    takeColours(read.colours.length === ALL ? read.colours.slice(into[0] & ~15, (into[0] | 15) + 1) : read.colours);
    const count = read.colours.length;
    const text = `${file.name}: ${count} ${count === 1 ? "colour" : "colours"}${read.exact ? "" : ", in the nearest ones of the console"}`;
    noted.value = { text, of: into.join() };
  } catch (error) {
    told.value = { text: /** @type {Error} */ (error).message, bad: true };
  }
}

function One() {
  const word = shownWord(chosen.value[0]);
  const [r, g, b] = levels(word);
  const [h, s, v] = current();
  const percent = (/** @type {number} */ part) => Math.round(100 * part);
  return html`<${Square} /><div class="sliders">
      <${Slider} name="Red" value=${r} least=${0} most=${31} set=${(/** @type {number} */ n) => only(wordOf(n, g, b))} />
      <${Slider} name="Green" value=${g} least=${0} most=${31} set=${(/** @type {number} */ n) => only(wordOf(r, n, b))} />
      <${Slider} name="Blue" value=${b} least=${0} most=${31} set=${(/** @type {number} */ n) => only(wordOf(r, g, n))} />
      <${Slider} name="Hue" value=${Math.round(h)} least=${0} most=${359} unit="degrees" set=${(/** @type {number} */ n) => pick(n, s, v)} />
      <${Slider} name="Saturation" value=${percent(s)} least=${0} most=${100} unit="percent" set=${(/** @type {number} */ n) => pick(h, n / 100, v)} />
      <${Slider} name="Brightness" value=${percent(v)} least=${0} most=${100} unit="percent" set=${(/** @type {number} */ n) => pick(h, s, n / 100)} />
      <label class="slider"><span>Hex</span><input type="text" class="hex" spellcheck="false" value=${hexOf(word)}
        title="#rrggbb, or the console's word as $7fff" onChange=${(/** @type {any} */ event) => {
          if (!pasteColours(event.currentTarget.value)) told.value = { text: "write #rrggbb, or a word as $7fff", bad: true };
        }} /><span>${wordText(word)}</span></label>
    </div>`;
}

/** @param {number[]} by */
function shiftAll(by) {
  const colours = chosen.peek();
  shift.value = by;
  const words = wordsBefore(colours).map((word) => {
    const [h, s, v] = hsvOf(word);
    const moved = (/** @type {number} */ part, /** @type {number} */ percent) =>
      percent < 0 ? part * (1 + percent / 100) : part + ((1 - part) * percent) / 100;
    return wordOfHsv(h + by[0], s === 0 ? 0 : moved(s, by[1]), moved(v, by[2]));
  });
  tryColours(new Map(colours.map((colour, n) => [colour, words[n]])));
}

function Whole() {
  const by = trying.value ? shift.value : [0, 0, 0]; // once stored, what is seen is what is shifted next
  const set = (/** @type {number} */ at) => (/** @type {number} */ n) => shiftAll(by.map((one, m) => (m === at ? n : one)));
  return html`<div class="sliders"><${Slider} name="Hue" value=${by[0]} least=${-180} most=${180} unit="degrees" set=${set(0)} />
    <${Slider} name="Saturation" value=${by[1]} least=${-100} most=${100} unit="percent" set=${set(1)} />
    <${Slider} name="Brightness" value=${by[2]} least=${-100} most=${100} unit="percent" set=${set(2)} /></div>`;
}

/** The picker of the chosen colour or palette. */
export function Picker() {
  void version.value;
  const found = details.value;
  const copies = found?.copies?.length ?? 0;
  const all = everywhere.value ?? found?.everywhere ?? false;
  return html`<div class="picker" role="group" aria-label="Change the colour">
    ${chosen.value.length > 1 ? html`<${Whole} />` : html`<${One} />`}</div>
    <div class="bar scope">
      ${copies > 0 && html`<fieldset><legend>Change</legend>
        ${[[false, "here only"], [true, `everywhere (${copies} more ${copies === 1 ? "place" : "places"})`]].map(([value, name]) => html`<label>
          <input type="radio" name="scope" checked=${all === value} onChange=${() => (everywhere.value = Boolean(value))} /> ${name}</label>`)}
      </fieldset>`}
      ${trying.value && html`<button onClick=${() => void giveUp()}>Take back</button>`}
      <span role="status" class=${told.value.bad ? "warning" : ""}>${told.value.text}</span>
      ${noted.value.of === chosen.value.join() && html`<small>${noted.value.text}</small>`}</div>`;
}
