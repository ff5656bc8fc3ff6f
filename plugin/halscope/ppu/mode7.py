"""The layer of BG mode 7, and the second one that EXTBG makes of it."""

from __future__ import annotations

import numpy as np
from halscope_hooks import Snapshot
from numpy.typing import NDArray

from halscope import _codec
from halscope.ppu import registers


def draw_layer(snapshot: Snapshot, index: int) -> NDArray[np.uint16]:
    """Return mode 7's layer as packed pixels (see `bg`), [height, 256].

    Args:
        snapshot: A snapshot in BG mode 7.
        index: 1, or 2 for EXTBG's layer: the same picture with bit 7 of a pixel as its priority.

    Raises:
        UsageError: A register that the layer depends on is not known.
    """
    ppu = snapshot.ppu
    mosaic, m7sel = registers.require(ppu, "mosaic", "m7sel")
    return _codec.snes_mode7(
        snapshot.vram,
        index == 2,
        registers.screen_lines(ppu),
        mosaic=mosaic,
        m7sel=m7sel,
        matrix=registers.require(ppu, "m7a", "m7b", "m7c", "m7d"),
        centre=registers.require(ppu, "m7x", "m7y"),
        scroll=registers.require(ppu, "m7hofs", "m7vofs"),
    )
