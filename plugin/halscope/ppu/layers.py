"""Background layers of any BG mode as values, with everything that each depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from halscope_hooks import Layer, PpuRegisters, UsageError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import bg, mode7, registers
from halscope.ppu.bg import LayerRegisters
from halscope.ppu.mode7 import Mode7Registers


class DrawnLayer(NamedTuple):
    """A layer and everything that it depends on. It stays valid while none of that changes.

    Args:
        layer: The layer; its arrays are read-only.
        registers: The values of its registers.
        tiles: bool[2048], the 32-byte units of VRAM that were read for it.
    """

    layer: Layer
    registers: LayerRegisters | Mode7Registers
    tiles: NDArray[np.bool_]


def draw_layers(
    vram: NDArray[np.uint8], ppu: PpuRegisters, kept: Mapping[int, DrawnLayer] | None = None
) -> tuple[dict[int, DrawnLayer], tuple[str, ...]]:
    """Draw all layers of the BG mode, whether they are displayed or not.

    Args:
        vram: uint8[65536].
        ppu: The registers.
        kept: Layers whose VRAM has not changed since they were drawn. They are reused if their registers are the same.

    Returns:
        (the layers by number, 1 to 4; for each layer that could not be drawn, the register that is not known).
    """
    drawn: dict[int, DrawnLayer] = {}
    unknown: list[str] = []
    try:
        known = _depths(ppu)
    except UsageError as error:
        return drawn, (f"the background layers: {error}",)
    for index, bpp in enumerate(known, 1):
        try:
            depends = _registers_of(ppu, index)
        except UsageError as error:
            unknown.append(f"BG{index}: {error}")
            continue
        before = None if kept is None else kept.get(index)
        drawn[index] = (
            before if before is not None and before.registers == depends else _draw(vram, depends, index, bpp)
        )
    return drawn, tuple(unknown)


def _depths(ppu: PpuRegisters) -> tuple[int, ...]:
    """Return the bits per pixel that each layer reads from VRAM; EXTBG's layer shares mode 7's 8 bits."""
    return tuple(8 if depth == 7 else depth for depth in bg.layer_depths(ppu))


def _registers_of(ppu: PpuRegisters, index: int) -> LayerRegisters | Mode7Registers:
    (bgmode,) = registers.require(ppu, "bgmode")
    return mode7.layer_registers(ppu, index) if bgmode & 7 == 7 else bg.layer_registers(ppu, index)


def _draw(vram: NDArray[np.uint8], depends: LayerRegisters | Mode7Registers, index: int, bpp: int) -> DrawnLayer:
    native = _codec.snes_mode7_planes if isinstance(depends, Mode7Registers) else _codec.snes_background_planes
    colours, opaque, priority, tiles = native(vram, **depends._asdict())
    return DrawnLayer(Layer(index=index, bpp=bpp, colours=colours, opaque=opaque, priority=priority), depends, tiles)
