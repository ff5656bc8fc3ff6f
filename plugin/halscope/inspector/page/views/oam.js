// OAM as a table, as the hardware holds it.
import { html } from "../html.js";
import { frame, memory } from "../memory.js";
import { pinned, point, pointedSprites } from "../selection.js";
import { cellAddress, onScreen, sprites } from "../snes.js";

/** The view. */
export function Oam() {
  void frame.value;
  const chosen = pointedSprites();
  return html`<div class="scroll" tabindex="0"><table>
    <thead><tr>${["#", "x", "y", "size", "tile", "palette", "priority", "flip", "VRAM", "bytes"].map(
      (name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${sprites(memory.oam, memory.ppu.obsel).map((sprite) => {
      const place = { vram: cellAddress(sprite, 0, 0), bpp: 4, sprite: sprite.index };
      const bytes = [...memory.oam.subarray(4 * sprite.index, 4 * sprite.index + 4)];
      const classes = `${chosen.has(sprite.index) ? "chosen" : ""} ${onScreen(sprite) ? "" : "away"}`;
      return html`<tr key=${sprite.index} class=${classes} onPointerEnter=${() => point(place)}
          onPointerLeave=${() => point(null)} onClick=${() => (pinned.value = place)}>
        <th scope="row">${sprite.index}</th><td>${sprite.x}</td><td>${sprite.y}</td>
        <td>${sprite.width}×${sprite.height}</td><td>$${sprite.tile.toString(16).padStart(3, "0")}</td>
        <td>${sprite.palette}</td><td>${sprite.priority}</td><td>${sprite.hflip ? "h" : ""}${sprite.vflip ? "v" : ""}</td>
        <td>$${place.vram.toString(16).padStart(4, "0")}</td>
        <td><code>${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}</code></td></tr>`;
    })}</tbody></table></div>`;
}
