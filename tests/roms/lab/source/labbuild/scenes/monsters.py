"""Many small blocks, each found by another shape of pointer: tables of every kind, code, records, a script."""

from __future__ import annotations

import numpy as np
from labart.monsters import SIZE, monster

from labbuild.model import Asset, Load, Scene
from labbuild.tiles import strip

BG1_TILES, BG1_MAP = 0x0000, 0x8000
COLUMNS = 8
FIGURE = SIZE // 8  # tiles in both directions
FIGURE_BYTES = FIGURE * FIGURE * 32
# Shape, number of blocks, codec.
SHAPES = (
    ("table24", 4, "hal"),
    ("parallel", 7, "hal"),
    ("word_banks", 6, "hal"),
    ("words", 6, "hal"),
    ("dwords", 6, "hal"),
    ("sized", 6, "hal"),
    ("flagged", 5, "raw"),
    ("script", 4, "hal"),
    ("ldx-lda8", 2, "hal"),
    ("ldy-lda8", 2, "hal"),
    ("lda-lda16", 2, "hal"),
    ("pea", 2, "hal"),
    ("registers", 2, "hal"),
    ("frame", 2, "raw"),
)
PALETTES = ("moss", "rust", "plum", "frost")


def scene() -> Scene:
    entries = np.zeros((32, 32), np.uint16)
    assets, loads = [], []
    for shape, count, codec in SHAPES:
        for number in range(count):
            index = len(assets)
            name = f"{shape.replace('-', '_')}_{number}"
            assets.append(Asset(name, "tiles", strip(monster(index).pixels), codec, pointer=shape))
            # The first figure's place is left blank: tile 0 is shown wherever there is nothing.
            loads.append(Load(name, BG1_TILES + (index + 1) * FIGURE_BYTES))
            first = (index + 1) * FIGURE * FIGURE
            row, column = index // COLUMNS * FIGURE, index % COLUMNS * FIGURE
            cells = first + np.arange(FIGURE * FIGURE).reshape(FIGURE, FIGURE)
            entries[row : row + FIGURE, column : column + FIGURE] = cells | (index * 7 + index // 4) % 4 << 10
    return Scene(
        name="monsters",
        shows="a block for each monster, found by another shape of pointer: tables, records, code, a script",
        registers=(
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x2C, 0x01),
        ),
        assets=(*assets, Asset("monsters_map", "map", entries.astype("<u2").tobytes(), "hal")),
        loads=(*loads, Load("monsters_map", BG1_MAP)),
        palettes=tuple((16 * number, name) for number, name in enumerate(PALETTES)),
    )
