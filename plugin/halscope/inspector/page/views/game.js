// The picture of the running game, with the sprites outlined; where the host can be played, the keyboard plays it.
import { useEffect, useState } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { onMessage, order, tell } from "../connection.js";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { html } from "../html.js";
import { figureOf, keepFigures } from "../figures.js";
import { frame, frozen, host, memory, moment, past, received, trouble } from "../memory.js";
import { onScreenAt, tileAt } from "../layers.js";
import { bitsOfRows, registersAt, shownLayers, shownSprites } from "../rows.js";
import { marked, picked, pinned, point, pointedSprites } from "../selection.js";
import { cellAddress, onScreen, spritePixels, sprites } from "../snes.js";
import { TimelineBar, extent, stepPast, togglePlay } from "../timeline.js";

const TINT = "rgb(255 0 255 / 0.45)"; // of tiles that a view has picked out

/** Which sprites are outlined: all on the screen, or only the one that is pointed at. */
export const outlineAll = signal(false);
export const paused = signal(false);
/** Multiple of the console's speed; 0: as fast as possible. */
export const speed = signal(1);
onMessage("speed", (message) => (speed.value = message.speed));
onMessage("paused", (message) => (paused.value = message.paused)); // this page has done it, or another one

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

/** Whether the game runs in a program of its own, which alone can pause it. */
function runsElsewhere() {
  return host.value !== null && extent.value.live && !host.value.capabilities.includes("paced");
}

/** Pause the game, or let it go on; of a game that cannot be paused from here the page keeps the picture instead. */
export async function togglePause() {
  if (!extent.value.live) return togglePlay();
  if (!host.value?.capabilities.includes("paced")) {
    frozen.value = !frozen.value;
    return;
  }
  const wanted = !paused.value; // by the time of the answer, another page may have done it too
  if (await order(wanted ? "pause" : "resume")) paused.value = wanted;
}

/** Run one frame; a running game is paused first. In the timeline: show the next frame. */
export async function stepFrame() {
  if (past.value !== null || moment.value !== null || !extent.value.live) return stepPast(1);
  if (runsElsewhere()) {
    trouble.value = `${host.value?.emulator} cannot be run frame by frame from here; the timeline steps through what it has shown: , and .`;
    return;
  }
  if (!paused.value) await togglePause();
  if (paused.value) await order("step");
}

/**
 * The topmost sprite with a visible pixel at a place on the screen, the tile there, and the figure that it belongs to
 * if this is known; where no sprite is, the tile of a layer.
 * @param {number} x
 * @param {number} y
 * @returns {import("../selection.js").Place | null}
 */
export function placeAt(x, y) {
  const ppu = registersAt(y);
  for (const sprite of sprites(memory.oam, ppu.obsel)) {
    const dx = x - sprite.x, dy = (y - sprite.y) & 0xff;
    if (dx < 0 || dx >= sprite.width || dy >= sprite.height) continue;
    if (spritePixels(memory.vram, sprite)[dy * sprite.width + dx] === 0) continue;
    return { vram: cellAddress(sprite, dx >> 3, dy >> 3), bpp: 4, sprite: sprite.index, figure: figureOf(sprite.index) };
  }
  const tile = tileAt(ppu, memory.vram, x, y);
  return tile && { ...tile, sprite: null };
}

/** @param {import("../selection.js").Place | null} place The same, as its sprite alone. */
function single(place) {
  return place === null ? null : { ...place, figure: null };
}

/** @param {import("../selection.js").Place | null} place Whether it is in a figure of which a single sprite was clicked. */
function isTakenApart(place) {
  const last = pinned.value;
  return !last?.figure && last?.sprite != null && (place?.figure?.sprites.includes(last.sprite) ?? false);
}

/** @param {import("../selection.js").Place | null} place What is pointed at there: the figure, or the single sprite. */
function pointed(place) {
  return isTakenApart(place) ? single(place) : place;
}

/** @param {import("../selection.js").Place | null} place The first click takes the figure, the next one the sprite in it. */
function take(place) {
  const last = pinned.value;
  const again = place?.sprite != null && (last?.figure?.sprites.includes(place.sprite) ?? false);
  pinned.value = again || isTakenApart(place) ? single(place) : place;
  point(pinned.value);
}

