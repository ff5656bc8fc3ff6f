// Fields that views have in common. Each sets a signal.
import { html } from "./html.js";

/** @param {number} value @param {number} digits */
export const hex = (value, digits = 4) => `$${value.toString(16).padStart(digits, "0")}`;

/**
 * A choice of one of several. Each is a value, or a value and its text.
 * @param {{name: string, value: import("@preact/signals").Signal<any>, choices: (string | string[])[]}} properties
 */
export function Choice({ name, value, choices }) {
  return html`<label>${name} <select value=${`${value.value}`} onChange=${(/** @type {any} */ e) => (
    value.value = typeof value.peek() === "number" ? Number(e.currentTarget.value) : e.currentTarget.value)}>
    ${choices.map((one) => (Array.isArray(one) ? one : [one, one])).map(
      ([key, text]) => html`<option value=${key}>${text}</option>`)}</select></label>`;
}

/** @param {{name: string, value: import("@preact/signals").Signal<boolean>}} properties */
export function Switch({ name, value }) {
  return html`<label><input type="checkbox" checked=${value.value}
    onChange=${(/** @type {any} */ e) => (value.value = e.currentTarget.checked)} /> ${name}</label>`;
}

/**
 * A field for an address in hexadecimal.
 * @param {{name: string, value: import("@preact/signals").Signal<number>, most: number}} properties
 */
export function Address({ name, value, most }) {
  return html`<label>${name} <input type="text" size="7" value=${hex(value.value)} onChange=${(/** @type {any} */ e) => {
    const found = Number.parseInt(e.currentTarget.value.trim().replace(/^(0x|\$)/i, ""), 16);
    if (Number.isInteger(found) && found >= 0 && found <= most) value.value = found;
    e.currentTarget.value = hex(value.peek());
  }} /></label>`;
}
