// Which tiles of VRAM have a known origin, asked for only while a view shows it.
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { askOnce } from "./connection.js";
import { repeat } from "./visible.js";

/** Of each 32-byte unit of VRAM: 0 unknown, 1 known, 2 blank or of one colour. `null` while nothing is known.
 * @type {import("@preact/signals").Signal<Uint8Array | null>} */
export const originMap = signal(null);

let users = 0;
let stop = () => {};
let last = "";

/** @param {string} text base64 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}

async function look() {
  const found = await askOnce("tile_origins", { last }).catch(() => undefined);
  if (found === undefined) return;
  if (found === null) {
    last = "";
    originMap.value = null;
  } else if (found.units !== undefined) {
    last = found.name;
    originMap.value = fromBase64(found.units).reduce((all, byte, n) => {
      for (let k = 0; k < 4; k++) all[4 * n + k] = (byte >> (2 * k)) & 3;
      return all;
    }, new Uint8Array(2048));
  }
}

/**
 * Keep `originMap` up to date while a component is shown and wants it.
 * @param {boolean} wanted
 */
export function useOriginMap(wanted) {
  useEffect(() => {
    if (!wanted) return undefined;
    if (users++ === 0) {
      last = "";
      void look();
      stop = repeat(look, 500);
    }
    return () => {
      if (--users === 0) stop();
    };
  }, [wanted]);
}

/**
 * Whether the origin of a tile is known: 0 no, 1 yes, 2 it holds too little to tell.
 * @param {Uint8Array} map
 * @param {number} vram byte address
 * @param {number} bytes size of the tile
 */
export function originOf(map, vram, bytes) {
  let known = 2;
  for (let unit = vram >> 5; unit < Math.max((vram >> 5) + 1, (vram + bytes) >> 5); unit++) {
    if (map[unit] === 0) return 0;
    if (map[unit] === 1) known = 1;
  }
  return known;
}
