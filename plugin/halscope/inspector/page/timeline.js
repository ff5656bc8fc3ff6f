// The timeline: the last minutes of the game, or a recording. While a past frame is shown, all views show that frame.
import { signal } from "@preact/signals";
import { addAction } from "./actions.js";
import { ask, onMessage } from "./connection.js";
import { html } from "./html.js";
import { addKeys } from "./keys.js";
import { composed, frame, moment, past, trouble } from "./memory.js";

const SECOND = 60; // frames

/** How far it goes: positions of its frames. */
export const extent = signal({ first: 0, end: 0, live: true, states: 0, start: 0, folder: "", bytes: 0 });

onMessage("timeline", (message) => {
  extent.value = message;
  if (!message.live && past.value === null && moment.value === null) void showPast(message.start); // nothing runs that would send a frame
});

/** What was asked last while another question was open. @type {Record<string, unknown> | null} */
let wanted = null;
let asking = false;

/**
 * Show a frame. While one is on its way only the newest wish is kept, so that a drag of the mouse does not pile up.
 * @param {Record<string, unknown>} fields
 */
async function show(fields) {
  if (asking) {
    // Steps add up.
    wanted = "by" in fields && wanted && "by" in wanted ? { by: Number(fields.by) + Number(wanted.by) } : fields;
    return;
  }
  asking = true;
  try {
    await ask("past", fields, true);
    trouble.value = "";
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
  }
  asking = false;
  const next = wanted;
  wanted = null;
  if (next !== null) await show(next);
}

/**
 * Show the frame at a position.
 * @param {number} position
 */
export function showPast(position) {
  return show({ position });
}

/**
 * Show the frame so many frames from the one that is shown.
 * @param {number} by
 */
export function stepPast(by) {
  return show({ by });
}

/** Whether a recording is played: one frame after the other. */
export const playing = signal(false);

/** Play a recording, or stop. */
export async function togglePlay() {
  playing.value = !playing.value;
  while (playing.value) {
    const next = new Promise((resolve) => setTimeout(resolve, 1000 / SECOND));
    await stepPast(1);
    await next;
    if ((past.value ?? 0) >= extent.value.end - 1) playing.value = false;
  }
}

/** Show the running game again. */
export async function goLive() {
  wanted = null;
  try {
    await ask("live", {}, true);
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
  }
}

addKeys(
  { key: ",", shown: ", (comma)", does: "timeline: one frame back", run: () => stepPast(-1) },
  { key: "[", does: "timeline: one second back", run: () => stepPast(-SECOND) },
  { key: "]", does: "timeline: one second forward", run: () => stepPast(SECOND) },
);

/** @param {number} frames */
function seconds(frames) {
  return `${(frames / SECOND).toFixed(1)} s`;
}

