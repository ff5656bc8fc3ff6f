"""HDMA on windows: a circle of light (window 1, colour window) and a diamond that uncovers BG2 (window 2)."""

from __future__ import annotations

import math

import numpy as np
from demobuild.graphics import tile_background
from labart import forest

from labbuild import hdma
from labbuild.model import Asset, Channel, Load, Rows, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import strip

BG1_TILES, BG2_TILES, BG1_MAP, BG2_MAP, OBJ_TILES = 0x0000, 0x4000, 0x8000, 0x8800, 0xC000
SIZES_16_32 = 3
ROWS = 224
CLOSED = (1, 0)  # left is greater than right: no pixel is inside
LIGHT = (96, 120, 70)  # middle x, middle row, radius
DIAMOND = (186, 92, 56)  # middle x, middle row, half its height
DARK = 9  # what is subtracted from each channel outside of the light


def circle(row: int) -> tuple[int, int]:
    """Left and right edge of the light on a row."""
    x, middle, radius = LIGHT
    height = abs(row - middle)
    if height > radius:
        return CLOSED
    half = round(math.sqrt(radius**2 - height**2))
    return x - half, x + half


def diamond(row: int) -> tuple[int, int]:
    x, middle, half_height = DIAMOND
    half = half_height - abs(row - middle)
    return (x - half, min(255, x + half)) if half >= 0 else CLOSED


def scene() -> Scene:
    trees, eyes = forest.forest(), forest.eyes()
    trees_tiled = tile_background(trees.pixels, trees.priority, {0: 0})
    eyes_tiled = tile_background(eyes.pixels, np.ones_like(eyes.priority), {0: 1})  # in front of BG1
    light = [circle(row) for row in range(ROWS)]
    gap = [diamond(row) for row in range(ROWS)]
    first = next(row for row, edges in enumerate(gap) if edges != CLOSED)
    last = max(row for row, edges in enumerate(gap) if edges != CLOSED)
    return Scene(
        name="forest",
        shows="HDMA on windows: WH0 and WH1 each line (the colour window), WH2 and WH3 in part of the lines (BG2)",
        registers=(
            (0x01, SIZES_16_32 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x08, BG2_MAP >> 9),
            (0x0B, BG2_TILES >> 13 << 4 | BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x10, 0xFF),
            (0x10, 0x03),
            (0x23, 0xC0),  # BG2 is masked outside of window 2
            (0x25, 0x20),  # the colour window is window 1
            (0x2C, 0x13),
            (0x2E, 0x02),
            (0x30, 0x20),  # no colour math inside the colour window
            (0x31, 0xB1),  # subtract, from BG1, the sprites and the backdrop; not from BG2
            (0x32, 0xE0 | DARK),
        ),
        assets=(
            Asset("forest_tiles", "tiles", trees_tiled.tiles, "hal"),
            Asset("forest_map", "map", trees_tiled.tilemap, "hal"),
            Asset("eyes_tiles", "tiles", eyes_tiled.tiles, "hal"),
            Asset("eyes_map", "map", eyes_tiled.tilemap, "hal"),
            Asset("fireflies", "sprites", strip(forest.fireflies().pixels), "hal"),
            Asset("forest_light", "hdma", hdma.repeating(0, b"", [bytes(edges) for edges in light])),
            Asset(
                "forest_gap",
                "hdma",
                hdma.repeating(first, bytes(CLOSED), [bytes(edges) for edges in gap[first : last + 1]])[:-1]
                + hdma.direct([(1, bytes(CLOSED))]),
            ),
        ),
        loads=(
            Load("forest_tiles", BG1_TILES),
            Load("forest_map", BG1_MAP),
            Load("eyes_tiles", BG2_TILES),
            Load("eyes_map", BG2_MAP),
            Load("fireflies", OBJ_TILES),
        ),
        palettes=((0, "forest"), (16, "eyes"), (128, "firefly"), (208, "firefly")),
        # Palette 0 takes no part in colour math, palette 5 does.
        oam=oam(
            [
                Sprite(16 + (n * 53) % 224, 24 + (n * 37) % 150, 2 * (n % 8), 5 if n % 2 else 0, hflip=n % 3 == 0)
                for n in range(14)
            ]
        ),
        channels=(
            Channel(6, 0x01, 0x26, "forest_light"),
            Channel(7, 0x01, 0x28, "forest_gap"),
        ),
        raster=(
            Rows(6, 0x2126, hdma.folded([left for left, _ in light])),
            Rows(6, 0x2127, hdma.folded([right for _, right in light])),
            Rows(7, 0x2128, hdma.folded([left for left, _ in gap])),
            Rows(7, 0x2129, hdma.folded([right for _, right in gap])),
        ),
    )
