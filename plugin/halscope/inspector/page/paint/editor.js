// What is painted now, with which tool and colour, and how it is saved.
import { signal } from "@preact/signals";
import { ask, onMessage } from "../connection.js";
import { Picture, textOf } from "./picture.js";

/** @type {import("@preact/signals").Signal<Picture | null>} */
export const picture = signal(null);
/** Counts changes of the picture. */
export const version = signal(0);
export const tool = signal(/** @type {"pencil" | "fill" | "pick"} */ ("pencil"));
/** The value that is painted. */
export const colour = signal(1);
export const zoom = signal(8);
export const grid = signal(true);
/** Whether the ROM's picture is shown in place of the painted one. */
export const old = signal(false);
export const ghost = signal(false);
/** Whether the view is mirrored, and whether each stroke is drawn in both halves. */
export const mirrored = signal(false);
export const symmetric = signal(false);
/** Whether each stroke is saved as it ends, so that the game changes while one paints. */
export const saves = signal(true);
/** Where the keyboard paints. */
export const cursor = signal(/** @type {[number, number]} */ ([0, 0]));
/** Why the last thing was refused, and what became of the last save. */
export const refused = signal("");
export const saved = signal("");

/** The largest canvas, in pixels. */
const MOST = 1 << 23;

/** @param {Picture} one @param {number} wanted */
export function zoomFor(one, wanted) {
  const most = Math.floor(Math.sqrt(MOST / (one.width * one.height)));
  return Math.max(1, Math.min(wanted, most, 32));
}

/**
 * Open what is pointed at.
 * @param {Record<string, unknown>} fields of the question
 */
export async function open(fields) {
  refused.value = saved.value = "";
  try {
    const described = await ask("painting", fields);
    if (described === null) throw new Error("no frame has come yet");
    take(new Picture(described));
  } catch (error) {
    picture.value = null;
    refused.value = /** @type {Error} */ (error).message;
  }
}

/** @param {Picture} one */
function take(one) {
  const same = picture.peek()?.name === one.name;
  picture.value = one;
  old.value = false;
  if (!same) {
    zoom.value = zoomFor(one, Math.floor(416 / Math.max(one.width, one.height)));
    cursor.value = [one.width >> 1, one.height >> 1];
    const slots = one.palettes.map((_, slot) => slot).filter((slot) => one.allowed.some((bits) => (bits >> slot) & 1));
    colour.value = (slots[0] ?? 0) * one.colours + 1;
  }
  version.value++;
}

/** Load the picture again if something else has saved it. Unsaved strokes stay. */
export async function refresh() {
  const one = picture.peek();
  if (one === null || one.stroke !== null || busy || !one.isSaved()) return;
  try {
    const described = await ask("painting", { name: one.name, revision: one.revision });
    if (described !== null && picture.peek() === one && one.isSaved() && one.stroke === null) take(new Picture(described));
  } catch (error) {
    refused.value = /** @type {Error} */ (error).message;
  }
}

/** Give up unsaved strokes for what is on the disk. */
export async function reload() {
  const one = picture.peek();
  if (one !== null) await open({ name: one.name, revision: "" });
}

let busy = false;
let due = false;

/** Save the picture. While one save is on its way, the next ones become one. */
export async function save() {
  due = true;
  if (busy) return;
  busy = true;
  for (let one = picture.peek(); due && one !== null; one = picture.peek()) {
    due = false;
    const sent = one.pixels.slice();
    saved.value = "saving…";
    try {
      const fields = { name: one.name, revision: one.revision, width: one.width, height: one.height, pixels: textOf(sent) };
      one.revision = (await ask("paint", fields, true)).revision;
      one.saved = sent;
      if (saved.peek() === "saving…") saved.value = "saved"; // else it is in the game already
      refused.value = "";
    } catch (error) {
      saved.value = "";
      refused.value = /** @type {Error} */ (error).message;
    }
    version.value++;
  }
  busy = false;
}

/** End a stroke. */
export function endStroke() {
  if (!picture.peek()?.end()) return;
  version.value++;
  if (saves.peek()) void save();
}

/**
 * Use the tool at a pixel.
 * @param {number} x
 * @param {number} y
 */
export function use(x, y) {
  const one = picture.peek();
  if (one === null || !one.inside(x, y)) return;
  if (tool.peek() === "pick") {
    colour.value = one.pixels[y * one.width + x];
    return;
  }
  const paint = (/** @type {number} */ a) => (tool.peek() === "fill" ? one.fill(a, y, colour.peek()) : one.set(a, y, colour.peek()));
  refused.value = paint(x);
  if (symmetric.peek()) paint(one.width - 1 - x);
  version.value++;
}

/** @param {boolean} again whether to redo */
export function undo(again = false) {
  const one = picture.peek();
  if (one === null || !(again ? one.redo() : one.undo())) return;
  version.value++;
  if (saves.peek()) void save();
}

/** @param {boolean} across */
export function flip(across) {
  const one = picture.peek();
  if (one === null) return;
  one.begin();
  one.flip(across);
  endStroke();
}

onMessage("sheet", ({ name, error }) => {
  if (picture.peek()?.name !== name) return;
  saved.value = error === null ? "saved, and in the game" : "saved";
  refused.value = error ?? "";
});
