// Colours of the SNES (BGR555: red in bits 0 to 4, green 5 to 9, blue 10 to 14) as numbers, as texts, and as hue,
// saturation and brightness.

/**
 * Red, green and blue, 0 to 31 each.
 * @param {number} word BGR555
 * @returns {[number, number, number]}
 */
export function levels(word) {
  return [word & 31, (word >> 5) & 31, (word >> 10) & 31];
}

/**
 * A colour from red, green and blue, which are kept within 0 to 31.
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
export function wordOf(red, green, blue) {
  const [r, g, b] = [red, green, blue].map((level) => Math.min(31, Math.max(0, Math.round(level))));
  return r | (g << 5) | (b << 10);
}

/**
 * As "#rrggbb": a level c is shown as c << 3 | c >> 2.
 * @param {number} word
 */
export function hexOf(word) {
  return `#${levels(word).map((level) => ((level << 3) | (level >> 2)).toString(16).padStart(2, "0")).join("")}`;
}

/**
 * As the console's word: "$7fff".
 * @param {number} word
 */
export function wordText(word) {
  return `$${(word & 0x7fff).toString(16).padStart(4, "0")}`;
}

/**
 * Hue (0 to 360), saturation and brightness (0 to 1).
 * @param {number} word
 * @returns {[number, number, number]}
 */
export function hsvOf(word) {
  const [r, g, b] = levels(word).map((level) => level / 31);
  const most = Math.max(r, g, b), span = most - Math.min(r, g, b);
  let hue = 0;
  if (span > 0) hue = most === r ? ((g - b) / span + 6) % 6 : most === g ? (b - r) / span + 2 : (r - g) / span + 4;
  return [hue * 60, most === 0 ? 0 : span / most, most];
}

/**
 * The nearest colour of the console to a hue, saturation and brightness.
 * @param {number} hue
 * @param {number} saturation
 * @param {number} value
 */
export function wordOfHsv(hue, saturation, value) {
  const at = (/** @type {number} */ n) => {
    const k = (n + (((hue % 360) + 360) % 360) / 60) % 6;
    return 31 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return wordOf(at(5), at(3), at(1));
}

/**
 * The nearest level of the console to a value from 0 to 255.
 * @param {number} value
 */
function level(value) {
  return Math.round((value * 31) / 255);
}

/** @param {string} digits six */
function wordOfHex(digits) {
  const [r, g, b] = [0, 2, 4].map((at) => level(parseInt(digits.slice(at, at + 2), 16)));
  return wordOf(r, g, b);
}

/**
 * The colours that a text holds: "#rrggbb", "rrggbb", "#rgb", "$7fff" or "0x7fff" (the console's word), "rgb(r, g, b)"
 * with values to 255, or a GIMP palette. Values that are none of the console's become the nearest. Empty for others.
 * @param {string} text
 * @returns {number[]}
 */
export function parseColours(text) {
  if (/^\s*GIMP Palette/.test(text)) {
    const rows = text.split("\n").map((line) => /^\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(\s|$)/.exec(line));
    return rows.flatMap((row) => (row === null ? [] : [wordOf(level(+row[1]), level(+row[2]), level(+row[3]))]));
  }
  const found = [];
  for (const one of text.trim().split(/[\s;]+(?![^(]*\))|,(?![^(]*\))/)) {
    const hex = /^#?([0-9a-f]{6})$/i.exec(one), short = /^#([0-9a-f]{3})$/i.exec(one);
    const word = /^(?:\$|0x)([0-9a-f]{1,4})$/i.exec(one);
    const rgb = /^rgb\((\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\)$/i.exec(one);
    if (hex) found.push(wordOfHex(hex[1]));
    else if (short) found.push(wordOfHex([...short[1]].map((digit) => digit + digit).join("")));
    else if (word) found.push(parseInt(word[1], 16) & 0x7fff);
    else if (rgb) found.push(wordOf(level(+rgb[1]), level(+rgb[2]), level(+rgb[3])));
    else if (one !== "") return [];
  }
  return found;
}

/**
 * A palette as GIMP reads it.
 * @param {string} name
 * @param {number[]} words
 */
export function gplOf(name, words) {
  const rows = words.map((word, n) => `${levels(word).map((c) => String((c << 3) | (c >> 2)).padStart(3)).join(" ")}\tIndex ${n}`);
  return `GIMP Palette\nName: ${name}\nColumns: 16\n#\n${rows.join("\n")}\n`;
}

/** @param {number} row 0 to 15 */
export function rowName(row) {
  return row < 8 ? `BG ${row}` : `OBJ ${row - 8}`;
}
