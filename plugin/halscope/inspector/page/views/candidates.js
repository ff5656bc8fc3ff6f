// The line about what is pointed at, continued: what else the tile may come from, and copies of its place.
import { signal } from "@preact/signals";
import { copied, copyText, hexText } from "../copying.js";
import { html } from "../html.js";
import { memory } from "../memory.js";
import { originText, proof, snesText } from "./origin_text.js";

/** Whether the other candidates are listed. */
const isOpen = signal(false);

/**
 * The other places in the ROM that hold the same tile, the likeliest first.
 * @param {{others: any[], place: import("../selection.js").Place,
 *   show: (origin: any, place: import("../selection.js").Place) => void}} properties
 */
export function Candidates({ others, place, show }) {
  if (others.length === 0) return null;
  return html`<button aria-expanded=${isOpen.value} aria-controls="candidates" title="other places in the ROM with the same tile"
      onClick=${() => (isOpen.value = !isOpen.value)}>also ${others.length} other${others.length === 1 ? "" : "s"}</button>
    ${isOpen.value && html`<ul id="candidates" class="candidates" aria-label="Other candidates">${others.map((one) => html`
      <li key=${originText(one)}><strong>${originText(one)}</strong><span>${snesText(one)}</span><span>${proof(one)}</span>
        <button onClick=${() => show(one, place)}>${one.codec === "raw" ? "Neighbours" : "Whole block"}</button></li>`)}</ul>`}`;
}

/** @param {import("../selection.js").Place} place The tile's bytes in VRAM. */
function bytesOf({ vram, bpp }) {
  return hexText(memory.vram.subarray(vram, vram + (bpp === 7 ? 128 : 8 * bpp))); // mode 7 has those of the map between
}

/** @param {{origin: any, place: import("../selection.js").Place}} properties */
export function Copies({ origin, place }) {
  const offset = `0x${origin.block_offset.toString(16).padStart(6, "0")}`;
  return html`<span class="of-origin" role="group" aria-label="Copy">Copy
      <button title="all of this line" onClick=${() => copyText("the line", `${originText(origin)} ${snesText(origin)}`)}>line</button>
      <button title=${offset} onClick=${() => copyText("the file offset", offset)}>offset</button>
      <button title=${snesText(origin)} onClick=${() => copyText("the SNES address", snesText(origin))}>address</button>
      <button title="the tile's bytes in VRAM" onClick=${() => copyText("the tile's bytes", bytesOf(place))}>hex</button></span>
    ${copied.value && html`<span role="status">${copied.value}</span>`}`;
}
