"""Colours in a WRAM buffer that every vblank copies to CGRAM: some fixed, some halved, some going round."""

from __future__ import annotations

import numpy as np
from demobuild.graphics import bgr555, tile_background
from labart import fire, forest
from labart.palettes import PALETTES

from labbuild.model import Asset, Load, Mirror, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import strip

BG1_TILES, BG1_MAP, OBJ_TILES = 0x0000, 0x8000, 0xC000
BUFFER = 0x7E6000  # as in memory.inc
DARK = 2  # the palette that is a copy of palette 0 at half its brightness
FIRST_EMBER, EMBERS = 129, 7
WOOD = 136  # the entries after the embers


def scene() -> Scene:
    trees = forest.forest()
    entries = np.frombuffer(tile_background(trees.pixels, trees.priority, {0: 0}).tilemap, "<u2").reshape(32, 32).copy()
    entries[:12] |= DARK << 10  # the upper part is out of the fire's light
    colours = bgr555(PALETTES["ember"])
    return Scene(
        name="embers",
        shows="CGRAM is a copy of a WRAM buffer, sent in every vblank; seven colours cycle, one palette is halved",
        registers=(
            (0x01, 3 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x2C, 0x11),
        ),
        assets=(
            Asset("fires", "sprites", strip(fire.fires().pixels), "hal"),
            Asset("embers_map", "map", entries.astype("<u2").tobytes(), "hal"),
            Asset("embers_colours", "palettes", colours[2 : 2 + 2 * EMBERS]),
            Asset("wood_colours", "palettes", colours[2 + 2 * EMBERS :], "hal"),
        ),
        loads=(
            Load("forest_tiles", BG1_TILES),
            Load("embers_map", BG1_MAP),
            Load("fires", OBJ_TILES),
        ),
        palettes=(),
        oam=oam([Sprite(28 + 56 * n, 168 - 6 * (n % 2), 4 * n, 0, large=True) for n in range(4)]),
        copies=(("colours_forest", BUFFER), ("embers_colours", BUFFER + 2 * FIRST_EMBER)),
        unpacked=(("wood_colours", BUFFER + 2 * WOOD),),
        mirror=Mirror(
            BUFFER,
            (
                (0, "colours_forest", 0, 16),
                (FIRST_EMBER, "embers_colours", 0, EMBERS),
                (WOOD, "wood_colours", 0, 16 - 1 - EMBERS),
            ),
            halved=((DARK * 16, 0, 16),),
            cycle=(FIRST_EMBER, EMBERS),
        ),
        setup="palette_setup",
        update="palette_update",
        vblank="palette_vblank",
    )
