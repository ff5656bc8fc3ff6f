// The page: the game on the left, views on the right, what is pointed at below.
import { render } from "preact";
import { effect, signal } from "@preact/signals";
import { connect } from "./connection.js";
import { html } from "./html.js";
import { ended, frame, host, matches, status, trouble } from "./memory.js";
import { pinned } from "./selection.js";
import { Game, outlineAll, paused, pressKey, releaseKey, releaseKeys, stepFrame, togglePause } from "./views/game.js";
import { addKeys, keys, runKey } from "./keys.js";
import { Misfits } from "./paint/misfit.js";
import { Origin, view } from "./views/origin.js";
import { VIEWS } from "./views/index.js";

const theme = signal(localStorage.getItem("theme") ?? "");
const help = signal(false);

effect(() => localStorage.setItem("view", view.value));
effect(() => {
  localStorage.setItem("theme", theme.value);
  document.documentElement.dataset.theme = theme.value;
});
effect(() => {
  paused.value = host.value?.paused ?? false;
});

function Head() {
  const can = (/** @type {string} */ name) => host.value?.capabilities.includes(name) ?? false;
  return html`<header>
    <h1>Halscope</h1>
    <span class="rom">${host.value === null ? status.value : `${host.value.rom?.split(/[\\/]/).at(-1) ?? "a ROM"} on ${
      host.value.emulator}`}</span>
    <span class="frame">frame ${frame.value}</span>
    ${matches.value === false && html`<span class="warning" title="The composed picture differs from the emulator's: what is
      shown of layers and sprites may be wrong in this frame.">differs from the emulator's picture</span>`}
    ${can("paced") && html`<button aria-pressed=${paused.value} onClick=${togglePause}>${
      paused.value ? "Go on" : "Pause"}</button><button onClick=${stepFrame}>Step</button>`}
    <button aria-pressed=${outlineAll.value} onClick=${() => (outlineAll.value = !outlineAll.value)}>Outlines</button>
    <button onClick=${() => (theme.value = theme.value === "light" ? "dark" : "light")}>Theme</button>
    <button aria-expanded=${help.value} onClick=${() => (help.value = !help.value)}>Keys</button>
  </header>`;
}

addKeys(
  { key: " ", shown: "Space", does: "pause, go on", run: togglePause },
  { key: ".", shown: ". (period)", does: "run one frame", run: stepFrame },
  { key: "o", does: "outline all sprites", run: () => (outlineAll.value = !outlineAll.value) },
  { key: "Escape", does: "unpin; close this", run: () => ([help.value, pinned.value] = [false, null]) },
  { key: "?", does: "this sheet", run: () => (help.value = !help.value) },
  { key: "", shown: "arrows, Z X A S Q W, Enter, right Shift", run: () => undefined,
    does: "play: pad, B A Y X L R, start, select (where the host can be played)" },
  ...VIEWS.slice(0, 9).map(([name], n) => ({ key: `${n + 1}`, does: `show ${name}`, run: () => (view.value = name) })),
);

function Help() {
  if (!help.value) return null;
  return html`<aside class="help" role="dialog" aria-label="Keys"><h2>Keys</h2><dl>${keys.map(
    (one) => html`<div><dt>${one.shown ?? one.key.toUpperCase()}</dt><dd>${one.does}</dd></div>`)}</dl>
    <button onClick=${() => (help.value = false)}>Close</button></aside>`;
}

function Page() {
  const chosen = VIEWS.find(([name]) => name === view.value) ?? VIEWS[0];
  return html`<${Head} />
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value}</p>`}
    <${Misfits} />
    ${status.value !== "connected" && html`<p class="trouble" role="status">${
      ended.value ? `The game has ended (${ended.value}); what you see is its last frame. ` : ""}${status.value}</p>`}
    <div class="panes">
      <${Game} />
      <section class="views" aria-label="Views">
        <div role="tablist">${VIEWS.map(([name]) => html`<button role="tab" id=${`tab-${name}`} aria-controls="view"
          aria-selected=${name === chosen[0]} onClick=${() => (view.value = name)}>${name}</button>`)}</div>
        <div role="tabpanel" id="view" aria-labelledby=${`tab-${chosen[0]}`} key=${chosen[0]}><${chosen[1]} /></div>
      </section>
    </div>
    <${Origin} /><${Help} />`;
}

const TYPED = "input, select, textarea"; // what has keys of its own

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Meta") releaseKeys(); // macOS does not tell of keys that are released while it is down
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches?.(TYPED)) return;
  if (target.matches?.("button") && (event.key === " " || event.key === "Enter")) return; // the browser clicks it
  if (!runKey(event) && !pressKey(event)) return;
  event.preventDefault();
}

addEventListener("keydown", onKey);
addEventListener("keyup", releaseKey);
addEventListener("blur", releaseKeys);
document.addEventListener("visibilitychange", () => document.hidden && releaseKeys());
addEventListener("focusin", (event) => /** @type {HTMLElement} */ (event.target).matches?.(TYPED) && releaseKeys());
effect(() => {
  if (status.value !== "connected") releaseKeys(); // the server has let go of them too
});
render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
connect();
