"""Art to tiles."""

from __future__ import annotations

import numpy as np
from demobuild.graphics import TILE, Pixels, planar, sheet_tiles

SCREEN = 32  # entries of a map's screen in both directions


def strip(pixels: Pixels, bpp: int = 4) -> bytes:
    """A sheet's tiles row by row over the whole sheet: a sheet 16 tiles wide fills whole rows of an OBJ page."""
    return b"".join(planar(tile, bpp) for tile in sheet_tiles(pixels, pixels.shape[1], "strip"))


def chunky(pixels: Pixels) -> list[bytes]:
    """Mode 7 tiles, a byte a pixel, row by row over the picture."""
    return [tile.tobytes() for tile in sheet_tiles(pixels, pixels.shape[1], "strip")]


def wide_background(pixels: Pixels, bpp: int, palette: int, *, priority: bool = False) -> tuple[bytes, bytes]:
    """Tiles and map of a layer in mode 5 or 6, whose cells are two tiles side by side: 16 columns, 8 rows.

    A picture of more than 256 rows gets two screens, one below the other. Equal cells share their tiles.
    """
    rows, columns = pixels.shape[0] // TILE, pixels.shape[1] // (2 * TILE)
    screens = -(-rows // SCREEN)
    entries = np.zeros((screens * SCREEN, SCREEN), np.uint16)
    numbers: dict[bytes, int] = {}
    tiles: list[bytes] = []
    for row in range(rows):
        for column in range(columns):
            cell = pixels[row * TILE : row * TILE + TILE, column * 2 * TILE : (column + 1) * 2 * TILE]
            key = cell.tobytes()
            if key not in numbers:
                numbers[key] = len(tiles)
                tiles += [planar(half, bpp) for half in (cell[:, :TILE], cell[:, TILE:])]
            entries[row, column] = numbers[key] | palette << 10 | priority << 13
    if len(tiles) > 1024:
        raise ValueError(f"{len(tiles)} tiles, 1024 at most")
    return b"".join(tiles), entries.astype("<u2").tobytes()
