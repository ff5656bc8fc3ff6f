// The page: the game on the left, one or two views on the right, what is pointed at below; or a single view.
import { render } from "preact";
import { computed, effect, signal } from "@preact/signals";
import { connect, order } from "./connection.js";
import { html } from "./html.js";
import { doubts, ended, frame, host, matches, memory, progress, STARTING, status, trouble } from "./memory.js";
import { pinned, point } from "./selection.js";
import { Game, outlineAll, paused, pressKey, releaseKey, releaseKeys, speed, stepFrame, togglePause } from "./views/game.js";
import { addKeys, keys, runKey } from "./keys.js";
import { alone, firstShare, forgetWindows, gameShare, Guarded, missingWindows, popOut, second, Splitter, wide } from "./layout.js";
import { closeUses } from "./edits.js";
import { News } from "./views/edits.js";
import { endSearch } from "./timeline.js";
import { Misfits } from "./paint/misfit.js";
import { Origin } from "./views/origin.js";
import { VIEWS } from "./views/index.js";
import { view } from "./views/view.js";
import "./shared.js";

const theme = signal(localStorage.getItem("theme") ?? "");
/** Whether the page is dark now; until a theme is chosen it is as the system is. */
const isDark = () => (theme.peek() ? theme.peek() === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
const help = signal(false);
const GAME = "Game";
/** All that a window may show alone. */
const ALL = /** @type {[string, () => any][]} */ ([[GAME, Game], ...VIEWS]);

/** The view of this name; the first one for a name that there is none of (any more).
 * @param {string} name @param {[string, () => any][]} views */
const viewNamed = (name, views = VIEWS) => views.find(([one]) => one === name) ?? views[0];

if (alone) view.value = viewNamed(alone, ALL)[0];
let lastView = view.peek();
effect(() => {
  const name = view.value;
  if (name === second.peek()) second.value = lastView; // they change places
  lastView = name;
  if (alone) {
    document.title = `${name} - Halscope`;
    history.replaceState(null, "", `?view=${encodeURIComponent(name)}${location.hash}`);
  } else localStorage.setItem("view", name);
});
effect(() => {
  void view.value;
  point(null); // what was pointed at has gone with its view, which tells nobody
  closeUses(); // it covers what was asked for now
});
effect(() => {
  localStorage.setItem("theme", theme.value);
  document.documentElement.dataset.theme = theme.value;
});
addEventListener("storage", (event) => { // another window has chosen it
  if (event.key === "theme") theme.value = event.newValue ?? "";
});
effect(() => {
  paused.value = host.value?.paused ?? false;
  speed.value = host.value?.speed ?? 1;
});

function Head() {
  const can = (/** @type {string} */ name) => host.value?.capabilities.includes(name) ?? false;
  const missing = alone ? [] : missingWindows();
  return html`<header>
    <h1>Halscope</h1>
    <span class="rom">${host.value === null ? status.value : `${host.value.rom?.split(/[\\/]/).at(-1) ?? "a ROM"} on ${
      host.value.emulator}`}</span>
    <span class="frame">frame ${frame.value}</span>
    ${doubts.value.length > 0 && html`<span class="warning" title=${`Layers and sprites may be wrong here: ${
      doubts.value.join("; ")}.`}>${matches.value === false ? "differs from" : "may differ from"} the emulator's picture</span>`}
    ${can("paced") && html`<button aria-pressed=${paused.value} onClick=${togglePause}>${
      paused.value ? "Go on" : "Pause"}</button><button onClick=${stepFrame}>Step</button><${Speed} />`}
    <button aria-pressed=${outlineAll.value} onClick=${() => (outlineAll.value = !outlineAll.value)}>Outlines</button>
    ${missing.length > 0 && html`<span class="group"><button title=${`Open ${missing.join(", ")} in windows again`}
      onClick=${() => missing.forEach(popOut)}>Windows (${missing.length})</button><button
      aria-label="Forget the windows" title="Forget the windows" onClick=${forgetWindows}>×</button></span>`}
    <button onClick=${() => (theme.value = isDark() ? "light" : "dark")}>Theme</button>
    <button aria-expanded=${help.value} onClick=${() => (help.value = !help.value)}>Keys</button>
  </header>`;
}

/** @type {[number, string][]} */
const SPEEDS = [[0.25, "¼×"], [0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"], [0, "full"]];

/** How fast the game runs. */
function Speed() {
  const now = speed.value, known = SPEEDS.some(([factor]) => factor === now);
  return html`<label>Speed <select value=${`${now}`} title="Multiple of the console's speed; full: as fast as the machine can"
    onChange=${async (/** @type {any} */ e) => {
      const select = e.currentTarget;
      if (!(await order("speed", { factor: Number(select.value) }))) select.value = `${speed.peek()}`;
      select.blur(); // else the arrows change it, and do not play
    }}>${(known ? SPEEDS : [...SPEEDS, /** @type {const} */ ([now, `${now}×`])]).map(([factor, name]) => html`<option value=${`${factor}`}>${name}</option>`)}</select></label>`;
}

/** Show two views at once, or one again. */
function toggleSecond() {
  second.value = second.value ? "" : VIEWS.find(([name]) => name !== viewNamed(view.value)[0])?.[0] ?? "";
}

/** @type {import("./keys.js").Key[]} */
const BASIC = [
  { key: " ", shown: "Space", does: "pause, go on", run: togglePause },
  { key: ".", shown: ". (period)", does: "run one frame", run: stepFrame },
  { key: "o", does: "outline all sprites", run: () => (outlineAll.value = !outlineAll.value) },
  { key: "v", does: "two views at once, or one", run: () => { if (!alone) toggleSecond(); } },
  { key: "d", does: "the view in a window of its own", run: () => popOut(view.peek()) },
  { key: "Escape", does: "end a search; close who uses a tile; unpin; close this",
    run: () => endSearch() || closeUses() || ([help.value, pinned.value] = [false, null]) },
  { key: "?", does: "this sheet", run: () => (help.value = !help.value) },
  { key: "", shown: "arrows, Z X A S Q W, Enter, right Shift", run: () => undefined,
    does: "play: pad, B A Y X L R, start, select (where the host can be played)" },
  ...VIEWS.slice(0, 9).map(([name], n) => ({ key: `${n + 1}`, does: `show ${name}`, run: () => (view.value = name) })),
];
addKeys(...BASIC);

/** The keys, those first that are needed first, and last those of one view. */
function sortedKeys() {
  const rank = (/** @type {import("./keys.js").Key} */ one) => (BASIC.includes(one) ? 0 : one.shown?.startsWith("in ") ? 2 : 1);
  return [...keys].sort((one, other) => rank(one) - rank(other));
}

function Help() {
  if (!help.value) return null;
  return html`<aside class="help" role="dialog" aria-label="Keys"><h2>Keys</h2><dl tabindex="0">${sortedKeys().map(
    (one) => html`<div><dt>${one.shown ?? (one.key.length === 1 ? one.key.toUpperCase() : one.key)}</dt><dd>${one.does}</dd></div>`)}</dl>
    <button onClick=${() => (help.value = false)}>Close</button></aside>`;
}

/** What to do while there is nothing to show. */
function Waiting() {
  const index = progress.value;
  if (!location.hash) return html`<p class="empty">This address lacks its end, which is the key to the game: open the address
    that Halscope prints, with all that follows its #.</p>`;
  return html`<p class="empty">${status.value === "connected"
    ? "Waiting for the first frame. If the emulator is paused, let it go on; a game that has not begun shows nothing."
    : status.value === STARTING ? "The game is starting. Its sprites appear here with its first frame."
    : "Not connected yet. Start a game with `halscope demo`, `halscope play ROM` or `halscope attach`, and keep it running."}
    ${index !== null && ` The ROM is being indexed: ${Math.floor((100 * index.done) / Math.max(1, index.total))} %.`}</p>`;
}

/**
 * One view with the tabs that choose it.
 * @param {{id: string, shown: import("@preact/signals").Signal<string>, views?: [string, () => any][]}} properties
 */
function Views({ id, shown, views = VIEWS }) {
  const [name, View] = viewNamed(shown.value, views);
  const choose = (/** @type {string} */ one) => {
    if (shown === second && one === view.peek()) view.value = second.peek();
    else shown.value = one;
  };
  const tab = (/** @type {string} */ one) => `${id === "view" ? "" : `${id}-`}tab-${one.replaceAll(" ", "-")}`;
  return html`<section class="views" aria-label=${id === "view" ? "Views" : "Second view"}>
    <div class="tabs">
      <div role="tablist" aria-label="Views">${views.map(([one]) => html`<button role="tab" id=${tab(one)} aria-controls=${id}
        aria-selected=${one === name} onClick=${() => choose(one)}>${one}</button>`)}</div>
      ${!alone && html`<span class="group">
        ${id === "view" && !second.value && html`<button title="Show two views at once (V)" onClick=${toggleSecond}>Split</button>`}
        ${id !== "view" && html`<button title="Show one view again (V)" onClick=${toggleSecond}>Close</button>`}
        <button title="Show it in a window of its own (D)" onClick=${() => popOut(name)}>Pop out</button></span>`}
    </div>
    <div role="tabpanel" id=${id} aria-labelledby=${tab(name)} key=${name}>${
      host.value === null || (frame.value === 0 && Object.keys(memory.ppu).length === 0) ? html`<${Waiting} />`
        : html`<${Guarded} key=${name}><${View} /><//>`}</div>
  </section>`;
}

/** Whether a frame has come: the game is shown anew then. */
const begun = computed(() => frame.value > 0);

function Panes() {
  if (alone) return html`<div class="panes"><${Views} id="view" shown=${view} views=${ALL} /></div>`;
  const columns = wide.value, low = second.value !== "";
  const parts = `minmax(0, ${firstShare.value}fr) 8px minmax(0, ${1 - firstShare.value}fr)`;
  return html`<div class="panes" style=${{
    gridTemplateColumns: `minmax(200px, ${gameShare.value}fr) 8px minmax(300px, ${1 - gameShare.value}fr)` }}>
    <${Game} begun=${begun.value} />
    <${Splitter} share=${gameShare} columns=${true} label="Border between the game and the views" />
    <div class="both" style=${low ? { [columns ? "gridTemplateColumns" : "gridTemplateRows"]: parts } : {}}>
      <${Views} id="view" shown=${view} />
      ${low && html`<${Splitter} share=${firstShare} columns=${columns} label="Border between the views" />
        <${Views} id="second" shown=${second} />`}
    </div>
  </div>`;
}

function Page() {
  return html`<${Head} />
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value} <button
      onClick=${() => (trouble.value = "")}>Dismiss</button></p>`}
    ${!alone && html`<${Misfits} />`}
    ${status.value !== "connected" && status.value !== STARTING && html`<p class="trouble" role="status">${
      ended.value ? `The game has ended (${ended.value}); what you see is its last frame. ` : ""}${status.value}</p>`}
    <${Panes} />${!alone && html`<${News} />`}<${Origin} /><${Help} />`;
}

