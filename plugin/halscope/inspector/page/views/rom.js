// The ROM: where its compressed blocks are, what each holds, and which of it is in VRAM now.
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "../connection.js";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { html } from "../html.js";
import { frame, located } from "../memory.js";
import { current, known, pinned, point } from "../selection.js";
import { paintBlock } from "./paint.js";

/**
 * @typedef {{offset: number, packed_size: number, size: number, codec: string, score: number | null, start: string, vram: number}} Block
 * @typedef {{width: number, height: number, pixels: string, colours: number[][], colours_from: string | null, bpp: number, lead: number,
 *   cells: [number, number, number][], vram: [number, number][]}} Picture
 */

/** @type {import("@preact/signals").Signal<{size: number, blocks: Block[]} | null>} */
const listed = signal(null);
/** The block that is shown large. */
export const opened = signal(/** @type {{codec: string, offset: number} | null} */ (null));
const search = signal("");
const sorted = signal("offset");
const onlyShown = signal(false);
const trouble = signal("");

/** Ask which blocks there are, and how many tiles of each are in VRAM now. */
async function refresh() {
  try {
    const found = await ask("blocks");
    if (found !== null) listed.value = found;
    trouble.value = "";
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
  }
}

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

/** @param {{block: Block}} properties */
function Thumbnail({ block }) {
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
        resize(element, picture.width, picture.height);
        element.getContext("2d")?.putImageData(imageOf(picture), 0, 0);
      } catch {
        element.title = "no tiles";
      }
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [block.codec, block.offset]);
  return html`<canvas ref=${canvas} width="1" height="1" class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {number} value */
function hex(value) {
  return `0x${value.toString(16).padStart(6, "0")}`;
}

/** One pixel of the map for this many bytes. */
const MAP_WIDTH = 256, MAP_HEIGHT = 24;

function Map_() {
  const canvas = usePainted((context, element) => {
    const all = listed.value, place = opened.value;
    if (all === null) return;
    resize(element, MAP_WIDTH, MAP_HEIGHT);
    context.fillStyle = "#2b303b";
    context.fillRect(0, 0, MAP_WIDTH, MAP_HEIGHT);
    const per = all.size / (MAP_WIDTH * MAP_HEIGHT);
    for (const block of all.blocks) {
      const chosen = block.offset === place?.offset && block.codec === place.codec;
      context.fillStyle = chosen ? "#ffd54a" : block.vram ? "#7bd88f" : "#5b8def";
      for (let at = Math.floor(block.offset / per); at <= Math.floor((block.offset + block.packed_size - 1) / per); at++) {
        context.fillRect(at % MAP_WIDTH, Math.floor(at / MAP_WIDTH), 1, 1);
      }
    }
  });
  /** @param {PointerEvent} event */
  const choose = (event) => {
    const all = listed.peek();
    if (all === null) return;
    const { x, y } = pixelAt(event);
    const first = (all.size / (MAP_WIDTH * MAP_HEIGHT)) * (y * MAP_WIDTH + x);
    const last = first + all.size / (MAP_WIDTH * MAP_HEIGHT);
    const block = all.blocks.find((one) => one.offset < last && one.offset + one.packed_size > first);
    if (block !== undefined) opened.value = { codec: block.codec, offset: block.offset };
  };
  return html`<canvas ref=${canvas} class="pixels map" role="img" onClick=${choose}
    aria-label="Map of the ROM: compressed blocks are blue, those in VRAM now green, the chosen one yellow"></canvas>`;
}

/** @param {{codec: string, offset: number}} properties */
function Large({ codec, offset }) {
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
      stop();
    };
  }, [codec, offset]);
  const canvas = usePainted((context, element) => {
    const best = known.value?.origins?.[0], place = current();
    if (picture === null) return;
    resize(element, picture.width, picture.height);
    context.putImageData(imageOf(picture), 0, 0);
    const there = new Set(picture.vram.map(([at]) => at));
    context.fillStyle = "rgb(21 23 28 / 0.55)";
    for (const [x, y, at] of picture.cells) if (!there.has(at)) context.fillRect(x, y, 8, 8);
    const at = place !== null && best?.codec === codec && best.block_offset === offset ? best.byte_offset : null;
    const cell = picture.cells.find((one) => one[2] === at);
    if (cell !== undefined) outline(context, cell[0], cell[1], 8, 8, "#ffd54a");
  }, [picture]);
  /** @param {PointerEvent} event */
  const placeAt = (event) => {
    const { x, y } = pixelAt(event);
    const cell = picture?.cells.find((one) => x >= one[0] && x < one[0] + 8 && y >= one[1] && y < one[1] + 8);
    const vram = picture?.vram.find(([at]) => at === cell?.[2])?.[1];
    return vram === undefined ? null : { vram, bpp: picture?.bpp === 2 ? 2 : picture?.bpp === 8 ? 8 : 4, sprite: null };
  };
  if (error) return html`<p class="empty">${codec} ${hex(offset)}: ${error}</p>`;
  if (picture === null) return html`<p class="empty">reading ${codec} ${hex(offset)}…</p>`;
  const from = { moment: "as the game shows it now", knowledge: "as the game showed it before", rom: "from the ROM" };
  return html`<div class="large"><p class="line">${codec} ${hex(offset)}: ${picture.cells.length} tiles, ${picture.bpp} bpp, ${
    picture.colours_from === null ? "in greys: the game has not shown it yet"
      : from[/** @type {"moment"} */ (picture.colours_from)]}; ${picture.vram.length} in VRAM now, the others are dimmed
    <button onClick=${() => paintBlock({ codec, offset })}>Paint block</button></p>
    <div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels block" role="img" style=${{ width: `${Math.max(1, Math.floor(400 / picture.width)) * picture.width}px` }} aria-label="The block's tiles"
      onPointerMove=${(/** @type {PointerEvent} */ e) => point(placeAt(e))} onPointerLeave=${() => point(null)}
      onClick=${(/** @type {PointerEvent} */ e) => (pinned.value = placeAt(e))}></canvas></div></div>`;
}

/** The view. */
export function Rom() {
  const ready = located.value !== null;
  useEffect(() => {
    if (!ready) return undefined;
    void refresh();
    const timer = setInterval(refresh, 1000);
    return () => clearInterval(timer);
  }, [ready]);
  const all = listed.value;
  if (trouble.value) return html`<p class="empty">${trouble.value}</p>`;
  if (all === null) return html`<p class="empty">The ROM is being indexed; its blocks appear here when that is done.</p>`;
  if (all.blocks.length === 0) {
    return html`<p class="empty">No compressed block was found: this game's graphics are raw, or packed in a way that Halscope
      does not know. Point at a sprite to see where its tiles are.</p>`;
  }
  const wanted = search.value.trim().toLowerCase().replace(/^(0x|\$)/, "");
  const shown = all.blocks
    .filter((block) => (!onlyShown.value || block.vram > 0)
      && (wanted === "" || `${block.codec} ${block.offset.toString(16).padStart(6, "0")} ${block.start}`.includes(wanted)))
    .sort((a, b) => (sorted.value === "size" ? b.size - a.size : sorted.value === "in VRAM" ? b.vram - a.vram : a.offset - b.offset));
  const place = opened.value;
  return html`
    <${Map_} />
    ${place !== null && html`<${Large} key=${`${place.codec}${place.offset}`} ...${place} />`}
    <div class="bar">
      <label>Find <input type="search" value=${search.value} placeholder="offset, codec, evidence"
        onInput=${(/** @type {any} */ e) => (search.value = e.currentTarget.value)} /></label>
      <label>Sort by <select value=${sorted.value} onChange=${(/** @type {any} */ e) => (sorted.value = e.currentTarget.value)}>
        ${["offset", "size", "in VRAM"].map((name) => html`<option value=${name}>${name}</option>`)}</select></label>
      <label><input type="checkbox" checked=${onlyShown.value}
        onChange=${(/** @type {any} */ e) => (onlyShown.value = e.currentTarget.checked)} /> in VRAM now</label>
      <span class="count">${shown.length} of ${all.blocks.length}</span>
    </div>
    <ul class="sprites blocks">${shown.map((block) => html`<li key=${`${block.codec}${block.offset}`}>
      <button class=${place?.offset === block.offset && place.codec === block.codec ? "chosen" : ""}
        onClick=${() => (opened.value = { codec: block.codec, offset: block.offset })}>
        <${Thumbnail} block=${block} />
        <span>${block.codec} ${hex(block.offset)}</span>
        <small>${block.packed_size} → ${block.size} bytes, ${block.start}${block.vram ? `, ${block.vram} in VRAM` : ""}</small>
      </button></li>`)}</ul>`;
}
