// What the page knows of CGRAM: when each colour was changed, which one is chosen, and where it is stored.
import { effect, signal } from "@preact/signals";
import { ask } from "./connection.js";
import { frame, located, memory, onPaint } from "./memory.js";

/** Number of the frame in which each colour was last changed. */
export const changedAt = new Int32Array(256).fill(-1000);
/** Counts the frames in which a colour was changed. */
export const version = signal(0);
/** Frames for which a change stays marked while the game runs, so that a person sees it. */
export const MARKED = 12;

const last = new Uint16Array(256);
let first = true;

onPaint(() => {
  let changed = false;
  for (let n = 0; n < 256; n++) {
    if (last[n] === memory.cgram[n]) continue;
    last[n] = memory.cgram[n];
    if (!first) changedAt[n] = frame.peek();
    changed = true;
  }
  if (changed) {
    first = false;
    version.value++;
  }
});

/** The chosen colours, ascending; one, or those of a palette. */
export const chosen = signal(/** @type {number[]} */ ([]));
/** The palette (0 to 15) whose name is pointed at. */
export const pointedRow = signal(/** @type {number | null} */ (null));
/** For each colour 2 if it is stored in the ROM, 1 if it is a faded copy; null while that is not known. */
export const stored = signal(/** @type {number[] | null} */ (null));
/** What is known of the first chosen colour; null while it is looked up. */
export const details = signal(/** @type {any} */ (null));
/** Why there are no details. */
export const detailsError = signal("");
/** Whether colours are being tried: what is known of them stays as it was. */
export const trying = signal(false);
/** Number of places in which the view is shown. */
export const shown = signal(0);

const ASK_EVERY = 250; // milliseconds: a game that cycles its colours changes them in every frame
let asking = false;
let again = false;
let timer = 0;

/** Ask where the colours are stored, at most four times a second, and never twice at once. */
export function lookUp() {
  if (asking || timer) {
    again = true;
    return;
  }
  if (!shown.peek() || trying.peek()) return;
  asking = true;
  again = false;
  const colour = chosen.peek()[0];
  const asked = [ask("palettes"), ...(colour === undefined ? [] : [ask("colour", { colour })])];
  Promise.all(asked).then(
    ([all, one]) => {
      stored.value = all?.known ?? null;
      if (colour === chosen.peek()[0] && !trying.peek()) [details.value, detailsError.value] = [one ?? null, ""];
    },
    (error) => (detailsError.value = error.message),
  ).finally(() => {
    asking = false;
    timer = window.setTimeout(() => {
      timer = 0;
      if (again) lookUp();
    }, ASK_EVERY);
  });
}

/** Look the chosen colour up now, whatever was asked before. */
export function lookUpNow() {
  const colour = chosen.peek()[0];
  if (colour === undefined || !shown.peek()) return;
  ask("colour", { colour }).then(
    (one) => {
      if (colour === chosen.peek()[0] && !trying.peek()) [details.value, detailsError.value] = [one, ""];
    },
    (error) => (detailsError.value = error.message),
  );
}

effect(() => {
  void version.value;
  void (located.value === null);
  if (shown.value > 0 && !trying.value) lookUp();
});

effect(() => {
  void chosen.value;
  details.value = null;
  lookUpNow();
});
