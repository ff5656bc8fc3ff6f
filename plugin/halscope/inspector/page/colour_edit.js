// Colours as a person changes them: tried in the running game at once, stored for good when the pointer is released.
import { signal } from "@preact/signals";
import { chosen, details, lookUpNow, trying, version } from "./colour_state.js";
import { ask } from "./connection.js";
import { frame, memory, onPaint } from "./memory.js";

/** Colours that are tried: number in CGRAM → BGR555. */
export const draft = signal(/** @type {Map<number, number>} */ (new Map()));
/** What came of it, and whether it is an error. */
export const told = signal({ text: "", bad: false });
/** Whether all places in the ROM that hold the same palette change; null: as its file says. */
export const everywhere = signal(/** @type {boolean | null} */ (null));

/** Colours that were stored, until a frame shows them: a paused game sends none. @type {Map<number, number>} */
let settling = new Map();
let settlingSince = 0;
const SETTLED = 60; // frames after which the game shows what it wants to show
onPaint(() => {
  if (settling.size === 0) return;
  const passed = frame.peek() - settlingSince;
  if (passed < 0 || passed > SETTLED || [...settling].every(([colour, word]) => memory.cgram[colour] === word)) forgetStored();
});

/** Show the colours as the game has them: a step through the edits has changed them, or the game has. */
export function forgetStored() {
  if (settling.size === 0) return;
  settling = new Map();
  version.value++;
}

/** The colours before they were tried. @type {Map<number, number>} */
let before = new Map();
let sending = false;
let stale = false;
let timer = 0;

/**
 * The colour as it is shown: as it is tried, or as it is in CGRAM.
 * @param {number} colour
 */
export function shownWord(colour) {
  return draft.value.get(colour) ?? settling.get(colour) ?? memory.cgram[colour];
}

/**
 * The colours before the trial, or those of now.
 * @param {number[]} colours
 */
export function wordsBefore(colours) {
  return colours.map((colour) => before.get(colour) ?? settling.get(colour) ?? memory.cgram[colour]);
}

/**
 * Show colours in the running game. While the emulator is busy with earlier ones, only the newest wait.
 * @param {Map<number, number>} words
 */
export function tryColours(words) {
  if (timer) window.clearTimeout(timer);
  timer = 0;
  if (!trying.peek()) before = new Map();
  for (const colour of words.keys()) if (!before.has(colour)) before.set(colour, settling.get(colour) ?? memory.cgram[colour]);
  trying.value = true;
  draft.value = new Map([...draft.peek(), ...words]);
  void send();
}

async function send() {
  stale = true;
  if (sending) return;
  sending = true;
  while (stale) {
    stale = false;
    try {
      await ask("try_colours", { colours: [...draft.peek()] });
      if (told.peek().bad) told.value = { text: "", bad: false };
    } catch (error) {
      told.value = { text: /** @type {Error} */ (error).message, bad: true };
    }
  }
  sending = false;
}

/**
 * Store what is tried.
 * @param {number} delay milliseconds in which a further colour takes its place: keys change a slider step by step
 */
export function storeSoon(delay = 0) {
  if (timer) window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    timer = 0;
    void store();
  }, delay);
}

async function store() {
  const words = [...draft.peek()];
  if (words.length === 0) return;
  const all = everywhere.peek() ?? details.peek()?.everywhere ?? false;
  told.value = { text: "storing…", bad: false };
  try {
    const done = await ask("store_colours", { colours: words, everywhere: all });
    const places = done.places === 0 ? "as the ROM has it" : `at ${done.places} ${done.places === 1 ? "place" : "places"} of the ROM`;
    told.value = { text: `stored ${places}, in ${done.files.join(", ")}`, bad: false };
    settling = new Map([...settling, ...words]);
    settlingSince = frame.peek();
    finish();
  } catch (error) {
    told.value = { text: `not stored: ${/** @type {Error} */ (error).message}. The game shows it until it loads its colours again.`, bad: true };
    finish();
  }
}

/** Take back what is tried and not stored. */
export async function giveUp() {
  if (!trying.peek()) return;
  if (timer) window.clearTimeout(timer);
  timer = 0;
  const words = [...before];
  finish();
  try {
    await ask("try_colours", { colours: words, end: true });
  } catch {
    // the game does not show it either
  }
}

function finish() {
  trying.value = false;
  draft.value = new Map();
  before = new Map();
  lookUpNow();
}

/** The colours of a palette, but its first: that is its transparent one. @param {number} row 0 to 15 */
export function paletteOf(row) {
  return Array.from({ length: 15 }, (_, n) => 16 * row + 1 + n);
}

/**
 * Choose colours to see and to change.
 * @param {number[]} colours
 */
export function choose(colours) {
  if (trying.peek()) void store();
  everywhere.value = null;
  told.value = { text: "", bad: false };
  chosen.value = colours;
}
