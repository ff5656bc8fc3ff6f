"""HDMA that changes every frame, as in games: pointers of an indirect table, and two direct tables that alternate."""

from __future__ import annotations

import math

from labbuild import hdma
from labbuild.model import Asset, Channel, Load, Scene, Wave

BG1_TILES, BG2_TILES, BG1_MAP, BG2_MAP = 0x0000, 0x4000, 0x8000, 0x8800
ROWS = 224
PERIOD, RUN_LINES, STRIDE = 64, 8, 3  # as in swell.s
TABLE, RIPPLE = 0x7E5000, 0x7E5100
HEIGHT = 6  # pixels


def scene() -> Scene:
    wave = tuple(round(HEIGHT * math.sin(step * math.tau / PERIOD)) & 0x3FF for step in range(PERIOD))
    data = b"".join(hdma.word(wave[step % PERIOD]) for step in range(ROWS + PERIOD))
    return Scene(
        name="swell",
        shows="moving HDMA: BG1HOFS by an indirect table in WRAM, data in ROM; BG2HOFS by two direct tables in WRAM",
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
        assets=(Asset("swell_wave", "hdma", data, pointer="indirect"),),
        loads=(
            Load("lake_tiles", BG1_TILES),
            Load("lake_map", BG1_MAP),
            Load("bay_back_tiles", BG2_TILES),
            Load("bay_back_map", BG2_MAP),
        ),
        palettes=((0, "dusk"), (16, "lake"), (48, "dusk")),
        channels=(
            Channel(3, 0x42, 0x0D, address=TABLE, data="swell_wave"),
            Channel(5, 0x02, 0x0F, address=RIPPLE),
        ),
        raster=(
            Wave(3, 0x210D, wave, "swell_phase"),
            Wave(5, 0x210F, wave, "ripple_shown", RUN_LINES, STRIDE),
        ),
        setup="swell_setup",
        update="swell_update",
        vblank="swell_vblank",
    )
