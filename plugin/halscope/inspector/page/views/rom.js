// The ROM: the map of it, its compressed blocks, and any bytes of it as tiles.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { html } from "../html.js";
import { located } from "../memory.js";
import { repeat } from "../visible.js";
import { Large, Thumbnail } from "./rom_block.js";
import { chosenBlocks, hex, listed, opened, ORDER_NAMES, raw, refresh, trouble } from "./rom_data.js";
import { RomMap } from "./rom_map.js";
import { Raw } from "./rom_raw.js";

const search = signal("");
const sorted = signal("offset");
const onlyShown = signal(false);

/** The list of blocks, or one of them. */
function Blocks() {
  const all = listed.value;
  if (all === null && trouble.value) return html`<p class="empty">${trouble.value}</p>`;
  if (all === null) return html`<p class="empty">The ROM is being indexed; its blocks appear here when that is done.</p>`;
  if (all.blocks.length === 0) {
    return html`<p class="empty">No compressed block was found: this game's graphics are raw, or packed in a way that Halscope
      does not know. Point at a sprite to see where its tiles are.</p>`;
  }
  const shown = chosenBlocks(all.blocks, search.value, sorted.value, onlyShown.value);
  const place = opened.value;
  if (place !== null) return html`<${Large} key=${`${place.codec}${place.offset}`} ...${place} />`;
  return html`
    ${trouble.value && html`<p class="line" role="status">${trouble.value}</p>`}
    <div class="bar">
      <label>Find <input type="search" value=${search.value} placeholder="offset, address, codec, label"
        onInput=${(/** @type {any} */ e) => (search.value = e.currentTarget.value)} /></label>
      <label>Sort by <select value=${sorted.value} onChange=${(/** @type {any} */ e) => (sorted.value = e.currentTarget.value)}>
        ${ORDER_NAMES.map((name) => html`<option value=${name}>${name}</option>`)}</select></label>
      <label><input type="checkbox" checked=${onlyShown.value}
        onChange=${(/** @type {any} */ e) => (onlyShown.value = e.currentTarget.checked)} /> in VRAM now</label>
      <span class="count">${shown.length} of ${all.blocks.length}</span>
    </div>
    <ul class="sprites blocks">${shown.map((block) => html`<li key=${`${block.codec}${block.offset}`}>
      <button onClick=${() => (opened.value = { codec: block.codec, offset: block.offset })}>
        <${Thumbnail} block=${block} />
        <span>${block.codec} ${hex(block.offset)}</span>${block.name && html`<b>${block.name}</b>`}
        <small>${block.packed_size} → ${block.size} bytes, ${block.start}${block.vram ? `, ${block.vram} in VRAM` : ""}</small>
      </button></li>`)}</ul>`;
}

/** The view. */
export function Rom() {
  const ready = located.value !== null;
  useEffect(() => {
    if (!ready) return undefined;
    void refresh();
    return repeat(refresh, 1000);
  }, [ready]);
  return html`<div class="bar group" role="group" aria-label="What of the ROM">
    <button aria-pressed=${!raw.value} onClick=${() => (raw.value = false)}>Blocks</button>
    <button aria-pressed=${raw.value} onClick=${() => (raw.value = true)}>Raw bytes</button></div>
    <${RomMap} />
    ${raw.value ? html`<${Raw} />` : html`<${Blocks} />`}`;
}
