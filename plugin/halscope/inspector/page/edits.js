// The edits of the running game: what the server tells of them, and the steps through them.
import { signal } from "@preact/signals";
import { addAction } from "./actions.js";
import { forgetStored } from "./colour_edit.js";
import { ask, askLater, onMessage, upload } from "./connection.js";
import { spriteShown } from "./figures.js";
import { addKeys } from "./keys.js";
import { current } from "./selection.js";

/**
 * @typedef {{kind: string, text: string, sheet: string}} News
 * @typedef {{codec: string, block_offset: number, tiles: number, colours: number, packed: number, room: number, moved_to: number | null,
 *   places: [number, number][], pointers: number[], snes: string, text: string}} Written
 * @typedef {{id: number, sheet: string, made: string, state: string, palette: boolean, blocks: Written[]}} Edit
 * @typedef {{step: number, what: string, id: number, sheet: string, made: string, undone: boolean}} Step
 * @typedef {{folder: string | null, project: string | null, undo: number, redo: number, edits: Edit[], refused: Record<string, string>,
 *   steps: Step[], news: News[]}} Edits
 * @typedef {{png: string | null, before: string[], after: string[]}} Picture
 */

/** All edits; null before the server has told of any. */
export const edits = signal(/** @type {Edits | null} */ (null));
/** Why the last step or export was refused. */
export const refusal = signal("");
/** The patch that was written last. */
export const exported = signal(/** @type {{path: string, lines: string[]} | null} */ (null));

onMessage("edits", (message) => (edits.value = message));

/** Steps are made one after the other, however fast the keys come. */
let last = Promise.resolve();

/**
 * Undo or redo a step, or revert one edit.
 * @param {"undo" | "redo" | "revert"} action
 * @param {number} number the edit to revert
 */
export function step(action, number = 0) {
  forgetStored();
  last = last.then(() => said(ask("edit_step", action === "revert" ? { action, number } : { action })));
  return last;
}

/**
 * The picture of a version of an edit, before and after it.
 * @param {number} step
 * @param {number} number
 * @returns {Promise<Picture>}
 */
export function picture(step, number) {
  return askLater("edit_picture", { step, number }); // a long history has hundreds, and a patch is not to wait for them
}

/**
 * Have a patch of all edits written, and let the browser save a copy.
 * @param {"bps" | "ips"} format
 */
export async function exportPatch(format) {
  try {
    const { path, name, data, lines } = await ask("export", { format });
    const url = URL.createObjectURL(new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))]));
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser has read it by then
    exported.value = { path, lines };
    refusal.value = "";
  } catch (error) {
    refusal.value = /** @type {Error} */ (error).message;
  }
}

/**
 * Wait for an answer, and show why it is refused.
 * @param {Promise<any>} answer
 */
async function said(answer) {
  try {
    await answer;
    refusal.value = "";
  } catch (error) {
    refusal.value = /** @type {Error} */ (error).message;
  }
}

/**
 * Who uses a tile.
 * @typedef {{block: {codec: string, block_offset: number, text: string}, byte_offset: number, vram: number[], layers: number,
 *   figures: {name: string, sprites: number[], same: number, block: number}[], sheets: {sheet: string, same: number, block: number}[],
 *   elsewhere: {codec: string, block_offset: number, byte_offset: number}[]}} Uses
 */
/** Who uses the tile that was asked about last; null for none. */
export const uses = signal(/** @type {{place: import("./selection.js").Place, found: Uses | null, error: string} | null} */ (null));

/** Say no more who uses a tile. Returns whether it was said. */
export function closeUses() {
  const was = uses.peek() !== null;
  uses.value = null;
  return was;
}

/** @param {import("./selection.js").Place} place */
async function askUses(place) {
  try {
    uses.value = { place, found: await ask("uses", { vram: place.vram, bpp: place.bpp }), error: "" };
  } catch (error) {
    uses.value = { place, found: null, error: /** @type {Error} */ (error).message };
  }
}

