// Tiles, colours and sprites of the SNES, from its memories. Source: OAM layout, OBSEL ($2101), CGRAM (BGR555).

/** Sizes of small and large sprites by OBSEL's upper three bits: [width, height] each. */
export const SPRITE_SIZES = [
  [[8, 8], [16, 16]], [[8, 8], [32, 32]], [[8, 8], [64, 64]], [[16, 16], [32, 32]],
  [[16, 16], [64, 64]], [[32, 32], [64, 64]], [[16, 32], [32, 64]], [[16, 32], [32, 32]],
];

/**
 * A colour as ABGR for a little-endian Uint32Array over ImageData.
 * @param {number} colour BGR555
 */
export function abgr(colour) {
  const r = colour & 31, g = (colour >> 5) & 31, b = (colour >> 10) & 31;
  return (0xff000000 | (((b << 3) | (b >> 2)) << 16) | (((g << 3) | (g >> 2)) << 8) | ((r << 3) | (r >> 2))) >>> 0;
}

/**
 * All colours as ABGR.
 * @param {Uint16Array} cgram
 */
export function colours(cgram) {
  return Uint32Array.from(cgram, abgr);
}

/**
 * Greys from black to white as ABGR, for tiles without a palette.
 * @param {number} bpp
 */
export function greys(bpp) {
  const most = (1 << bpp) - 1;
  return Uint32Array.from({ length: most + 1 }, (_, n) => (0xff000000 | (Math.round((255 * n) / most) * 0x010101)) >>> 0);
}

/**
 * How a tile is stored: planes of bits, or a byte a pixel. "mode7" is as in VRAM, with a byte of the map before each
 * pixel; "linear" is the same without the map, as in ROMs.
 * @typedef {1 | 2 | 3 | 4 | 8 | "mode7" | "linear"} Depth
 */

/** Bytes from one tile to the next. @type {Record<Depth, number>} */
export const TILE_BYTES = { 1: 8, 2: 16, 3: 24, 4: 32, 8: 64, mode7: 128, linear: 64 };

/** Bits per pixel of a tile. @param {Depth} depth */
export const bitsOf = (depth) => (typeof depth === "number" ? depth : 8);

/**
 * Decode one 8x8 tile.
 * @param {Uint8Array} bytes what is behind their end counts as 0
 * @param {number} at offset of the tile
 * @param {Depth} depth
 * @param {Uint8Array} out 64 pixels
 */
export function decodeTile(bytes, at, depth, out) {
  if (typeof depth !== "number") {
    const step = depth === "mode7" ? 2 : 1;
    for (let n = 0; n < 64; n++) out[n] = bytes[at + step * n + step - 1];
    return;
  }
  out.fill(0);
  for (let plane = 0; plane < depth; plane++) {
    const pair = depth === 1 || (depth === 3 && plane === 2) ? 1 : 2; // a plane without a second one has no gaps
    const first = at + ((plane >> 1) << 4) + (plane & 1);
    for (let y = 0; y < 8; y++) {
      const bits = bytes[first + pair * y];
      if (!bits) continue;
      for (let x = 0; x < 8; x++) out[8 * y + x] |= ((bits >> (7 - x)) & 1) << plane;
    }
  }
}

/**
 * @typedef {{index: number, x: number, y: number, width: number, height: number, palette: number, priority: number,
 *   hflip: boolean, vflip: boolean, tile: number, large: boolean, base: number}} Sprite
 */

/**
 * All 128 sprites in OAM order; none while OBSEL is unknown.
 * @param {Uint8Array} oam
 * @param {number | null | undefined} obsel
 * @returns {Sprite[]}
 */
export function sprites(oam, obsel) {
  if (obsel == null) return [];
  const found = [];
  const sizes = SPRITE_SIZES[obsel >> 5];
  for (let index = 0; index < 128; index++) {
    const high = (oam[512 + (index >> 2)] >> ((index & 3) * 2)) & 3;
    const [low, y, tile, attributes] = oam.subarray(4 * index, 4 * index + 4);
    const x = low - (high & 1 ? 256 : 0);
    const large = (high & 2) !== 0;
    const [width, height] = sizes[large ? 1 : 0];
    const base = ((obsel & 7) << 14) + (attributes & 1 ? (((obsel >> 3) & 3) + 1) << 13 : 0);
    found.push({
      index, x, y, width, height, large, base, palette: (attributes >> 1) & 7, priority: (attributes >> 4) & 3,
      hflip: (attributes & 0x40) !== 0, vflip: (attributes & 0x80) !== 0, tile: tile | ((attributes & 1) << 8),
    });
  }
  return found;
}

/**
 * The VRAM byte address of the tile in a cell of a sprite as it is shown.
 * @param {Sprite} sprite
 * @param {number} column
 * @param {number} row
 */
export function cellAddress(sprite, column, row) {
  const c = sprite.hflip ? sprite.width / 8 - 1 - column : column;
  const r = sprite.vflip ? sprite.height / 8 - 1 - row : row;
  const number = (((sprite.tile & 0xf0) + (r << 4)) & 0xf0) | ((sprite.tile + c) & 0x0f);
  return (sprite.base + 32 * number) & 0xffff;
}

/**
 * The pixels of a sprite as it is shown, 0 to 15; 0 is transparent.
 * @param {Uint8Array} vram
 * @param {Sprite} sprite
 */
export function spritePixels(vram, sprite) {
  const pixels = new Uint8Array(sprite.width * sprite.height);
  const tile = new Uint8Array(64);
  for (let row = 0; row < sprite.height / 8; row++) {
    for (let column = 0; column < sprite.width / 8; column++) {
      decodeTile(vram, cellAddress(sprite, column, row), 4, tile);
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) {
          const from = 8 * (sprite.vflip ? 7 - y : y) + (sprite.hflip ? 7 - x : x);
          pixels[(8 * row + y) * sprite.width + 8 * column + x] = tile[from];
        }
      }
    }
  }
  return pixels;
}

/**
 * The screen line of a sprite's first row, negative if it wraps from the bottom to the top, as `screen_y` in
 * halscope.ppu.grouping.
 * @param {Sprite} sprite
 */
export function screenLine(sprite) {
  return sprite.y + sprite.height - 256 >= Math.max(0, 224 - sprite.y) ? sprite.y - 256 : sprite.y;
}

/**
 * Whether any part of a sprite is on the screen.
 * @param {Sprite} sprite
 * @param {number} lines height of the screen
 */
export function onScreen(sprite, lines = 224) {
  if (sprite.x <= -sprite.width || sprite.x >= 256) return false;
  return sprite.y < lines || sprite.y + sprite.height > 256;
}
