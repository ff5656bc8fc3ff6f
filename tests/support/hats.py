"""Painting on a blank tile of a figure, as one draws a hat on a hero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from halscope.inject import read_sheet
from PIL import Image

INK = 9
"""The colour's index in the palette of the tile."""
SIDE = 6
"""Pixels of the square that is painted, one from the upper edge of the tile and from its left one."""


def blank_tiles(png: Path) -> list[tuple[int, int]]:
    """Where a sheet has blank tiles whose place in the ROM is known: x and y in pixels."""
    return [(cell.x, cell.y) for cell in read_sheet(png).sheet.cells if cell.origin is not None and not any(cell.tile)]


def paint_hat(png: Path) -> tuple[int, int, int]:
    """Paint on the first blank tile of a sheet, as RGBA; returns the colour."""
    x, y = blank_tiles(png)[0]
    sheet = read_sheet(png).sheet
    (cell,) = [cell for cell in sheet.cells if (cell.x, cell.y) == (x, y)]
    with Image.open(png) as image:
        colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        shown = np.asarray(image.convert("RGBA")).copy()
    red, green, blue = colours[16 * cell.palette + INK].tolist()
    shown[y + 1 : y + 1 + SIDE, x + 1 : x + 1 + SIDE] = red, green, blue, 255
    Image.fromarray(shown).save(png)
    return red, green, blue
