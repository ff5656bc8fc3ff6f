"""The two windows: the screen columns that they cover for a layer, for sprites or for colour math."""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import PpuRegisters
from numpy.typing import NDArray

from halscope.ppu import registers

# Register and bit position of each user's four select bits (W1 inverted, W1 on, W2 inverted, W2 on) and logic bits.
_SELECT: Final = {1: ("w12sel", 0), 2: ("w12sel", 4), 3: ("w34sel", 0), 4: ("w34sel", 4)} | {
    "obj": ("wobjsel", 0),
    "colour": ("wobjsel", 4),
}
_LOGIC: Final = {1: ("wbglog", 0), 2: ("wbglog", 2), 3: ("wbglog", 4), 4: ("wbglog", 6)} | {
    "obj": ("wobjlog", 0),
    "colour": ("wobjlog", 2),
}


def inside(ppu: PpuRegisters, user: int | str) -> NDArray[np.bool_]:
    """Return bool[256]: the columns inside the windows of layer 1 to 4, "obj" or "colour" ($2123 to $212B).

    A window extends from its left to its right position, both inclusive, and is empty if left is greater. Without an
    enabled window, no column is inside.

    Raises:
        UsageError: A window register is not known.
    """
    name, shift = _SELECT[user]
    select = registers.require(ppu, name)[0] >> shift & 15
    shapes = []
    for window in (0, 1):
        if select >> window * 2 & 2:
            left, right = registers.require(ppu, f"wh{window * 2}", f"wh{window * 2 + 1}")
            columns = np.arange(256)
            shapes.append(((columns >= left) & (columns <= right)) ^ bool(select >> window * 2 & 1))
    if not shapes:
        return np.zeros(256, np.bool_)
    if len(shapes) == 1:
        return shapes[0]
    name, shift = _LOGIC[user]
    match registers.require(ppu, name)[0] >> shift & 3:
        case 0:
            return shapes[0] | shapes[1]
        case 1:
            return shapes[0] & shapes[1]
        case 2:
            return shapes[0] ^ shapes[1]
        case _:
            return ~(shapes[0] ^ shapes[1])
