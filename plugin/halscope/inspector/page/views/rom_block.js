// A block as a picture: small in the list, and large with what is in VRAM and what points at it.
import { useEffect, useRef, useState } from "preact/hooks";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { ask } from "../connection.js";
import { html } from "../html.js";
import { frame } from "../memory.js";
import { current, known, picked, pinned, point, pointedTiles } from "../selection.js";
import { paintBlock } from "./paint.js";
import { hex, opened, snesText } from "./rom_data.js";

/**
 * @typedef {import("./rom_data.js").Block} Block
 * @typedef {import("./rom_data.js").Picture} Picture
 */

const GAP = 4; // pixels between columns

/** @param {Picture} picture */
function imageOf(picture) {
  const image = new ImageData(picture.width, picture.height);
  const words = new Uint32Array(image.data.buffer);
  const pixels = atob(picture.pixels);
  const colours = picture.colours.map(([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0);
  const mask = (1 << picture.bpp) - 1;
  for (let n = 0; n < words.length; n++) {
    const value = pixels.charCodeAt(n);
    words[n] = value & mask ? colours[value] : 0;
  }
  return image;
}

/**
 * A tall picture cut into columns, so that it fills a pane: frames stand below each other in most blocks.
 * @param {Picture} picture
 */
function columnsOf({ width, height }) {
  const unit = height % width === 0 ? width : 8; // a frame is not cut, if it is square
  let each = height;
  while (each > unit && Math.ceil(height / each) * (width + GAP) < 1.6 * each) each -= unit;
  const count = Math.ceil(height / each);
  return { each, count, width: count * (width + GAP) - GAP, height: each };
}

/** Draw a block. @param {CanvasRenderingContext2D} context @param {Picture} picture */
function drawBlock(context, picture) {
  resize(context.canvas, picture.width, picture.height);
  context.putImageData(imageOf(picture), 0, 0);
}

/** @param {{codec: string, offset: number}} properties What proves the start of a block: what points at it. */
function Pointers({ codec, offset }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    let gone = false;
    ask("pointers", { codec, offset }).then((value) => !gone && setFound(value), (why) => !gone && setError(why.message));
    return () => void (gone = true);
  }, [codec, offset]);
  if (error) return html`<p class="line" role="alert">${error}</p>`;
  if (found === null) return null;
  if (found.evidence === null) return html`<p class="line pointers">Nothing that points at it was found (start: ${found.start ?? "unknown"}).</p>`;
  const places = found.evidence.places.map((/** @type {number} */ at, /** @type {number} */ n) => `${hex(at)} (${snesText(found.snes[n])})`);
  return html`<p class="line pointers">${found.start === "traced" ? "The game was seen reading it" : `Pointed at (${found.evidence.kind})`} at ${
    places.slice(0, 8).join(", ")}${places.length > 8 ? ` and ${places.length - 8} more` : ""}</p>`;
}

