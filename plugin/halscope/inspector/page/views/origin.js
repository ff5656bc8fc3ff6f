// One line about what is pointed at: where it is in VRAM, and where in the ROM it comes from.
import { signal } from "@preact/signals";
import { actions, addAction } from "../actions.js";
import { ask } from "../connection.js";
import { spriteShown } from "../figures.js";
import { html } from "../html.js";
import { addKeys } from "../keys.js";
import { host, located, progress } from "../memory.js";
import { askOrigin, current, known, pinned, reading } from "../selection.js";
import { shownPalettes } from "../shown_palettes.js";
import { shownSprites } from "../rows.js";
import { Candidates, Copies } from "./candidates.js";
import { originText, proof, snesText } from "./origin_text.js";
import { opened, raw } from "./rom_data.js";
import { showRaw } from "./rom_raw.js";
import { view } from "./view.js";

/**
 * Show the block of an origin whole; of an uncompressed tile, the bytes around it.
 * @param {any} origin
 * @param {import("../selection.js").Place} place
 */
function showBlock(origin, place) {
  raw.value = origin.codec === "raw";
  if (raw.value) showRaw(origin.block_offset, place.bpp, paletteOf(place));
  else opened.value = { codec: origin.codec, offset: origin.block_offset };
  view.value = "ROM";
}

/** @param {import("../selection.js").Place} place The number of the palette that it is shown in. */
function paletteOf({ vram, bpp, sprite }) {
  if (sprite !== null) return 8 + (shownSprites()[sprite]?.palette ?? 0);
  return bpp === 2 || bpp === 4 ? (shownPalettes(bpp, vram, 8 * bpp, 1)[0] & 255) >> bpp : 0;
}

/** What was opened in the editor, or why not. */
const told = signal("");

/** @param {import("../selection.js").Place} place */
async function openEditor(place) {
  try {
    const path = await ask("edit", spriteShown(place));
    told.value = path === null ? "no frame has come yet" : `opened ${path}; save it, and the game changes`;
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
}

addKeys({ key: "n", does: "show the whole block of what is pointed at, or its neighbours in the ROM", run: async () => {
  const place = current(), answer = known.value;
  if (place === null) return;
  try { // the key may come before the answer to the click
    const [best] = (answer?.place === place ? answer.origins : await askOrigin(place)) ?? [];
    if (best === undefined) told.value = "no block is known that this tile is from";
    else showBlock(best, place);
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
} });

addAction({ key: "e", name: "Edit", does: "open what is pointed at in your image editor",
  applies: (place) => place.sprite !== null, run: openEditor });

/** What is said where origins are not known yet. */
function looking() {
  const index = progress.value;
  return index === null ? "looking…" : `indexing the ROM: ${Math.floor((100 * index.done) / Math.max(1, index.total))} %`;
}

/** The line. */
export function Origin() {
  const place = current();
  if (place === null) {
    return html`<footer class="origin" aria-live="polite">${progress.value !== null ? looking()
      : located.value === null && host.value !== null ? "the ROM is not indexed: origins are unknown"
      : "Point at a sprite, here or in any view, to see where in the ROM it comes from."}</footer>`;
  }
  const answer = known.value;
  const isAnswered = answer?.place === place, [best, ...others] = isAnswered ? answer?.origins ?? [] : [];
  const at = `VRAM $${place.vram.toString(16).padStart(4, "0")} (word $${(place.vram >> 1).toString(16).padStart(4, "0")})`;
  return html`<footer class="origin" aria-live="polite" onPointerEnter=${() => (reading.value = true)}
      onPointerLeave=${() => (reading.value = false)} onFocusIn=${() => (reading.value = true)} onFocusOut=${() => (reading.value = false)}>
    <span>${place.sprite === null ? "" : `sprite ${place.sprite}, `}${at}</span>
    ${best === undefined
      ? html`<strong>${!isAnswered ? "looking…" : answer?.error || (answer?.origins === null ? looking() : "not found in the ROM")}</strong>`
      : html`<strong class="found">${originText(best)}</strong>
        <span>${snesText(best)}</span><span>${proof(best)}</span>
        <${Candidates} others=${others} place=${place} show=${showBlock} />
        <button title="show it with its neighbours in the ROM (N)" onClick=${() => showBlock(best, place)}>${
          best.codec === "raw" ? "Neighbours" : "Whole block"}</button>
        <${Copies} origin=${best} place=${place} />`}
    ${actions.filter((one) => one.applies(place)).map((one) => html`<button key=${one.name} title=${`${one.does} (${
      one.key.toUpperCase()})`} onClick=${() => one.run(place)}>${one.name}</button>`)}
    ${told.value && html`<span role="status">${told.value}</span>`}
    ${pinned.value !== null && html`<button onClick=${() => (pinned.value = null)}>Unpin</button>`}
  </footer>`;
}
