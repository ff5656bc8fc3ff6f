// What the page knows of the ROM's blocks, and which of them are listed.
import { signal } from "@preact/signals";
import { askOnce } from "../connection.js";

/**
 * @typedef {{offset: number, packed_size: number, size: number, codec: string, score: number | null, start: string,
 *   name: string | null, snes: number, vram: number}} Block
 * @typedef {{width: number, height: number, pixels: string, colours: number[][], colours_from: string | null, bpp: number, lead: number,
 *   cells: [number, number, number][], vram: [number, number][], seen: number[]}} Picture
 */

/** Whether raw bytes are shown in the place of the blocks. */
export const raw = signal(false);
/** The block that is shown large. */
export const opened = signal(/** @type {{codec: string, offset: number} | null} */ (null));
/** @type {import("@preact/signals").Signal<{size: number, blocks: Block[]} | null>} */
export const listed = signal(null);
export const trouble = signal("");

/** @param {number} value */
export const hex = (value) => `0x${value.toString(16).padStart(6, "0")}`;

/** An address as the console sees it. @param {number} address */
export function snesText(address) {
  const text = address.toString(16).padStart(6, "0").toUpperCase();
  return `$${text.slice(0, 2)}:${text.slice(2)}`;
}

const LIST_EVERY = 10; // how many times the blocks in VRAM are asked for until the whole list is asked for again
let asked = 0;
let last = "";

/** Ask which blocks there are, and how many tiles of each are in VRAM now. */
export async function refresh() {
  try {
    if (listed.peek() === null || asked++ % LIST_EVERY === 0) {
      const found = await askOnce("blocks");
      if (found !== null) listed.value = found;
      last = "";
    } else {
      const found = await askOnce("in_vram", { last }), all = listed.peek();
      if (found?.blocks === undefined || all === null) return;
      last = found.name;
      const counts = new Map(found.blocks.map((/** @type {[string, number, number]} */ [codec, offset, count]) => [`${codec}${offset}`, count]));
      listed.value = { size: all.size, blocks: all.blocks.map((one) => ({ ...one, vram: counts.get(`${one.codec}${one.offset}`) ?? 0 })) };
    }
    trouble.value = "";
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
  }
}

const SURE = ["traced", "pointer", "adjacent", "content"];
const ORDERS = /** @type {Record<string, (a: Block, b: Block) => number>} */ ({
  offset: (a, b) => a.offset - b.offset,
  size: (a, b) => b.size - a.size,
  "in VRAM": (a, b) => b.vram - a.vram,
  "how sure": (a, b) => SURE.indexOf(a.start) - SURE.indexOf(b.start) || (b.score ?? 0) - (a.score ?? 0),
});
export const ORDER_NAMES = Object.keys(ORDERS);

/**
 * The blocks that contain a text in their offset, console's address, codec, evidence or label, in an order.
 * @param {Block[]} blocks @param {string} text @param {string} order @param {boolean} shownOnly
 */
export function chosenBlocks(blocks, text, order, shownOnly) {
  const wanted = text.trim().toLowerCase().replace(/^(0x|\$)/, "");
  const words = (/** @type {Block} */ one) => `${one.codec} ${one.offset.toString(16).padStart(6, "0")} ${
    snesText(one.snes).slice(1)} ${one.snes.toString(16).padStart(6, "0")} ${one.start} ${one.name ?? ""}`.toLowerCase();
  return blocks.filter((one) => (!shownOnly || one.vram > 0) && (wanted === "" || words(one).includes(wanted)))
    .sort(ORDERS[order] ?? ORDERS.offset);
}
