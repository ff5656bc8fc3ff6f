"""Convert tiles between the console's planar format and one byte per pixel."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Final, Literal

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import ArrayLike, NDArray

import halscope._codec as _codec

TileDepth = Literal[2, 4, 8]
DEPTHS: Final[tuple[TileDepth, ...]] = (2, 4, 8)


def decode_tiles(data: Buffer, bpp: TileDepth) -> NDArray[np.uint8]:
    """Convert planar tiles to pixels.

    Args:
        data: Whole tiles of 16, 32 or 64 bytes: pairs of bit planes, two bytes per row, plane 0 first.
        bpp: Bits per pixel: 2, 4 or 8.

    Returns:
        uint8[n, 8, 8], rows from the top, the leftmost pixel first.

    Raises:
        UsageError: `bpp` is not valid, or the data ends within a tile.
        TypeError: The buffer is not of bytes, or not contiguous.
    """
    _check_depth(bpp)
    size = memoryview(data).nbytes
    if size % (8 * bpp):
        raise UsageError(f"{size} bytes are not whole tiles of {8 * bpp} bytes ({bpp} bits per pixel)")
    return _codec.snes_decode_tiles(data, bpp)


def encode_tiles(pixels: ArrayLike, bpp: TileDepth) -> NDArray[np.uint8]:
    """Convert pixels to planar tiles: the exact inverse of `decode_tiles`.

    Args:
        pixels: Integers [n, 8, 8] (or [8, 8], one tile), each below 2 ** bpp.
        bpp: Bits per pixel: 2, 4 or 8.

    Returns:
        uint8[n, 8 * bpp].

    Raises:
        UsageError: `bpp` or the shape is not valid, the values are not integers, or one needs more bits.
    """
    _check_depth(bpp)
    values = np.asarray(pixels)
    if values.ndim == 2:
        values = values[np.newaxis]
    if values.ndim != 3 or values.shape[1:] != (8, 8) or values.dtype.kind not in "iub":
        raise UsageError(f"tiles must be integers of the shape (n, 8, 8), not {values.dtype} of {values.shape}")
    if values.dtype.itemsize == 1 and values.dtype.kind in "ub":
        in_range = bpp == 8 or not values.size or int(values.max()) < 1 << bpp
    else:
        in_range = not values.size or (int(values.min()) >= 0 and int(values.max()) < 1 << bpp)
    if not in_range:
        raise UsageError(f"a pixel is outside 0 to {(1 << bpp) - 1}, the range of {bpp} bits")
    return _codec.snes_encode_tiles(np.ascontiguousarray(values, dtype=np.uint8), bpp)


def _check_depth(bpp: int) -> None:
    if bpp not in DEPTHS:
        raise UsageError(f"tiles have 2, 4 or 8 bits per pixel, not {bpp}")
