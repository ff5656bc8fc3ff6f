// The PPU's registers by name.
import { html } from "../html.js";
import { frame, memory } from "../memory.js";

/** The view. */
export function Registers() {
  void frame.value;
  const names = Object.keys(memory.ppu);
  if (names.length === 0) return html`<p class="empty">Waiting for the first frame.</p>`;
  return html`<div class="scroll" tabindex="0"><dl class="registers">${names.map((name) => {
    const value = memory.ppu[name];
    return html`<div key=${name}><dt>${name.toUpperCase()}</dt>
      <dd>${value === null ? "unknown" : `$${value.toString(16).padStart(2, "0")}`}</dd></div>`;
  })}</dl></div>`;
}
