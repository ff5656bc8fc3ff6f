"""A background's row in mode 1, drawn from the lab's truth file as plainly as can be, independent of cpp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from support import lab_truth


def bg_row(
    name: str, layer: int, row: int, x_scroll: int, y_scroll: int, map_register: int | None = None
) -> NDArray[np.int64]:
    """A row of BG1 or BG2 of a scene: CGRAM entries, 0 where the layer is transparent.

    `map_register` is the value of BGnSC, by default what the loader writes.
    """
    registers, vram = dict(lab_truth.scene(name)["registers"]), lab_truth.vram(name)
    map_register = registers[0x2106 + layer] if map_register is None else map_register
    tilemap = vram[(map_register & 0xFC) << 9 :][:2048].view("<u2")
    base = (registers[0x210B] >> (layer - 1) * 4 & 15) << 13
    x, y = (np.arange(256) + x_scroll) & 0xFF, (row + 1 + y_scroll) & 0xFF
    entry = tilemap[y // 8 * 32 + x // 8].astype(np.int64)
    column = np.where(entry & 0x4000, x & 7, 7 - (x & 7))
    line = np.where(entry & 0x8000, 7 - (y & 7), y & 7)
    at = base + (entry & 0x3FF) * 32 + line * 2
    index = sum(
        (vram[at + 16 * (plane // 2) + plane % 2].astype(np.int64) >> column & 1) << plane for plane in range(4)
    )
    return np.where(index, (entry >> 10 & 7) * 16 + index, 0)


def rgb(colours: NDArray[np.uint16]) -> NDArray[np.int64]:
    """5 bits a channel."""
    return np.stack([colours.astype(np.int64) >> shift & 31 for shift in (0, 5, 10)], axis=-1)
