// Signals whose values the browser keeps for this page.
import { effect, signal } from "@preact/signals";

/**
 * A signal that starts with the value that it had when the page was last open, if that is of the same kind.
 * @template {string | number | boolean} T
 * @param {string} name
 * @param {T} initial
 * @returns {import("@preact/signals").Signal<T>}
 */
export function remembered(name, initial) {
  const kept = localStorage.getItem(name);
  let value = initial;
  if (kept !== null) {
    if (typeof initial === "number") value = /** @type {T} */ (Number.isFinite(Number(kept)) ? Number(kept) : initial);
    else if (typeof initial === "boolean") value = /** @type {T} */ (kept === "true");
    else value = /** @type {T} */ (kept);
  }
  const found = /** @type {import("@preact/signals").Signal<T>} */ (signal(value));
  effect(() => localStorage.setItem(name, String(found.value)));
  return found;
}
