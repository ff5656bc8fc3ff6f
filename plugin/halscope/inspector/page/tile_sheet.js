// Many tiles beside each other as one picture; only what differs from the last time is decoded again.
import { bitsOf, decodeTile, TILE_BYTES } from "./snes.js";

/**
 * @typedef {import("./snes.js").Depth} Depth
 * @typedef {{depth: Depth, start: number, end: number, columns: number, stride?: number}} Arrangement
 * `start` and `end` are offsets of bytes; `stride` is the distance from one tile to the next, if it is not that of the depth.
 */

/** @param {Arrangement} one */
export function shapeOf({ depth, start, end, columns, stride = TILE_BYTES[depth] }) {
  const count = Math.max(0, Math.ceil((end - start) / stride));
  return { count, stride, width: 8 * columns, height: 8 * Math.max(1, Math.ceil(count / columns)) };
}

export class TileSheet {
  /** @type {Arrangement | null} */
  #last = null;
  #shadow = new Uint8Array(0);
  #tile = new Uint8Array(64);
  #colours = new Uint32Array(0);
  #firsts = new Int32Array(0);
  /** Values of the pixels, row by row. */
  pixels = new Uint8Array(0);
  image = new ImageData(1, 1);

  /**
   * Draw the tiles. Returns whether anything differs from the last time.
   * @param {Uint8Array} bytes
   * @param {Arrangement} arrangement
   * @param {Uint32Array} colours of the values of pixels, ABGR
   * @param {Int32Array | null} firsts for each tile the number of the colour that its value 0 has; else 0 for all
   */
  draw(bytes, arrangement, colours, firsts = null) {
    const { count, stride, width, height } = shapeOf(arrangement);
    const { depth, start, columns } = arrangement, size = TILE_BYTES[depth];
    const last = this.#last;
    let all = false;
    if (last === null || last.depth !== depth || last.start !== start || last.columns !== columns
        || last.end !== arrangement.end || last.stride !== arrangement.stride || this.#shadow.length !== bytes.length) {
      this.#last = { ...arrangement };
      this.#shadow = new Uint8Array(bytes.length);
      this.pixels = new Uint8Array(width * height);
      this.image = new ImageData(width, height);
      this.#firsts = new Int32Array(count);
      all = true;
    }
    if (colours.length !== this.#colours.length || colours.some((one, n) => one !== this.#colours[n])) {
      this.#colours = colours.slice();
      all = true;
    }
    const words = new Uint32Array(this.image.data.buffer), tile = this.#tile;
    let differs = false;
    for (let number = 0; number < count; number++) {
      const at = start + number * stride;
      const first = firsts === null ? 0 : firsts[number];
      let same = !all && first === this.#firsts[number];
      for (let n = at; same && n < at + size; n++) same = bytes[n] === this.#shadow[n];
      if (same) continue;
      differs = true;
      this.#firsts[number] = first;
      decodeTile(bytes, at, depth, tile);
      const corner = 8 * width * Math.floor(number / columns) + 8 * (number % columns);
      for (let n = 0; n < 64; n++) {
        const to = corner + width * (n >> 3) + (n & 7);
        this.pixels[to] = tile[n];
        words[to] = colours[first + tile[n]];
      }
    }
    if (differs) this.#shadow.set(bytes);
    return differs;
  }
}

/**
 * The colours of a palette for tiles of this depth.
 * @param {Uint32Array} all the 256 colours
 * @param {Depth} depth
 * @param {string} palette a number of a row, or "grey"
 * @param {(bpp: number) => Uint32Array} greys
 */
export function paletteColours(all, depth, palette, greys) {
  const bits = bitsOf(depth);
  if (palette === "grey") return greys(bits);
  if (bits === 8) return all;
  const first = (Number(palette) || 0) << (bits === 1 ? 1 : bits === 3 ? 3 : bits);
  return all.slice(first & 0xff, (first & 0xff) + (1 << bits));
}

/** How many palettes of this depth the 256 colours hold. @param {Depth} depth */
export function paletteCount(depth) {
  const bits = bitsOf(depth);
  return bits === 8 ? 1 : 256 >> bits;
}
