// The list of edits: what each changes, how full its blocks are, the history, and what was said.
import { useEffect, useRef, useState } from "preact/hooks";
import { dropped, edits, exported, exportPatch, picture, refusal, step, uses } from "../edits.js";
import { html } from "../html.js";
import { addKeys } from "../keys.js";
import { useSeen } from "../visible.js";
import { view } from "./view.js";

/** @typedef {import("../edits.js").Picture} Picture */

/**
 * Before and after, side by side.
 * @param {{at: number, id: number, sheet: string, made: string}} properties
 */
function Before({ at, id, sheet, made }) {
  const [found, setFound] = useState(/** @type {Picture | null} */ (null));
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const seen = useSeen(place);
  useEffect(() => {
    if (!seen) return undefined;
    let gone = false;
    picture(at, id).then((one) => !gone && setFound(one), () => !gone && setFound(null));
    return () => {
      gone = true;
    };
  }, [id, sheet, made, seen]);
  if (found === null) return html`<span class="thumb" ref=${place}></span>`;
  if (found.png !== null) {
    return html`<img class="thumb pixels" src=${`data:image/png;base64,${found.png}`} alt=${`${sheet} before and after`} />`;
  }
  return html`<span class="thumb swatches" role="img" aria-label=${`${found.before.length} colours before and after`}>
    ${[found.before, found.after].map((row) => html`<span>${row.map((colour) => html`<i style=${{ background: colour }}
      title=${colour}></i>`)}</span>`)}</span>`;
}

/** @param {number} value */
function hex(value) {
  return `0x${value.toString(16).padStart(6, "0")}`;
}

/** @param {import("../edits.js").Written} block */
function blockLine(block) {
  const what = [block.tiles && `${block.tiles} tile${block.tiles === 1 ? "" : "s"}`,
    block.colours && `${block.colours} colour${block.colours === 1 ? "" : "s"}`].filter(Boolean).join(", ");
  const where = `${block.codec} ${hex(block.block_offset)} ${block.snes}`;
  const pointers = block.pointers.length ? `; ${block.pointers.length} pointer${
    block.pointers.length === 1 ? "" : "s"} rewritten` : "";
  return { where, what, text: block.text + pointers, title: block.places.map(([from, to]) => `writes ${hex(from)} to ${
    hex(to - 1)}`).concat(block.pointers.map((at) => `pointer at ${hex(at)}`)).join("\n") };
}

/** @param {{edit: import("../edits.js").Edit, at: number}} properties */
function One({ edit, at }) {
  return html`<li>
    <${Before} at=${at} id=${edit.id} sheet=${edit.sheet} made=${edit.made} />
    <div><strong>${edit.sheet}</strong> <small>${edit.state === "applied" ? "in the game" : "waits for the game"}</small>
      ${edit.blocks.map((block) => {
        const { where, what, text, title } = blockLine(block);
        return html`<div title=${title}><code>${where}</code> ${what}, <span class="fill">${text}</span></div>`;
      })}</div>
    <button onClick=${() => step("revert", edit.id)} aria-label=${`Revert ${edit.sheet}`}>Revert</button>
  </li>`;
}

/** The view. */
export function Edits() {
  const all = edits.value;
  if (all === null || all.folder === null) {
    return html`<p class="empty">This game has no folder for edits. Start Halscope with <code>--watch DIR</code> or
      <code>--project DIR</code>.</p>`;
  }
  const refused = Object.entries(all.refused);
  return html`
    <div class="bar">
      <button disabled=${all.undo === 0} onClick=${() => step("undo")} title="Ctrl+Z">Undo</button>
      <button disabled=${all.redo === 0} onClick=${() => step("redo")} title="Ctrl+Shift+Z">Redo</button>
      <span>Patch</span>
      <button disabled=${all.edits.length === 0} onClick=${() => exportPatch("bps")} title="B">BPS</button>
      <button disabled=${all.edits.length === 0} onClick=${() => exportPatch("ips")}>IPS</button>
      <span class="count">${all.edits.length} edit${all.edits.length === 1 ? "" : "s"}</span>
    </div>
    ${refusal.value && html`<p class="trouble" role="alert">${refusal.value}</p>`}
    ${exported.value && html`<p class="exported" role="status">Written to <code>${exported.value.path}</code>, and saved by your browser.
      ${exported.value.lines.map((line) => html`<small>${line}</small>`)}</p>`}
    <div class="scroll edits" tabindex="0" role="group" aria-label="Edits">
      ${refused.map(([sheet, why]) => html`<p class="refused" key=${sheet}><strong>${sheet}</strong> is not in the game: ${why}</p>`)}
      ${all.edits.length === 0 && html`<p class="empty">Nothing is edited yet. Point at a sprite and press E: it opens in your
        image editor, and each save changes the game. The files are in <code>${all.folder}</code>.</p>`}
      <ul class="list">${all.edits.map((edit) => html`<${One} key=${edit.id} edit=${edit} at=${all.undo} />`)}</ul>
      ${all.steps.length > 0 && html`<h2>History</h2>
        <ol class="list history">${all.steps.toReversed().map((one) => html`<li key=${`${one.step} ${one.id}`} class=${
          one.undone ? "undone" : ""}>
          <${Before} at=${one.what === "reverted" ? one.step - 1 : one.step} id=${one.id} sheet=${one.sheet} made=${one.made} />
          <span>${one.step}. ${one.sheet}: ${one.what}${one.undone ? " (undone)" : ""}</span></li>`)}</ol>`}
      ${all.news.length > 0 && html`<h2>What was said</h2>
        <ul class="said">${all.news.toReversed().map((one) => html`<li class=${one.kind}>${one.text}</li>`)}</ul>`}
      <p class="empty">${all.project === null ? html`Kept in the files of <code>${all.folder}</code>.`
        : html`Each edit is saved in the project <code>${all.project}</code>.`}</p>
    </div>`;
}

