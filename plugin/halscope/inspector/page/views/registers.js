// The PPU's registers by name, with what their bits mean. The server has the table (halscope.ppu.describe_registers).
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "../connection.js";
import { html } from "../html.js";
import { frame, memory, onPaint } from "../memory.js";

/** @typedef {{field: string, address: number, name: string, title: string, value: number | null, fields: [string, string][]}} Register */

const ASK_EVERY = 100; // milliseconds: scrolls change in every frame
const MARKED = 12; // frames for which a change stays marked while the game runs
/** @type {import("@preact/signals").Signal<Map<string, Register>>} */
const registers = signal(new Map());
const search = signal("");
const error = signal("");
/** Values as they were last painted, and the frame in which each was last changed. */
const last = /** @type {Map<string, number | null>} */ (new Map());
const changed = /** @type {Map<string, number>} */ (new Map());
/** Registers that are to be asked about. @type {Set<string>} */
const stale = new Set();
let asking = false;
let askedAt = 0;

function look() {
  for (const [name, value] of Object.entries(memory.ppu)) {
    if (last.get(name) === value) continue;
    if (last.has(name)) changed.set(name, frame.peek());
    last.set(name, value);
    stale.add(name);
  }
  const now = performance.now();
  if (asking || stale.size === 0 || now - askedAt < ASK_EVERY) return;
  const only = [...stale];
  stale.clear();
  [asking, askedAt] = [true, now];
  ask("registers", { only }).then(
    (found) => {
      error.value = "";
      registers.value = new Map([...registers.peek(), ...(found ?? []).map((/** @type {Register} */ one) => [one.field, one])]
        .sort(([, one], [, other]) => one.address - other.address));
    },
    (reason) => (error.value = reason.message),
  ).finally(() => (asking = false));
}

/** @param {{one: Register}} properties */
function Row({ one }) {
  const value = memory.ppu[one.field];
  const digits = (value ?? 0) > 255 ? 4 : 2;
  const isNew = Math.abs(frame.value - (changed.get(one.field) ?? -1000)) < MARKED;
  return html`<tr class=${isNew ? "changed" : ""}>
    <td>$${one.address.toString(16).toUpperCase()}</td><th scope="row">${one.name}</th>
    <td>${value == null ? "unknown" : `$${value.toString(16).padStart(digits, "0")}`}</td>
    <td><span>${one.title}</span>${value == null ? html`: <em>this host cannot know it</em>` : one.fields.map(([name, words]) =>
      html`<span class="meaning"><small>${name}</small> ${words}</span>`)}</td></tr>`;
}

/** The view. */
export function Registers() {
  useEffect(() => {
    for (const name of Object.keys(memory.ppu)) stale.add(name);
    look();
    return onPaint(look);
  }, []);
  const text = search.value.toLowerCase();
  const all = [...registers.value.values()];
  const found = all.filter((one) => `${one.name} $${one.address.toString(16)} ${one.title} ${one.fields.flat().join(" ")}`.toLowerCase().includes(text));
  if (error.value) return html`<p class="trouble" role="alert">${error.value}</p>`;
  if (all.length === 0) return html`<p class="empty">Waiting for the first frame.</p>`;
  return html`<div class="bar"><label>Search <input type="search" value=${search.value}
      onInput=${(/** @type {any} */ e) => (search.value = e.currentTarget.value)} /></label>
      <span class="count">${found.length} of ${all.length}</span></div>
    <div class="scroll" tabindex="0"><table class="registers">
      <thead><tr>${["address", "register", "value", "meaning"].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${found.map((one) => html`<${Row} key=${one.field} one=${one} />`)}</tbody></table></div>`;
}
