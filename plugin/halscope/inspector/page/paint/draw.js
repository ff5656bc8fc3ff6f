// Drawing the picture that is painted: enlarged, with a grid of tiles, the ghost of the original, and what differs.
import { resize } from "../canvas.js";
import { cursor, ghost, grid, mirrored, old, picture, version, zoom } from "./editor.js";

/** @typedef {import("./picture.js").Picture} Picture */

const scratch = document.createElement("canvas");

/**
 * Draw one picture, 1:1, into the scratch canvas.
 * @param {Picture} one
 * @param {(n: number) => number} colourOf ABGR of a pixel; 0 for none
 */
function plain(one, colourOf) {
  resize(scratch, one.width, one.height);
  const context = scratch.getContext("2d");
  if (context === null) return scratch;
  const image = context.createImageData(one.width, one.height);
  const words = new Uint32Array(image.data.buffer);
  for (let n = 0; n < words.length; n++) words[n] = colourOf(n);
  context.putImageData(image, 0, 0);
  return scratch;
}

const NO_TILE = 0x66000000, LOCKED = 0x665050ff;
/** Pixels up to which those that differ are marked one by one. */
const MOST_MARKS = 4096;

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} canvas */
export function draw(context, canvas) {
  void version.value;
  const one = picture.value, scale = zoom.value, [x, y] = cursor.value;
  const showsOld = old.value, lines = grid.value, below = ghost.value, turned = mirrored.value;
  if (one === null) return;
  const { width, height } = one;
  resize(canvas, width * scale, height * scale);
  const words = one.palettes.flat().map(([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0);
  const inColours = (/** @type {Uint8Array} */ pixels) => (/** @type {number} */ n) => (pixels[n] ? words[pixels[n]] : 0);
  context.resetTransform();
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (turned) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
  context.imageSmoothingEnabled = false;
  const paste = (/** @type {(n: number) => number} */ colourOf) =>
    context.drawImage(plain(one, colourOf), 0, 0, width * scale, height * scale);
  if (below && !showsOld) {
    context.globalAlpha = 0.4;
    paste(inColours(one.original));
    context.globalAlpha = 1;
  }
  paste(inColours(showsOld ? one.original : one.pixels));
  if (one.allowed.includes(0)) {
    paste((n) => (one.allowed[n] ? 0 : one.cellsAt(n % width, Math.floor(n / width)).length ? LOCKED : NO_TILE));
  }
  if (lines && scale >= 3) {
    context.fillStyle = "rgb(128 128 128 / 0.25)";
    for (let a = 1; scale >= 8 && a < width; a++) context.fillRect(a * scale, 0, 1, height * scale);
    for (let b = 1; scale >= 8 && b < height; b++) context.fillRect(0, b * scale, width * scale, 1);
    context.strokeStyle = "rgb(0 0 0 / 0.6)";
    for (const [left, top] of one.cells) context.strokeRect(left * scale + 0.5, top * scale + 0.5, 8 * scale, 8 * scale);
  }
  if (!showsOld && scale >= 4) marks(context, one, scale);
  context.strokeStyle = "#000";
  context.strokeRect(x * scale - 0.5, y * scale - 0.5, scale + 1, scale + 1);
  context.strokeStyle = "#ffd54a";
  context.strokeRect(x * scale + 0.5, y * scale + 0.5, scale - 1, scale - 1);
}

/** Mark the pixels that differ from the ROM's. @param {CanvasRenderingContext2D} context @param {Picture} one @param {number} scale */
function marks(context, one, scale) {
  const side = Math.max(2, scale >> 2);
  let count = 0;
  for (let n = 0; n < one.pixels.length && count < MOST_MARKS; n++) {
    if (one.pixels[n] === one.original[n]) continue;
    count++;
    const left = (n % one.width) * scale, top = Math.floor(n / one.width) * scale;
    context.fillStyle = "#000";
    context.fillRect(left, top, side + 1, side + 1);
    context.fillStyle = "#ff5ad0";
    context.fillRect(left, top, side, side);
  }
}
