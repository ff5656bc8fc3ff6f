// Painting what is pointed at, enlarged, in its own colours. Each stroke is saved, and the running game changes.
import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { addAction } from "../actions.js";
import { spriteShown } from "../figures.js";
import { html } from "../html.js";
import { addKeys } from "../keys.js";
import { draw } from "../paint/draw.js";
import { repeat } from "../visible.js";
import {
  colour, cursor, endStroke, flip, ghost, grid, mirrored, old, open, picture, refresh, refused, reload, save, saved, saves,
  symmetric, tool, undo, use, version, zoom, zoomFor,
} from "../paint/editor.js";
import { view } from "./view.js";

/** @param {import("../selection.js").Place} place */
async function paintPlace(place) {
  view.value = "Paint";
  await open(place.sprite === null ? { vram: place.vram, bpp: place.bpp } : spriteShown(place));
  document.querySelector(/** @type {"canvas"} */ (".painted"))?.focus();
}

/**
 * Paint a whole block.
 * @param {{codec: string, offset: number}} block
 */
export async function paintBlock({ codec, offset }) {
  view.value = "Paint";
  await open({ codec, offset });
  document.querySelector(/** @type {"canvas"} */ (".painted"))?.focus();
}

addAction({ key: "p", name: "Paint", does: "paint what is pointed at, here", applies: () => true, run: paintPlace });
addKeys(
  { key: "f", does: "in Paint: show the ROM's picture, or the painted one", run: () => (old.value = !old.value) },
  { key: "", shown: "in Paint: arrows, Space", does: "move, and use the tool", run: () => undefined },
  { key: "", shown: "in Paint: B G I", does: "pencil, fill, pick", run: () => undefined },
  { key: "", shown: "in Paint: [ ] 0", does: "the colour before, the next one, transparent", run: () => undefined },
  { key: "", shown: "in Paint: + − T O", does: "zoom, grid, ghost of the original", run: () => undefined },
  { key: "", shown: "in Paint: M S H V", run: () => undefined,
    does: "mirror the view, draw in both halves, mirror the pixels left to right, top to bottom" },
  { key: "", shown: "in Paint: Ctrl+Z, Ctrl+Shift+Z, Ctrl+S", does: "undo and redo strokes, save", run: () => undefined },
);

/** @param {number} by */
function nextColour(by) {
  const one = picture.peek();
  if (one !== null) colour.value = (colour.peek() + by + one.palettes.length * one.colours) % (one.palettes.length * one.colours);
}

/** @param {number} by */
function zoomBy(by) {
  const one = picture.peek();
  if (one !== null) zoom.value = zoomFor(one, zoom.peek() + by);
}

/** @param {number} x @param {number} y */
function moveCursor(x, y) {
  const one = picture.peek(), [a, b] = cursor.peek();
  if (one === null) return;
  const turned = mirrored.peek() ? -x : x;
  cursor.value = [Math.max(0, Math.min(one.width - 1, a + turned)), Math.max(0, Math.min(one.height - 1, b + y))];
}

function useAtCursor() {
  picture.peek()?.begin();
  use(...cursor.peek());
  endStroke();
}

/** @type {Record<string, () => unknown>} */
const KEYS = {
  ArrowLeft: () => moveCursor(-1, 0), ArrowRight: () => moveCursor(1, 0),
  ArrowUp: () => moveCursor(0, -1), ArrowDown: () => moveCursor(0, 1),
  " ": useAtCursor, Enter: useAtCursor,
  b: () => (tool.value = "pencil"), g: () => (tool.value = "fill"), i: () => (tool.value = "pick"),
  "[": () => nextColour(-1), "]": () => nextColour(1), 0: () => (colour.value = 0),
  "+": () => zoomBy(1), "=": () => zoomBy(1), "-": () => zoomBy(-1),
  t: () => (grid.value = !grid.value), o: () => (ghost.value = !ghost.value),
  m: () => (mirrored.value = !mirrored.value), s: () => (symmetric.value = !symmetric.value),
  h: () => flip(true), v: () => flip(false),
};

/** The keys of the canvas come first where it has the focus. @param {KeyboardEvent} event */
function onKey(event) {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (name === "z") undo(event.shiftKey);
    else if (name === "y") undo(true);
    else if (name === "s") void save();
    else return;
  } else if (!event.altKey && Object.hasOwn(KEYS, name)) KEYS[name]();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** The pixel of the last event of a stroke. @type {[number, number] | null} */
let last = null;

/** @param {PointerEvent} event @returns {[number, number]} */
function pixelOf(event) {
  const one = picture.peek(), canvas = /** @type {HTMLCanvasElement} */ (event.currentTarget);
  const box = canvas.getBoundingClientRect();
  if (one === null) return [0, 0];
  const x = Math.floor(((event.clientX - box.left) * one.width) / box.width);
  return [mirrored.peek() ? one.width - 1 - x : x, Math.floor(((event.clientY - box.top) * one.height) / box.height)];
}