addAction({ key: "j", name: "Who uses this", does: "who else uses this tile, before it is painted", applies: () => true, run: askUses });

/**
 * What became of a dropped picture, told where it was dropped.
 * @typedef {{text: string, bad: boolean, x: number, y: number}} Drop
 */
export const dropped = signal(/** @type {Drop | null} */ (null));
let drops = 0;
/** Names of files that are nothing but palettes. */
const PALETTE = /\.(pal|gpl|act|tpl|cgram|bgr|pal\.json)$/i;
/** What takes files that are dropped on it: a selector, and what is done. @type {[string, (file: File, target: Element) => void][]} */
const takers = [];

/**
 * Have files that are dropped on some elements taken in another way.
 * @param {string} selector
 * @param {(file: File, target: Element) => void} take
 */
export function onDrop(selector, take) {
  takers.push([selector, take]);
}

/**
 * Give a figure another picture: the server saves it as the figure's sheet.
 * @param {File} file
 * @param {Record<string, unknown>} figure what the question says of the figure, as it was when the picture was dropped
 * @param {{x: number, y: number}} at where it was dropped
 */
async function sendPicture(file, figure, at) {
  const number = ++drops;
  const tell = (/** @type {string} */ text, bad = false) => {
    if (number === drops) dropped.value = { text, bad, ...at };
  };
  tell(`${file.name}: is being put in…`);
  try {
    if (file.type !== "image/png") throw new Error(`${file.name}: is no PNG${
      PALETTE.test(file.name) ? "; drop a palette on one of the Palettes view" : ""}`);
    const sent = await upload(file).catch((error) => { throw new Error(`${file.name}: ${error.message}`); });
    const done = await ask("drop", { upload: sent, name: file.name, ...figure });
    if (done === null) throw new Error(`${file.name}: no frame has come yet`);
    tell(`${file.name} is ${done.sheet} now${done.inexact && ", in the nearest colours of its palette"}`);
  } catch (error) {
    tell(/** @type {Error} */ (error).message, true);
  }
}

/** What a dragged file is over. @type {Element | null} */
let over = null;

/**
 * While a file is dragged, views are sent no pointer events: send them, so that they tell what is pointed at.
 * @param {string} type
 * @param {Element | null} from
 */
function tellViews(type, from) {
  for (let element = from; element !== null; element = element.parentElement) element.dispatchEvent(new PointerEvent(type));
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  const target = /** @type {Element} */ (event.target);
  if (target !== over) {
    tellViews("pointerleave", over);
    tellViews("pointerenter", target);
    over = target;
  }
  target.dispatchEvent(new PointerEvent("pointermove", { clientX: event.clientX, clientY: event.clientY, bubbles: true }));
});
addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0], target = /** @type {Element} */ (event.target);
  const taker = takers.find(([selector]) => target.closest(selector) !== null);
  if (file !== undefined && taker !== undefined) taker[1](file, target);
  else if (file !== undefined) void sendPicture(file, spriteShown(current() ?? { sprite: null }), { x: event.clientX, y: event.clientY });
  tellViews("pointerleave", over);
  over = null;
});

addEventListener("pointerdown", (event) => { // whatever is done next
  if (!(/** @type {Element} */ (event.target).closest?.(".dropped"))) dropped.value = null;
});

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!(event.ctrlKey || event.metaKey) || event.altKey || target.matches?.("input, textarea")) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && !(key === "y" && !event.shiftKey)) return;
  event.preventDefault();
  void step(key === "y" || event.shiftKey ? "redo" : "undo");
}

addEventListener("keydown", onKey);
addKeys(
  { key: "", shown: "Ctrl+Z", does: "undo the last edit, whatever it was", run: () => undefined },
  { key: "", shown: "Ctrl+Shift+Z", does: "do it again", run: () => undefined },
);
