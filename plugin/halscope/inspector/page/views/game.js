// The picture of the running game, with the sprites outlined; where the host can be played, the keyboard plays it.
import { signal } from "@preact/signals";
import { order, tell } from "../connection.js";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { html } from "../html.js";
import { host, memory, past } from "../memory.js";
import { current, pinned, point } from "../selection.js";
import { cellAddress, onScreen, spritePixels, sprites } from "../snes.js";
import { TimelineBar, extent, stepPast, togglePlay } from "../timeline.js";

/** Which sprites are outlined: all on the screen, or only the one that is pointed at. */
export const outlineAll = signal(false);
export const paused = signal(false);

/** Keys and the buttons that they hold. Codes, not letters: the places on the keyboard count. */
export const KEYS = /** @type {Record<string, string>} */ ({
  ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right", KeyZ: "b", KeyX: "a", KeyA: "y", KeyS: "x",
  KeyQ: "l", KeyW: "r", Enter: "start", ShiftRight: "select",
});

/** @type {Set<string>} */
const held = new Set();

/** @param {KeyboardEvent} event The press of a key. Returns whether it is one that plays. */
export function pressKey(event) {
  const button = KEYS[event.code];
  if (button === undefined || !host.value?.capabilities.includes("playable")) return false;
  // A key that the server was not told of is not held: it repeats, and is told once there is a connection.
  if (!held.has(button) && tell("press", { buttons: [...held, button] })) held.add(button);
  return true;
}

/** @param {KeyboardEvent} event The release of a key, wherever the focus is by then. */
export function releaseKey(event) {
  if (held.delete(KEYS[event.code])) tell("press", { buttons: [...held] });
}

/** Let go of all buttons: the page has lost the keyboard, or the connection. */
export function releaseKeys() {
  if (held.size === 0) return;
  held.clear();
  tell("press", { buttons: [] });
}

/** Pause the game, or let it go on. */
export async function togglePause() {
  if (!extent.value.live) return togglePlay();
  if (await order(paused.value ? "resume" : "pause")) paused.value = !paused.value;
}

/** Run one frame; a running game is paused first. In the timeline: show the next frame. */
export async function stepFrame() {
  if (past.value !== null || !extent.value.live) return stepPast(1);
  if (!paused.value) await togglePause();
  if (paused.value) await order("step");
}

/**
 * The topmost sprite with a visible pixel at a place on the screen, and the tile there.
 * @param {number} x
 * @param {number} y
 */
function placeAt(x, y) {
  for (const sprite of sprites(memory.oam, memory.ppu.obsel)) {
    const dx = x - sprite.x, dy = (y - sprite.y) & 0xff;
    if (dx < 0 || dx >= sprite.width || dy >= sprite.height) continue;
    if (spritePixels(memory.vram, sprite)[dy * sprite.width + dx] === 0) continue;
    return { vram: cellAddress(sprite, dx >> 3, dy >> 3), bpp: 4, sprite: sprite.index };
  }
  return null;
}

/** @type {ImageData | null} */
let image = null;

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const picture = memory.picture;
  const all = outlineAll.value, place = current();
  if (picture === null) return;
  const { width, height, rgb } = picture;
  resize(canvas, width, height);
  if (image === null || image.width !== width || image.height !== height) image = context.createImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let n = 0, at = 0; n < words.length; n++, at += 3) {
    words[n] = 0xff000000 | (rgb[at + 2] << 16) | (rgb[at + 1] << 8) | rgb[at];
  }
  context.putImageData(image, 0, 0);
  const scale = width / 256;
  for (const sprite of sprites(memory.oam, memory.ppu.obsel)) {
    const chosen = place?.sprite === sprite.index;
    if (!(all || chosen) || !onScreen(sprite)) continue;
    const y = sprite.y >= 240 ? sprite.y - 256 : sprite.y;
    outline(context, sprite.x * scale, y, sprite.width * scale, sprite.height, chosen ? "#ffd54a" : "#6cd3ff");
  }
}

/** The view. */
export function Game() {
  const canvas = usePainted(draw);
  /** @param {PointerEvent} event */
  const at = (event) => {
    const { x, y } = pixelAt(event);
    return placeAt(Math.floor((x * 256) / (memory.picture?.width ?? 256)), y);
  };
  return html`
    <section class="game" aria-label="Game">
      <canvas ref=${canvas} width="256" height="224" tabindex="0" class="pixels" role="img"
        aria-label="Picture of the running game" onPointerMove=${(/** @type {PointerEvent} */ e) => point(at(e))}
        onPointerLeave=${() => point(null)}
        onClick=${(/** @type {PointerEvent} */ e) => (pinned.value = at(e))}></canvas>
      ${memory.picture === null && html`<p class="empty">This host sends no picture. The sprites are on the right.</p>`}
      <${TimelineBar} />
    </section>`;
}
