"""OAM made of entries, for tests."""

from __future__ import annotations

import numpy as np
from halscope.ppu.oam import OamEntry
from numpy.typing import NDArray


def pack_oam(entries: tuple[OamEntry, ...]) -> NDArray[np.uint8]:
    """The 544 bytes for up to 128 entries, the exact inverse of `parse_oam`; the others are below the picture."""
    assert len(entries) <= 128
    low = np.zeros((128, 4), np.uint8)
    low[:, 1] = 240
    high = np.zeros(128, np.uint8)
    for index, entry in enumerate(entries):
        attributes = entry.vflip << 7 | entry.hflip << 6 | entry.priority << 4 | entry.palette << 1 | entry.tile >> 8
        low[index] = entry.x & 0xFF, entry.y, entry.tile & 0xFF, attributes
        high[index] = entry.large << 1 | (entry.x < 0)
    packed = (high.reshape(32, 4) << np.array([0, 2, 4, 6], np.uint8)).sum(axis=1, dtype=np.uint8)
    return np.concatenate([low.reshape(-1), packed])
