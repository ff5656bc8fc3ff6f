// What is painted now, with which tool and colour, and how it is saved.
import { signal } from "@preact/signals";
import { ask, onMessage } from "../connection.js";
import { forget, keep, store, withStrokes } from "./drafts.js";
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
 * Open what is pointed at. Strokes that are not saved are kept, of what was painted before and of what is opened.
 * @param {Record<string, unknown>} fields of the question
 */
export async function open(fields) {
  refused.value = saved.value = "";
  try {
    const described = await ask("painting", fields);
    if (described === null) throw new Error("no frame has come yet");
    keep(picture.peek());
    take(withStrokes(new Picture(described)));
  } catch (error) {
    keep(picture.peek());
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
  if (one === null) return;
  one.giveUp();
  forget(one.name);
  await open({ name: one.name, revision: "" });
}

let busy = false;
/** Pictures whose strokes are to be saved. @type {Set<Picture>} */
const due = new Set();

/** Save the picture. While one save is on its way, the next ones of a picture become one. */
export async function save() {
  const shown = picture.peek();
  if (shown !== null) due.add(shown);
  if (busy) return;
  busy = true;
  for (const one of due) { // those that are added meanwhile too
    due.delete(one);
    const sent = one.pixels.slice();
    const isShown = () => picture.peek() === one;
    if (isShown()) saved.value = "saving…";
    try {
      const fields = { name: one.name, revision: one.revision, width: one.width, height: one.height, pixels: textOf(sent) };
      one.revision = (await ask("paint", fields, true)).revision;
      one.saved = sent;
      if (!isShown()) continue;
      if (saved.peek() === "saving…") saved.value = "saved"; // else it is in the game already
      refused.value = "";
    } catch (error) {
      if (isShown()) saved.value = "";
      refused.value = `${isShown() ? "" : `${one.title}: `}${/** @type {Error} */ (error).message}`;
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

addEventListener("pagehide", () => store(picture.peek()));
