"""OAM: the 128 entries of sprite memory, parsed and packed."""

from __future__ import annotations

from collections.abc import Buffer
from typing import NamedTuple

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray

import halscope._codec as _codec

OAM_BYTES = 544


class OamEntry(NamedTuple):
    """One sprite as stored in OAM. The fields have the same meaning as in `halscope_hooks.Sprite`."""

    x: int
    y: int
    tile: int
    palette: int = 0
    priority: int = 0
    hflip: bool = False
    vflip: bool = False
    large: bool = False


def parse_oam(oam: Buffer) -> tuple[OamEntry, ...]:
    """Return the 128 entries.

    Source: 4 bytes per entry (x low, y, tile low, attributes `vhoopppN`), then 32 bytes with two bits per entry (x bit
    8, size). X is 9 bits signed, -256 to 255.

    Raises:
        UsageError: The buffer does not have 544 bytes.
    """
    size = memoryview(oam).nbytes
    if size != OAM_BYTES:
        raise UsageError(f"OAM has {OAM_BYTES} bytes, not {size}")
    return tuple(
        OamEntry(x, y, tile, palette, priority, bool(hflip), bool(vflip), bool(large))
        for x, y, tile, palette, priority, hflip, vflip, large in _codec.snes_parse_oam(oam).tolist()
    )


def pack_oam(entries: tuple[OamEntry, ...]) -> NDArray[np.uint8]:
    """Return the 544 bytes for up to 128 entries; the exact inverse of `parse_oam`. Unused entries are off-screen.

    Raises:
        UsageError: There are too many entries, or a field is out of range.
    """
    if len(entries) > 128:
        raise UsageError(f"OAM has room for 128 sprites, not {len(entries)}")
    low = np.zeros((128, 4), np.uint8)
    low[:, 1] = 240
    high = np.zeros(128, np.uint8)
    for index, entry in enumerate(entries):
        limits = ((entry.x, -256, 255), (entry.y, 0, 255), (entry.tile, 0, 511), (entry.palette, 0, 7))
        if any(not least <= value <= most for value, least, most in (*limits, (entry.priority, 0, 3))):
            raise UsageError(f"sprite {index}: a field is out of range: {entry}")
        attributes = entry.vflip << 7 | entry.hflip << 6 | entry.priority << 4 | entry.palette << 1 | entry.tile >> 8
        low[index] = entry.x & 0xFF, entry.y, entry.tile & 0xFF, attributes
        high[index] = entry.large << 1 | (entry.x < 0)
    packed = (high.reshape(32, 4) << np.array([0, 2, 4, 6], np.uint8)).sum(axis=1, dtype=np.uint8)
    return np.concatenate([low.reshape(-1), packed])
