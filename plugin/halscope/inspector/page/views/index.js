// The views of the right pane, in the order of their tabs and of the keys 1 to 9.
import { Compare } from "./compare.js";
import { Coverage_ } from "./coverage.js";
import { Edits } from "./edits.js";
import { Oam } from "./oam.js";
import { Paint } from "./paint.js";
import { Palettes } from "./palettes.js";
import { Registers } from "./registers.js";
import { Rom } from "./rom.js";
import { Sprites } from "./sprites.js";
import { Tilemaps } from "./tilemaps.js";
import { Vram } from "./vram.js";

/** @type {[name: string, view: () => any][]} */
export const VIEWS = [
  ["Sprites", Sprites],
  ["VRAM", Vram],
  ["Palettes", Palettes],
  ["OAM", Oam],
  ["Registers", Registers],
  ["ROM", Rom],
  ["Tilemaps", Tilemaps],
  ["Coverage", Coverage_],
  ["Edits", Edits],
  ["Paint", Paint],
  ["Compare", Compare],
];
