// Everything that the sprites show: the figures that they make up, or each sprite alone.
import { signal } from "@preact/signals";
import { resize, usePainted } from "../canvas.js";
import { figureImage, figureNow, figureSprites, figures, figuresTrouble, spriteTiles, useFigures } from "../figures.js";
import { html } from "../html.js";
import { frame, memory } from "../memory.js";
import { Collect } from "./collect.js";
import { ChosenFigure, mergeWith, merging } from "./figure.js";
import { current, pinned, point, pointedSprites } from "../selection.js";
import { drawSprite, shownSprites } from "../rows.js";
import { cellAddress, onScreen, spritePixels } from "../snes.js";

/**
 * @typedef {import("../figures.js").Figure} Figure
 * @typedef {import("../snes.js").Sprite} Sprite
 * @typedef {import("../selection.js").Place} Place
 */

const JUST_NOW = 30; // frames in which a change counts as "now": a mark of one frame could not be seen

const shows = signal(localStorage.getItem("sprites-show") === "sprites" ? "sprites" : "figures");
const palette = signal("all");
const size = signal("all");
const text = signal("");
const onlyChanged = signal(false);
const onlyUnknown = signal(false);
const everywhere = signal(false);

/** @param {{index: number}} properties */
function SpritePicture({ index }) {
  const canvas = usePainted((context, element) => {
    const sprite = shownSprites()[index];
    if (sprite === undefined) return;
    resize(element, sprite.width, sprite.height);
    const image = context.createImageData(sprite.width, sprite.height);
    drawSprite(sprite, new Uint32Array(image.data.buffer));
    context.putImageData(image, 0, 0);
  }, [index]);
  return html`<canvas ref=${canvas} class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {{figure: Figure}} properties */
function FigurePicture({ figure }) {
  const canvas = usePainted((context, element) => {
    const image = figureImage(figure);
    if (image === null) return; // its sprites are arranged anew; the next answer has it
    resize(element, image.width, image.height);
    context.putImageData(image, 0, 0);
  }, [figure]);
  return html`<canvas ref=${canvas} width="1" height="1" class="pixels" aria-hidden="true"></canvas>`;
}

/** @param {{name: string, value: import("@preact/signals").Signal<string>, choices: string[]}} properties */
function Choice({ name, value, choices }) {
  return html`<label>${name}
    <select value=${value.value} onChange=${(/** @type {any} */ e) => (value.value = e.currentTarget.value)}>
      ${["all", ...choices].map((choice) => html`<option value=${choice}>${choice}</option>`)}
    </select></label>`;
}

/** @param {{name: string, value: import("@preact/signals").Signal<boolean>}} properties */
function Check({ name, value }) {
  return html`<label><input type="checkbox" checked=${value.value}
    onChange=${(/** @type {any} */ e) => (value.value = e.currentTarget.checked)} /> ${name}</label>`;
}

/** @param {"figures" | "sprites"} what */
function show(what) {
  shows.value = what;
  localStorage.setItem("sprites-show", what);
}

/** @param {number} value @param {number} digits */
function hex(value, digits) {
  return `$${value.toString(16).padStart(digits, "0")}`;
}

/**
 * Where a figure is pointed at: its first tile that shows something, and of those one whose origin is known if any is.
 * @param {Figure} figure
 * @returns {Place}
 */
export function placeOfFigure(figure) {
  const unknown = new Set(figureNow(figure).unknown);
  const places = figureSprites(figure).flatMap((sprite) => spriteTiles(sprite).map((vram) => ({ vram, bpp: 4, sprite: sprite.index, figure })));
  const visible = places.filter(({ vram }) => memory.vram.subarray(vram, vram + 32).some(Boolean));
  return visible.find(({ vram }) => !unknown.has(vram)) ?? visible[0] ?? places[0] ?? { vram: 0, bpp: 4, sprite: null, figure };
}

/** @param {Sprite} sprite @returns {Place} */
function placeOfSprite(sprite) {
  return { vram: cellAddress(sprite, 0, 0), bpp: 4, sprite: sprite.index };
}

/** @param {number[]} tiles VRAM byte addresses */
function changedNow(tiles) {
  return tiles.some((tile) => frame.value - memory.changed[tile >> 5] <= JUST_NOW && memory.changed[tile >> 5] > firstFrame);
}

let firstFrame = -1; // its VRAM came whole: that is no change

/** @param {Figure} figure */
function blocksOf(figure) {
  const known = figure.origins.map((one) => `${one.codec} 0x${one.block_offset.toString(16).padStart(6, "0")}: ${
    one.tiles} tile${one.tiles === 1 ? "" : "s"}, ${one.start}`);
  return figure.unknown.length === 0 ? known : [...known, `${figure.unknown.length} of unknown origin`];
}

/** @param {{place: Place, chosen: boolean, children?: unknown}} properties */
function Card({ place, chosen, children }) {
  return html`<button class=${chosen ? "chosen" : ""} onPointerEnter=${() => point(place)} onPointerLeave=${() => point(null)}
    onFocus=${() => point(place)} onBlur=${() => point(null)}
    onClick=${() => (merging.value !== null && place.figure ? void mergeWith(place.figure) : (pinned.value = place))}>${children}</button>`;
}

function Figures() {
  useFigures();
  const all = figures.value;
  if (all === null && figuresTrouble.value) return html`<p class="empty">${figuresTrouble.value}</p>`;
  if (all === null) return html`<p class="empty">The figures appear here with the first frame.</p>`;
  const wanted = text.value.trim().toLowerCase();
  const shown = all.filter((figure) => (palette.value === "all" || figure.palettes.includes(Number(palette.value)))
    && (size.value === "all" || `${figure.width}x${figure.height}` === size.value)
    && (!onlyUnknown.value || figure.unknown.length > 0)
    && (!onlyChanged.value || changedNow(figureSprites(figure).flatMap(spriteTiles)))
    && (wanted === "" || `${figure.name} ${blocksOf(figure).join(" ")}`.toLowerCase().includes(wanted)));
  const marked = pointedSprites();
  return html`
    <${Bar} shown=${shown.length} all=${all.length} sizes=${all.map((one) => `${one.width}x${one.height}`)} />
    ${figuresTrouble.value && html`<p class="line" role="status">${figuresTrouble.value}</p>`}
    <${Collect} />
    <${ChosenFigure} />
    ${shown.length === 0 && html`<p class="empty">${all.length === 0 ? "No sprite is on the screen now. Play until one appears."
      : "No figure on the screen now is what the filters ask for."}</p>`}
    <ul class="sprites figures">${shown.map((figure) => html`<li key=${figure.sprites[0]}>
      <${Card} place=${placeOfFigure(figure)} chosen=${figure.sprites.some((one) => marked.has(one))}>
        <${FigurePicture} figure=${figure} />
        <span>${figure.name || "figure"}: ${figure.width}×${figure.height} at ${figure.x},${figure.y}</span>
        <small>palette${figure.palettes.length === 1 ? "" : "s"} ${figure.palettes.join(", ")}; ${figure.sprites.length} sprite${
          figure.sprites.length === 1 ? "" : "s"}, ${figure.tiles} tile${figure.tiles === 1 ? "" : "s"}</small>
        ${blocksOf(figure).map((line) => html`<small key=${line}>${line}</small>`)}
      <//></li>`)}</ul>`;
}

function Sprites_() {
  useFigures(); // they know which tiles have no known origin
  const all = shownSprites();
  const unknown = new Set(figures.value?.flatMap((one) => one.unknown) ?? []);
  const wanted = text.value.trim().toLowerCase();
  const shown = all.filter((sprite) => (everywhere.value || (onScreen(sprite) && spritePixels(memory.vram, sprite).some(Boolean)))
    && (palette.value === "all" || `${sprite.palette}` === palette.value)
    && (size.value === "all" || `${sprite.width}x${sprite.height}` === size.value)
    && (!onlyUnknown.value || spriteTiles(sprite).some((tile) => unknown.has(tile)))
    && (!onlyChanged.value || changedNow(spriteTiles(sprite)))
    && (wanted === "" || `${sprite.index} ${hex(sprite.tile, 3)}`.includes(wanted)
      || figures.value?.some((one) => one.sprites.includes(sprite.index) && one.name.toLowerCase().includes(wanted))));
  const marked = pointedSprites();
  return html`
    <${Bar} shown=${shown.length} all=${all.length} sizes=${all.map((one) => `${one.width}x${one.height}`)} />
    <${Collect} />
    ${shown.length === 0 && html`<p class="empty">No sprite on the screen now is what the filters ask for.</p>`}
    <ul class="sprites">${shown.map((sprite) => html`<li key=${sprite.index}>
      <${Card} place=${placeOfSprite(sprite)} chosen=${marked.has(sprite.index)}>
        <${SpritePicture} index=${sprite.index} />
        <span>${sprite.index}: ${sprite.width}×${sprite.height} at ${sprite.x},${sprite.y}</span>
        <small>palette ${sprite.palette}, priority ${sprite.priority}${sprite.hflip ? ", h" : ""}${
          sprite.vflip ? ", v" : ""}, tile ${hex(sprite.tile, 3)}</small>
      <//></li>`)}</ul>`;
}

/** @param {{shown: number, all: number, sizes: string[]}} properties */
function Bar({ shown, all, sizes }) {
  const single = shows.value === "sprites";
  return html`<div class="bar">
    <span class="switch" role="group" aria-label="What is shown">
      ${/** @type {const} */ (["figures", "sprites"]).map((what) => html`<button aria-pressed=${shows.value === what}
        onClick=${() => show(what)}>${what}</button>`)}</span>
    <${Choice} name="Palette" value=${palette} choices=${["0", "1", "2", "3", "4", "5", "6", "7"]} />
    <${Choice} name="Size" value=${size} choices=${[...new Set([...sizes, ...(size.value === "all" ? [] : [size.value])])].sort()} />
    <label>Find <input type="search" value=${text.value} placeholder=${single ? "number, tile, figure" : "name, block"}
      onInput=${(/** @type {any} */ e) => (text.value = e.currentTarget.value)} /></label>
    <${Check} name="changed now" value=${onlyChanged} />
    <${Check} name="unknown origin" value=${onlyUnknown} />
    ${single && html`<${Check} name="hidden and blank ones too" value=${everywhere} />`}
    <span class="count">${shown} of ${all}</span>
  </div>`;
}

/** The view. */
export function Sprites() {
  if (firstFrame < 0) firstFrame = frame.value;
  void frame.value;
  void current();
  if (memory.ppu.obsel == null) {
    return html`<p class="empty">The host does not know OBSEL ($2101), so the sizes and tiles of sprites are unknown.
      Give it to Halscope with <code>--obsel</code>.</p>`;
  }
  return shows.value === "figures" ? html`<${Figures} />` : html`<${Sprites_} />`;
}
