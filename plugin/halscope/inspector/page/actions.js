// What a person can do with the thing that is pointed at: buttons in the line below, each with its key.
import { addKeys } from "./keys.js";
import { current } from "./selection.js";

/**
 * @typedef {import("./selection.js").Place} Place
 * @typedef {{name: string, key: string, does: string, applies: (place: Place) => boolean, run: (place: Place) => unknown}} Action
 */

/** @type {Action[]} */
export const actions = [];

/**
 * Add an action: its button is in the line about what is pointed at where it applies, its key does the same.
 * @param {Action} action
 */
export function addAction(action) {
  actions.push(action);
  const run = () => {
    const place = current();
    if (place !== null && action.applies(place)) void action.run(place);
  };
  addKeys({ key: action.key, does: action.does, run });
}
