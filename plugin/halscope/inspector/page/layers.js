// The background layers, from the registers and VRAM: maps, entries, what is on the screen.
// Source: BGMODE ($2105), BGnSC ($2107 to $210a), BGnNBA ($210b, $210c), scroll ($210d to $2114), mode 7 ($211a to $2120).
import { decodeTile, TILE_BYTES } from "./snes.js";

/** Bits per pixel of the layers in each mode. BG3 of the modes 2, 4 and 6 holds offsets, no tiles. */
const DEPTHS = [[2, 2, 2, 2], [4, 4, 2], [4, 4], [8, 4], [8, 2], [4, 2], [4], []];

/**
 * @typedef {{number: number, depth: 2 | 4 | 8 | "mode7", columns: number, rows: number, first: number, wide: number,
 *   high: number, characters: number, firstColour: number, width: number, height: number, x: number, y: number,
 *   screenWidth: number, screenHeight: number, direct: boolean, shown: [number, number][]}} Layer
 * `columns` and `rows`: 8x8 tiles of an entry; `first`: byte address of the map; `wide` and `high`: entries; `characters`:
 * byte address of tile 0; `x` and `y`: the place in the layer that is at the left top of the screen; `shown`: the rows of
 * the screen that show the layer so, [first, one past the last].
 * @typedef {{column: number, row: number, at: number, word: number, tile: number, palette: number, priority: number,
 *   hflip: boolean, vflip: boolean}} Entry
 */

/**
 * The layers of the mode that have tiles; none while BGMODE is not known.
 * @param {Record<string, number | null>} ppu
 * @returns {Layer[]}
 */
export function layersOf(ppu) {
  const bgmode = ppu.bgmode;
  if (bgmode == null) return [];
  const mode = bgmode & 7, screenHeight = (ppu.setini ?? 0) & 4 ? 239 : 224;
  const direct = ((ppu.cgwsel ?? 0) & 1) !== 0;
  if (mode === 7) {
    return [{ number: 1, depth: "mode7", columns: 1, rows: 1, first: 0, wide: 128, high: 128, characters: 0, firstColour: 0,
      width: 1024, height: 1024, x: 0, y: 0, screenWidth: 256, screenHeight, direct, shown: [[0, screenHeight]] }];
  }
  const found = /** @type {Layer[]} */ ([]);
  for (const [index, bits] of DEPTHS[mode].entries()) {
    const number = index + 1, place = ppu[`bg${number}sc`], bases = ppu[number < 3 ? "bg12nba" : "bg34nba"];
    if (place == null || bases == null) continue;
    const large = ((bgmode >> (3 + number)) & 1) !== 0, hires = mode === 5 || mode === 6;
    const columns = large || hires ? 2 : 1, rows = large ? 2 : 1;
    const wide = place & 1 ? 64 : 32, high = place & 2 ? 64 : 32;
    found.push({
      number, depth: /** @type {2 | 4 | 8} */ (bits), columns, rows, first: (place & 0x7c) << 9, wide, high,
      characters: ((bases >> (number % 2 ? 0 : 4)) & 7) << 13, firstColour: mode === 0 ? 32 * index : 0,
      width: 8 * wide * columns, height: 8 * high * rows, screenWidth: hires ? 512 : 256, screenHeight,
      x: (ppu[`bg${number}hofs`] ?? 0) * (hires ? 2 : 1), y: (ppu[`bg${number}vofs`] ?? 0) + 1, // line 0 is never shown
      direct: direct && bits === 8, shown: [[0, screenHeight]],
    });
  }
  return found;
}

/**
 * An entry of a layer's map.
 * @param {Layer} layer
 * @param {Uint8Array} vram
 * @param {number} column of entries
 * @param {number} row of entries
 * @returns {Entry}
 */
export function entryAt(layer, vram, column, row) {
  if (layer.depth === "mode7") {
    const at = 2 * (128 * row + column);
    return { column, row, at, word: vram[at], tile: vram[at], palette: 0, priority: 0, hflip: false, vflip: false };
  }
  const screen = (row >> 5) * (layer.wide >> 5) + (column >> 5);
  const at = (layer.first + 2048 * screen + 64 * (row & 31) + 2 * (column & 31)) & 0xffff;
  const word = vram[at] | (vram[at + 1] << 8);
  return { column, row, at, word, tile: word & 0x3ff, palette: (word >> 10) & 7, priority: (word >> 13) & 1,
    hflip: (word & 0x4000) !== 0, vflip: (word & 0x8000) !== 0 };
}

