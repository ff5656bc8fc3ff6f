"""HDMA on scroll registers: bands of the front by a direct table, a wavering sea by a repeating one."""

from __future__ import annotations

import math

from demobuild.graphics import tile_background
from labart import shore

from labbuild import hdma
from labbuild.model import Asset, Channel, Load, Rows, Scene

BG1_TILES, BG2_TILES, BG1_MAP, BG2_MAP = 0x0000, 0x4000, 0x8000, 0x8800
ROWS = 224
BAND_SCROLLS = (24, 440, 8, 1000, 0)  # of the front's bands; bits 8 and 9 count too
CALM = 4  # BG2's scroll above the sea


def scene() -> Scene:
    front, back = shore.bay_front(), shore.bay_back()
    front_tiles = tile_background(front.pixels, front.priority, {0: 2})
    back_tiles = tile_background(back.pixels, back.priority, {0: 3})
    bands = [(bottom - top, value) for (top, bottom), value in zip(shore.BANDS, BAND_SCROLLS, strict=True)]
    sea = [wave(row) for row in range(ROWS - shore.HORIZON)]
    return Scene(
        name="bay",
        shows="HDMA on scroll: BG1HOFS by a direct table in bands, BG2HOFS by a table that repeats; both in the ROM",
        registers=(
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x08, BG2_MAP >> 9),
            (0x0B, BG2_TILES >> 13 << 4 | BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x10, 0xFF),
            (0x10, 0x03),
            (0x2C, 0x03),
        ),
        assets=(
            Asset("bay_front_tiles", "tiles", front_tiles.tiles, "hal"),
            Asset("bay_front_map", "map", front_tiles.tilemap, "hal"),
            Asset("bay_back_tiles", "tiles", back_tiles.tiles, "hal"),
            Asset("bay_back_map", "map", back_tiles.tilemap, "hal"),
            Asset("bay_bands", "hdma", hdma.direct([(lines, hdma.word(value)) for lines, value in bands])),
            Asset(
                "bay_sea",
                "hdma",
                hdma.repeating(shore.HORIZON, hdma.word(CALM), [hdma.word(value) for value in sea]),
            ),
        ),
        loads=(
            Load("bay_front_tiles", BG1_TILES),
            Load("bay_front_map", BG1_MAP),
            Load("bay_back_tiles", BG2_TILES),
            Load("bay_back_map", BG2_MAP),
        ),
        palettes=((0, "dusk"), (32, "shore"), (48, "dusk")),
        channels=(
            Channel(2, 0x02, 0x0D, "bay_bands"),
            Channel(5, 0x02, 0x0F, "bay_sea"),
        ),
        raster=(
            Rows(2, 0x210D, tuple(bands)),
            Rows(5, 0x210F, hdma.folded([CALM] * shore.HORIZON + sea)),
        ),
    )


def wave(row: int) -> int:
    """BG2's scroll on a row of the sea: wider and longer waves towards the viewer."""
    depth = row / 96
    return round(CALM + (1 + 5 * depth) * math.sin(row * row / (60 + 40 * depth))) & 0x3FF
