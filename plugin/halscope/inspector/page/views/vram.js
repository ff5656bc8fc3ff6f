// VRAM as tiles: every depth, in any palette; what changed, and what comes from a known place.
import { effect, signal } from "@preact/signals";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { Address, Choice, hex, Switch } from "../controls.js";
import { copied, copyPicture, copyText, hexText } from "../copying.js";
import { html } from "../html.js";
import { frame, memory } from "../memory.js";
import { originMap, originOf, useOriginMap } from "../origin_map.js";
import { remembered } from "../remembered.js";
import { current, picked, pinned, point, pointedTiles } from "../selection.js";
import { shownPalettes } from "../shown_palettes.js";
import { everyColour } from "../rows.js";
import { colours, greys, TILE_BYTES } from "../snes.js";
import { paletteColours, paletteCount, shapeOf, TileSheet } from "../tile_sheet.js";

/** @typedef {import("../snes.js").Depth} Depth */

const DEPTHS = [["2", "2 bpp"], ["4", "4 bpp"], ["8", "8 bpp"], ["mode7", "mode 7"]];
const depthName = remembered("vram.depth", /** @type {string} */ ("4"));
const palette = remembered("vram.palette", /** @type {string} */ ("shown"));
const columns = remembered("vram.columns", /** @type {number} */ (32));
const start = remembered("vram.start", /** @type {number} */ (0));
const zoom = remembered("vram.zoom", /** @type {string} */ ("fit"));
const marksChanged = remembered("vram.changed", /** @type {boolean} */ (true));
const marksOrigins = remembered("vram.origins", /** @type {boolean} */ (false));
/** What is under the pointer: number of the tile, and pixel in it. */
const over = signal(/** @type {{number: number, x: number, y: number} | null} */ (null));

const sheet = new TileSheet();

/** @returns {Depth} */
const depth = () => (depthName.value === "mode7" ? "mode7" : depthName.value === "2" ? 2 : depthName.value === "8" ? 8 : 4);
/** Depth as places have it: 7 for mode 7. */
const placeDepth = () => (depthName.value === "mode7" ? 7 : Number(depth()));

effect(() => {
  if (palette.value === "shown" ? paletteCount(depth()) === 1 : Number(palette.value) >= paletteCount(depth())) palette.value = "0";
});

function arrangement() {
  const one = depth();
  return { depth: one, start: Math.min(start.value, 0xffff), end: one === "mode7" ? 0x8000 : 0x10000,
    columns: Math.min(128, Math.max(1, columns.value)) };
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const now = arrangement(), { count, stride, width, height } = shapeOf(now), place = current(), origins = originMap.value;
  const all = colours(memory.cgram), shown = palette.value === "shown" && (now.depth === 2 || now.depth === 4)
    ? shownPalettes(now.depth, now.start, stride, count) : null;
  sheet.draw(memory.vram, now, shown ? everyColour() : paletteColours(all, now.depth, palette.value, greys), shown);
  resize(canvas, width, height);
  context.putImageData(sheet.image, 0, 0);
  /** @param {number} number @returns {[number, number]} */
  const corner = (number) => [8 * (number % now.columns), 8 * Math.floor(number / now.columns)];
  if (marksOrigins.value && origins !== null) {
    for (let number = 0; number < count; number++) {
      const known = originOf(origins, now.start + number * stride, stride);
      if (known === 2) continue;
      context.fillStyle = known ? "rgb(60 220 120 / 0.35)" : "rgb(255 90 60 / 0.45)";
      context.fillRect(...corner(number), 8, 8);
    }
  }
  if (marksChanged.value) {
    const drawn = new Set();
    for (let unit = 0; unit < 2048; unit++) {
      if (memory.changed[unit] !== frame.peek()) continue;
      const first = Math.max(0, Math.floor((unit * 32 - now.start) / stride));
      const last = Math.min(count - 1, Math.floor((unit * 32 + 31 - now.start) / stride));
      for (let number = first; number <= last; number++) drawn.add(number);
    }
    for (const number of drawn) outline(context, ...corner(number), 8, 8, "#ff5050");
  }
  context.fillStyle = "rgb(255 0 255 / 0.45)";
  for (const vram of picked.value) {
    const number = Math.floor((vram - now.start) / stride);
    if (number >= 0 && number < count) context.fillRect(...corner(number), 8, 8);
  }
  for (const vram of place === null ? [] : [place.vram, ...pointedTiles()]) {
    const number = Math.floor((vram - now.start) / stride);
    if (number >= 0 && number < count) outline(context, ...corner(number), 8, 8, "#ffd54a");
  }
}

