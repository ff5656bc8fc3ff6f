// The views of the right pane, in the order of their tabs and of the keys 1 to 9.
import { Compare } from "./compare.js";
import { Oam } from "./oam.js";
import { Palettes } from "./palettes.js";
import { Registers } from "./registers.js";
import { Rom } from "./rom.js";
import { Sprites } from "./sprites.js";
import { Vram } from "./vram.js";

/** @type {[name: string, view: () => any][]} */
export const VIEWS = [
  ["Sprites", Sprites],
  ["VRAM", Vram],
  ["Palettes", Palettes],
  ["OAM", Oam],
  ["Registers", Registers],
  ["ROM", Rom],
  ["Compare", Compare],
];
