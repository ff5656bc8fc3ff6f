// What the person points at, in whichever view: all views show it.
import { computed, effect, signal } from "@preact/signals";
import { ask } from "./connection.js";
import { figureNow, figureTiles } from "./figures.js";
import { frame, frozen, located } from "./memory.js";

/**
 * A tile in VRAM, and the sprite that shows it if there is one; with the figure if this is what is pointed at.
 * @typedef {{vram: number, bpp: number, sprite: number | null, figure?: import("./figures.js").Figure | null}} Place
 */

/** What is under the pointer. */
export const hovered = signal(/** @type {Place | null} */ (null));
/** What was clicked; it stays until something else is clicked, or Escape. */
export const pinned = signal(/** @type {Place | null} */ (null));
/** Sprites that are outlined in the game as well, such as those of a palette. */
export const marked = signal(/** @type {Set<number>} */ (new Set()));
/** @type {import("@preact/signals").Signal<{place: Place, origins: any[] | null, error: string} | null>} */
export const known = signal(null);

/** Whether the pointer or the focus is in the line about it, which then stays as it is read: its buttons act on what it says. */
export const reading = signal(false);

/** Tiles that a view has picked out, as VRAM byte addresses: the game's picture and the other views tint them. */
export const picked = signal(/** @type {Set<number>} */ (new Set()));

/** What is shown: what is under the pointer, or else what was clicked. */
export function current() {
  return hovered.value ?? pinned.value;
}

/** The sprites that are pointed at: one, or all of a figure. */
export function pointedSprites() {
  const place = current();
  if (place?.figure) return new Set(figureNow(place.figure).sprites);
  return new Set(place === null || place.sprite === null ? [] : [place.sprite]);
}

/** The tiles that are pointed at, as VRAM byte addresses: one, or all of a figure. */
export function pointedTiles() {
  const place = current();
  return new Set(place === null ? [] : place.figure ? figureTiles(place.figure) : [place.vram]);
}

/** @param {Place | null | undefined} place */
function figureKey(place) {
  return place?.figure ? place.figure.sprites.join() : "";
}

/**
 * Point at a tile, or at nothing.
 * @param {Place | null} place
 */
export function point(place) {
  const last = hovered.peek();
  if (place?.vram !== last?.vram || place?.sprite !== last?.sprite || place?.bpp !== last?.bpp
    || figureKey(place) !== figureKey(last)) hovered.value = place;
}

/** @param {Place} place Ask where a tile comes from; of a frozen page, in the frame that it keeps. @returns {Promise<any[] | null>} */
export function askOrigin({ vram, bpp }) {
  return ask("origin", { vram, bpp, ...(frozen.peek() ? { frame: frame.peek() } : {}) });
}

const isIndexed = computed(() => located.value !== null); // their number changes all the time
let asked = 0;

effect(() => {
  const place = current();
  void isIndexed.value; // ask again when the index is ready
  const number = ++asked;
  if (place === null) {
    known.value = null;
    reading.value = false; // what had the pointer or the focus is gone
    return;
  }
  askOrigin(place).then(
    (origins) => number === asked && (known.value = { place, origins, error: "" }),
    (error) => number === asked && (known.value = { place, origins: null, error: error.message }),
  );
});

// The same place may hold another tile later: a pinned place is asked about again twice a second.
let lastAsked = 0;
effect(() => {
  const now = frame.value;
  const place = pinned.peek();
  if (place !== null && hovered.peek() === null && !reading.value && Math.abs(now - lastAsked) >= 30) {
    lastAsked = now;
    const number = ++asked;
    askOrigin(place).then(
      (origins) => {
        if (number === asked && !(reading.peek() && known.peek()?.place === place)) known.value = { place, origins, error: "" };
      },
      () => undefined,
    );
  }
});
