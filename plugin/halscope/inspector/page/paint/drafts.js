// Painted pictures with strokes that are on no disk: kept while another one is painted, and while the page is loaded again.
import { textOf } from "./picture.js";

/** @typedef {import("./picture.js").Picture} Picture */

/** @type {Map<string, Picture>} */
const drafts = new Map();
const PREFIX = "halscope.paint.";

/** @param {Picture | null} one Keep it if it has strokes that are not saved. */
export function keep(one) {
  if (one === null) return;
  one.end();
  if (one.isSaved()) drafts.delete(one.name);
  else drafts.set(one.name, one);
}

/** @param {string} name Forget what is kept of a picture. */
export function forget(name) {
  drafts.delete(name);
  sessionStorage.removeItem(PREFIX + name);
}

/**
 * The picture with its strokes that were not saved, or as it is. Strokes from before the page was loaded again are given
 * to it only if the sheet is the same since.
 * @param {Picture} one as it is on the disk
 */
export function withStrokes(one) {
  const kept = drafts.get(one.name), stored = sessionStorage.getItem(PREFIX + one.name);
  forget(one.name);
  if (kept !== undefined && !kept.isSaved()) return kept;
  if (stored !== null) {
    const { revision, pixels } = JSON.parse(stored);
    if (revision === one.revision) one.restore(pixels);
  }
  return one;
}

/** @param {Picture | null} shown Keep what is not saved, for the same page loaded again. */
export function store(shown) {
  keep(shown);
  for (const [name, one] of drafts) {
    if (!one.isSaved()) sessionStorage.setItem(PREFIX + name, JSON.stringify({ revision: one.revision, pixels: textOf(one.pixels) }));
  }
}
