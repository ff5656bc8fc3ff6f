// What differs between a kept moment and the frame that is shown.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../connection.js";
import { html } from "../html.js";
import { addKeys } from "../keys.js";
import { memory, moment } from "../memory.js";
import { abgr, colours, decodeTile } from "../snes.js";
import { askTimeline, keepMoment, moments, room } from "../timeline.js";
import { view } from "./view.js";

const FIELDS = ["x", "y", "tile", "palette", "priority", "hflip", "vflip", "large"];

/** The moment that is compared with; null: the one that was kept last. */
const chosen = signal(/** @type {string | null} */ (null));
const found = signal(/** @type {any} */ (null));
const failed = signal("");
const palette = signal(8);

/** Compare with the frame that is shown now. */
async function compare() {
  view.value = "Compare";
  const name = chosen.value ?? moments.value[0]?.name;
  if (name === undefined) return;
  try {
    found.value = await ask("compare", { name });
    failed.value = "";
  } catch (error) {
    failed.value = /** @type {Error} */ (error).message;
  }
}

addKeys({ key: "c", does: "compare the frame that is shown with a kept moment", run: compare });

/** @param {{pair: [string, string]}} properties */
function TilePair({ pair }) {
  const reference = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const from = 16 * palette.value;
  useEffect(() => {
    const context = reference.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(17, 8);
    const words = new Uint32Array(image.data.buffer);
    const all = colours(memory.cgram), tile = new Uint8Array(64);
    pair.forEach((text, side) => {
      decodeTile(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)), 0, 4, tile);
      tile.forEach((value, n) => (words[17 * (n >> 3) + 9 * side + (n & 7)] = all[from + value]));
    });
    context.putImageData(image, 0, 0);
  }, [pair, from]);
  return html`<canvas ref=${reference} width="17" height="8" class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {number} value */
function css(value) {
  const one = abgr(value);
  return `rgb(${one & 255} ${(one >> 8) & 255} ${(one >> 16) & 255})`;
}

/** @param {number | null} value @param {number} digits */
function hex(value, digits = 2) {
  return value === null ? "unknown" : `$${value.toString(16).padStart(digits, "0")}`;
}

/** Whether sprites that differ are framed in the pictures. */
const framed = signal(true);

/**
 * @typedef {{sprite: number, x: number, y: number, width: number, height: number, oam: boolean, tiles: boolean, colours: boolean}} Mark
 * @param {{marks: Mark[], image: HTMLImageElement | null}} properties
 */
function Marks({ marks, image }) {
  const [size, setSize] = useState([0, 0]);
  useEffect(() => {
    if (image === null) return undefined;
    const look = () => setSize([image.naturalWidth, image.naturalHeight]);
    look();
    image.addEventListener("load", look);
    return () => image.removeEventListener("load", look);
  }, [image]);
  const across = size[0] / 256, down = size[1] > 239 ? 2 : 1; // of hi-res and of both fields
  return html`<svg class="marks" viewBox=${`0 0 ${size[0] || 256} ${size[1] || 224}`} aria-hidden="true">${marks.map(
    ({ sprite, x, y, width, height, oam, tiles, colours }) => html`<rect key=${sprite} data-sprite=${sprite} class=${oam ? "" : "other"}
      x=${x * across} y=${y * down} width=${width * across} height=${height * down}><title>${`sprite ${sprite}: ${[
      oam && "its entry in OAM", tiles && "its tiles", colours && "its colours"].filter(Boolean).join(", ")}`}</title></rect>`)}</svg>`;
}

/** @param {{picture: string, frame: number, marks: Mark[]}} properties */
function Picture({ picture, frame, marks }) {
  const [image, setImage] = useState(/** @type {HTMLImageElement | null} */ (null));
  return html`<div class="picture"><img ref=${setImage} class="pixels" alt=${`Picture of frame ${frame}, ${marks.length} sprites in it differ`}
    src=${`data:image/png;base64,${picture}`} />${framed.value && html`<${Marks} marks=${marks} image=${image} />`}</div>`;
}

/** @param {{result: any}} properties */
function Result({ result }) {
  const { tiles, colours: changed, sprites, registers, wram, pictures, marks, frames, bytes } = result;
  return html`<div class="compare">
    <div class="pictures">${[0, 1].map((n) => html`<figure key=${n}><figcaption>${n ? "now shown" : result.name}: frame ${
      frames[n]}</figcaption>${pictures[n] === null ? html`<p class="empty">no picture: a register is unknown</p>`
      : html`<${Picture} picture=${pictures[n]} frame=${frames[n]} marks=${marks[n]} />`}
      </figure>`)}</div>
    <label class="framing"><input type="checkbox" checked=${framed.value}
      onChange=${(/** @type {any} */ e) => (framed.value = e.currentTarget.checked)} /> frame sprites that differ (dashed: only their
      tiles or colours do)</label>
    <p class="line">${tiles.length} tiles, ${changed.length} colours, ${sprites.length} sprites and ${
      registers.length} registers differ${wram ? `, and ${wram.bytes} bytes of WRAM in ${wram.ranges.length} places` : ""}.</p>
    ${tiles.length > 0 && html`<h3>Tiles <small>VRAM byte address; before and after, at 4 bits</small>
      <label> palette <input type="number" min="0" max="15" value=${palette.value}
        onInput=${(/** @type {any} */ e) => (palette.value = Math.max(0, Math.min(15, Number(e.currentTarget.value))))} /></label></h3>
      <ul class="tiles">${tiles.slice(0, bytes.length / 2).map((/** @type {number} */ at, /** @type {number} */ n) => html`
        <li key=${at}><${TilePair} pair=${[bytes[2 * n], bytes[2 * n + 1]]} /><small>${hex(at, 4)}</small></li>`)}</ul>`}
    ${changed.length > 0 && html`<h3>Colours</h3><ul class="tiles">${changed.map((/** @type {any} */ one) => html`
      <li key=${one.index}><span><i class="swatch" style=${{ background: css(one.before) }}></i><i class="swatch"
        style=${{ background: css(one.after) }}></i></span><small>${one.index}: ${hex(one.before, 4)} > ${
        hex(one.after, 4)}</small></li>`)}</ul>`}
    ${sprites.length > 0 && html`<h3>Sprites</h3><table><thead><tr><th>OAM</th>${FIELDS.map((name) => html`<th>${
      name}</th>`)}</tr></thead><tbody>${sprites.map((/** @type {any} */ one) => html`<tr key=${one.index}><td>${
      one.index}</td>${FIELDS.map((name) => one.fields.includes(name)
        ? html`<td class="changed">${Number(one.before[name])} > ${Number(one.after[name])}</td>`
        : html`<td>${Number(one.after[name])}</td>`)}</tr>`)}</tbody></table>`}
    ${registers.length > 0 && html`<h3>Registers</h3><ul>${registers.map((/** @type {any} */ one) => html`
      <li key=${one.name}>${one.name}: ${hex(one.before)} > ${hex(one.after)}</li>`)}</ul>`}
  </div>`;
}

/** The moment that a second click deletes. */
const condemned = signal(/** @type {string | null} */ (null));

/** @param {string} name */
async function remove(name) {
  if (condemned.value !== name) {
    condemned.value = name;
    return;
  }
  condemned.value = null;
  chosen.value = null;
  await askTimeline("delete moment", { name });
}

const MEBIBYTE = 1048576;

/** How much room is left, once it is little. */
function Room() {
  const { most, bytes, most_bytes: all } = room.value, count = moments.value.length;
  if (count < 0.8 * most && bytes < 0.8 * all) return null;
  const full = count >= most || bytes >= all;
  return html`<p class=${full ? "line warning" : "line"} role="status">${count} moments of at most ${most} are kept, ${
    Math.ceil(bytes / MEBIBYTE)} of ${all / MEBIBYTE} MiB${full ? ": no more are kept until some are deleted" : ""}.</p>`;
}

/** The view. */
export function Compare() {
  const kept = moments.value;
  if (kept.length === 0) {
    return html`<p class="empty">Keep a moment with K. Later, or at another frame of the timeline, press C: what differs
      is shown here. <button onClick=${keepMoment}>Keep this moment</button></p>`;
  }
  const name = chosen.value ?? kept[0].name;
  const one = kept.find((other) => other.name === name);
  return html`<div class="bar">
      <label>Moment <select value=${name} onChange=${(/** @type {any} */ e) => {
        chosen.value = e.currentTarget.value;
        void compare();
      }}>${kept.map((other) => html`<option key=${other.name} value=${other.name}>${other.name}, ${
        new Date(1000 * other.saved).toLocaleTimeString()}${other.state ? ", with state" : ""}</option>`)}</select></label>
      <button title="Compare it with the frame that is shown (C)" onClick=${compare}>Compare with now</button>
      <button aria-pressed=${moment.value === name} title="Show this moment in all views; Live goes back to the game"
        onClick=${() => askTimeline("show moment", { name })}>Show it</button>
      ${one?.state && html`<button onClick=${() => askTimeline("load state", { name })}>Load its state</button>`}
      <button title="Delete its files" onClick=${() => remove(name)} onBlur=${() => (condemned.value = null)}>${
        condemned.value === name ? "Really delete" : "Delete"}</button>
    </div>
    <${Room} />
    ${failed.value && html`<p class="trouble" role="alert">${failed.value}</p>`}
    ${found.value === null ? html`<p class="empty">Press C to see what differs from this moment now.</p>`
    : html`<${Result} result=${found.value} />`}`;
}