/** @param {number} count @param {string} what */
function counted(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Who uses the tile that was asked about. */
function UsesOf() {
  const asked = uses.value;
  if (asked === null) return null;
  const { found, error, place } = asked;
  const close = html`<button onClick=${() => (uses.value = null)}>Close</button>`;
  if (found === null) return html`<aside class="uses" aria-label="Who uses this"><p class="trouble">${error || "no frame has come yet"}</p>${close}</aside>`;
  const others = found.sheets.filter((one) => !found.figures.some((figure) => `${figure.name}.png` === one.sheet));
  /** @param {{same: number, block: number}} one */
  const how = (one) => (one.same ? `this tile ${counted(one.same, "time")}; ` : "") + `${counted(one.block, "tile")} of the block`;
  return html`<aside class="uses" aria-label="Who uses this">
    <h2>Who uses the tile at VRAM $${place.vram.toString(16).padStart(4, "0")}</h2>
    <p class="block-use">${found.block.text}</p>
    <p>${counted(found.vram.length, "place")} in VRAM${found.layers ? `, ${found.layers} shown by a background layer` : ""}${
      found.elsewhere.length ? `; the ROM has the same bytes in ${counted(found.elsewhere.length, "other place")}, which an edit leaves as they are: ${
        found.elsewhere.slice(0, 4).map((one) => `${one.codec} ${hex(one.block_offset)}`).join(", ")}` : ""}</p>
    <ul>${found.figures.map((one) => html`<li key=${one.name + one.sprites}>on the screen: <strong>${one.name || "a figure"}</strong>${
      ` (sprite${one.sprites.length === 1 ? "" : "s"} ${one.sprites.join(", ")}): ${how(one)}`}</li>`)}
      ${others.map((one) => html`<li key=${one.sheet}>known: <strong>${one.sheet}</strong>: ${how(one)}</li>`)}</ul>
    ${close}</aside>`;
}

/** What became of a dropped picture, beside the place where it was dropped. */
function Dropped() {
  const one = dropped.value;
  if (one === null) return null;
  const left = `${Math.max(8, Math.min(one.x + 8, innerWidth - 360))}px`, top = `${Math.max(8, Math.min(one.y + 8, innerHeight - 120))}px`;
  return html`<div class=${`dropped ${one.bad ? "bad" : ""}`} role=${one.bad ? "alert" : "status"} style=${{ left, top }}>${one.text}
    <button onClick=${() => (dropped.value = null)}>Close</button></div>`;
}

/** The newest line about edits, wherever the page is; and who uses what was asked about. */
export function News() {
  const newest = edits.value?.news.at(-1);
  return html`<${Dropped} /><${UsesOf} />${newest !== undefined && html`<${Line} newest=${newest} />`}`;
}

/** @param {{newest: import("../edits.js").News}} properties */
function Line({ newest }) {
  return html`<div class=${`news ${newest.kind}`} role="status">${newest.text}
    ${view.value !== "Edits" && html`<button onClick=${() => (view.value = "Edits")}>Edits</button>`}</div>`;
}

addKeys(
  { key: "h", does: "show the edits and their history", run: () => (view.value = "Edits") },
  { key: "b", does: "write a BPS patch of all edits, for a friend", run: () => ((view.value = "Edits"), exportPatch("bps")) },
);
