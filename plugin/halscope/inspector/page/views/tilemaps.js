// The maps of the background layers: whole, with what the screen shows of them, and the entry under the pointer.
import { signal } from "@preact/signals";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { Choice, hex, Switch } from "../controls.js";
import { copied, copyPicture, copyText } from "../copying.js";
import { html } from "../html.js";
import { drawLayer, entryAt, firstColour, mode7Place, tileAddress } from "../layers.js";
import { frame, memory } from "../memory.js";
import { originMap, originOf, useOriginMap } from "../origin_map.js";
import { remembered } from "../remembered.js";
import { mapRows, registersAt, rowColours, shownLayers } from "../rows.js";
import { current, pinned, point } from "../selection.js";
import { TILE_BYTES } from "../snes.js";

/** @typedef {import("../layers.js").Layer} Layer */

const chosen = remembered("tilemaps.layer", /** @type {string} */ ("1"));
/** The first row of the screen that shows the map, where HDMA changes maps from row to row. */
const chosenRow = signal(0);
const zoom = remembered("tilemaps.zoom", /** @type {string} */ ("fit"));
const marksWindow = remembered("tilemaps.window", /** @type {boolean} */ (true));
const marksOrigins = remembered("tilemaps.origins", /** @type {boolean} */ (false));
/** The tile under the pointer, and the one that was clicked, by its place in the layer in 8x8 tiles. */
const over = signal(/** @type {{x: number, y: number} | null} */ (null));
const clicked = signal(/** @type {{x: number, y: number} | null} */ (null));

/** The layer that is shown: the chosen one, or the first where the mode has no such; first all maps that rows show of it. */
function mapsNow() {
  const all = shownLayers(), some = all.filter(({ number }) => `${number}` === chosen.value);
  return some.length > 0 ? some : all.filter(({ number }) => number === all[0].number);
}

/** The map that is shown: that of the chosen row, or the first. @returns {Layer | undefined} */
function layerNow() {
  const maps = mapsNow();
  return maps.find(({ shown }) => shown.some(([first, end]) => first <= chosenRow.value && chosenRow.value < end)) ?? maps[0];
}

/** The rows of the screen that show a layer, in words: "0 to 111, 200 to 223". @param {Layer} layer */
function rowsOf(layer) {
  return layer.shown.map(([first, end]) => (end - first === 1 ? `${first}` : `${first} to ${end - 1}`)).join(", ");
}

/** @type {ImageData | null} */
let image = null;
/** What was drawn last: it is drawn again only if something differs. */
const drawn = { layer: "", vram: new Uint8Array(0x10000), version: -1 };

/** @param {Layer} layer @returns {ImageData} */
function pictureOf(layer) {
  const { x, y, screenHeight, ...rest } = layer;
  const name = JSON.stringify({ ...rest, y: memory.rows.length > 0 ? y : 0 }); // colours follow the rows of the picture
  const same = image !== null && name === drawn.layer && memory.version === drawn.version
    && memory.vram.every((one, n) => one === drawn.vram[n]);
  if (same && image !== null) return image;
  if (image === null || image.width !== layer.width || image.height !== layer.height) {
    image = new ImageData(layer.width, layer.height);
  }
  drawn.layer = name;
  drawn.vram.set(memory.vram);
  drawn.version = memory.version;
  const rows = rowColours();
  drawLayer(layer, memory.vram, [...mapRows(layer)].map((row) => rows[row]), new Uint32Array(image.data.buffer));
  return image;
}

/** The registers that a map is shown with, those of the first row where several maps are. @param {Layer} layer */
function registersOf(layer) {
  return layer.shown[0][1] - layer.shown[0][0] === layer.screenHeight ? memory.ppu : registersAt(layer.shown[0][0]);
}

