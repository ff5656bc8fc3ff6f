// An origin in words.
/** @param {any} origin */
export function originText(origin) {
  const inside = origin.codec === "raw" ? "" : ` + 0x${origin.byte_offset.toString(16)}`;
  const by = origin.transform === "none" ? "" : `, ${origin.transform}`;
  return `${origin.codec} 0x${origin.block_offset.toString(16).padStart(6, "0")}${inside} (${origin.start}${by})`;
}

/** @param {any} origin */
export function snesText(origin) {
  const text = origin.snes.toString(16).padStart(6, "0").toUpperCase();
  return `$${text.slice(0, 2)}:${text.slice(2)}`;
}

/** @param {any} origin */
export function proof(origin) {
  if (!origin.evidence) return origin.start === "adjacent" ? "begins where another block ends" : "by content alone";
  const { kind, places, odds } = origin.evidence;
  const where = places.slice(0, 3).map((/** @type {number} */ at) => `0x${at.toString(16)}`).join(", ");
  return `${kind} at ${where}${places.length > 3 ? ", …" : ""}${odds ? `, odds ${odds.toExponential(0)} to 1` : ""}`;
}
