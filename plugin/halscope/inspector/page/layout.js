// How the page is divided: the game, one or two views beside it, and views in windows of their own.
import { Component } from "preact";
import { signal } from "@preact/signals";
import { html } from "./html.js";
import { remembered } from "./remembered.js";

/** The view that this window alone shows, without the game; "" in the page itself. The address names it. */
export const alone = new URLSearchParams(location.search).get("view") ?? "";
/** Whether the window is wide enough for two views side by side. */
export const wide = signal(false);
const wideScreen = matchMedia("(min-width: 1900px)");
wideScreen.addEventListener("change", () => (wide.value = wideScreen.matches));
wide.value = wideScreen.matches;

/** Shares of the space: the game's of the page, the first view's of what both views have. */
export const gameShare = remembered("share.game", 0.6);
export const firstShare = remembered("share.first", 0.5);
/** The second view that is shown at once; "" for none. */
export const second = alone ? /** @type {import("@preact/signals").Signal<string>} */ (signal("")) : remembered("second", /** @type {string} */ (""));
/** Names of the views that have windows of their own, with commas between them; kept to offer them again. */
export const windows = remembered("windows", /** @type {string} */ (""));

/** Those of them that are open now. */
const openNow = signal(/** @type {string[]} */ ([]));

const PLACE = "window.";
const LOCK = "halscope-window-";

/**
 * Show a view in a window of its own, where it was last. A window that shows it already is brought to the front.
 * @param {string} name
 */
export function popOut(name) {
  const place = localStorage.getItem(PLACE + name) ?? "width=900,height=700";
  const opened = window.open(`?view=${encodeURIComponent(name)}${location.hash}`, `halscope-${name}-${location.port}`, `popup,${place}`);
  opened?.focus();
}

/** The views that had windows of their own, and have none now: those that were open when the page was left. */
export function missingWindows() {
  return windows.value.split(",").filter((name) => name && !openNow.value.includes(name));
}

/** Forget the windows of before. */
export function forgetWindows() {
  windows.value = openNow.peek().join(",");
}

/** Ask the browser which windows are open: each holds a lock of its name. One that is closed beside the page is forgotten. */
async function lookForWindows() {
  const { held = [] } = await navigator.locks.query();
  const found = held.flatMap(({ name = "" }) => (name.startsWith(LOCK) ? [name.slice(LOCK.length)] : []));
  const before = openNow.peek();
  const missing = windows.peek().split(",").filter((name) => name && !found.includes(name) && !before.includes(name));
  if (found.join() !== before.join()) openNow.value = found;
  windows.value = [...missing, ...found].join(",");
}

if (alone) {
  void navigator.locks.request(LOCK + alone, () => new Promise(() => undefined)); // until the window is closed
  const keep = () => localStorage.setItem(PLACE + alone,
    `left=${screenX},top=${screenY},width=${innerWidth},height=${innerHeight}`);
  addEventListener("resize", keep);
  addEventListener("pagehide", keep);
} else {
  setInterval(lookForWindows, 1000);
  void lookForWindows();
}

const STEP = 0.02;

/**
 * The border between two panes: dragged, or moved by the arrow keys while it has the focus; a double click centres it.
 * @param {{share: import("@preact/signals").Signal<number>, columns: boolean, label: string}} properties
 */
export function Splitter({ share, columns, label }) {
  const set = (/** @type {number} */ value) => (share.value = Math.round(1000 * Math.min(0.85, Math.max(0.15, value))) / 1000);
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const bar = /** @type {HTMLElement} */ (event.currentTarget);
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = /** @type {HTMLElement} */ (bar.parentElement).getBoundingClientRect();
    set(columns ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height);
  };
  /** @param {KeyboardEvent} event */
  const move = (event) => {
    const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    set(share.peek() + by);
    event.preventDefault();
    event.stopPropagation(); // the arrows play the game elsewhere
  };
  return html`<div class=${`splitter ${columns ? "columns" : "rows"}`} role="separator" tabindex="0" aria-label=${label}
    aria-orientation=${columns ? "vertical" : "horizontal"} aria-valuemin="15" aria-valuemax="85"
    aria-valuenow=${Math.round(100 * share.value)} onKeyDown=${move} onPointerMove=${drag} onDblClick=${() => set(0.5)}
    onPointerDown=${(/** @type {PointerEvent} */ e) => /** @type {HTMLElement} */ (e.currentTarget).setPointerCapture(e.pointerId)}></div>`;
}

/** Shows the error of what is in it in its place; everything else goes on. */
export class Guarded extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }

  /** @param {Error} error */
  componentDidCatch(error) {
    this.setState({ error });
  }

  /** @param {any} properties @param {any} state */
  render({ children }, { error }) {
    if (error === null) return children;
    return html`<p class="empty" role="alert">This view has failed: ${error.message}. <button
      onClick=${() => this.setState({ error: null })}>Show it again</button></p>`;
  }
}
