// How colours and registers are on each row of the picture: HDMA may change them from row to row.
import { layersOf } from "./layers.js";
import { memory } from "./memory.js";
import { abgr, colours, screenLine, spritePixels, sprites } from "./snes.js";

/** @typedef {import("./snes.js").Sprite} Sprite */
/** @typedef {import("./layers.js").Layer} Layer */

const ROWS = 239; // with overscan
const OF_REGISTERS = 256; // what the server counts from here on are registers, before it colours

/** Rows of the picture. */
const lines = () => ((memory.ppu.setini ?? 0) & 4 ? ROWS : 224);

/** @type {{version: number, rows: Uint32Array[]}} */
const made = { version: -1, rows: [] };

const flat = { version: -1, colours: new Uint32Array(256 * ROWS) };

/** The 256 colours of each row, ABGR. Rows with the same colours have the same array. */
export function rowColours() {
  if (made.version === memory.version) return made.rows;
  const { rows } = memory, found = [];
  let now = colours(memory.cgram), at = 0;
  for (let row = 0; row < ROWS; row++) {
    let own = false; // whether the array is this row's, and may be changed
    for (; at < rows.length && rows[at] === row; at += 3) {
      if (rows[at + 1] >= OF_REGISTERS) continue;
      if (!own) now = now.slice();
      own = true;
      now[rows[at + 1]] = abgr(rows[at + 2]);
    }
    found.push(now);
  }
  made.version = memory.version;
  return (made.rows = found);
}

/** The colours of all rows one behind the other, 256 each; those of one row where all have the same. */
export function everyColour() {
  const all = rowColours();
  if (memory.rows.length === 0) return all[0];
  if (flat.version !== memory.version) {
    all.forEach((one, row) => flat.colours.set(one, 256 * row));
    flat.version = memory.version;
  }
  return flat.colours;
}

/** The registers on a row. @param {number} row @returns {Record<string, number | null>} */
export function registersAt(row) {
  const { rows } = memory, found = { ...memory.ppu };
  for (let at = 0; at < rows.length && rows[at] <= row; at += 3) {
    if (rows[at + 1] >= OF_REGISTERS) found[memory.registers[rows[at + 1] - OF_REGISTERS]] = rows[at + 2];
  }
  return found;
}

/** A register on each row; null where it is the same on all. @param {string} name */
export function registerRows(name) {
  const { rows } = memory, what = OF_REGISTERS + memory.registers.indexOf(name);
  /** @type {(number | null)[] | null} */
  let found = null;
  for (let at = 0; at < rows.length; at += 3) {
    if (rows[at + 1] === what) (found ??= Array(ROWS).fill(memory.ppu[name])).fill(rows[at + 2], rows[at]);
  }
  return found;
}

/** All sprites in OAM order, each with OBSEL of its first visible row; none while OBSEL is unknown. */
export function shownSprites() {
  const { obsel } = memory.ppu, rows = obsel == null ? null : registerRows("obsel");
  if (rows === null) return sprites(memory.oam, obsel);
  const found = new Map([...new Set(rows)].map((one) => [one, sprites(memory.oam, one)])), count = lines();
  const of = (/** @type {number} */ y) => /** @type {Sprite[]} */ (found.get(rows[y < count ? y : 0]));
  return of(0).map((one, index) => of(one.y)[index]);
}

/**
 * Draw a sprite as it looks on its rows of the picture; transparent pixels are left as they are.
 * @param {Sprite} sprite
 * @param {Uint32Array} words ABGR
 * @param {number} width of the picture in pixels
 * @param {number} corner where in it the sprite's left top pixel is
 */
export function drawSprite(sprite, words, width = sprite.width, corner = 0) {
  const all = rowColours(), pixels = spritePixels(memory.vram, sprite), first = 128 + 16 * sprite.palette;
  for (let y = 0; y < sprite.height; y++) {
    const here = all[spriteRow(sprite, y)];
    for (let x = 0; x < sprite.width; x++) {
      const value = pixels[y * sprite.width + x];
      if (value) words[corner + y * width + x] = here[first + value];
    }
  }
}

/** @param {Sprite} sprite @param {number} y row of the sprite; the row of the picture that shows it, or the nearest one */
export function spriteRow(sprite, y) {
  const half = ((memory.ppu.setini ?? 0) & 2) >> 1; // OBJ interlace: each field shows every second row
  return Math.max(0, Math.min(lines() - 1, screenLine(sprite) + (y >> half)));
}

/** Registers that say which layers there are, and where their maps and tiles are. */
const MAP_REGISTERS = ["bgmode", "cgwsel", "setini", "bg1sc", "bg2sc", "bg3sc", "bg4sc", "bg12nba", "bg34nba"];

/**
 * The layers as rows of the picture show them, with the scroll of the first of these rows: one of a number, or several where
 * HDMA moves its map, its tiles or the mode from row to row.
 */
export function shownLayers() {
  if (memory.rows.length === 0) return layersOf(memory.ppu);
  const starts = [0, ...MAP_REGISTERS.flatMap((name) => changesOf(registerRows(name)))];
  if (starts.length === 1) return layersOf(memory.ppu);
  const rows = [...new Set(starts)].sort((one, other) => one - other), found = /** @type {Map<string, Layer>} */ (new Map());
  rows.forEach((row, n) => {
    for (const layer of layersOf(registersAt(row))) {
      const { x, y, shown, ...rest } = layer, name = JSON.stringify(rest), known = found.get(name);
      const here = /** @type {[number, number]} */ ([row, Math.min(lines(), rows[n + 1] ?? ROWS)]);
      if (known === undefined) found.set(name, { ...layer, shown: [here] });
      else if (known.shown[known.shown.length - 1][1] === row) known.shown[known.shown.length - 1][1] = here[1];
      else known.shown.push(here);
    }
  });
  return [...found.values()].sort((one, other) => one.number - other.number || one.shown[0][0] - other.shown[0][0]);
}

/** @param {(number | null)[] | null} values of each row @returns {number[]} the rows that have another one than the row before */
function changesOf(values) {
  return values === null ? [] : [...values.keys()].filter((row) => row > 0 && row < lines() && values[row] !== values[row - 1]);
}

/** All bits that a register has on any row; null while it is not known. @param {string} name */
export function bitsOfRows(name) {
  const values = registerRows(name)?.slice(0, lines()) ?? [memory.ppu[name]];
  return values.reduce((all, one) => (all == null || one == null ? null : all | one), 0) ?? null;
}

/**
 * For each row of a layer's map the row of the picture that shows it; the middle one where none does, as sheets have it.
 * @param {Layer} layer
 */
export function mapRows(layer) {
  const found = new Uint8Array(layer.height).fill(112);
  if (layer.depth === "mode7") return found;
  const scrolls = registerRows(`bg${layer.number}vofs`);
  for (let row = lines() - 1; row >= 0; row--) { // the upper one of two rows that show the same
    if (!layer.shown.some(([first, end]) => first <= row && row < end)) continue;
    const top = scrolls === null ? layer.y : (scrolls[row] ?? 0) + 1; // line 0 is never shown
    found[(top + row) % layer.height] = row;
  }
  return found;
}
