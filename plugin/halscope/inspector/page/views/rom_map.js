// The map of the whole ROM by what each part holds.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { pixelAt, resize, usePainted } from "../canvas.js";
import { askOnce } from "../connection.js";
import { html } from "../html.js";
import { fromBase64 } from "../origin_map.js";
import { repeat } from "../visible.js";
import { listed, opened } from "./rom_data.js";

const WIDTH = 256;
const HEIGHT = 24;
const COLOURS = /** @type {Record<string, string>} */ ({
  unknown: "#2b303b", block: "#5b8def", tiles: "#c77dff", palette: "#ff9e64", code: "#8a8f99", free: "#0b0c0f" });
const NAMES = /** @type {Record<string, string>} */ ({ unknown: "code or unknown", block: "compressed", tiles: "raw tiles seen",
  palette: "palettes seen", code: "code", free: "free" });
/** @type {import("@preact/signals").Signal<{kinds: string[], cells: Uint8Array} | null>} */
const kinds = signal(null);

async function look() {
  const found = await askOnce("rom_map", { cells: WIDTH * HEIGHT }).catch(() => null);
  if (found !== null) kinds.value = { kinds: found.kinds, cells: fromBase64(found.cells) };
}

export function RomMap() {
  useEffect(() => {
    void look();
    return repeat(look, 5000);
  }, []);
  const canvas = usePainted((context, element) => {
    const all = listed.value, place = opened.value, map = kinds.value;
    if (all === null) return;
    resize(element, WIDTH, HEIGHT);
    context.fillStyle = COLOURS.unknown;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    map?.cells.forEach((kind, n) => {
      context.fillStyle = COLOURS[map.kinds[kind]];
      if (kind) context.fillRect(n % WIDTH, Math.floor(n / WIDTH), 1, 1);
    });
    const per = all.size / (WIDTH * HEIGHT);
    for (const block of all.blocks) {
      const chosen = block.offset === place?.offset && block.codec === place.codec;
      if (map !== null && !chosen && !block.vram) continue;
      context.fillStyle = chosen ? "#ffd54a" : block.vram ? "#7bd88f" : COLOURS.block;
      for (let at = Math.floor(block.offset / per); at <= Math.floor((block.offset + block.packed_size - 1) / per); at++) {
        context.fillRect(at % WIDTH, Math.floor(at / WIDTH), 1, 1);
      }
    }
  });
  /** @param {PointerEvent} event */
  const choose = (event) => {
    const all = listed.peek();
    if (all === null) return;
    const { x, y } = pixelAt(event), part = all.size / (WIDTH * HEIGHT), first = part * (y * WIDTH + x);
    const block = all.blocks.find((one) => one.offset < first + part && one.offset + one.packed_size > first);
    if (block !== undefined) opened.value = { codec: block.codec, offset: block.offset };
  };
  const shown = [...Object.keys(COLOURS).map((name) => [NAMES[name], COLOURS[name]]), ["in VRAM now", "#7bd88f"], ["chosen", "#ffd54a"]];
  return html`<canvas ref=${canvas} class="pixels map" role="img" onClick=${choose} aria-label="Map of the ROM by what its parts hold"></canvas>
    <p class="legend">${shown.map(([name, colour]) => html`<span key=${name}><i style=${{ background: colour }}></i> ${name} </span>`)}</p>`;
}
