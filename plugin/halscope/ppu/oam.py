"""OAM: the 128 entries of sprite memory, parsed and packed."""

from __future__ import annotations

from collections.abc import Buffer
from typing import NamedTuple

from halscope_hooks import UsageError

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