/** @param {CanvasRenderingContext2D} context @param {Layer} layer */
function drawWindow(context, layer) {
  context.setLineDash([]);
  const ppu = registersOf(layer);
  for (const dy of [-layer.height, 0, layer.height]) {
    for (const dx of [-layer.width, 0, layer.width]) {
      if (layer.depth === "mode7") {
        const [top, bottom] = [layer.shown[0][0], layer.shown[layer.shown.length - 1][1]];
        const corners = [[0, top], [256, top], [256, bottom], [0, bottom]].map(([x, y]) => mode7Place(ppu, x, y));
        context.beginPath();
        for (const [x, y] of corners) context.lineTo(x + dx, y + dy);
        context.closePath();
        context.lineWidth = 3;
        context.strokeStyle = "#000";
        context.stroke();
        context.lineWidth = 1.5;
        context.strokeStyle = "#6cd3ff";
        context.stroke();
      } else {
        const x = (layer.x % layer.width) + dx, y = (layer.y % layer.height) + dy;
        for (const [first, end] of layer.shown) outline(context, x, y + first, layer.screenWidth, end - first, "#6cd3ff");
      }
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const layer = layerNow(), place = current(), origins = originMap.value;
  void over.value, clicked.value;
  if (layer === undefined) return;
  resize(canvas, layer.width, layer.height);
  context.putImageData(pictureOf(layer), 0, 0);
  const bytes = TILE_BYTES[layer.depth];
  const showsOrigins = marksOrigins.value && origins !== null;
  const size = layer.depth === "mode7" ? 128 : bytes;
  for (let row = 0; row < layer.high * layer.rows && (showsOrigins || place !== null); row++) {
    for (let column = 0; column < layer.wide * layer.columns; column++) {
      const { at } = tileIn(layer, column, row);
      if (showsOrigins) {
        const known = originOf(/** @type {Uint8Array} */ (origins), at, size);
        if (known !== 2) {
          context.fillStyle = known ? "rgb(60 220 120 / 0.35)" : "rgb(255 90 60 / 0.45)";
          context.fillRect(8 * column, 8 * row, 8, 8);
        }
      }
      if (place !== null && at <= place.vram && place.vram < at + size) outline(context, 8 * column, 8 * row, 8, 8, "#ffd54a");
    }
  }
  if (marksWindow.value) drawWindow(context, layer);
  if (over.value !== null) outline(context, 8 * over.value.x, 8 * over.value.y, 8, 8, "#fff");
}

/**
 * An 8x8 tile of a layer: its entry, and its address.
 * @param {Layer} layer
 * @param {number} x in tiles
 * @param {number} y in tiles
 */
function tileIn(layer, x, y) {
  const entry = entryAt(layer, memory.vram, Math.floor(x / layer.columns), Math.floor(y / layer.rows));
  return { entry, at: tileAddress(layer, entry, x % layer.columns, y % layer.rows) };
}

/** @param {{layer: Layer}} properties The entry under the pointer, or that which was clicked. */
function Line({ layer }) {
  void frame.value;
  const place = over.value ?? clicked.value;
  if (copied.value && over.value === null) return html`<p class="line" role="status">${copied.value}</p>`;
  if (place === null || 8 * place.x >= layer.width || 8 * place.y >= layer.height) {
    return html`<p class="line">Point at a tile for its entry of the map; click it to keep it. ${marksWindow.value
      ? "The blue frame is what the screen shows." : ""}</p>`;
  }
  const { entry, at } = tileIn(layer, place.x, place.y);
  const flips = `${entry.hflip ? "h" : ""}${entry.vflip ? "v" : ""}`;
  const text = layer.depth === "mode7"
    ? `column ${entry.column}, row ${entry.row}: tile ${hex(entry.tile, 2)} at VRAM ${hex(at)}; map byte at VRAM ${hex(entry.at)} (word ${hex(entry.at >> 1)})`
    : `column ${entry.column}, row ${entry.row}: tile ${hex(entry.tile, 3)} at VRAM ${hex(at)} (word ${hex(at >> 1)}), palette ${
      entry.palette} (colour ${firstColour(layer, entry)} on), priority ${entry.priority}, flips ${flips || "none"}; entry ${
      hex(entry.word)} at VRAM ${hex(entry.at)} (word ${hex(entry.at >> 1)})`;
  return html`<p class="line entry">BG${layer.number}, ${text}${over.value === null
    ? html` <button onClick=${() => copyText("the entry", text)}>Copy</button>` : ""}</p>`;
}

/** The view. */
export function Tilemaps() {
  void frame.value;
  useOriginMap(marksOrigins.value);
  const canvas = usePainted(draw);
  const layer = layerNow();
  if (layer === undefined) {
    return html`<p class="empty">${memory.ppu.bgmode == null
      ? "The host does not know BGMODE ($2105), so the layers are unknown. Use the embedded core, or a recording or savestate that has the registers."
      : "The host does not know where this mode's maps are (BGnSC, BGnNBA)."}</p>`;
  }
  /** @param {PointerEvent} event */
  const cellAt = (event) => {
    const { x, y } = pixelAt(event);
    return x < 0 || y < 0 || x >= layer.width || y >= layer.height ? null : { x: x >> 3, y: y >> 3 };
  };
  /** @param {{x: number, y: number} | null} cell */
  const place = (cell) => cell && { vram: tileIn(layer, cell.x, cell.y).at, bpp: layer.depth === "mode7" ? 7 : layer.depth, sprite: null };
  /** @param {PointerEvent} event */
  const move = (event) => {
    over.value = cellAt(event);
    point(place(over.value));
  };
  const leave = () => {
    over.value = null;
    point(null);
  };
  /** @param {PointerEvent} event */
  const click = (event) => {
    copied.value = "";
    clicked.value = cellAt(event);
    pinned.value = place(clicked.value);
  };
  const all = [...new Set(shownLayers().map(({ number }) => number))], maps = mapsNow(), ppu = registersOf(layer);
  const mode = (ppu.bgmode ?? 0) & 7;
  return html`
    <div class="bar">
      <span class="group" role="group" aria-label="Layer">${all.map((number) => html`<button key=${number}
        aria-pressed=${number === layer.number} onClick=${() => (chosen.value = `${number}`)}>BG${number}</button>`)}</span>
      ${maps.length > 1 ? html`<span class="group" role="group" aria-label="Rows of the screen">${maps.map((one) => html`<button
        key=${one.shown[0][0]} aria-pressed=${one.shown[0][0] === layer.shown[0][0]}
        onClick=${() => (chosenRow.value = one.shown[0][0])}>rows ${rowsOf(one)}</button>`)}</span>` : ""}
      <${Choice} name="Zoom" value=${zoom} choices=${[["fit", "fit"], ["1", "1×"], ["2", "2×"], ["3", "3×"], ["4", "4×"]]} />
      <${Switch} name="mark the screen" value=${marksWindow} />
      <${Switch} name="mark origins" value=${marksOrigins} />
      <button onClick=${() => copyPicture("the map", pictureOf(layer))}>Copy PNG</button>
      <span class="count">mode ${mode}, BG${layer.number}: ${layer.depth === "mode7" ? "mode 7" : `${layer.depth} bpp`}, ${
        layer.wide}×${layer.high} entries of ${8 * layer.columns}×${8 * layer.rows}${
        layer.depth === "mode7" ? "" : `, map at ${hex(layer.first)}, tiles at ${hex(layer.characters)}, scroll ${
          ppu[`bg${layer.number}hofs`] ?? "unknown"},${ppu[`bg${layer.number}vofs`] ?? "unknown"}`}</span>
    </div>
    <${Line} layer=${layer} />
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels tilemap" role="img" aria-label=${`The map of BG${layer.number}`}
      style=${{ width: zoom.value === "fit" ? "100%" : `${layer.width * Number(zoom.value)}px` }}
      onPointerMove=${move} onPointerLeave=${leave} onClick=${click}></canvas></div>`;
}
