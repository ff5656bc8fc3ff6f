"""Screens in parts: HDMA on OBSEL, TM, BG1SC and four windows at once, on brightness; an interrupt; drawn tiles."""

from __future__ import annotations

import numpy as np
from demobuild.graphics import tile_background
from labart import forest

from labbuild import hdma
from labbuild.model import Asset, Channel, Load, Registers, Rows, Scene
from labbuild.sprites import Sprite, oam

BG1_TILES, BG1_MAP, OTHER_MAP, OBJ_TILES = 0x0000, 0x8000, 0x8800, 0xC000
ROWS = 224
SIZES_16_32 = 3
SPLIT = 112  # the row at which the sprites' tiles and BG1's map change
DARK_ROWS = (56, 72)  # without BG1
VFLIP = 0x8000  # in a map's entries
RUN = 8  # rows that share a pair of windows
BG1 = ((0x0B, BG1_TILES >> 13), (0x0E, 0xFF), (0x0E, 0x03))
DUSK, BELOW, LINE, SCROLL = 0x0C64, 0x3C08, 120, 100  # as in irq.s
DRAWN_VRAM, DRAWN_TILES, DRAWN_COLUMNS = 0x0400, 32, 8  # as in drawn.s


def forest_map() -> bytes:
    """The map of the scene "forest"."""
    trees = forest.forest()
    return tile_background(trees.pixels, trees.priority, {0: 0}).tilemap


def obsel(tiles: int) -> int:
    return SIZES_16_32 << 5 | tiles >> 14


def mode_1(*extra: tuple[int, int]) -> Registers:
    return ((0x05, 0x01), (0x07, BG1_MAP >> 9), *BG1, *extra)


def windows() -> Scene:
    """No sprite is within two rows of the split: where OBSEL acts to the line is left open."""
    runs = [(4 * k, 255 - 3 * k, 60 + 2 * k, 90 + 4 * k) for k in range(ROWS // RUN)]
    masks = [(DARK_ROWS[0], 0x11), (DARK_ROWS[1] - DARK_ROWS[0], 0x10), (ROWS - DARK_ROWS[1], 0x11)]
    tiles = [(SPLIT, obsel(OBJ_TILES)), (ROWS - SPLIT, obsel(0x8000))]
    maps = [(SPLIT, BG1_MAP >> 9), (ROWS - SPLIT, OTHER_MAP >> 9)]

    def table(name: str, values: list[tuple[int, int]]) -> Asset:
        return Asset(name, "hdma", hdma.direct([(rows, bytes([value])) for rows, value in values]))

    upright = np.frombuffer(forest_map(), "<u2").reshape(32, 32)
    return Scene(
        name="split",
        shows="HDMA on OBSEL, BG1SC and TM at some rows, on WH0 to WH3 by one channel in mode 4",
        registers=mode_1(
            (0x01, obsel(OBJ_TILES)),
            (0x23, 0x0B),  # BG1 is masked outside of window 1 or inside of window 2
            (0x2A, 0x00),
            (0x2C, 0x11),
            (0x2E, 0x01),
        ),
        assets=(
            Asset("split_map", "map", (np.roll(upright[::-1], 4, axis=0) ^ VFLIP).astype("<u2").tobytes(), "hal"),
            table("split_tiles", tiles),
            table("split_maps", maps),
            table("split_masks", masks),
            Asset("split_windows", "hdma", hdma.direct([(RUN, bytes(edges)) for edges in runs])),
        ),
        loads=(
            Load("forest_tiles", BG1_TILES),
            Load("forest_map", BG1_MAP),
            Load("split_map", OTHER_MAP),
            Load("ducks", OBJ_TILES),
            Load("fish", 0x9000),
        ),
        palettes=((0, "forest"), (128, "duck")),
        oam=oam(
            [Sprite(20 + 56 * n, 70, 4 * n, 0, large=True) for n in range(4)]
            + [Sprite(30 + 52 * n, 150, 0x80 + 4 * n, 0, large=True) for n in range(4)]
        ),
        channels=(
            Channel(1, 0x00, 0x01, "split_tiles"),
            Channel(2, 0x00, 0x07, "split_maps"),
            Channel(3, 0x00, 0x2C, "split_masks"),
            Channel(4, 0x04, 0x26, "split_windows"),
        ),
        raster=(
            Rows(1, 0x2101, tuple(tiles)),
            Rows(2, 0x2107, tuple(maps)),
            Rows(3, 0x212C, tuple(masks)),
            *(Rows(4, 0x2126 + k, tuple((RUN, edges[k]) for edges in runs)) for k in range(4)),
        ),
    )


def fade() -> Scene:
    levels = [(14, 15 - abs(k - 8) if k else 15) for k in range(ROWS // 14)]
    return Scene(
        name="fade",
        shows="HDMA on INIDISP: every brightness from 7 to 15; cores round them differently",
        registers=mode_1((0x2C, 0x01)),
        assets=(Asset("fade_levels", "hdma", hdma.direct([(rows, bytes([level])) for rows, level in levels])),),
        loads=(Load("forest_tiles", BG1_TILES), Load("forest_map", BG1_MAP)),
        palettes=((0, "forest"),),
        channels=(Channel(2, 0x00, 0x00, "fade_levels"),),
        raster=(Rows(2, 0x2100, tuple(levels)),),
        agreed=False,
    )


def interrupt() -> Scene:
    return Scene(
        name="interrupt",
        shows="an IRQ at line 120 changes BG1HOFS and the backdrop; no HDMA, so no state shows it",
        registers=mode_1((0x2C, 0x01)),
        assets=(),
        loads=(Load("lake_tiles", BG1_TILES), Load("lake_map", BG1_MAP)),
        palettes=((0, "dusk"), (16, "lake")),
        raster=(
            Rows(None, 0x210D, ((LINE, 0), (ROWS - LINE, SCROLL))),
            Rows(None, 0x2122, ((LINE, DUSK), (ROWS - LINE, BELOW)), entry=0),
        ),
        setup="irq_setup",
        vblank="irq_vblank",
    )


def drawn() -> Scene:
    first = DRAWN_VRAM // 32
    rows, columns = np.indices((32, 32))
    cells = first + rows % (DRAWN_TILES // DRAWN_COLUMNS) * DRAWN_COLUMNS + columns % DRAWN_COLUMNS
    entries = (cells | (rows // 8 + columns // 8) % 4 << 10).astype("<u2")
    return Scene(
        name="drawn",
        shows="32 tiles that the program draws: they come from nowhere in the ROM",
        registers=mode_1((0x2C, 0x01)),
        assets=(Asset("drawn_map", "map", entries.tobytes(), "hal"),),
        loads=(Load("drawn_map", BG1_MAP),),
        palettes=((0, "moss"), (16, "rust"), (32, "plum"), (48, "frost")),
        drawn=((DRAWN_VRAM, DRAWN_TILES * 32),),
        setup="drawn_setup",
    )
