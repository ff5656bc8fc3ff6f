"""Expansions of 1bpp and 2bpp, for 2bpp and 4bpp layers, from HAL blocks and from raw data; raw 3bpp."""

from __future__ import annotations

import numpy as np
from labart import page

from labbuild.model import Asset, Load, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import strip

BG1_TILES, BG3_TILES, BG1_MAP, BG3_MAP, OBJ_TILES = 0x0000, 0x4000, 0x8000, 0x8800, 0xC000
GLYPHS = 96
FIRST_RUNE, FIRST_CUT = GLYPHS, 2 * GLYPHS  # tile numbers in BG1
PAPER, CUT = 2, 3  # BG1's palettes; BG3 has 0 and 1 of its own size
ENTRIES = 32  # of a map, in both directions
LINES = (
    (2, "A PAGE OF ONE BIT LETTERS"),
    (4, "Plane 0 holds them; the"),
    (5, "other planes are empty."),
    (23, "Runes have every plane set:"),
)


def text(row: int, column: int, string: str, first: int, palette: int, entries: np.ndarray) -> None:
    """Write a line of text to a map."""
    for at, character in enumerate(string):
        entries[row, column + at] = first + ord(character) - 32 | palette << 10


def bg1() -> bytes:
    entries = np.zeros((ENTRIES, ENTRIES), np.uint16)
    for row, string in LINES:
        text(row, 3, string, 0, PAPER, entries)
    text(24, 3, "HALSCOPE LAB RUNES 0123456", FIRST_RUNE, PAPER, entries)
    wide, high = (size // 8 for size in page.CUT)
    cells = FIRST_CUT + np.arange(wide * high).reshape(high, wide)
    entries[8 : 8 + high, 3 : 3 + wide] = cells | CUT << 10
    return entries.astype("<u2").tobytes()


def bg3() -> bytes:
    entries = np.zeros((ENTRIES, ENTRIES), np.uint16)
    text(9, 20, "fig. 1", 0, 0, entries)
    text(11, 20, "A SHIP", 0, 1, entries)
    text(13, 20, "In rows", GLYPHS, 0, entries)
    text(15, 20, "of waves", GLYPHS, 1, entries)
    return entries.astype("<u2").tobytes()


def scene() -> Scene:
    return Scene(
        name="page",
        shows="1bpp expanded to 2bpp and 4bpp, with one plane or all of them; 2bpp expanded to 4bpp; raw 3bpp",
        registers=(
            (0x01, 3 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x09, BG3_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0C, BG3_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x12, 0xFF),
            (0x12, 0x03),
            (0x2C, 0x15),
        ),
        assets=(
            Asset("letters", "tiles", strip(page.letters(), 1), "hal", bpp=1),
            Asset("runes", "tiles", strip(page.runes(), 1), bpp=1),
            Asset("woodcut", "tiles", strip(page.woodcut(), 2), "hal", bpp=2),
            Asset("gems", "sprites", strip(page.gems().pixels, 3), bpp=3),
            Asset("page_map", "map", bg1(), "hal"),
            Asset("page_notes", "map", bg3(), "hal"),
        ),
        loads=(
            Load("letters", BG1_TILES, "1bpp-4bpp"),
            Load("runes", BG1_TILES + FIRST_RUNE * 32, "1bpp-4bpp-colour15"),
            Load("woodcut", BG1_TILES + FIRST_CUT * 32, "2bpp"),
            Load("letters", BG3_TILES, "1bpp"),
            Load("runes", BG3_TILES + GLYPHS * 16, "1bpp-colour3"),
            Load("page_map", BG1_MAP),
            Load("page_notes", BG3_MAP),
            Load("gems", OBJ_TILES, "3bpp-high"),
        ),
        palettes=((0, "inks"), (16 * PAPER, "paper"), (16 * CUT, "cut"), (128, "gem")),
        oam=oam([Sprite(24 + 26 * n, 206, 2 * n, 0) for n in range(8)]),
    )
