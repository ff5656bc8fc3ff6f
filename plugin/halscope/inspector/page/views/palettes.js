// CGRAM: sixteen rows of sixteen colours; the lower eight are those of sprites.
import { signal } from "@preact/signals";
import { html } from "../html.js";
import { frame, memory } from "../memory.js";

const over = signal(/** @type {number | null} */ (null));

/** @param {number} colour BGR555 */
function css(colour) {
  const [r, g, b] = [colour & 31, (colour >> 5) & 31, (colour >> 10) & 31].map((c) => (c << 3) | (c >> 2));
  return `rgb(${r} ${g} ${b})`;
}

/** The view. */
export function Palettes() {
  void frame.value;
  const index = over.value;
  const value = index === null ? 0 : memory.cgram[index];
  return html`
    <div class="cgram" role="img" aria-label="The 256 colours of CGRAM" onPointerLeave=${() => (over.value = null)}>
      ${Array.from(memory.cgram, (colour, n) => html`<i key=${n} style=${{ background: css(colour) }}
        class=${n === index ? "chosen" : ""} onPointerEnter=${() => (over.value = n)}></i>`)}
    </div>
    <p class="line">${index === null
      ? "Rows 0 to 7 are background palettes, 8 to 15 those of sprites."
      : `Colour ${index} (row ${index >> 4}, ${index & 15}${index >= 128 ? `, sprite palette ${(index >> 4) - 8}` : ""}): $${
        value.toString(16).padStart(4, "0")}, red ${value & 31}, green ${(value >> 5) & 31}, blue ${(value >> 10) & 31}`}</p>`;
}
