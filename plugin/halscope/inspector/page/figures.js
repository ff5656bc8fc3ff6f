// The figures (metasprites) on the screen: the server groups the sprites. Asked for a few times a second while a view needs them.
import { useEffect } from "preact/hooks";
import { batch, signal } from "@preact/signals";
import { ask } from "./connection.js";
import { frame, memory, received } from "./memory.js";
import { drawSprite, shownSprites } from "./rows.js";
import { cellAddress, screenLine } from "./snes.js";
import { repeat } from "./visible.js";

/**
 * As the server describes it; `sprites` are entries of OAM, `unknown` VRAM byte addresses.
 * @typedef {{name: string, key: string, x: number, y: number, width: number, height: number, sprites: number[], palettes: number[],
 *   tiles: number, origins: {codec: string, block_offset: number, start: string, tiles: number}[], unknown: number[]}} Figure
 * @typedef {import("./snes.js").Sprite} Sprite
 */

const EVERY = 250; // milliseconds between two questions

/** The figures of a recent frame; null while they are not known. */
export const figures = signal(/** @type {Figure[] | null} */ (null));
export const figuresTrouble = signal("");

/** Number of the frame whose figures these are; -1 while they are not known. */
export const figuresFrame = signal(-1);

let needed = 0; // by how many views
let asking = false;
let askedAt = -1; // what had been received by then
let once = false; // whether they are asked for once more when the answer is there
let stop = () => {};

/** Ask for the figures of the frame that is shown. @param {boolean} again whether also those of a frame that was asked about */
export async function askFigures(again = false) {
  const now = frame.peek(), count = received.peek();
  once ||= again && asking; // what is on the way may be from before the change
  if (asking || document.hidden || (count === askedAt && !again)) return;
  asking = true;
  try {
    const found = await ask("figures", { frame: now });
    if (found !== null) batch(() => ([figures.value, figuresFrame.value, askedAt] = [found, now, count]));
    figuresTrouble.value = "";
  } catch (error) {
    figuresTrouble.value = /** @type {Error} */ (error).message;
  } finally {
    asking = false;
  }
  if (once) {
    once = false;
    await askFigures(true);
  }
}

/**
 * What a question about a sprite says: the sprite, and the frame that shows it as the page does. The game has gone on.
 * @param {{sprite: number | null, figure?: Figure | null}} place
 */
export function spriteShown({ sprite, figure }) {
  if (!figure) return { sprite, frame: frame.peek() };
  const now = figureNow(figure);
  return { sprite: sprite !== null && now.sprites.includes(sprite) ? sprite : now.sprites[0], frame: figuresFrame.peek() };
}

/** Keep the figures up to date until the function that is returned is called. */
export function keepFigures() {
  if (needed++ === 0) {
    void askFigures();
    stop = repeat(askFigures, EVERY);
  }
  let open = true;
  return () => {
    if (open && --needed === 0) stop();
    open = false;
  };
}

/** Keep the figures up to date while a view is shown. */
export function useFigures() {
  useEffect(keepFigures, []);
}

/**
 * The figure that a sprite belongs to, if it is known.
 * @param {number | null} sprite
 */
export function figureOf(sprite) {
  return figures.value?.find((one) => sprite !== null && one.sprites.includes(sprite)) ?? null;
}

/**
 * What a figure of an earlier frame is now: the one that has most of its sprites, or else the one of its name.
 * @param {Figure} figure
 */
export function figureNow(figure) {
  const before = new Set(figure.sprites);
  let best = figure, most = 0;
  for (const one of figures.value ?? []) {
    const shared = one.sprites.filter((index) => before.has(index)).length;
    if (shared > most) [best, most] = [one, shared];
  }
  return most > 0 ? best : figures.value?.find((one) => one.name === figure.name) ?? figure;
}

/**
 * The sprites of a figure as they are in OAM now, the first in OAM first.
 * @param {Figure} figure
 * @returns {Sprite[]}
 */
export function figureSprites(figure) {
  const all = shownSprites();
  return figureNow(figure).sprites.map((index) => all[index]).filter((one) => one !== undefined);
}

/**
 * The VRAM byte addresses of all tiles of a figure.
 * @param {Figure} figure
 */
export function figureTiles(figure) {
  return figureSprites(figure).flatMap(spriteTiles);
}

/** @param {Sprite} sprite */
export function spriteTiles(sprite) {
  const found = [];
  for (let row = 0; row < sprite.height / 8; row++) {
    for (let column = 0; column < sprite.width / 8; column++) found.push(cellAddress(sprite, column, row));
  }
  return found;
}

/**
 * A figure as it looks now, or null if its sprites have another arrangement by now: an answer that comes soon has it.
 * @param {Figure} figure
 */
export function figureImage(figure) {
  const parts = figureSprites(figure);
  const left = Math.min(...parts.map((one) => one.x)), top = Math.min(...parts.map(screenLine));
  const right = Math.max(...parts.map((one) => one.x + one.width));
  const bottom = Math.max(...parts.map((one) => screenLine(one) + one.height));
  if (parts.length === 0 || right - left !== figure.width || bottom - top !== figure.height) return null;
  const image = new ImageData(figure.width, figure.height);
  const words = new Uint32Array(image.data.buffer);
  const priority = memory.ppu.oamadd ?? 0; // bit 15 of OAMADD ($2102): another sprite than 0 is in front
  const first = priority & 0x8000 ? (priority >> 1) & 0x7f : 0;
  const order = [...parts].sort((a, b) => ((b.index - first) & 127) - ((a.index - first) & 127)); // back to front
  for (const sprite of order) {
    drawSprite(sprite, words, figure.width, (screenLine(sprite) - top) * figure.width + sprite.x - left);
  }
  return image;
}
