// OAM as a table, as the hardware holds it: 128 sprites of four bytes, and two bits each in the high table.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { resize } from "../canvas.js";
import { html } from "../html.js";
import { frame, memory, onPaint } from "../memory.js";
import { drawSprite, shownSprites } from "../rows.js";
import { pinned, point, pointedSprites } from "../selection.js";
import { cellAddress, onScreen } from "../snes.js";

/** @typedef {import("../snes.js").Sprite} Sprite */

const MARKED = 12; // frames for which a change stays marked while the game runs
const PAINT_EVERY = 8; // frames between two pictures of a sprite
/** @type {[name: string, key: ((sprite: Sprite) => number) | null][]} */
const COLUMNS = [
  ["#", (one) => one.index], ["", null], ["x", (one) => one.x], ["y", (one) => one.y],
  ["size", (one) => one.width * one.height], ["tile", (one) => one.tile], ["pal", (one) => one.palette],
  ["prio", (one) => one.priority], ["flip", (one) => Number(one.hflip) + 2 * Number(one.vflip)],
  ["VRAM", (one) => cellAddress(one, 0, 0)], ["bytes", null],
];
/** What is shortened in the head: the table fits beside the game. @type {Record<string, string>} */
const LONG = { pal: "palette", prio: "priority" };
const sorted = signal({ column: "#", down: false });
const hidden = signal(true);
const version = signal(0);
const last = new Uint8Array(544);
/** Number of the frame in which each sprite was last changed. */
const changedAt = new Int32Array(128).fill(-1000);
/** Pictures in sight. @type {Set<HTMLCanvasElement>} */
const seen = new Set();
let begun = false;

/** @param {number} index */
function high(index) {
  return (memory.oam[512 + (index >> 2)] >> ((index & 3) * 2)) & 3;
}

function look() {
  const now = frame.peek();
  let changed = now % MARKED === 0; // marks go
  for (let index = 0; index < 128; index++) {
    const shift = (index & 3) * 2, at = 512 + (index >> 2);
    let differs = ((last[at] ^ memory.oam[at]) >> shift & 3) !== 0;
    for (let n = 4 * index; n < 4 * index + 4; n++) differs ||= last[n] !== memory.oam[n];
    if (!differs) continue;
    changed = true;
    if (begun) changedAt[index] = now;
  }
  begun = true;
  last.set(memory.oam);
  if (changed) version.value++;
  if (now % PAINT_EVERY === 0) paintSeen();
}

function paintSeen() {
  const all = shownSprites();
  for (const canvas of seen) {
    const sprite = all[Number(canvas.dataset.index)], context = canvas.getContext("2d");
    if (sprite === undefined || context === null) continue;
    resize(canvas, sprite.width, sprite.height);
    const image = context.createImageData(sprite.width, sprite.height);
    drawSprite(sprite, new Uint32Array(image.data.buffer));
    context.putImageData(image, 0, 0);
  }
}

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const canvas = /** @type {HTMLCanvasElement} */ (target);
    if (isIntersecting) seen.add(canvas);
    else seen.delete(canvas);
  }
  paintSeen();
});

/** @param {HTMLCanvasElement | null} canvas */
function watch(canvas) {
  if (canvas !== null) observer.observe(canvas);
}

/** @param {{sprite: Sprite, chosen: boolean}} properties */
function Row({ sprite, chosen }) {
  const place = { vram: cellAddress(sprite, 0, 0), bpp: 4, sprite: sprite.index };
  const bytes = [...memory.oam.subarray(4 * sprite.index, 4 * sprite.index + 4)];
  const away = !onScreen(sprite), two = high(sprite.index);
  const classes = [chosen && "chosen", away && "away", Math.abs(frame.peek() - changedAt[sprite.index]) < MARKED && "changed"];
  return html`<tr class=${classes.filter(Boolean).join(" ")} onPointerEnter=${() => point(place)}
      onPointerLeave=${() => point(null)} onClick=${() => (pinned.value = place)}>
    <th scope="row"><button aria-pressed=${chosen} aria-label=${`sprite ${sprite.index}`} onFocus=${() => point(place)}
      onBlur=${() => point(null)} onClick=${() => (pinned.value = place)}>${sprite.index}</button></th>
    <td><canvas ref=${watch} data-index=${sprite.index} class="pixels" aria-hidden="true"></canvas></td>
    <td>${sprite.x}</td><td>${sprite.y}${away && html` <small title="off-screen">off</small>`}</td>
    <td>${sprite.width}×${sprite.height}</td><td>$${sprite.tile.toString(16).padStart(3, "0")}</td>
    <td>${sprite.palette}</td><td>${sprite.priority}</td><td>${sprite.hflip ? "h" : ""}${sprite.vflip ? "v" : ""}</td>
    <td>$${place.vram.toString(16).padStart(4, "0")}</td>
    <td title="four bytes of the low table; of the high table the size bit and bit 8 of x"><code>${bytes.map((byte) =>
      byte.toString(16).padStart(2, "0")).join(" ")} ${two >> 1}${two & 1}</code></td></tr>`;
}

/** @param {string} column */
function sortBy(column) {
  sorted.value = { column, down: sorted.value.column === column && !sorted.value.down };
}

/** The view. */
export function Oam() {
  void version.value;
  useEffect(() => {
    look();
    const stop = onPaint(look);
    return () => {
      stop();
      observer.disconnect();
      seen.clear();
    };
  }, []);
  const chosen = pointedSprites(), { column, down } = sorted.value;
  const key = COLUMNS.find(([name]) => name === column)?.[1];
  const all = shownSprites();
  if (memory.ppu.obsel == null) {
    return html`<p class="empty">The host does not know OBSEL ($2101), so the sizes and tiles of sprites are unknown.
      Give it to Halscope with <code>--obsel</code>.</p>`;
  }
  const rows = all.filter((one) => hidden.value || onScreen(one));
  if (key) rows.sort((one, other) => (key(one) - key(other) || one.index - other.index) * (down ? -1 : 1));
  return html`<div class="bar"><label><input type="checkbox" checked=${hidden.value}
      onChange=${(/** @type {any} */ e) => (hidden.value = e.currentTarget.checked)} /> off-screen ones too</label>
      <span class="count">${all.filter((one) => onScreen(one)).length} of 128 on the screen</span></div>
    <div class="scroll" tabindex="0"><table class="oam">
    <thead><tr>${COLUMNS.map(([name, by]) => html`<th scope="col"
      aria-sort=${name === column ? (down ? "descending" : "ascending") : "none"}>${by === null ? name : html`<button
        title=${LONG[name] ?? name} onClick=${() => sortBy(name)}>${name}${name === column ? (down ? " ▾" : " ▴") : ""}</button>`}</th>`)}</tr></thead>
    <tbody>${rows.map((sprite) => html`<${Row} key=${sprite.index} sprite=${sprite} chosen=${chosen.has(sprite.index)} />`)}</tbody>
    </table></div>`;
}