/** The bar below the picture. */
export function TimelineBar() {
  const { first, end, live, folder, bytes } = extent.value;
  if (end - first < 2) return null;
  const at = past.value, kept = moment.value, now = at === null && kept === null;
  const shown = Math.max(first, Math.min(at ?? (live ? end - 1 : first), end - 1));
  const text = kept !== null ? `kept moment ${kept}` : now && live ? `${seconds(end - first)} kept`
    : live && at !== null ? `frame ${frame.value}, ${seconds(Math.max(0, end - 1 - at))} ago` : `frame ${at ?? first} of ${end}`;
  return html`<div class=${now ? "timeline" : "timeline past"} role="group" aria-label="Timeline">
    <button title="One second back ([)" aria-label="One second back" onClick=${() => stepPast(-SECOND)}>«</button>
    <button title="One frame back (,)" aria-label="One frame back" onClick=${() => stepPast(-1)}>‹</button>
    <input type="range" aria-label="Timeline" min=${first} max=${end - 1} value=${shown}
      aria-valuetext=${now ? "live" : text}
      onInput=${(/** @type {any} */ e) => showPast(Number(e.currentTarget.value))}
      onPointerUp=${(/** @type {any} */ e) => e.currentTarget.blur()} />
    <button title="One frame forward (.)" aria-label="One frame forward" disabled=${live && now}
      onClick=${() => stepPast(1)}>›</button>
    <button title="One second forward (])" aria-label="One second forward" disabled=${live && now}
      onClick=${() => stepPast(SECOND)}>»</button>
    ${!live && html`<button aria-pressed=${playing.value} onClick=${togglePlay}>Play</button>`}
    ${live && html`<button class="live" aria-pressed=${now} onClick=${goLive}>Live</button>`}
    <span class="when" title=${live ? `Kept in temporary files in ${folder}, ${Math.ceil(bytes / 1048576)
      } MiB now; they go when Halscope ends.` : ""}>${text}${composed.value ? html` <span title="The timeline keeps the video memory, not the
      emulator's picture; this one was composed from it.">(composed)</span>` : ""}</span>
    <${TimelineActions} />
  </div>`;
}

/**
 * @typedef {{name: string, saved: number, state: boolean, bytes: number}} Kept
 */

/** The moments that were kept, the newest first. */
export const moments = signal(/** @type {Kept[]} */ ([]));
/** How much room they take. */
export const room = signal({ most: 0, bytes: 0, most_bytes: 0 });
/** What came of the last request, for the bar. */
export const told = signal("");

onMessage("moments", (message) => ([moments.value, room.value] = [message.moments, message]));
onMessage("arrived", (message) => (told.value = message.same ? `the game is at frame ${message.frame} again`
  : message.same === null ? `the game has gone on from frame ${message.frame}` : `the game went another way than in frame ${message.frame}: other buttons were held, or it was edited`));

/**
 * Ask something about the timeline; its refusal is shown in the bar.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 */
export async function askTimeline(type, fields = {}) {
  told.value = ""; // not after the answer: "arrived" may come before it
  try {
    return await ask(type, fields, true);
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
    return null;
  }
}

/** Keep the frame that is shown. Returns its name, or null. */
export async function keepMoment() {
  const name = await askTimeline("keep");
  if (name !== null) told.value = `kept as ${name}`;
  return name;
}

/** Bring the game a second back. */
async function rewind() {
  const number = await askTimeline("rewind");
  if (number !== null) told.value = `the game is at frame ${number} again`;
}

export function canGoBack() {
  return extent.value.states > 0;
}

addKeys(
  { key: "k", does: "keep this moment, to compare it or open it later", run: keepMoment },
  { key: "r", does: "rewind the game by a second (where the host's states can be used)", run: rewind },
);

/** The search that goes on: which one it is, and how far. @type {import("@preact/signals").Signal<{number: number, done: number, total: number} | null>} */
const search = signal(null);
let searches = 0;

onMessage("searched", ({ done, total }) => {
  if (search.value !== null) search.value = { number: search.value.number, done, total };
});

/** End the search that goes on. Returns whether there was one. */
export function endSearch() {
  if (search.value === null) return false;
  search.value = null;
  told.value = "the search was ended";
  void ask("end jump", {}, true).catch(() => undefined); // the connection was lost, and the search with it
  return true;
}

/** @param {import("./selection.js").Place} place @param {string} to */
async function jump(place, to) {
  const number = ++searches; // a newer one ends the one that goes on
  search.value = { number, done: 0, total: 0 };
  told.value = "";
  let outcome = "";
  try {
    if (await ask("jump", { vram: place.vram, bpp: place.bpp, to }, true) === null) outcome = "no such frame is kept";
  } catch (error) {
    outcome = /** @type {Error} */ (error).message;
  }
  if (search.value?.number !== number) return; // it was ended
  search.value = null;
  told.value = outcome;
}

/** How far a search is, and the button that ends it. */
function Search() {
  const now = search.value;
  if (now === null) return null;
  return html`<span class="search" role="status">searching the timeline <progress aria-label="Searched" max=${now.total || 1}
    value=${now.done}></progress><button title="End the search (Escape)" onClick=${endSearch}>Stop</button></span>`;
}

addAction({ key: "<", name: "First seen", does: "timeline: show the frame in which this was on the screen first (of what is no sprite: in VRAM first)",
  applies: () => extent.value.end > 0, run: (place) => jump(place, place.sprite === null ? "first" : "shown") });
addAction({ key: ">", name: "Last changed", does: "timeline: show the frame in which this tile's place was changed last",
  applies: () => extent.value.end > 0, run: (place) => jump(place, "changed") });

/** What can be done with the frame that is shown, and what was kept. */
function TimelineActions() {
  const states = canGoBack();
  return html`<div class="timeline-actions">
    <button title="Keep this moment (K)" onClick=${keepMoment}>Keep</button>
    ${states && html`<button title="Rewind the game by a second (R)" onClick=${rewind}>Rewind</button>
      <button disabled=${past.value === null} onClick=${() => askTimeline("play from")}>Play from here</button>
      <button title="Keep the newest frame with the console's state" onClick=${() => askTimeline("save state")}>Save
        state</button>`}
    ${told.value && html`<span role="status">${told.value}</span>`}<${Search} />
  </div>`;
}
