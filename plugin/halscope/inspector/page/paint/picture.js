// A picture of palette indices that is painted: what may be painted where, and its own undo. It knows no page.

/**
 * @typedef {{name: string, title: string, width: number, height: number, bpp: number, palettes: number[][][], pixels: string,
 *   original: string, allowed: string, cells: [x: number, y: number, palette: number, flips: number, tile: number][],
 *   limits: [cell: number, colours: number[]][], doubts: string[], revision: string}} Described as the server sends it
 * @typedef {{at: number[], from: number[], to: number[]}} Step
 */

/** @param {string} text base64 */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function textOf(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** One sheet. A pixel's value is palette × colours + index; 0 is transparent. */
export class Picture {
  /** @param {Described} described */
  constructor(described) {
    this.name = described.name;
    this.title = described.title;
    this.width = described.width;
    this.height = described.height;
    this.palettes = described.palettes;
    this.colours = 1 << described.bpp;
    this.doubts = described.doubts;
    this.cells = described.cells;
    this.revision = described.revision;
    this.pixels = bytesOf(described.pixels);
    /** What is on the disk. */
    this.saved = this.pixels.slice();
    /** The picture as the ROM has it. */
    this.original = bytesOf(described.original);
    /** The palettes that each pixel may have, a bit each. */
    this.allowed = bytesOf(described.allowed);
    this.limits = new Map(described.limits);
    /** @type {Step[]} */
    this.steps = [];
    this.position = 0;
    /** The stroke that is being drawn: each pixel's number and value before it. @type {Map<number, number> | null} */
    this.stroke = null;
    /** The cells that reach into each square of 8×8 pixels. @type {Map<number, number[]>} */
    this.squares = new Map();
    /** The cells of each tile. @type {Map<number, number[]>} */
    this.tiles = new Map();
    this.cells.forEach(([x, y, , , tile], cell) => {
      for (const square of new Set([[x, y], [x + 7, y], [x, y + 7], [x + 7, y + 7]].map(([a, b]) => this.square(a, b)))) {
        this.squares.set(square, [...(this.squares.get(square) ?? []), cell]);
      }
      if (tile >= 0) this.tiles.set(tile, [...(this.tiles.get(tile) ?? []), cell]);
    });
  }

  /** Give up the strokes that are not saved. */
  giveUp() {
    this.stroke = null;
    this.pixels = this.saved.slice();
  }

  /** Take over pixels that were painted before. @param {string} text base64 */
  restore(text) {
    const pixels = bytesOf(text);
    if (pixels.length === this.pixels.length) this.pixels = pixels;
  }

  /** @param {number} x @param {number} y */
  square(x, y) {
    return (y >> 3) * 1024 + (x >> 3);
  }

  /** The cells at a pixel, front to back. @param {number} x @param {number} y */
  cellsAt(x, y) {
    return (this.squares.get(this.square(x, y)) ?? []).filter((cell) => {
      const [left, top] = this.cells[cell];
      return x >= left && x < left + 8 && y >= top && y < top + 8;
    });
  }

  /** @param {number} x @param {number} y */
  inside(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /**
   * Why a pixel cannot have a value; "" if it can.
   * @param {number} x
   * @param {number} y
   * @param {number} value
   */
  why(x, y, value) {
    const allowed = this.allowed[y * this.width + x], slot = Math.floor(value / this.colours), index = value % this.colours;
    const cells = this.cellsAt(x, y);
    if (allowed === 0) {
      return cells.length === 0 ? "there is no tile here"
        : "this tile cannot be painted: it is not known where in the ROM it is";
    }
    if (index > 0 && ((allowed >> slot) & 1) === 0) {
      const own = this.palettes.map((_, n) => n).filter((n) => (allowed >> n) & 1);
      return `this tile is shown in palette ${own.join(" or ")}, and this colour is in palette ${slot}`;
    }
    const kept = cells.map((cell) => this.cells[cell][2] === slot && this.limits.get(cell)).find(Boolean);
    return kept && !kept.includes(index) ? `the game keeps this tile in the colours ${kept.join(", ")}` : "";
  }

  /** The value for a colour at a pixel: transparent is the same in all palettes. @param {number} value */
  plain(value) {
    return value % this.colours === 0 ? 0 : value;
  }

  begin() {
    this.stroke ??= new Map();
  }

  /** End a stroke. Returns whether it changed anything. */
  end() {
    const stroke = this.stroke;
    this.stroke = null;
    const at = [...(stroke?.keys() ?? [])].filter((n) => stroke?.get(n) !== this.pixels[n]);
    if (at.length === 0) return false;
    this.steps.length = this.position;
    this.steps.push({ at, from: at.map((n) => stroke?.get(n) ?? 0), to: at.map((n) => this.pixels[n]) });
    this.position = this.steps.length;
    return true;
  }

  /**
   * Paint a pixel, and wherever the figure shows the same pixel of the ROM once more. Returns why it cannot be, or "".
   * @param {number} x
   * @param {number} y
   * @param {number} value
   */
  set(x, y, value) {
    if (!this.inside(x, y)) return "";
    value = this.plain(value);
    const why = this.why(x, y, value);
    if (why) return why;
    this.put(x, y, value);
    const cells = this.cellsAt(x, y);
    if (cells.length !== 1) return ""; // where tiles cover each other, the server finds whose pixel it is
    const [left, top, , flips, tile] = this.cells[cells[0]];
    const column = flips & 1 ? 7 - (x - left) : x - left, row = flips & 2 ? 7 - (y - top) : y - top;
    for (const twin of this.tiles.get(tile) ?? []) {
      const [a, b, slot, turned] = this.cells[twin];
      const tx = a + (turned & 1 ? 7 - column : column), ty = b + (turned & 2 ? 7 - row : row);
      if (twin === cells[0] || this.cellsAt(tx, ty).length !== 1) continue;
      this.put(tx, ty, value === 0 ? 0 : slot * this.colours + (value % this.colours));
    }
    return "";
  }

  /** @param {number} x @param {number} y @param {number} value */
  put(x, y, value) {
    const n = y * this.width + x;
    if (this.stroke !== null && !this.stroke.has(n)) this.stroke.set(n, this.pixels[n]);
    this.pixels[n] = value;
  }

  /**
   * Paint the connected pixels of one value. Returns why the first cannot be, or "".
   * @param {number} x
   * @param {number} y
   * @param {number} value
   */
  fill(x, y, value) {
    value = this.plain(value);
    const why = this.why(x, y, value), old = this.pixels[y * this.width + x];
    if (why || old === value) return why;
    const open = [[x, y]], seen = new Set([y * this.width + x]);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [a, b] = next;
      if (this.set(a, b, value)) continue;
      for (const [c, d] of [[a - 1, b], [a + 1, b], [a, b - 1], [a, b + 1]]) {
        const n = d * this.width + c;
        if (!this.inside(c, d) || seen.has(n) || this.pixels[n] !== old) continue;
        seen.add(n);
        open.push([c, d]);
      }
    }
    return "";
  }

  /**
   * Mirror the picture, as far as its tiles allow.
   * @param {boolean} across left to right, or else top to bottom
   */
  flip(across) {
    const before = this.pixels.slice(), { width, height } = this;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = before[across ? y * width + width - 1 - x : (height - 1 - y) * width + x];
        if (value !== before[y * width + x]) this.set(x, y, value);
      }
    }
  }

  /** Take back the last stroke. Returns whether there was one. */
  undo() {
    if (this.position === 0) return false;
    const { at, from } = this.steps[--this.position];
    at.forEach((n, k) => (this.pixels[n] = from[k]));
    return true;
  }

  /** Do what was taken back. Returns whether there was anything. */
  redo() {
    if (this.position === this.steps.length) return false;
    const { at, to } = this.steps[this.position++];
    at.forEach((n, k) => (this.pixels[n] = to[k]));
    return true;
  }

  /** How many pixels and tiles differ from the ROM's. */
  changes() {
    let pixels = 0;
    const tiles = new Set();
    for (let n = 0; n < this.pixels.length; n++) {
      if (this.pixels[n] === this.original[n]) continue;
      pixels++;
      const cells = this.cellsAt(n % this.width, Math.floor(n / this.width));
      for (const cell of cells.length === 1 ? cells : cells.slice(0, 1)) tiles.add(this.cells[cell][4]);
    }
    return { pixels, tiles: tiles.size };
  }

  /** Whether everything is on the disk. */
  isSaved() {
    return this.pixels.every((value, n) => value === this.saved[n]);
  }
}