/** @param {PointerEvent} event */
function onDown(event) {
  const one = picture.peek();
  if (one === null) return;
  const [x, y] = pixelOf(event);
  cursor.value = [Math.max(0, Math.min(one.width - 1, x)), Math.max(0, Math.min(one.height - 1, y))];
  if (event.button !== 0 || event.altKey) {
    colour.value = one.pixels[y * one.width + x] ?? 0;
    return;
  }
  /** @type {HTMLCanvasElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
  one.begin();
  use(x, y);
  last = [x, y];
}

/** @param {PointerEvent} event */
function onMove(event) {
  if (last === null || tool.peek() === "fill") return;
  const [x, y] = pixelOf(event), [a, b] = last, steps = Math.max(Math.abs(x - a), Math.abs(y - b));
  for (let n = 1; n <= steps; n++) use(Math.round(a + ((x - a) * n) / steps), Math.round(b + ((y - b) * n) / steps));
  last = [x, y];
}

function onUp() {
  if (last === null) return;
  last = null;
  endStroke();
}

/** @param {{name: string, shown: import("@preact/signals").Signal<boolean>, title: string}} properties */
function Toggle({ name, shown, title }) {
  return html`<button aria-pressed=${shown.value} title=${title} onClick=${() => (shown.value = !shown.value)}>${name}</button>`;
}

function Tools() {
  const tools = /** @type {const} */ ([["pencil", "B"], ["fill", "G"], ["pick", "I"]]);
  return html`<div class="bar" role="toolbar" aria-label="Tools">
    ${tools.map(([name, key]) => html`<button aria-pressed=${tool.value === name} title=${`${name} (${key})`}
      onClick=${() => (tool.value = name)}>${name}</button>`)}
    <button title="undo (Ctrl+Z)" onClick=${() => undo()}>undo</button>
    <button title="redo (Ctrl+Shift+Z)" onClick=${() => undo(true)}>redo</button>
    <button title="mirror the pixels left to right (H)" onClick=${() => flip(true)}>flip ↔</button>
    <button title="mirror the pixels top to bottom (V)" onClick=${() => flip(false)}>flip ↕</button>
    <${Toggle} name="both halves" shown=${symmetric} title="draw each stroke mirrored too (S)" />
    <${Toggle} name="mirrored view" shown=${mirrored} title="mirror what is shown, not the pixels (M)" />
    <button title="smaller (−)" aria-label="smaller" onClick=${() => zoomBy(-1)}>−</button><span>${zoom.value}×</span>
    <button title="larger (+)" aria-label="larger" onClick=${() => zoomBy(1)}>+</button>
    <${Toggle} name="grid" shown=${grid} title="tiles and pixels (T)" />
    <${Toggle} name="old" shown=${old} title="the picture as the ROM has it (F)" />
    <${Toggle} name="ghost" shown=${ghost} title="the original below what is painted (O)" />
    <label><input type="checkbox" checked=${saves.value}
      onChange=${(/** @type {any} */ e) => (saves.value = e.currentTarget.checked)} /> save each stroke</label>
    ${!saves.value && html`<button title="save (Ctrl+S)" onClick=${() => save()}>save</button>`}
  </div>`;
}

/** @param {{one: import("../paint/picture.js").Picture}} properties */
function Colours({ one }) {
  return html`<div class="paints" role="group" aria-label="Colours">${one.palettes.map((palette, slot) => html`<div>
    ${palette.map((rgb, index) => {
      const value = slot * one.colours + index, transparent = index === 0;
      const hex = `#${rgb.map((level) => level.toString(16).padStart(2, "0")).join("")}`;
      const name = transparent ? "transparent" : `colour ${index} of palette ${slot}, ${hex}`;
      return html`<button class=${`paint${transparent ? " clear" : ""}`} aria-pressed=${colour.value === value} aria-label=${name}
        title=${name} style=${transparent ? {} : { background: hex }} onClick=${() => (colour.value = value)}></button>`;
    })}</div>`)}</div>`;
}

function State() {
  void version.value;
  const one = picture.value;
  if (one === null) return null;
  const { pixels, tiles } = one.changes();
  const count = pixels === 0 ? "as the ROM has it" : `${pixels} pixel${pixels === 1 ? "" : "s"} of ${tiles} tile${
    tiles === 1 ? "" : "s"} differ${pixels === 1 ? "s" : ""} from the ROM's`;
  const locked = one.cells.filter((cell) => cell[4] < 0).length;
  return html`<p class="line"><strong>${one.name}</strong>: ${old.value ? "the ROM's picture is shown; " : ""}<span class="differs">${
    count}</span>${locked > 0 ? `; ${locked} tile${locked === 1 ? " is" : "s are"} marked red: not known where in the ROM, so not to be painted`
    : ""}<span role="status">${one.isSaved() ? saved.value && `; ${saved.value}` : "; not saved yet"}</span></p>
    ${one.doubts.map((doubt) => html`<p class="line empty">${doubt}</p>`)}`;
}

/** The view. */
export function Paint() {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => { // not at each frame of the game: only what is painted changes it
    const element = canvas.current, context = element?.getContext("2d");
    return element && context ? effect(() => draw(context, element)) : undefined;
  }, [picture.value]);
  useEffect(() => {
    return repeat(refresh, 1000);
  }, []);
  const one = picture.value;
  const why = refused.value && html`<p class="line warning" role="alert">${refused.value} ${
    one !== null && !one.isSaved() && html`<button onClick=${reload}>Load again</button>`}</p>`;
  if (one === null) {
    return html`${why}<p class="empty">Point at a sprite, in the game or in any view, or at a tile, and press P (or Paint below):
      it is painted here in its own colours, and the running game changes with each stroke.</p>`;
  }
  return html`<${Tools} /><${State} />${why}
    <div class="scroll"><canvas ref=${canvas} class="pixels painted" tabindex="0" role="application"
      aria-label=${`${one.title}: arrows move, Space paints`} onKeyDown=${onKey} onPointerDown=${onDown} onPointerMove=${onMove}
      onPointerUp=${onUp} onPointerCancel=${onUp} onContextMenu=${(/** @type {Event} */ e) => e.preventDefault()}></canvas></div>
    <${Colours} one=${one} />`;
}
