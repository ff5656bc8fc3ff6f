// CGRAM: sixteen palettes of sixteen colours; the lower eight are those of sprites.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { gplOf, hexOf, levels, rowName, wordText } from "../colour.js";
import { choose, draft, paletteOf, shownWord, told } from "../colour_edit.js";
import { Picker, pasteColours, takePalette } from "../colour_picker.js";
import { onDrop } from "../edits.js";
import { paletteUse, spritesOf } from "../colour_use.js";
import { marked } from "../selection.js";
import { MARKED, changedAt, chosen, details, detailsError, pointedRow, shown, stored, version } from "../colour_state.js";
import { html } from "../html.js";
import { frame, located, memory, onPaint } from "../memory.js";
import { opened } from "./rom_data.js";
import { view } from "./view.js";

/**
 * Move the focus in the grid with the arrows, Home and End.
 * @param {KeyboardEvent} event
 */
function move(event) {
  const cell = /** @type {HTMLElement} */ (event.target).closest("[data-colour]");
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16 }[event.key];
  if (cell === null || (step === undefined && event.key !== "Home" && event.key !== "End")) return;
  const at = Number(/** @type {HTMLElement} */ (cell).dataset.colour);
  const to = event.key === "Home" ? at & ~15 : event.key === "End" ? at | 15 : at + (step ?? 0);
  event.preventDefault();
  event.stopPropagation(); // the arrows play the game elsewhere
  if (to < 0 || to > 255) return;
  const next = /** @type {HTMLElement | null} */ (document.querySelector(`[data-colour="${to}"]`));
  next?.focus();
}

/** What shows each palette now, looked at a few times a second. */
const use = signal(paletteUse());
const LOOK_EVERY = 15; // frames

/** @param {{layers: Set<string>, sprites: number}} one */
function useText({ layers, sprites }) {
  const parts = [...layers];
  if (sprites > 0) parts.push(`${sprites} sprite${sprites === 1 ? "" : "s"}`);
  return parts.join(", ");
}

/** @param {number | null} row */
function pointAt(row) {
  pointedRow.value = row;
  marked.value = new Set(row === null || row < 8 ? [] : spritesOf(row));
}

/** @param {number} row */
function wordsOf(row) {
  return Array.from({ length: 16 }, (_, n) => shownWord(16 * row + n));
}

const copied = signal("");

/** @param {number | null} row null: all of CGRAM @param {string} form */
async function copy(row, form) {
  const words = row === null ? [...memory.cgram] : wordsOf(row);
  const name = row === null ? "CGRAM" : rowName(row);
  try {
    if (form === "PNG") {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [16, words.length / 16];
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      words.forEach((word, n) => {
        context.fillStyle = hexOf(word);
        context.fillRect(n & 15, n >> 4, 1, 1);
      });
      const blob = await new Promise((done) => canvas.toBlob(done));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": /** @type {Blob} */ (blob) })]);
    } else {
      await navigator.clipboard.writeText(form === "GPL" ? gplOf(name, words) : words.map(hexOf).join(" "));
    }
    copied.value = `copied ${name} as ${form}`;
  } catch (error) {
    copied.value = `not copied: ${/** @type {Error} */ (error).message}`;
  }
}

onDrop(".palettes", (file, target) => {
  const row = Number(target.closest("[role=row]")?.getAttribute("aria-rowindex") ?? 0) - 1;
  if (row >= 0) choose(paletteOf(row));
  void takePalette(file);
});

/** @param {ClipboardEvent} event */
function onPaste(event) {
  if (/** @type {HTMLElement} */ (event.target).matches?.("input, textarea")) return;
  const file = event.clipboardData?.files[0];
  if (file !== undefined) void takePalette(file);
  if (file !== undefined || pasteColours(event.clipboardData?.getData("text") ?? "")) event.preventDefault();
}

/** @param {{row: number}} properties */
function Row({ row }) {
  const now = frame.peek(), known = stored.value, picked = chosen.value;
  const focus = picked[0] ?? 0;
  const whole = picked.length > 1 && picked[0] >> 4 === row;
  const used = useText(use.value[row]);
  return html`<div role="row" aria-rowindex=${row + 1}>
    <span role="rowheader"><button class=${`row ${used ? "used" : ""}`} aria-pressed=${whole}
      onClick=${() => choose(whole ? [] : paletteOf(row))}
      aria-label=${`${rowName(row)}, ${used ? `shown by ${used}` : "not shown now"}`}
      title=${`${used ? `Shown now by ${used}. ` : "Not shown now. "}Click: choose the whole palette`}
      onPointerEnter=${() => pointAt(row)} onPointerLeave=${() => pointAt(null)}
      onFocus=${() => pointAt(row)} onBlur=${() => pointAt(null)}>${rowName(row)}</button></span>
    ${Array.from({ length: 16 }, (_, n) => {
      const colour = 16 * row + n, word = shownWord(colour);
      const marks = [picked.includes(colour) && "chosen", Math.abs(now - changedAt[colour]) < MARKED && "changed",
        known !== null && known[colour] === 0 && "placeless"];
      return html`<span role="gridcell" key=${n} aria-selected=${picked.includes(colour)}><button data-colour=${colour}
        tabindex=${colour === focus ? 0 : -1} class=${marks.filter(Boolean).join(" ")} style=${{ background: hexOf(word) }}
        aria-label=${`colour ${colour}, ${wordText(word)}`}
        onClick=${() => choose([colour])}></button></span>`;
    })}</div>`;
}