/**
 * The byte address of an 8x8 tile of an entry, as it is shown.
 * @param {Layer} layer
 * @param {Entry} entry
 * @param {number} across 0, or 1 for the right one of an entry of 16 pixels
 * @param {number} down likewise
 */
export function tileAddress(layer, entry, across = 0, down = 0) {
  if (layer.depth === "mode7") return 128 * entry.tile;
  const tile = entry.tile + (entry.hflip ? layer.columns - 1 - across : across)
    + 16 * (entry.vflip ? layer.rows - 1 - down : down);
  return (layer.characters + (tile & 0x3ff) * TILE_BYTES[layer.depth]) & 0xffff;
}

/** First colour of an entry's palette. @param {Layer} layer @param {Entry} entry */
export function firstColour(layer, entry) {
  if (layer.depth === "mode7" || layer.depth === 8) return 0;
  return layer.firstColour + (entry.palette << layer.depth);
}

/** A colour of an 8bpp pixel in direct colour mode. @param {number} value @param {number} palette */
function directColour(value, palette) {
  const r = ((value & 7) << 2) | ((palette & 1) << 1), g = (((value >> 3) & 7) << 2) | (palette & 2);
  const b = (((value >> 6) & 3) << 3) | (palette & 4);
  return (0xff000000 | (((b << 3) | (b >> 2)) << 16) | (((g << 3) | (g >> 2)) << 8) | ((r << 3) | (r >> 2))) >>> 0;
}

/**
 * Draw the whole map of a layer. Transparent pixels are left 0.
 * @param {Layer} layer
 * @param {Uint8Array} vram
 * @param {Uint32Array[]} colours of each row of the map, ABGR
 * @param {Uint32Array} words width × height pixels
 */
export function drawLayer(layer, vram, colours, words) {
  const tile = new Uint8Array(64);
  /** @type {Map<number, Uint8Array>} */
  const decoded = new Map();
  for (let row = 0; row < layer.high; row++) {
    for (let column = 0; column < layer.wide; column++) {
      const entry = entryAt(layer, vram, column, row), first = firstColour(layer, entry);
      for (let down = 0; down < layer.rows; down++) {
        for (let across = 0; across < layer.columns; across++) {
          const at = tileAddress(layer, entry, across, down);
          let pixels = decoded.get(at);
          if (pixels === undefined) {
            decodeTile(vram, at, layer.depth, tile);
            decoded.set(at, (pixels = tile.slice()));
          }
          const top = 8 * (row * layer.rows + down), corner = top * layer.width + 8 * (column * layer.columns + across);
          for (let n = 0; n < 64; n++) {
            const value = pixels[(entry.vflip ? 56 - (n & 56) : n & 56) | (entry.hflip ? 7 - (n & 7) : n & 7)];
            words[corner + layer.width * (n >> 3) + (n & 7)] = value === 0 ? 0
              : layer.direct ? directColour(value, entry.palette) : colours[top + (n >> 3)][(first + value) & 0xff];
          }
        }
      }
    }
  }
}

/** @param {number | null | undefined} value @param {number} bits */
function signed(value, bits) {
  const limit = 1 << bits;
  return ((value ?? 0) & (limit - 1)) - ((value ?? 0) & (limit >> 1) ? limit : 0);
}

/**
 * The place in the mode 7 map that a pixel of the screen shows.
 * @param {Record<string, number | null>} ppu
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export function mode7Place(ppu, x, y) {
  const [a, b, c, d] = ["m7a", "m7b", "m7c", "m7d"].map((name) => signed(ppu[name], 16));
  const cx = signed(ppu.m7x, 13), cy = signed(ppu.m7y, 13);
  const select = ppu.m7sel ?? 0;
  const sx = (select & 1 ? 255 - x : x) + signed(ppu.m7hofs, 13) - cx;
  const sy = (select & 2 ? 255 - (y + 1) : y + 1) + signed(ppu.m7vofs, 13) - cy;
  return [(a * sx + b * sy) / 256 + cx, (c * sx + d * sy) / 256 + cy];
}

/**
 * The entries of a layer that the screen shows, with the place of their left top there, at the layer's scroll. None in mode 7.
 * @param {Layer} layer
 * @param {Uint8Array} vram
 * @returns {{entry: Entry, x: number, y: number}[]}
 */