/**
 * Tint the tiles of a sprite that a view has picked out.
 * @param {CanvasRenderingContext2D} context
 * @param {import("../snes.js").Sprite} sprite
 * @param {number} top
 * @param {number} scale
 * @param {Set<number>} tiles
 */
function tint(context, sprite, top, scale, tiles) {
  context.fillStyle = TINT;
  for (let row = 0; row < sprite.height / 8; row++) {
    for (let column = 0; column < sprite.width / 8; column++) {
      if (!tiles.has(cellAddress(sprite, column, row))) continue;
      context.fillRect((sprite.x + 8 * column) * scale, top + 8 * row, 8 * scale, 8);
    }
  }
}

/** Whether there is no picture to show: of a recording without one, it is composed a moment later. */
const isPictureless = computed(() => received.value >= 0 && memory.picture === null);
/** Whether the console's screen is off, as while a game loads a scene: INIDISP ($2100), bit 7. */
const isOff = computed(() => frame.value >= 0 && ((memory.ppu.inidisp ?? 0) & 0x80) !== 0);

/** Whether the frame that is shown stays: in a running game such a line would come and go. */
const stands = () => paused.value || frozen.value || past.value !== null || moment.value !== null || !extent.value.live;

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
function draw(context, canvas) {
  const picture = memory.picture;
  // Read before the return: a change paints.
  const all = outlineAll.value, pointed = pointedSprites(), others = marked.value, tinted = picked.value;
  if (picture === null) return;
  const { width, height } = picture.image;
  resize(canvas, width, height);
  context.putImageData(picture.image, 0, 0);
  const scale = width / 256;
  const screens = bitsOfRows("tm");
  for (const layer of tinted.size > 0 ? shownLayers() : []) {
    if (screens !== null && !((screens >> (layer.number - 1)) & 1)) continue;
    context.fillStyle = TINT;
    for (const [x, y, high] of onScreenAt(layer, memory.vram, (at) => tinted.has(at & ~31))) {
      context.fillRect(x * scale, y, 8 * scale, high);
    }
  }
  for (const sprite of shownSprites()) {
    const chosen = pointed.has(sprite.index) || others.has(sprite.index);
    if (!(all || chosen || tinted.size > 0) || !onScreen(sprite)) continue;
    const y = sprite.y >= 240 ? sprite.y - 256 : sprite.y;
    if (tinted.size > 0) tint(context, sprite, y, scale, tinted);
    if (!(all || chosen)) continue;
    outline(context, sprite.x * scale, y, sprite.width * scale, sprite.height, chosen ? "#ffd54a" : "#6cd3ff");
  }
}

/** The view. */
export function Game() {
  const canvas = usePainted(draw);
  /** @param {PointerEvent} event */
  const at = (event) => {
    const pixel = pixelAt(event), { width = 256, height = 224 } = memory.picture?.image ?? {};
    const y = height > 239 ? pixel.y >> 1 : pixel.y; // both fields are shown
    return placeAt(Math.floor((pixel.x * 256) / width), y);
  };
  const [near, setNear] = useState(false);
  const held = pinned.value?.figure != null;
  useEffect(() => (near || held ? keepFigures() : undefined), [near || held]);
  return html`
    <section class="game" aria-label="Game">
      <canvas ref=${canvas} width="256" height="224" tabindex="0" class="pixels" role="img"
        aria-label="Picture of the running game" onPointerEnter=${() => setNear(true)}
        onPointerMove=${(/** @type {PointerEvent} */ e) => point(pointed(at(e)))}
        onPointerLeave=${() => (setNear(false), point(null))}
        onClick=${(/** @type {PointerEvent} */ e) => take(at(e))}></canvas>
      ${frozen.value ? html`<p class="line" role="status">This page is frozen (Space lets it go on); the game itself goes on:
        it cannot be paused from here.</p>`
        : runsElsewhere() && html`<p class="line">The game is played and paused in the emulator; Space freezes this page.</p>`}
      ${isOff.value && stands() && html`<p class="line">The screen is off in this frame (forced blank): what the views list stands in
        memory, and none of it is shown.</p>`}
      ${isPictureless.value && html`<p class="empty">This host sends no picture. The sprites are on the right.</p>`}
      <${TimelineBar} />
    </section>`;
}
