// Why tiles of the scene are unknown: how many by reason, which they are, and what the game reads before they come.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { addAction } from "../actions.js";
import { outline, pixelAt, resize, usePainted } from "../canvas.js";
import { ask, askOnce } from "../connection.js";
import { html } from "../html.js";
import { host, memory } from "../memory.js";
import { current, picked, pinned, point, pointedTiles } from "../selection.js";
import { shownPalettes } from "../shown_palettes.js";
import { everyColour } from "../rows.js";
import { decodeTile } from "../snes.js";
import { repeat } from "../visible.js";
import { view } from "./view.js";

/**
 * @typedef {{frames: number, sprite_pixels: Record<string, number>, layer_tiles: Record<string, number>, uncounted?: string,
 *   units: Record<string, number[]>, why: Record<string, string>,
 *   watch: {frame: number, reads: number, loads: {frame: number, units: number[], reads: number[]}[]} | null}} Coverage
 */

const EVERY = 500; // milliseconds between two questions
const COLUMNS = 32;
const NAMES = /** @type {Record<string, string>} */ ({
  known: "known", plain: "plain", no_index: "not indexed", bwram: "in BW-RAM", expanded: "expanded",
  wram: "in WRAM", before: "there before", elsewhere: "nowhere",
});

const found = signal(/** @type {Coverage | null} */ (null));
const trouble = signal("");
const chosen = signal("");
/** What became of the wish to watch. */
const told = signal("");

async function refresh() {
  try {
    found.value = await askOnce("coverage") ?? found.value;
    trouble.value = "";
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
  }
  pick();
}

/** Tint the tiles of the chosen reason in the game and in VRAM. */
function pick() {
  picked.value = new Set((found.value?.units[chosen.value] ?? []).map((unit) => 32 * unit));
}

/** @param {string} reason */
function choose(reason) {
  chosen.value = chosen.value === reason ? "" : reason;
  pick();
}

