"""The layer of BG mode 7, and the second layer that EXTBG derives from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers


class Mode7Registers(NamedTuple):
    """Everything that a layer's pixels depend on except VRAM, in the form that the native code takes."""

    extbg: bool
    lines: int
    mosaic: int
    m7sel: int
    matrix: tuple[int, ...]
    centre: tuple[int, ...]
    scroll: tuple[int, ...]


def layer_registers(ppu: PpuRegisters, index: int) -> Mode7Registers:
    """Return the registers that mode 7's layer 1, or EXTBG's layer 2, depends on.

    Raises:
        UsageError: One of the registers is not known.
    """
    mosaic, m7sel = registers.require(ppu, "mosaic", "m7sel")
    return Mode7Registers(
        extbg=index == 2,
        lines=registers.screen_lines(ppu),
        mosaic=mosaic,
        m7sel=m7sel,
        matrix=registers.require(ppu, "m7a", "m7b", "m7c", "m7d"),
        centre=registers.require(ppu, "m7x", "m7y"),
        scroll=registers.require(ppu, "m7hofs", "m7vofs"),
    )


def draw_layer(snapshot: Snapshot, index: int) -> NDArray[np.uint16]:
    """Return mode 7's layer as packed pixels (see `bg`), [height, 256].

    Args:
        snapshot: A snapshot in BG mode 7.
        index: 1, or 2 for EXTBG's layer: the same picture with bit 7 of each pixel as its priority.

    Raises:
        UsageError: A register that the layer depends on is not known.
    """
    return _codec.snes_mode7(snapshot.vram, **layer_registers(snapshot.ppu, index)._asdict())