export function entriesOnScreen(layer, vram) {
  if (layer.depth === "mode7") return [];
  const found = /** @type {{entry: Entry, x: number, y: number}[]} */ ([]), tall = 8 * layer.rows, broad = 8 * layer.columns;
  const left = layer.x % layer.width, top = layer.y % layer.height;
  for (let row = Math.floor(top / tall); row * tall < top + layer.screenHeight; row++) {
    const y = row * tall - top;
    if (!layer.shown.some(([first, end]) => y < end && first < y + tall)) continue;
    for (let column = Math.floor(left / broad); column * broad < left + layer.screenWidth; column++) {
      found.push({ entry: entryAt(layer, vram, column % layer.wide, row % layer.high), x: column * broad - left, y });
    }
  }
  return found;
}

/**
 * Where on the screen a layer shows tiles: rectangles [x, y, height], 8 wide. None in mode 7.
 * @param {Layer} layer
 * @param {Uint8Array} vram
 * @param {(address: number) => boolean} wanted whether a tile at this byte address is meant
 * @returns {[number, number, number][]}
 */
export function onScreenAt(layer, vram, wanted) {
  const found = /** @type {[number, number, number][]} */ ([]);
  for (const { entry, x, y } of entriesOnScreen(layer, vram)) {
    for (let n = 0; n < layer.rows * layer.columns; n++) {
      const across = n % layer.columns, down = Math.floor(n / layer.columns), top = y + 8 * down;
      if (!wanted(tileAddress(layer, entry, across, down))) continue;
      for (const [first, end] of layer.shown) {
        const from = Math.max(top, first), to = Math.min(top + 8, end);
        if (from < to) found.push([(x + 8 * across) * (256 / layer.screenWidth), from, to - from]);
      }
    }
  }
  return found;
}

/**
 * The background tile that a pixel of the screen shows, or null for the backdrop. Windows and colour math are left out.
 * @param {Record<string, number | null>} ppu the registers of that row
 * @param {Uint8Array} vram
 * @param {number} x
 * @param {number} y
 * @returns {{vram: number, bpp: number} | null}
 */
export function tileAt(ppu, vram, x, y) {
  const tile = new Uint8Array(64), found = [];
  for (const layer of layersOf(ppu)) {
    if (ppu.tm != null && !((ppu.tm >> (layer.number - 1)) & 1)) continue;
    const [px, py] = layer.depth === "mode7" ? mode7Place(ppu, x, y).map(Math.floor)
      : [layer.x + Math.floor((x * layer.screenWidth) / 256), layer.y + y];
    const inside = px >= 0 && py >= 0 && px < layer.width && py < layer.height;
    if (layer.depth === "mode7" && !inside && ((ppu.m7sel ?? 0) & 0x80)) continue; // the outside is not the map again
    const column = (px & (layer.width - 1)) >> 3, row = (py & (layer.height - 1)) >> 3;
    const entry = entryAt(layer, vram, Math.floor(column / layer.columns), Math.floor(row / layer.rows));
    const at = tileAddress(layer, entry, column % layer.columns, row % layer.rows);
    decodeTile(vram, at, layer.depth, tile);
    const value = tile[8 * (entry.vflip ? 7 - (py & 7) : py & 7) + (entry.hflip ? 7 - (px & 7) : px & 7)];
    if (value === 0) continue;
    const front = layer.number === 3 && entry.priority && (ppu.bgmode ?? 0) & 8 ? 2 : entry.priority;
    found.push({ rank: 4 * front - layer.number, vram: at, bpp: layer.depth === "mode7" ? 7 : layer.depth });
  }
  found.sort((one, other) => other.rank - one.rank);
  return found.length === 0 ? null : { vram: found[0].vram, bpp: found[0].bpp };
}