const TYPED = "input:not([type=checkbox], [type=range]), select, textarea"; // what has keys of its own
const SLID = /^(Arrow|Home$|End$|Page)/; // keys of a slider

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Meta") releaseKeys(); // macOS does not tell of keys that are released while it is down
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches?.(TYPED)) return;
  if (target.matches?.("[type=range]") && SLID.test(event.key)) return;
  if (target.matches?.("button, input:not([type=range])") && (event.key === " " || event.key === "Enter")) return; // the browser clicks it
  if (!runKey(event) && !pressKey(event)) return;
  event.preventDefault();
}

addEventListener("keydown", onKey);
// A tab, a figure or a button of the head that the mouse has clicked lets go of the keyboard: Space pauses then, and does not click it again.
addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest?.("button");
  if (event.detail > 0 && button?.matches(":is(header, .tabs, .figures) button:focus")) button.blur();
});
addEventListener("keyup", releaseKey);
addEventListener("blur", releaseKeys);
document.addEventListener("visibilitychange", () => document.hidden && releaseKeys());
addEventListener("focusin", (event) => /** @type {HTMLElement} */ (event.target).matches?.(TYPED) && releaseKeys());
effect(() => {
  if (status.value !== "connected") releaseKeys(); // the server has let go of them too
});
render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
connect();
