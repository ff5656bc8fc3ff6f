"""CGRAM colours: BGR555 as stored in the console, 24-bit RGB as displayed."""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import ArrayLike, NDArray

_LEVELS: Final = np.array([level << 3 | level >> 2 for level in range(32)], np.uint8)
# The nearest of the 32 levels for every 8-bit value; the darker one on ties.
_NEAREST: Final = np.array([min(range(32), key=lambda n: abs(int(_LEVELS[n]) - v)) for v in range(256)], np.uint16)


def obj_palette[T: np.generic](colours: NDArray[T], number: int) -> NDArray[T]:
    """Return the 16 colours of OBJ palette `number` (0 to 7) from the 256 of CGRAM, given as values or as RGB rows."""
    first = 128 + 16 * number  # the upper half of CGRAM belongs to OBJ
    return colours[first : first + 16]


def to_rgb(cgram: ArrayLike) -> NDArray[np.uint8]:
    """Convert BGR555 colours to RGB: each 5-bit component `c` becomes `c << 3 | c >> 2`. Bit 15 is ignored.

    Args:
        cgram: uint16 of any shape.

    Returns:
        uint8 of that shape plus a last axis of 3.
    """
    colours = np.asarray(cgram, np.uint16)
    return _LEVELS[np.stack([colours >> shift & 31 for shift in (0, 5, 10)], axis=-1)]


def palettes(cgram: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return `to_rgb` of all of CGRAM, read-only so that frames can share it."""
    rgb = to_rgb(cgram)
    rgb.flags.writeable = False
    return rgb


def from_rgb(rgb: ArrayLike) -> NDArray[np.uint16]:
    """Convert RGB to BGR555, rounding each component to the nearest level of `to_rgb`. The exact inverse of `to_rgb`.

    Args:
        rgb: uint8 [..., 3].

    Returns:
        uint16 of that shape without the last axis.

    Raises:
        UsageError: The last axis is not 3, or a value is not in 0 to 255.
    """
    values = np.asarray(rgb)
    if values.ndim == 0 or values.shape[-1] != 3:
        raise UsageError(f"RGB colours need a last axis of 3 components, not the shape {values.shape}")
    if values.dtype.kind not in "iu" or (values.size and (values.min() < 0 or values.max() > 255)):
        raise UsageError("RGB components are integers from 0 to 255")
    red, green, blue = (_NEAREST[values[..., n]] for n in range(3))
    colours: NDArray[np.uint16] = red | green << np.uint16(5) | blue << np.uint16(10)
    return colours
