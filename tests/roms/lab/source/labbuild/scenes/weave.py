"""Interlace: sprites of half the height with both fields, and with OBJ interlace alone."""

from __future__ import annotations

from labbuild.model import Load, Scene
from labbuild.sprites import Sprite, oam

BG1_TILES, BG1_MAP, OBJ_TILES = 0x0000, 0x8000, 0xC000
SIZES_16_32 = 3
INTERLACE, OBJ_INTERLACE = 0x01, 0x02


def scene(name: str, shows: str, setini: int) -> Scene:
    return Scene(
        name=name,
        shows=shows,
        registers=(
            (0x01, SIZES_16_32 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x2C, 0x11),
            (0x33, setini),
        ),
        assets=(),
        loads=(
            Load("lake_tiles", BG1_TILES),
            Load("lake_map", BG1_MAP),
            Load("ducks", OBJ_TILES),
            Load("fish", OBJ_TILES + 0x800),
        ),
        palettes=((0, "dusk"), (16, "lake"), (128, "duck")),
        # Some cross the top edge, some are upside down, small ones are the quarter of a figure.
        oam=oam(
            [
                *(Sprite(10 + 40 * n, 40 + 23 * n, 4 * (n % 4), 0, large=True, vflip=n % 2 == 1) for n in range(6)),
                *(Sprite(14 + 40 * n, 165 - 20 * n, 0x40 + 4 * (n % 4), 0, large=True, hflip=n > 2) for n in range(6)),
                *(Sprite(20 + 60 * n, 250 - 2 * n, 4 * n, 0, large=True, vflip=n > 1) for n in range(4)),
                *(Sprite(30 + 50 * n, 200, 0x42 + 4 * (n % 4), 0, vflip=n % 2 == 0) for n in range(4)),
            ]
        ),
    )


def weave() -> Scene:
    return scene("weave", "interlace with OBJ interlace: both fields together show all rows", INTERLACE | OBJ_INTERLACE)


def halves() -> Scene:
    return scene(
        "halves", "OBJ interlace on a screen that is not interlaced: every second row of a sprite", OBJ_INTERLACE
    )


def fields() -> Scene:
    return scene(
        "fields", "interlace in mode 1: both fields show the same background rows, sprites are whole", INTERLACE
    )
