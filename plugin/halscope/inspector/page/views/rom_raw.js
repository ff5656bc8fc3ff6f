// Any bytes of the ROM as tiles: offset, phase, stride, depth and palette. The page decodes them.
import { useEffect } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { outline, resize, usePainted } from "../canvas.js";
import { ask } from "../connection.js";
import { Address, Choice, hex } from "../controls.js";
import { html } from "../html.js";
import { memory } from "../memory.js";
import { fromBase64 } from "../origin_map.js";
import { remembered } from "../remembered.js";
import { colours, greys, TILE_BYTES } from "../snes.js";
import { paletteColours, paletteCount, shapeOf, TileSheet } from "../tile_sheet.js";
import { repeat } from "../visible.js";

/** @typedef {import("../snes.js").Depth} Depth */

const TILES = 256; // shown at once
const at = remembered("raw.offset", /** @type {number} */ (0));
const phase = remembered("raw.phase", /** @type {number} */ (0));
const depthName = remembered("raw.depth", /** @type {string} */ ("4"));
const extra = remembered("raw.gap", /** @type {number} */ (0));
const columns = remembered("raw.columns", /** @type {number} */ (16));
const palette = remembered("raw.palette", /** @type {string} */ ("grey"));
/** What the server has sent. @type {import("@preact/signals").Signal<{bytes: Uint8Array, snes: number | null, size: number} | null>} */
const found = signal(null);
const trouble = signal("");
const sheet = new TileSheet();

/** Offset of the tile that was asked for, which is framed. */
const wanted = signal(-1);
/** Offsets of the uncompressed tiles that are in VRAM now. */
const present = signal(/** @type {Set<number>} */ (new Set()));

/**
 * Show the tiles around one.
 * @param {number} offset of the tile in the file
 * @param {number} bpp
 * @param {number} row number of the palette
 */
export function showRaw(offset, bpp, row) {
  const size = bpp === 7 ? 64 : 8 * bpp, before = size * columns.peek() * 2; // two rows of what stands before it
  [depthName.value, extra.value, phase.value] = [bpp === 7 ? "linear" : `${bpp}`, 0, 0];
  at.value = Math.max(offset % size, offset - before);
  palette.value = bpp === 7 || bpp === 8 ? "0" : `${row}`;
  wanted.value = offset;
}

/**
 * Show the bytes from an offset on, as they were shown last.
 * @param {number} offset
 */
export function showBytes(offset) {
  [at.value, phase.value, wanted.value] = [offset, 0, -1];
}

/** The bytes that are shown: their first offset, and their number. */
export const shownBytes = computed(() => ({ first: at.value + phase.value, count: (TILE_BYTES[depth()] + extra.value) * TILES }));

/** @returns {Depth} */
const depth = () => (depthName.value === "linear" ? "linear" : /** @type {Depth} */ (Number(depthName.value)));

function arrangement() {
  const one = depth(), stride = TILE_BYTES[one] + extra.value;
  return { depth: one, start: 0, end: Math.min(stride * TILES, found.value?.bytes.length ?? 0), columns: columns.value, stride };
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const now = arrangement(), bytes = found.value?.bytes;
  if (bytes === undefined) return;
  const { width, height } = shapeOf(now);
  sheet.draw(bytes, now, paletteColours(colours(memory.cgram), now.depth, palette.value, greys));
  resize(canvas, width, height);
  context.putImageData(sheet.image, 0, 0);
  const marks = /** @type {[number, string][]} */ ([...[...present.value].map((one) => [one, "#7bd88f"]), [wanted.value, "#ffd54a"]]);
  for (const [offset, colour] of marks) {
    const number = (offset - at.value - phase.value) / now.stride;
    if (!Number.isInteger(number) || number < 0 || number >= TILES) continue;
    outline(context, 8 * (number % now.columns), 8 * Math.floor(number / now.columns), 8, 8, colour);
  }
}

/** Ask which uncompressed tiles are in VRAM. */
async function refresh() {
  const answer = await ask("in_vram", { last: "" }).catch(() => null);
  if (answer?.blocks) present.value = new Set(answer.blocks.flatMap(
    (/** @type {[string, number, number]} */ [codec, offset]) => (codec === "raw" ? [offset] : [])));
}

/** The view. */
export function Raw() {
  const { first: from, count: length } = shownBytes.value;
  useEffect(() => {
    let gone = false;
    ask("raw", { offset: from, length }).then((answer) => {
      if (gone) return;
      trouble.value = answer === null ? "The file of the running ROM is not known; start Halscope with --rom." : "";
      found.value = answer && { ...answer, bytes: fromBase64(answer.bytes) };
    }, (error) => !gone && (trouble.value = error.message));
    return () => (gone = true);
  }, [from, length]);
  useEffect(() => {
    void refresh();
    return repeat(refresh, 1000);
  }, []);
  const canvas = usePainted(draw);
  const size = found.value?.size ?? 0, page = length;
  const move = (/** @type {number} */ by) => (at.value = Math.min(Math.max(0, size - 1), Math.max(0, at.peek() + by)));
  const step = TILE_BYTES[depth()] + extra.value;
  const count = paletteCount(depth());
  return html`
    <div class="bar">
      <${Address} name="Offset" value=${at} most=${Math.max(0, (size || 0x1000000) - 1)} />
      <span class="group">${[["−page", -page], ["−row", -step * columns.value], ["+row", step * columns.value], ["+page", page]].map(
        ([name, by]) => html`<button onClick=${() => move(Number(by))}>${name}</button>`)}</span>
      <${Choice} name="Phase" value=${phase} choices=${Array.from({ length: 64 }, (_, n) => [`${n}`, `${n} bytes`])} />
      <${Choice} name="Depth" value=${depthName} choices=${[...["1", "2", "3", "4", "8"].map((n) => [n, `${n} bpp`]), ["linear", "mode 7"]]} />
      <${Choice} name="Gap" value=${extra} choices=${[0, 8, 16, 32, 64].map((n) => [`${n}`, `${n} bytes`])} />
      <${Choice} name="Width" value=${columns} choices=${[4, 8, 16, 32].map((n) => [`${n}`, `${n} tiles`])} />
      <${Choice} name="Palette" value=${palette} choices=${[["grey", "grey"], ...Array.from({ length: count }, (_, n) => [`${n}`, `${n}`])]} />
    </div>
    ${trouble.value ? html`<p class="empty" role="alert">${trouble.value}</p>` : html`<p class="line">${found.value === null ? "reading…"
      : found.value.bytes.length === 0 ? `the ROM ends at ${hex(size, 6)}` : `file offset ${hex(from, 6)}${found.value.snes === null ? "" : `, console ${hex(found.value.snes, 6)}`}, ${
        found.value.bytes.length} bytes of ${size}; tiles that are in VRAM now are framed`}</p>`}
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels raw" role="img" aria-label="Bytes of the ROM as tiles"></canvas></div>`;
}