/** The tile that the buttons copy: the one that was clicked. */
function chosen() {
  const place = pinned.value, now = arrangement(), { count, stride } = shapeOf(now);
  if (place === null) return null;
  const number = Math.floor((place.vram - now.start) / stride);
  return number >= 0 && number < count ? { number, at: now.start + number * stride, bytes: TILE_BYTES[now.depth] } : null;
}

/** What is under the pointer, or was clicked, in words. */
function Line() {
  void frame.value;
  const now = arrangement(), { stride } = shapeOf(now), under = over.value;
  const number = under?.number ?? chosen()?.number;
  if (copied.value && under === null) return html`<p class="line" role="status">${copied.value}</p>`;
  if (number === undefined) return html`<p class="line">Point at a tile for its address and value; click it to keep it, and to copy it.</p>`;
  const at = now.start + number * stride;
  const text = `VRAM ${hex(at)} (word ${hex(at >> 1)}), tile ${hex(Math.floor(at / stride), 3)}`;
  if (under === null) return html`<p class="line">${text}</p>`;
  const pixel = sheet.pixels[(8 * Math.floor(number / now.columns) + under.y) * 8 * now.columns + 8 * (number % now.columns) + under.x];
  const row = now.depth === "mode7" ? at + 16 * under.y : at + 2 * under.y;
  const word = memory.vram[row] | (memory.vram[row + 1] << 8);
  return html`<p class="line">${text}, pixel ${under.x},${under.y} is ${pixel}; word ${hex(row >> 1)} holds ${hex(word)}</p>`;
}

/** The view. */
export function Vram() {
  useOriginMap(marksOrigins.value);
  const canvas = usePainted(draw);
  /** @param {PointerEvent} event */
  const tileAt = (event) => {
    const now = arrangement(), { count, stride } = shapeOf(now), { x, y } = pixelAt(event);
    const number = now.columns * (y >> 3) + (x >> 3);
    return number >= 0 && number < count ? { number, x: x & 7, y: y & 7, vram: now.start + number * stride } : null;
  };
  /** @param {ReturnType<typeof tileAt>} tile */
  const place = (tile) => tile && { vram: tile.vram, bpp: placeDepth(), sprite: null };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const tile = tileAt(event);
    over.value = tile;
    point(place(tile));
  };
  const leave = () => {
    over.value = null;
    point(null);
  };
  const now = arrangement(), { width } = shapeOf(now), one = chosen();
  const count = paletteCount(now.depth);
  const rows = Array.from({ length: count }, (_, n) => [`${n}`, count === 1 ? "all colours" : `${n}`]);
  const tile = () => copyPicture("the tile", sheet.image, 8 * ((one?.number ?? 0) % now.columns),
    8 * Math.floor((one?.number ?? 0) / now.columns), 8, 8);
  return html`
    <div class="bar">
      <${Choice} name="Depth" value=${depthName} choices=${DEPTHS} />
      <${Choice} name="Palette" value=${palette} choices=${[...(count === 1 ? [] : [["shown", "as shown"]]), ["grey", "grey"], ...rows]} />
      <${Choice} name="Width" value=${columns} choices=${[8, 16, 32, 64].map((n) => [`${n}`, `${n} tiles`])} />
      <${Address} name="From" value=${start} most=${0xffff} />
      <${Choice} name="Zoom" value=${zoom} choices=${[["fit", "fit"], ["1", "1×"], ["2", "2×"], ["3", "3×"], ["4", "4×"], ["6", "6×"], ["8", "8×"]]} />
      <${Switch} name="mark what changes" value=${marksChanged} />
      <${Switch} name="mark origins" value=${marksOrigins} />
      <span class="group">Copy
        <button onClick=${() => copyPicture("the picture", sheet.image)}>PNG</button>
        <button disabled=${one === null} onClick=${tile}>tile</button>
        <button disabled=${one === null} onClick=${() => one && copyText("the tile's bytes",
          hexText(memory.vram.subarray(one.at, one.at + one.bytes)))}>hex</button>
        <button disabled=${one === null} onClick=${() => one && copyText("the address",
          `VRAM ${hex(one.at)} (word ${hex(one.at >> 1)})`)}>address</button></span>
    </div>
    <${Line} />
    ${marksOrigins.value && html`<p class="legend"><i class="known"></i> origin known <i class="unknown"></i> unknown; blank
      tiles are not marked${originMap.value === null ? ": nothing is known while the ROM is not indexed" : ""}</p>`}
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels vram" role="img" aria-label="Tiles in VRAM"
      style=${{ width: zoom.value === "fit" ? "100%" : `${width * Number(zoom.value)}px` }}
      onPointerMove=${move} onPointerLeave=${leave}
      onClick=${(/** @type {PointerEvent} */ e) => ((copied.value = ""), (pinned.value = place(tileAt(e))))}></canvas></div>`;
}
