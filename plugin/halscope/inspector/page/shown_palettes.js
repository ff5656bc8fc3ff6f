// Which palette each tile in VRAM is shown in: by the maps of the layers, and by the sprites on the screen.
import { entryAt, firstColour, tileAddress } from "./layers.js";
import { frame, memory } from "./memory.js";
import { bitsOfRows, mapRows, shownLayers, shownSprites, spriteRow } from "./rows.js";
import { cellAddress, onScreen } from "./snes.js";

const EVERY = 15; // frames between two looks
const UNITS = 4096; // of 16 bytes: the smallest tile
/** By depth: for each unit the first colour of the palette, -1 for never shown, a row of the picture, and the frame in which it was shown. */
const known = {
  2: { first: new Int16Array(UNITS).fill(-1), row: new Uint8Array(UNITS), seen: new Float64Array(UNITS) },
  4: { first: new Int16Array(UNITS).fill(-1), row: new Uint8Array(UNITS), seen: new Float64Array(UNITS) },
};
let looked = -1;

function look() {
  const now = frame.peek();
  if (looked >= 0 && (now === looked || (now > looked && now - looked < EVERY))) return;
  looked = now;
  /** @param {2 | 4} depth @param {number} at byte address of a tile @param {number} first @param {number} line */
  const note = (depth, at, first, line) => {
    known[depth].first[at >> 4] = first;
    known[depth].row[at >> 4] = line;
    known[depth].seen[at >> 4] = now;
  };
  const tm = bitsOfRows("tm"), ts = bitsOfRows("ts");
  for (const layer of shownLayers()) {
    if (layer.depth !== 2 && layer.depth !== 4) continue;
    if (tm != null && ts != null && !(((tm | ts) >> (layer.number - 1)) & 1)) continue; // its map may be anything
    const rows = mapRows(layer);
    for (let row = 0; row < layer.high; row++) {
      for (let column = 0; column < layer.wide; column++) {
        const entry = entryAt(layer, memory.vram, column, row), first = firstColour(layer, entry);
        for (let n = 0; n < layer.rows * layer.columns; n++) {
          const across = n % layer.columns, down = Math.floor(n / layer.columns);
          note(layer.depth, tileAddress(layer, entry, across, down), first, rows[8 * (layer.rows * row + down) + 4]);
        }
      }
    }
  }
  for (const sprite of shownSprites()) {
    if (!onScreen(sprite)) continue;
    for (let row = 0; row < sprite.height / 8; row++) {
      for (let column = 0; column < sprite.width / 8; column++) {
        note(4, cellAddress(sprite, column, row), 128 + 16 * sprite.palette, spriteRow(sprite, 8 * row + 4));
      }
    }
  }
}

/**
 * For each of some tiles the number in `everyColour` of the first colour of the palette that it is shown in, or was shown in since it was loaded; for
 * one that was not shown, that of the tile before it: tiles of one picture are loaded together.
 * @param {2 | 4} depth
 * @param {number} start byte address of the first tile
 * @param {number} stride bytes from one to the next
 * @param {number} count
 */
export function shownPalettes(depth, start, stride, count) {
  look();
  const { first, row, seen } = known[depth], found = new Int32Array(count), apart = memory.rows.length > 0 ? 256 : 0;
  let last = depth === 4 ? 128 : 0;
  for (let n = 0; n < count; n++) {
    const at = (start + n * stride) & 0xffff;
    if (first[at >> 4] >= 0 && memory.changed[at >> 5] <= seen[at >> 4]) last = apart * row[at >> 4] + first[at >> 4];
    found[n] = last;
  }
  return found;
}
