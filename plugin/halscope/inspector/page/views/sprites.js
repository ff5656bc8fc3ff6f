// Every sprite on the screen as it looks now.
import { signal } from "@preact/signals";
import { resize, usePainted } from "../canvas.js";
import { html } from "../html.js";
import { frame, memory } from "../memory.js";
import { current, pinned, point } from "../selection.js";
import { cellAddress, colours, onScreen, spritePixels, sprites } from "../snes.js";

const palette = signal("all");
const size = signal("all");
const everywhere = signal(false);

/** @param {{index: number}} properties */
function Picture({ index }) {
  const canvas = usePainted((context, element) => {
    const sprite = sprites(memory.oam, memory.ppu.obsel)[index];
    if (sprite === undefined) return;
    resize(element, sprite.width, sprite.height);
    const image = context.createImageData(sprite.width, sprite.height);
    const words = new Uint32Array(image.data.buffer);
    const pixels = spritePixels(memory.vram, sprite);
    const all = colours(memory.cgram);
    for (let n = 0; n < pixels.length; n++) words[n] = pixels[n] ? all[128 + 16 * sprite.palette + pixels[n]] : 0;
    context.putImageData(image, 0, 0);
  }, [index]);
  return html`<canvas ref=${canvas} class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {{name: string, value: import("@preact/signals").Signal<string>, choices: string[]}} properties */
function Choice({ name, value, choices }) {
  return html`<label>${name}
    <select value=${value.value} onChange=${(/** @type {any} */ e) => (value.value = e.currentTarget.value)}>
      ${["all", ...choices].map((choice) => html`<option value=${choice}>${choice}</option>`)}
    </select></label>`;
}

/** The view. */
export function Sprites() {
  void frame.value;
  const all = sprites(memory.oam, memory.ppu.obsel);
  if (memory.ppu.obsel == null) {
    return html`<p class="empty">The host does not know OBSEL ($2101), so the sizes and tiles of sprites are unknown.
      Give it to Halscope with <code>--obsel</code>.</p>`;
  }
  const shown = all.filter((sprite) => (everywhere.value || (onScreen(sprite) && spritePixels(memory.vram, sprite).some(Boolean)))
    && (palette.value === "all" || `${sprite.palette}` === palette.value)
    && (size.value === "all" || `${sprite.width}x${sprite.height}` === size.value));
  const sizes = [...new Set(all.map((sprite) => `${sprite.width}x${sprite.height}`))].sort();
  const chosen = current()?.sprite;
  return html`
    <div class="bar">
      <${Choice} name="Palette" value=${palette} choices=${["0", "1", "2", "3", "4", "5", "6", "7"]} />
      <${Choice} name="Size" value=${size} choices=${sizes} />
      <label><input type="checkbox" checked=${everywhere.value}
        onChange=${(/** @type {any} */ e) => (everywhere.value = e.currentTarget.checked)} /> hidden and blank ones too</label>
      <span class="count">${shown.length} of ${all.length}</span>
    </div>
    ${shown.length === 0 && html`<p class="empty">No sprite is on the screen now. Play until one appears.</p>`}
    <ul class="sprites">
      ${shown.map((sprite) => {
        const place = { vram: cellAddress(sprite, 0, 0), bpp: 4, sprite: sprite.index };
        return html`<li key=${sprite.index}>
          <button class=${sprite.index === chosen ? "chosen" : ""} onPointerEnter=${() => point(place)}
            onPointerLeave=${() => point(null)} onFocus=${() => point(place)} onBlur=${() => point(null)}
            onClick=${() => (pinned.value = place)}>
            <${Picture} index=${sprite.index} />
            <span>${sprite.index}: ${sprite.width}×${sprite.height} at ${sprite.x},${sprite.y}</span>
            <small>palette ${sprite.palette}, priority ${sprite.priority}${sprite.hflip ? ", h" : ""}${
              sprite.vflip ? ", v" : ""}, tile ${hex(sprite.tile, 3)}</small>
          </button></li>`;
      })}
    </ul>`;
}

/** @param {number} value @param {number} digits */
function hex(value, digits) {
  return `$${value.toString(16).padStart(digits, "0")}`;
}
