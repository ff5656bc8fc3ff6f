// What the console's video memories hold in the newest frame, and everything that the page knows of it.
import { signal } from "@preact/signals";

/** The memories as the server last sent them. Painters read them; they are changed in place. */
export const memory = {
  vram: new Uint8Array(0x10000),
  cgram: new Uint16Array(256),
  oam: new Uint8Array(544),
  /** @type {Record<string, number | null>} */
  ppu: {},
  /** `words` are the pixels of `image`. @type {{image: ImageData, words: Uint32Array} | null} */
  picture: null,
  /** Number of the frame in which each 32-byte unit of VRAM was last changed. */
  changed: new Int32Array(2048).fill(-1),
  /** What HDMA changes from row to row of the picture: row, colour or 256 + register, value each; `rows.js` reads them. */
  rows: new Uint16Array(0),
  /** Names of the registers that are counted there. @type {string[]} */
  registers: [],
  /** Counts the changes of colours, of `rows` too. */
  version: 0,
};

export const frame = signal(0);
/** Number of messages about frames that were taken in: of a paused game too, where it is edited or the ROM is indexed. */
export const received = signal(0);
/** Tiles in VRAM with a known origin; null while the ROM is not indexed. */
export const located = signal(/** @type {number | null} */ (null));
/** Whether the composed picture equals the emulator's; null where it was not compared. */
export const matches = signal(/** @type {boolean | null} */ (null));
/** What may be wrong with what is shown of layers and sprites; empty if it is proven. */
export const doubts = signal(/** @type {string[]} */ ([]));
/** Position in the timeline of the frame that is shown; null while it is the running game's newest. */
export const past = signal(/** @type {number | null} */ (null));
/** Name of the kept moment that is shown; null while none is. */
export const moment = signal(/** @type {string | null} */ (null));
/** Whether the picture of a past frame was composed by Halscope. */
export const composed = signal(false);
/** @type {import("@preact/signals").Signal<{emulator: string, host: string, rom: string | null, capabilities: string[], paused: boolean, speed: number} | null>} */
export const host = signal(null);
/** The status between the connection and the first word of a game. */
export const STARTING = "the game is starting";
export const status = signal("connecting");
/** Whether the page keeps what it shows, while a game that cannot be paused from here goes on. */
export const frozen = signal(false);
/** The last error that has no place of its own. */
export const trouble = signal("");
/** @type {import("@preact/signals").Signal<{job: string, done: number, total: number} | null>} */
export const progress = signal(null);
/** @type {import("@preact/signals").Signal<string>} */
export const ended = signal("");

/** @type {Set<() => void>} */
const painters = new Set();

/**
 * Call a function once for each frame that is painted. Returns the function that ends it.
 * @param {() => void} painter
 */
export function onPaint(painter) {
  painters.add(painter);
  return () => painters.delete(painter);
}

/** Paint all views. */
export function paint() {
  for (const painter of painters) painter();
}

/** Little-endian words, of bytes at any place. @param {Uint8Array} data */
function wordsOf(data) {
  return Uint16Array.from({ length: data.length >> 1 }, (_, n) => data[2 * n] | (data[2 * n + 1] << 8));
}

/** Take in pixels of three bytes each as an image has them. @param {Uint32Array} words @param {number} first @param {Uint8Array} rgb */
function takePixels(words, first, rgb) {
  for (let n = first, at = 0; at < rgb.length; n++, at += 3) words[n] = 0xff000000 | (rgb[at + 2] << 16) | (rgb[at + 1] << 8) | rgb[at];
}

/** The picture, made anew where it had another size. @param {number} width @param {number} height */
function pictureOf(width, height) {
  let picture = memory.picture;
  if (picture === null || picture.image.width !== width || picture.image.height !== height) {
    const image = new ImageData(width, height);
    memory.picture = picture = { image, words: new Uint32Array(image.data.buffer) };
  }
  return picture;
}

/**
 * Take in a message about a frame.
 * @param {{frame: number, parts: [string, number, number][], ppu?: Record<string, number | null>,
 *   picture?: [number, number], located: number | null, matches: boolean | null,
 *   doubts?: string[], registers?: string[], past?: number, moment?: string, composed?: boolean}} head
 * @param {Uint8Array} bytes the bytes of all parts
 */
export function takeFrame(head, bytes) {
  if (head.frame < frame.peek()) memory.changed.fill(-1); // an earlier frame: what is marked came later
  let at = 0;
  for (const [name, offset, length] of head.parts) {
    const data = bytes.subarray(at, at + length);
    at += length;
    if (name === "vram") {
      memory.vram.set(data, offset);
      memory.changed.fill(head.frame, offset >> 5, (offset + length) >> 5);
    } else if (name === "cgram") {
      memory.cgram.set(wordsOf(data));
      memory.version++;
    } else if (name === "rows") {
      memory.rows = wordsOf(data);
      memory.registers = head.registers ?? [];
      memory.version++;
    } else if (name === "oam") {
      memory.oam.set(data, offset);
    } else if (name === "picture" && head.picture) {
      takePixels(pictureOf(...head.picture).words, offset / 3, data);
    }
  }
  Object.assign(memory.ppu, head.ppu);
  if (frame.peek() === head.frame) frame.value = -1; // another state with the same number: views follow the number
  frame.value = head.frame;
  received.value++;
  located.value = head.located;
  matches.value = head.matches;
  const told = head.doubts ?? [];
  if (told.join() !== doubts.peek().join()) doubts.value = told;
  past.value = head.past ?? null;
  moment.value = head.moment ?? null;
  composed.value = head.composed ?? false;
}