/** @param {{block: Block}} properties */
export function Thumbnail({ block }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const watcher = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      try {
        const picture = await ask("block", { codec: block.codec, offset: block.offset });
        if (picture === null) return;
        const context = element.getContext("2d");
        if (context !== null) drawBlock(context, picture);
      } catch {
        element.title = "no tiles";
      }
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [block.codec, block.offset]);
  return html`<canvas ref=${canvas} width="1" height="1" class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {{codec: string, offset: number}} properties */
export function Large({ codec, offset }) {
  const [picture, setPicture] = useState(/** @type {Picture | null} */ (null));
  const [error, setError] = useState("");
  const last = useRef(-1000);
  useEffect(() => {
    let gone = false;
    const look = () => ask("block", { codec, offset }).then(
      (found) => !gone && (setPicture(found), setError("")), (why) => !gone && setError(why.message));
    look();
    last.current = frame.peek();
    const stop = frame.subscribe((now) => {
      if (Math.abs(now - last.current) < 30) return;
      last.current = now;
      look();
    });
    return () => {
      gone = true;
      picked.value = new Set();
      stop();
    };
  }, [codec, offset]);
  const canvas = usePainted((context) => {
    const best = known.value?.origins?.[0], place = current();
    if (picture === null) return;
    const shape = columnsOf(picture), image = imageOf(picture), step = picture.width + GAP;
    resize(context.canvas, shape.width, shape.height);
    context.clearRect(0, 0, shape.width, shape.height);
    for (let n = 0; n < shape.count; n++) {
      context.putImageData(image, n * step, -n * shape.each, 0, n * shape.each, picture.width, Math.min(shape.each, picture.height - n * shape.each));
    }
    const placed = picture.cells.map(([x, y, at]) => /** @type {const} */ (
      [x + Math.floor(y / shape.each) * step, y % shape.each, at]));
    const there = new Set(picture.vram.map(([at]) => at)), seen = new Set(picture.seen);
    for (const [x, y, at] of placed) {
      if (there.has(at)) continue;
      context.fillStyle = seen.has(at) ? "rgb(21 23 28 / 0.25)" : "rgb(21 23 28 / 0.65)";
      context.fillRect(x, y, 8, 8);
    }
    const at = place !== null && best?.codec === codec && best.block_offset === offset ? best.byte_offset : null;
    const tiles = pointedTiles();
    const marked = new Set(picture.vram.filter(([, vram]) => tiles.has(vram)).map(([inside]) => inside));
    for (const [x, y, inside] of placed) if (inside === at || marked.has(inside)) outline(context, x, y, 8, 8, "#ffd54a");
  }, [picture]);
  /** @param {PointerEvent} event */
  const placeAt = (event) => {
    if (picture === null) return null;
    const { each } = columnsOf(picture), step = picture.width + GAP, at = pixelAt(event);
    const x = at.x % step, y = at.y + Math.floor(at.x / step) * each;
    const cell = picture.cells.find((one) => x >= one[0] && x < one[0] + 8 && y >= one[1] && y < one[1] + 8);
    const vram = picture.vram.find(([at]) => at === cell?.[2])?.[1];
    return vram === undefined ? null : { vram, bpp: picture.bpp === 2 ? 2 : picture.bpp === 8 ? 8 : 4, sprite: null };
  };
  if (error) return html`<p class="empty">${codec} ${hex(offset)}: ${error}</p>`;
  if (picture === null) return html`<p class="empty">reading ${codec} ${hex(offset)}…</p>`;
  const from = { moment: "as the game shows it now", knowledge: "as the game showed it before", rom: "from the ROM" };
  const shape = columnsOf(picture), scale = Math.max(1, Math.min(4, Math.floor(480 / shape.width)));
  return html`<div class="large"><p class="line">${codec} ${hex(offset)}: ${picture.cells.length} tiles, ${picture.bpp} bpp, ${
    picture.colours_from === null ? "in greys: the game has not shown it yet"
      : from[/** @type {"moment"} */ (picture.colours_from)]}; ${picture.vram.length} in VRAM now, ${picture.seen.length} seen since the start; the others are dimmed
    <button aria-pressed=${picked.value.size > 0} title="Tint its tiles on the screen and in VRAM" onClick=${() => (
      picked.value = new Set(picked.value.size > 0 ? [] : picture.vram.map(([, at]) => at)))}>On the screen</button>
    <button onClick=${() => paintBlock({ codec, offset })}>Paint block</button>
    <button onClick=${() => (opened.value = null)}>All blocks</button></p>
    <${Pointers} codec=${codec} offset=${offset} />
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels block" role="img" style=${{ width: `${scale * shape.width}px` }} aria-label="The block's tiles"
      onPointerMove=${(/** @type {PointerEvent} */ e) => point(placeAt(e))} onPointerLeave=${() => point(null)}
      onClick=${(/** @type {PointerEvent} */ e) => (pinned.value = placeAt(e))}></canvas></div></div>`;
}
