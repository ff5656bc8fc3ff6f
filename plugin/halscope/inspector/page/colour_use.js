// Which sprites and layers show a palette of CGRAM now. Source: BGMODE ($2105), BGnSC, BGnNBA, TM/TS, OAM.
import { memory } from "./memory.js";
import { shownSprites } from "./rows.js";
import { onScreen } from "./snes.js";

/** Bits per pixel of BG1 to BG4 by mode; 0: no such layer. */
const DEPTHS = [[2, 2, 2, 2], [4, 4, 2, 0], [4, 4, 0, 0], [8, 4, 0, 0], [8, 2, 0, 0], [4, 2, 0, 0], [4, 0, 0, 0], [8, 0, 0, 0]];

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
  const { ppu } = memory;
  const screens = (ppu.tm ?? 0) | (ppu.ts ?? 0);
  if (screens & 0x10) {
    for (const one of shownSprites()) if (onScreen(one)) use[8 + one.palette].sprites++;
  }
  if (ppu.bgmode == null) return use;
  const mode = ppu.bgmode & 7;
  for (let layer = 0; layer < 4; layer++) {
    const bpp = DEPTHS[mode][layer];
    if (!bpp || !(screens & (1 << layer))) continue;
    const name = `BG${layer + 1}`;
    if (bpp === 8) for (const row of use) row.layers.add(name); // any of the 256 colours
    else for (const palette of palettesOf(layer, bpp)) {
      const first = bpp === 4 ? 16 * palette : 4 * palette + (mode === 0 ? 32 * layer : 0);
      use[first >> 4].layers.add(name);
    }
  }
  return use;
}

/**
 * The palettes of a layer's tiles in the visible window that show anything.
 * @param {number} layer 0 to 3
 * @param {number} bpp 2 or 4
 */
function palettesOf(layer, bpp) {
  const { ppu, vram } = memory, number = layer + 1;
  const screen = ppu[`bg${number}sc`], bases = ppu[layer < 2 ? "bg12nba" : "bg34nba"];
  /** @type {Set<number>} */
  const found = new Set();
  if (screen == null || bases == null) return found;
  const map = (screen & 0xfc) << 9, wide = screen & 1, tall = (screen >> 1) & 1;
  const tiles = ((layer & 1 ? bases >> 4 : bases) & 15) << 13;
  const side = (ppu.bgmode ?? 0) & (0x10 << layer) ? 16 : 8;
  const left = Math.floor((ppu[`bg${number}hofs`] ?? 0) / side), top = Math.floor((ppu[`bg${number}vofs`] ?? 0) / side);
  for (let y = 0; y <= 224 / side; y++) {
    for (let x = 0; x <= 256 / side; x++) {
      const column = (left + x) & (wide ? 63 : 31), row = (top + y) & (tall ? 63 : 31);
      const part = (column >> 5) + (row >> 5) * (wide ? 2 : 1);
      const at = (map + 0x800 * part + 2 * (32 * (row & 31) + (column & 31))) & 0xffff;
      const entry = vram[at] | (vram[at + 1] << 8), palette = (entry >> 10) & 7;
      if (found.has(palette)) continue;
      const tile = (tiles + (entry & 0x3ff) * 8 * bpp) & 0xffff;
      for (let n = 0; n < 8 * bpp; n++) {
        if (vram[(tile + n) & 0xffff] === 0) continue;
        found.add(palette);
        break;
      }
    }
  }
  return found;
}