/** @param {any} place */
function placeText(place) {
  const inside = place.codec === "raw" ? "" : ` + 0x${place.byte_offset.toString(16)}`;
  return `${place.codec} 0x${place.block_offset.toString(16).padStart(6, "0")}${inside}`;
}

/** @param {any} place */
function snesText(place) {
  if (place.snes === null) return "";
  const text = place.snes.toString(16).padStart(6, "0").toUpperCase();
  return `$${text.slice(0, 2)}:${text.slice(2)}`;
}

/** @param {any} place */
function proofText(place) {
  const { first, count, odds } = place.run;
  const row = `colours ${first} to ${first + count - 1} stand there in a row`;
  if (place.codec === "raw") return `${row} (odds against chance 2^${odds})`;
  if (!place.evidence) return `${row}; ${place.start === "adjacent" ? "the block begins where another ends" : "the block's start is not proven"}`;
  const { kind, places } = place.evidence;
  const where = places.slice(0, 3).map((/** @type {number} */ at) => `0x${at.toString(16)}`).join(", ");
  return `${row}; ${kind}${where ? ` at ${where}` : ""}${places.length > 3 ? ", …" : ""}`;
}

/** @param {{place: any}} properties */
function Place({ place }) {
  return html`<div class="place"><strong class="found">${placeText(place)}</strong> <span>${snesText(place)}</span>
    <span>${place.start === "content" && place.codec === "raw" ? "plain bytes" : place.start}</span>
    ${place.name && html`<span>${place.name}</span>`}
    ${place.codec !== "raw" && html`<button onClick=${() => {
      opened.value = { codec: place.codec, offset: place.block_offset };
      view.value = "ROM";
    }}>Block</button>`}
    <button onClick=${() => void navigator.clipboard?.writeText(`${placeText(place)} ${snesText(place)}`)}>Copy</button>
    <small>${proofText(place)}</small></div>`;
}

/** Where the chosen colour is stored. */
function Places() {
  const found = details.value;
  if (detailsError.value) return html`<p class="trouble" role="alert">${detailsError.value}</p>`;
  if (found === null) {
    return html`<p class="empty">${located.value === null ? "The ROM is not indexed yet: places are unknown." : "looking…"}</p>`;
  }
  const [best, ...others] = found.places;
  return html`<div class="places">
    ${best === undefined ? html`<p class="why">${found.why}</p>` : html`<${Place} place=${best} />`}
    ${found.fades.map((/** @type {any} */ fade) => html`<p>${fade.text}: stored at ${placeText(fade)}</p>`)}
    ${others.length > 0 && html`<details><summary>${others.length} other ${others.length === 1 ? "place" : "places"}</summary>
      ${others.map((/** @type {any} */ place) => html`<${Place} place=${place} />`)}</details>`}
    ${found.buffers.length > 0 && html`<p class="line">copied in ${found.buffers.map((/** @type {any} */ one) =>
      `${one.space.toUpperCase()} $${one.offset.toString(16).padStart(4, "0")}`).join(", ")}, from where the game may refresh it</p>`}
  </div>`;
}

/** The chosen colour or palette in words, and copies of its palette. */
function Chosen() {
  const [colour] = chosen.value, row = colour === undefined ? null : colour >> 4;
  const buttons = html`<span class="copies">Copy ${row === null ? "all" : rowName(row)} as ${["hex", "GPL", "PNG"].map((form) => html`<button
    key=${form} onClick=${() => void copy(row, form)}>${form}</button>`)}${copied.value && html`<small role="status">${copied.value}</small>`}</span>`;
  if (colour === undefined) {
    return html`<p class="empty">Click a colour to see where in the ROM it is stored and to change it; click a palette's
      name to change all of it; paste colours there, or drop a palette file or a PNG on a palette. ${buttons}</p>
      ${told.value.bad && html`<p class="trouble" role="alert">${told.value.text}</p>`}`;
  }
  if (chosen.value.length > 1) {
    return html`<p class="line"><strong>${rowName(colour >> 4)}</strong>, colours 1 to 15: ${
      useText(use.value[colour >> 4]) || "not shown now"} ${buttons}</p>`;
  }
  const word = shownWord(colour);
  const [r, g, b] = levels(word);
  return html`<p class="line"><strong>${rowName(colour >> 4)}, colour ${colour & 15}</strong> (CGRAM ${colour}, byte $${
    (2 * colour).toString(16).padStart(3, "0")}): ${wordText(word)} ${hexOf(word)}, red ${r}, green ${g}, blue ${b} ${buttons}</p>`;
}

/** The view. */
export function Palettes() {
  void version.value;
  void draft.value;
  useEffect(() => {
    shown.value++;
    const stop = onPaint(() => {
      if (frame.peek() % LOOK_EVERY === 0) {
        const now = paletteUse();
        if (now.some((one, row) => useText(one) !== useText(use.peek()[row]))) use.value = now;
        if (pointedRow.peek() !== null) pointAt(pointedRow.peek());
      }
    });
    document.addEventListener("paste", onPaste);
    use.value = paletteUse();
    return () => {
      stop();
      document.removeEventListener("paste", onPaste);
      shown.value--;
      pointAt(null);
    };
  }, []);
  return html`<div class="scroll palettes" tabindex="0">
    <div class="cgram" role="grid" aria-label="CGRAM: 16 palettes of 16 colours" aria-rowcount="16" aria-colcount="17"
      onKeyDown=${move}>${Array.from({ length: 16 }, (_, row) => html`<${Row} key=${row} row=${row} />`)}</div>
    <${Chosen} />
    ${chosen.value.length > 0 && html`<${Picker} key=${chosen.value.join()} /><${Places} />`}
  </div>`;
}
