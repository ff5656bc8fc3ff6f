// Which sprites and layers show a palette of CGRAM now. Source: BGMODE ($2105), BGnSC, BGnNBA, TM/TS, OAM.
import { entriesOnScreen, firstColour, tileAddress } from "./layers.js";
import { memory } from "./memory.js";
import { bitsOfRows, shownLayers, shownSprites } from "./rows.js";
import { onScreen, TILE_BYTES } from "./snes.js";

/**
 * The sprites on the screen that show a palette.
 * @param {number} row 8 to 15
 */
export function spritesOf(row) {
  return shownSprites().filter((one) => one.palette === row - 8 && onScreen(one)).map((one) => one.index);
}

/**
 * For each of the sixteen palettes what shows it: names of layers, and a count of sprites.
 * @returns {{layers: Set<string>, sprites: number}[]}
 */
export function paletteUse() {
  const use = Array.from({ length: 16 }, () => ({ layers: /** @type {Set<string>} */ (new Set()), sprites: 0 }));
  const screens = (bitsOfRows("tm") ?? 0) | (bitsOfRows("ts") ?? 0);
  if (screens & 0x10) {
    for (const one of shownSprites()) if (onScreen(one)) use[8 + one.palette].sprites++;
  }
  for (const layer of shownLayers()) {
    if (!(screens & (1 << (layer.number - 1)))) continue;
    const name = `BG${layer.number}`;
    if (layer.depth === 8 || layer.depth === "mode7") for (const row of use) row.layers.add(name); // any of the 256 colours
    else for (const first of coloursOf(layer)) use[first >> 4].layers.add(name);
  }
  return use;
}

/**
 * The first colours of the palettes of a layer's tiles on the screen that show anything.
 * @param {import("./layers.js").Layer} layer
 */
function coloursOf(layer) {
  /** @type {Set<number>} */
  const found = new Set();
  for (const { entry } of entriesOnScreen(layer, memory.vram)) {
    const first = firstColour(layer, entry);
    if (found.has(first)) continue;
    for (let n = 0; n < layer.rows * layer.columns && !found.has(first); n++) {
      const at = tileAddress(layer, entry, n % layer.columns, Math.floor(n / layer.columns));
      if (memory.vram.subarray(at, at + TILE_BYTES[layer.depth]).some((byte) => byte !== 0)) found.add(first);
    }
  }
  return found;
}
