"""Converts the emulator's picture to RGB from any format that cores draw in."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

import halscope._codec as _codec

PixelFormat = Literal["rgb1555", "xrgb8888", "rgb565"]
_NUMBERS: Final[dict[PixelFormat, int]] = {"rgb1555": 0, "xrgb8888": 1, "rgb565": 2}


def to_rgb(raw: NDArray[np.uint8], width: int, pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """Return the picture as a private uint8[height, 256 or 512, 3].

    The accuracy profile of bsnes-mercury always draws 512 columns. They are kept where some pair of them differs, that
    is in hi-res. An interlaced picture (more than 239 lines) has the rows of both fields. 5-bit levels are expanded to
    8 bits as for palettes, `c << 3 | c >> 2`; the sixth bit of green in RGB565 is dropped, as the SNES has five.

    Args:
        raw: uint8[height, pitch] from the core, C-contiguous.
        width: Pixels per line; the rest of the pitch is ignored.
        pixel_format: Pixel format.

    Raises:
        ValueError: The pitch is too small for the width.
    """
    return _codec.snes_drawn_picture(raw, width, _NUMBERS[pixel_format])
