"""Art to tiles."""

from __future__ import annotations

from demobuild.graphics import Pixels, planar, sheet_tiles


def strip(pixels: Pixels, bpp: int = 4) -> bytes:
    """A sheet's tiles row by row over the whole sheet: a sheet 16 tiles wide fills whole rows of an OBJ page."""
    return b"".join(planar(tile, bpp) for tile in sheet_tiles(pixels, pixels.shape[1], "strip"))


def chunky(pixels: Pixels) -> list[bytes]:
    """Mode 7 tiles, a byte a pixel, row by row over the picture."""
    return [tile.tobytes() for tile in sheet_tiles(pixels, pixels.shape[1], "strip")]
