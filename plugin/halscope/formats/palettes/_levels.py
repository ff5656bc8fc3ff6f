"""The console's 32 levels in 8 bits, in both ways in which programs write them."""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import FormatError
from numpy.typing import NDArray

_SHIFTS: Final = (0, 5, 10)
_SHOWN: Final = np.array([level << 3 | level >> 2 for level in range(32)], np.uint8)
_NONE: Final = 0xFF
_MOST_NAMED: Final = 4


def _exact_levels() -> NDArray[np.uint8]:
    exact = np.full(256, _NONE, np.uint8)
    for level in range(32):
        exact[[level << 3, level << 3 | level >> 2]] = level
    return exact


_EXACT: Final = _exact_levels()
_NEAREST: Final = np.abs(np.arange(256)[:, None] - _SHOWN.astype(int)).argmin(axis=1).astype(np.uint8)


def to_rgb(colours: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return uint8[n, 3]: each level `c` of uint16[n] as `c << 3 | c >> 2`. Bit 15 is ignored."""
    return _SHOWN[np.stack([colours >> shift & 31 for shift in _SHIFTS], axis=-1)]


def is_exact(values: NDArray[np.uint8]) -> bool:
    """Whether all 8-bit values stand for one of the 32 levels: `c << 3`, or `c << 3 | c >> 2`."""
    return bool((_EXACT[values] != _NONE).all())


def from_rgb(rgb: NDArray[np.uint8], name: str, *, nearest: bool = False) -> NDArray[np.uint16]:
    """Return the colours as BGR555.

    Args:
        rgb: uint8[n, 3].
        name: The file, for messages.
        nearest: Take the nearest of the console's colours instead of refusing another one.

    Raises:
        FormatError: A value stands for none of the 32 levels. The message names the indices and both values.
    """
    closest = _NEAREST[rgb]
    fits = (_EXACT[rgb] != _NONE).all(axis=1)
    levels = np.where(fits[:, None], _EXACT[rgb], closest)
    wrong = np.flatnonzero(~fits)
    if len(wrong) and not nearest:
        named = ", ".join(
            f"index {index} is {_text(rgb[index])}, the nearest is {_text(_SHOWN[closest[index]])}"
            for index in wrong[:_MOST_NAMED].tolist()
        )
        more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        raise FormatError(
            f"{name}: the console has 5 bits per channel, and {len(wrong)} of {len(rgb)} colours "
            f"do{'es' * (len(wrong) == 1)} not fit: {named}{more}; change them, or take the nearest ones with --nearest"
        )
    red, green, blue = levels.astype(np.uint16).T
    words: NDArray[np.uint16] = red | green << np.uint16(5) | blue << np.uint16(10)
    return words


def _text(rgb: NDArray[np.uint8]) -> str:
    red, green, blue = rgb.tolist()
    return f"#{red:02x}{green:02x}{blue:02x} ({red},{green},{blue})"
