// A saved sheet whose colours do not fit: which pixel, both values, and one button that mends it.
import { signal } from "@preact/signals";
import { ask, onMessage } from "../connection.js";
import { html } from "../html.js";

/**
 * @typedef {{name: string, x: number, y: number, colour: string, index: number | null, nearest: string, nearest_index: number,
 *   palette: number, elsewhere: number | null, pixels: number, colours: number}} Misfit
 */

/** @type {import("@preact/signals").Signal<Misfit[]>} */
const sheets = signal([]);
/** Why a sheet could not be mended. */
const failed = signal("");

onMessage("misfit", (message) => {
  sheets.value = message.sheets;
  failed.value = "";
});

/** @param {Misfit} one */
async function mend(one) {
  try {
    await ask("mend", { name: one.name });
    failed.value = "";
  } catch (error) {
    failed.value = /** @type {Error} */ (error).message;
  }
}

/** @param {{colour: string}} properties */
function Swatch({ colour }) {
  return html`<i class="swatch" style=${{ background: colour }}></i><code>${colour}</code>`;
}

/** The lines about sheets that do not fit; nothing where all do. */
export function Misfits() {
  return sheets.value.map((one) => html`<p class="misfit" role="alert" key=${one.name}>
    <strong>${one.name}</strong>: the pixel at (${one.x}, ${one.y})${one.index === null ? "" : `, index ${one.index},`} is <${Swatch}
      colour=${one.colour} />, which ${one.elsewhere === null ? "is not in its palette" : `is in palette ${
      one.elsewhere}, and its tile uses palette ${one.palette}`}; nearest is <${Swatch} colour=${one.nearest} />, index ${
      one.nearest_index}${one.pixels > 1 ? `. ${one.pixels} pixels in ${one.colours} colour${one.colours === 1 ? "" : "s"} do not fit` : ""}
    <button onClick=${() => mend(one)}>Use the nearest colours</button> ${failed.value}</p>`);
}
