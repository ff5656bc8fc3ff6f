// The keyboard: every key of the page, in one table, which the sheet of keys shows.

/**
 * @typedef {{key: string, shown?: string, does: string, run: () => unknown}} Key
 * `key` as KeyboardEvent tells it, or "" for an entry of the sheet alone.
 */

/** @type {Key[]} */
export const keys = [];

/**
 * Add keys. A key that is taken is a mistake of the page.
 * @param {...Key} more
 */
export function addKeys(...more) {
  for (const one of more) {
    if (one.key && keys.some((other) => other.key === one.key)) throw new Error(`the key ${one.key} is taken`);
    keys.push(one);
  }
}

/**
 * Do what a key does. Returns whether it does anything.
 * @param {KeyboardEvent} event
 */
export function runKey(event) {
  const found = keys.find((one) => one.key === event.key);
  if (found === undefined) return false;
  void found.run();
  return true;
}
