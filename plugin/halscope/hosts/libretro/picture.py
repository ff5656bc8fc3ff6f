"""Converts the emulator's picture to RGB from any format that cores draw in."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

PixelFormat = Literal["rgb1555", "xrgb8888", "rgb565"]
WIDTH: Final = 256


def _levels(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Expand 5-bit levels to 8 bits, as for palettes: `c << 3 | c >> 2`."""
    return bits << 3 | bits >> 2


def _table(red: int, green: int, blue: int) -> NDArray[np.uint32]:
    """Return uint32[65536]: every 16-bit pixel as XRGB8888, given the lowest bit of each channel's 5 bits."""
    pixels = np.arange(0x10000)
    r, g, b = (_levels(pixels >> shift & 31) for shift in (red, green, blue))
    return (r << 16 | g << 8 | b).astype(np.uint32)


# The SNES has 5 bits per channel, so the sixth bit of green in RGB565 is dropped. Each table is built on first use.
_tables: dict[PixelFormat, NDArray[np.uint32]] = {}
_SHIFTS: Final[dict[PixelFormat, tuple[int, int, int]]] = {"rgb1555": (10, 5, 0), "rgb565": (11, 6, 0)}


def to_rgb(raw: NDArray[np.uint8], width: int, pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """Return the picture as a private uint8[height, 256 or 512, 3].

    The accuracy profile of bsnes-mercury always draws 512 columns. They are kept where some pair of them differs, that
    is in hi-res. An interlaced picture (more than 239 lines) has the rows of both fields.

    Args:
        raw: uint8[height, pitch] from the core.
        width: Pixels per line; the rest of the pitch is ignored.
        pixel_format: Pixel format.
    """
    pixel = np.dtype(np.uint32 if pixel_format == "xrgb8888" else np.uint16)
    pixels: NDArray[Any] = raw[:, : width * pixel.itemsize].view(pixel)
    if width == 2 * WIDTH and np.array_equal(pixels[:, ::2], pixels[:, 1::2]):
        pixels = pixels[:, ::2]
    if pixel_format != "xrgb8888":
        table = _tables.get(pixel_format)
        if table is None:
            table = _tables[pixel_format] = _table(*_SHIFTS[pixel_format])
        pixels = np.take(table, pixels)
    channels = np.ascontiguousarray(pixels, "<u4").view(np.uint8).reshape(*pixels.shape, 4)  # blue, green, red, 0
    rgb = np.empty((*pixels.shape, 3), np.uint8)
    for channel in range(3):  # three strided copies take a quarter of the time of one copy of all channels
        rgb[:, :, channel] = channels[:, :, 2 - channel]
    return rgb
