// The figure that was clicked: its name, and whether it is one figure at all.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "../connection.js";
import { askFigures, figureNow, figuresFrame } from "../figures.js";
import { html } from "../html.js";
import { pinned } from "../selection.js";

/** @typedef {import("../figures.js").Figure} Figure */

/** The figure that is merged with the next one that is clicked. */
export const merging = signal(/** @type {Figure | null} */ (null));
const told = signal("");

/**
 * Change figures for good, and show them anew.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 * @param {(answer: any) => string} text
 */
async function change(type, fields, text) {
  try {
    told.value = text(await ask(type, fields));
    await askFigures(true);
  } catch (error) {
    told.value = /** @type {Error} */ (error).message;
  }
}

/** Merge the figure that waits for it with another one. @param {Figure} other */
export async function mergeWith(other) {
  const first = merging.value;
  merging.value = null;
  if (first === null) return;
  await change("merge_figures", { sprites: [figureNow(first).sprites[0], figureNow(other).sprites[0]], frame: figuresFrame.peek() },
    () => "merged: these figures are one wherever they are on the screen together");
}

/** The panel; nothing while no figure is clicked. */
export function ChosenFigure() {
  const place = pinned.value, figure = place?.figure ? figureNow(place.figure) : null;
  const [name, setName] = useState("");
  const own = figure === null || figure.name === figure.key ? "" : figure.name.split("/").at(-1) ?? "";
  useLayoutEffect(() => setName(own), [place, own]); // before anybody can type; a figure's pictures change meanwhile
  useEffect(() => {
    told.value = "";
  }, [place]);
  if (figure === null) return null;
  const sprite = figure.sprites[0];
  /** @param {Event} event */
  const rename = (event) => {
    event.preventDefault();
    void change("name_figure", { sprite, frame: figuresFrame.peek(), name }, (path) => `its sheet is ${path}.png, here, in extract and in watched folders`);
  };
  return html`<form class="bar figure" aria-label="The clicked figure" onSubmit=${rename}>
    <label>Name <input type="text" value=${name} maxlength="60" placeholder=${figure.key.split("/").at(-1) ?? ""}
      onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} /></label>
    <button type="submit">${name === "" && own !== "" ? "Take the name away" : "Name it"}</button>
    ${figure.sprites.length > 1 && html`<button type="button" onClick=${() => change("split_figure", { sprite, frame: figuresFrame.peek() },
      () => "split, for good")}>Split</button>`}
    <button type="button" aria-pressed=${merging.value !== null}
      onClick=${() => (merging.value = merging.value === null ? figure : null)}>${
      merging.value === null ? "Merge…" : "Click the other figure"}</button>
    <button type="button" onClick=${() => change("join_figures", {}, (count) => `${count} split${count === 1 ? "" : "s"} taken back`)}>Undo splits</button>
    ${told.value && html`<span role="status">${told.value}</span>`}
  </form>`;
}
