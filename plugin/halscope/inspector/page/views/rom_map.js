// The map of the whole ROM by what each part holds. It shows where the tile that is pointed at stands, and leads to each part.
import { useEffect } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { pixelAt, resize, usePainted } from "../canvas.js";
import { askOnce } from "../connection.js";
import { html } from "../html.js";
import { current, known } from "../selection.js";
import { fromBase64 } from "../origin_map.js";
import { repeat } from "../visible.js";
import { hex, listed, opened, raw, snesText } from "./rom_data.js";
import { showBytes, shownBytes } from "./rom_raw.js";

const WIDTH = 256;
const HEIGHT = 24;
const CELLS = WIDTH * HEIGHT;
const COLOURS = /** @type {Record<string, string>} */ ({
  unknown: "#2b303b", block: "#5b8def", tiles: "#c77dff", palette: "#ff9e64", code: "#8a8f99", free: "#0b0c0f" });
const NAMES = /** @type {Record<string, string>} */ ({ unknown: "code or unknown", block: "compressed", tiles: "raw tiles seen",
  palette: "palettes seen", code: "code", free: "free" });
const IN_VRAM = "#7bd88f", CHOSEN = "#ffd54a", POINTED = "#ffffff";
const LEGEND = [...Object.keys(COLOURS).map((name) => [NAMES[name], COLOURS[name]]), ["in VRAM now", IN_VRAM], ["shown below", CHOSEN],
  ["pointed at", POINTED]];
/** @type {import("@preact/signals").Signal<{kinds: string[], cells: Uint8Array} | null>} */
const kinds = signal(null);
/** The part under the pointer, or the cursor of the keyboard; -1 if neither is there. */
const part = signal(-1);

async function look() {
  const found = await askOnce("rom_map", { cells: CELLS }).catch(() => null);
  if (found !== null) kinds.value = { kinds: found.kinds, cells: fromBase64(found.cells) };
}

/** The bytes of the ROM that are pointed at, here or in any view: a tile's block, or the tile itself where it is not packed. */
const pointed = computed(() => {
  const place = current(), answer = known.value, best = answer?.place === place ? answer?.origins?.[0] : undefined;
  if (best === undefined) return null;
  const block = listed.value?.blocks.find((one) => one.codec === best.codec && one.offset === best.block_offset);
  return { first: best.block_offset, count: block?.packed_size ?? 1 };
});

/** The bytes that the view shows. */
const shown = computed(() => {
  if (raw.value) return shownBytes.value;
  const place = opened.value, block = listed.value?.blocks.find((one) => one.offset === place?.offset && one.codec === place.codec);
  return block === undefined ? null : { first: block.offset, count: block.packed_size };
});

/** @param {number} number of a part @returns {{first: number, block: import("./rom_data.js").Block | undefined}} */
function at(number) {
  const all = listed.value, bytes = (all?.size ?? 0) / CELLS, first = bytes * number;
  return { first: Math.floor(first), block: all?.blocks.find((one) => one.offset < first + bytes && one.offset + one.packed_size > first) };
}

/** @param {number} number Show the block of a part, or else its bytes. */
function open(number) {
  if (listed.peek() === null || number < 0) return;
  const { first, block } = at(number);
  raw.value = block === undefined;
  if (block === undefined) showBytes(first);
  else opened.value = { codec: block.codec, offset: block.offset };
}

/** What the part holds, in words. */
function words() {
  const map = kinds.value, { first, block } = at(part.value);
  if (part.value < 0) return "";
  const what = block === undefined ? NAMES[map?.kinds[map.cells[part.value]] ?? "unknown"]
    : `${block.codec} ${hex(block.offset)} ${snesText(block.snes)}, ${block.start}${block.vram ? `, ${block.vram} tiles in VRAM` : ""}`;
  return `file offset ${hex(first)}: ${what}`;
}

const STEPS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WIDTH, ArrowDown: WIDTH });

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key === "Enter") open(part.peek());
  else if (event.key in STEPS) part.value = Math.max(0, Math.min(CELLS - 1, part.peek() + STEPS[event.key]));
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} element */
function draw(context, element) {
  const all = listed.value, map = kinds.value;
  if (all === null) return;
  resize(element, WIDTH, HEIGHT);
  context.fillStyle = COLOURS.unknown;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  map?.cells.forEach((kind, n) => {
    context.fillStyle = COLOURS[map.kinds[kind]];
    if (kind) context.fillRect(n % WIDTH, Math.floor(n / WIDTH), 1, 1);
  });
  const bytes = all.size / CELLS;
  /** @param {{first: number, count: number} | null} stretch @param {string} colour */
  const fill = (stretch, colour) => {
    if (stretch === null) return;
    context.fillStyle = colour;
    const last = Math.min(CELLS - 1, Math.floor((stretch.first + stretch.count - 1) / bytes));
    for (let n = Math.floor(stretch.first / bytes); n <= last; n++) context.fillRect(n % WIDTH, Math.floor(n / WIDTH), 1, 1);
  };
  for (const block of all.blocks) {
    if (map === null || block.vram) fill({ first: block.offset, count: block.packed_size }, block.vram ? IN_VRAM : COLOURS.block);
  }
  fill(shown.value, CHOSEN);
  fill(pointed.value, POINTED);
  if (part.value >= 0) {
    context.fillStyle = POINTED;
    context.fillRect(part.value % WIDTH, Math.floor(part.value / WIDTH), 1, 1);
  }
}

export function RomMap() {
  useEffect(() => {
    void look();
    return repeat(look, 5000);
  }, []);
  const canvas = usePainted(draw, [listed.value === null]);
  if (listed.value === null) return null;
  /** @param {PointerEvent | MouseEvent} event */
  const under = (event) => {
    const { x, y } = pixelAt(event);
    part.value = Math.max(0, Math.min(CELLS - 1, y * WIDTH + x));
  };
  return html`<canvas ref=${canvas} class="pixels map" role="application" tabindex="0" onPointerMove=${under} onPointerLeave=${() => (part.value = -1)}
      onClick=${(/** @type {MouseEvent} */ event) => {
        under(event);
        open(part.peek());
      }} onKeyDown=${onKey} onBlur=${() => (part.value = -1)}
      aria-label="Map of the ROM by what its parts hold: arrows move, Enter opens"></canvas>
    <div class="under-map"><p class=${`legend ${part.value < 0 ? "" : "unseen"}`}>${LEGEND.map(([name, colour]) => html`<span key=${name}>
      <i style=${{ background: colour }}></i> ${name} </span>`)}</p>
      <p class=${`legend of-map ${part.value < 0 ? "unseen" : ""}`}>${words()}</p></div>`;
}
