// VRAM as tiles.
import { signal } from "@preact/signals";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { html } from "../html.js";
import { frame, memory } from "../memory.js";
import { picked, pinned, point, pointedTiles } from "../selection.js";
import { colours, decodeTile } from "../snes.js";

const COLUMNS = 32;
const depth = signal(4);
const palette = signal(8);
const marks = signal(true);

/** @type {ImageData | null} */
let image = null;
const tile = new Uint8Array(64);

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const bpp = depth.value, first = bpp === 8 ? 0 : palette.value << (bpp === 2 ? 2 : 4), marked = pointedTiles();
  const bytes = 8 * bpp, rows = 0x10000 / bytes / COLUMNS;
  resize(canvas, 8 * COLUMNS, 8 * rows);
  if (image === null || image.height !== canvas.height) image = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(image.data.buffer);
  const all = colours(memory.cgram);
  for (let number = 0; number < COLUMNS * rows; number++) {
    decodeTile(memory.vram, number * bytes, bpp, tile);
    const corner = 64 * COLUMNS * Math.floor(number / COLUMNS) + 8 * (number % COLUMNS);
    for (let n = 0; n < 64; n++) words[corner + 8 * COLUMNS * (n >> 3) + (n & 7)] = all[(first + tile[n]) & 0xff];
  }
  context.putImageData(image, 0, 0);
  if (marks.value) {
    context.fillStyle = "rgb(255 80 80 / 0.35)";
    for (let unit = 0; unit < 2048; unit++) {
      if (memory.changed[unit] !== frame.peek()) continue;
      const number = Math.floor((unit * 32) / bytes);
      context.fillRect(8 * (number % COLUMNS), 8 * Math.floor(number / COLUMNS), 8, 8);
    }
  }
  context.fillStyle = "rgb(255 0 255 / 0.45)";
  for (const vram of picked.value) {
    const number = Math.floor(vram / bytes);
    context.fillRect(8 * (number % COLUMNS), 8 * Math.floor(number / COLUMNS), 8, 8);
  }
  for (const vram of marked) {
    const number = Math.floor(vram / bytes);
    outline(context, 8 * (number % COLUMNS), 8 * Math.floor(number / COLUMNS), 8, 8, "#ffd54a");
  }
}

/** The view. */
export function Vram() {
  const canvas = usePainted(draw);
  /** @param {PointerEvent} event */
  const at = (event) => {
    const { x, y } = pixelAt(event);
    const number = COLUMNS * (y >> 3) + (x >> 3);
    return { vram: number * 8 * depth.value, bpp: depth.value, sprite: null };
  };
  const palettes = Array.from({ length: depth.value === 2 ? 8 : 16 }, (_, n) => n);
  return html`
    <div class="bar">
      <label>Depth <select value=${depth.value}
        onChange=${(/** @type {any} */ e) => (depth.value = Number(e.currentTarget.value))}>
        ${[2, 4, 8].map((bpp) => html`<option value=${bpp}>${bpp} bpp</option>`)}</select></label>
      ${depth.value !== 8 && html`<label>Palette <select value=${palette.value}
        onChange=${(/** @type {any} */ e) => (palette.value = Number(e.currentTarget.value))}>
        ${palettes.map((n) => html`<option value=${n}>${n}</option>`)}</select></label>`}
      <label><input type="checkbox" checked=${marks.value}
        onChange=${(/** @type {any} */ e) => (marks.value = e.currentTarget.checked)} /> mark what changes</label>
    </div>
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels vram" role="img" aria-label="Tiles in VRAM"
      onPointerMove=${(/** @type {PointerEvent} */ e) => point(at(e))} onPointerLeave=${() => point(null)}
      onClick=${(/** @type {PointerEvent} */ e) => (pinned.value = at(e))}></canvas></div>`;
}