async function watchLoad() {
  try {
    await ask("watch_load", {}, true);
    told.value = "watching: play until the scene is loaded again";
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
}

/** @param {import("../selection.js").Place} place */
async function explain(place) {
  pinned.value = place;
  view.value = "Coverage";
  await refresh();
  const unit = place.vram >> 5;
  const reason = Object.entries(found.value?.units ?? {}).find(([, units]) => units.includes(unit))?.[0];
  if (reason !== undefined) chosen.value = reason;
  pick();
}

addAction({ key: "t", name: "Why unknown?", does: "say why a tile is unknown, or how it is known", applies: () => true, run: explain });

/** @param {Record<string, number>} counts @param {string} reason */
function share(counts, reason) {
  const whole = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const count = counts[reason] ?? 0;
  if (whole === 0 || count === 0) return "";
  return `${count} (${count === whole ? "100" : Math.min(99.9, Math.max(0.1, (100 * count) / whole)).toFixed(1)} %)`;
}

/** @param {number} value */
function hex(value) {
  return `0x${value.toString(16).padStart(6, "0")}`;
}

/** All of VRAM, with the tiles that are shown in full colour and those of the chosen reason framed. */
function Map_() {
  const canvas = usePainted((context, element) => {
    const coverage = found.value, tiles = picked.value, marked = pointedTiles();
    resize(element, 8 * COLUMNS, (8 * 2048) / COLUMNS);
    const image = context.createImageData(element.width, element.height);
    const words = new Uint32Array(image.data.buffer), all = everyColour(), tile = new Uint8Array(64);
    const firsts = shownPalettes(4, 0, 32, 2048);
    const shown = new Set(Object.values(coverage?.units ?? {}).flat());
    for (let unit = 0; unit < 2048; unit++) {
      decodeTile(memory.vram, 32 * unit, 4, tile);
      const corner = 64 * COLUMNS * Math.floor(unit / COLUMNS) + 8 * (unit % COLUMNS);
      for (let n = 0; n < 64; n++) {
        const colour = all[firsts[unit] + tile[n]];
        words[corner + 8 * COLUMNS * (n >> 3) + (n & 7)] = shown.has(unit) ? colour : (colour & 0x00ffffff) | 0x30000000;
      }
    }
    context.putImageData(image, 0, 0);
    for (const at of tiles) outline(context, 8 * ((at >> 5) % COLUMNS), 8 * Math.floor((at >> 5) / COLUMNS), 8, 8, "#ff4dff");
    for (const at of marked) outline(context, 8 * ((at >> 5) % COLUMNS), 8 * Math.floor((at >> 5) / COLUMNS), 8, 8, "#ffd54a");
  });
  /** @param {PointerEvent} event */
  const at = (event) => {
    const { x, y } = pixelAt(event);
    return { vram: 32 * (COLUMNS * (y >> 3) + (x >> 3)), bpp: 4, sprite: null };
  };
  return html`<div class="scroll" tabindex="0"><canvas ref=${canvas} class="pixels vram" role="img"
    aria-label="Tiles in VRAM: those that are shown in full colour, those of the chosen reason framed"
    onPointerMove=${(/** @type {PointerEvent} */ e) => point(at(e))} onPointerLeave=${() => point(null)}
    onClick=${(/** @type {PointerEvent} */ e) => (pinned.value = at(e))}></canvas></div>`;
}

/** @param {{watch: NonNullable<Coverage["watch"]>}} properties What the game read before the tiles came. */
function Loads({ watch }) {
  if (watch.loads.length === 0) {
    return html`<p class="line">Since frame ${watch.frame} the game has read ${watch.reads} pages of its ROM, and no tile
      of unknown origin has come. Play until the scene is loaded again.</p>`;
  }
  return html`<ul class="loads">${watch.loads.slice(-8).reverse().map((load) => html`<li key=${load.frame}>
    <button onClick=${() => ([chosen.value, picked.value] = ["", new Set(load.units.map((unit) => 32 * unit))])}>frame ${
      load.frame}: ${load.units.length} tiles</button>
    ${load.reads.length === 0 ? " the game read no new page of the ROM before: they were made of what was in memory"
      : html` after reads at ${load.reads.map((at) => html`<code>${hex(at)}</code> `)}`}</li>`)}</ul>`;
}

/** The view. */
export function Coverage_() {
  useEffect(() => {
    void refresh();
    const stop = repeat(refresh, EVERY);
    return () => {
      stop();
      picked.value = new Set();
    };
  }, []);
  const coverage = found.value;
  if (trouble.value) return html`<p class="empty">${trouble.value}</p>`;
  if (coverage === null) return html`<p class="empty">What is known of the scene appears here with the first frame.</p>`;
  const place = current(), unit = place === null ? -1 : place.vram >> 5;
  const reasons = Object.keys(NAMES).filter((reason) => coverage.units[reason] !== undefined);
  const own = reasons.find((reason) => coverage.units[reason].includes(unit));
  const traces = host.value?.capabilities.includes("tracing") ?? false;
  return html`
    ${place !== null && html`<p class="line why" role="status">${own === undefined
      ? "This tile is not on the screen now." : html`This tile: <strong>${NAMES[own]}</strong>: ${coverage.why[own]}.`}</p>`}
    <table class="coverage"><thead><tr><th scope="col">reason</th><th scope="col">sprite pixels</th>
      <th scope="col">layer tiles</th><th scope="col">what it means</th></tr></thead>
      <tbody>${reasons.map((reason) => html`<tr key=${reason} class=${reason === chosen.value ? "chosen" : ""}>
        <th scope="row"><button aria-pressed=${reason === chosen.value} onClick=${() => choose(reason)}>${NAMES[reason]}</button></th>
        <td>${share(coverage.sprite_pixels, reason)}</td><td>${share(coverage.layer_tiles, reason)}</td>
        <td class="text">${coverage.why[reason]}</td></tr>`)}</tbody></table>
    ${coverage.uncounted && html`<p class="line">sprites are not counted: ${coverage.uncounted}</p>`}
    <div class="bar"><button onClick=${watchLoad} title=${traces ? "" : "this host cannot tell what the game reads"}>Watch the next load</button>
      ${told.value && html`<span role="status">${told.value}</span>`}</div>
    ${coverage.watch !== null && html`<${Loads} watch=${coverage.watch} />`}
    <${Map_} />`;
}
