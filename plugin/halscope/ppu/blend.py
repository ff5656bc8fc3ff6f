"""Colour math: mix the main screen with the subscreen or a fixed colour, and black it out by the colour window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from halscope_hooks import PpuRegisters
from numpy.typing import NDArray

from halscope.ppu import registers, window

BACKDROP: Final = 0
OBJ: Final = 5
"""Source of a pixel: `BACKDROP`, 1 to 4 for the layers, or `OBJ`."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """The main screen or the subscreen before colour math.

    Args:
        colours: uint16[height, 256], BGR555.
        source: uint8[height, 256], `BACKDROP`, 1 to 4 or `OBJ`.
    """

    colours: NDArray[np.uint16]
    source: NDArray[np.uint8]


def uses_subscreen(ppu: PpuRegisters) -> bool:
    """Whether colour math uses the subscreen: CGWSEL ($2130) bit 1 set, and any layer enabled in CGADSUB ($2131)."""
    return bool(registers.known(ppu.cgwsel) & 2) and bool(registers.known(ppu.cgadsub) & 0x3F)


def blend(ppu: PpuRegisters, main: Pixels, sub: Pixels | None, obj_palettes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the main screen's colours after colour math.

    Args:
        ppu: CGWSEL, CGADSUB, COLDATA and the colour window's registers.
        main: The main screen.
        sub: The subscreen, required if `uses_subscreen`.
        obj_palettes: uint8[height, 256], CGRAM indices of the sprites. Palettes 0 to 3 are exempt from colour math.

    Raises:
        UsageError: A required register is not known.
    """
    cgwsel, cgadsub = registers.require(ppu, "cgwsel", "cgadsub")
    black = _region(ppu, cgwsel >> 6 & 3)
    colours = np.where(black, np.uint16(0), main.colours)
    enabled = np.array([cgadsub >> 5 & 1, *(cgadsub >> layer & 1 for layer in range(4)), cgadsub >> 4 & 1], np.bool_)
    if not enabled.any():
        return colours
    mixed = enabled[main.source] & ~_region(ppu, cgwsel >> 4 & 3)
    mixed &= (main.source != OBJ) | (obj_palettes >= 192)
    # No halving where the main screen was blacked out, or where the subscreen only shows the fixed colour.
    halved = np.broadcast_to(~black if cgadsub & 0x40 else np.False_, mixed.shape)
    if sub is None:
        (coldata,) = registers.require(ppu, "coldata")
        addend = np.full(mixed.shape, coldata & 0x7FFF, np.uint16)
    else:
        addend = sub.colours
        halved = halved & (sub.source != BACKDROP)
    return np.where(mixed, _mix(colours, addend, halved, subtract=bool(cgadsub & 0x80)), colours)


def _mix(
    colours: NDArray[np.uint16], addend: NDArray[np.uint16], halved: NDArray[np.bool_], *, subtract: bool
) -> NDArray[np.uint16]:
    """Add or subtract each component, halve it, and clamp it to 0 to 31."""
    result = np.zeros(colours.shape, np.uint16)
    for shift in (0, 5, 10):
        one = (colours >> shift & 31).astype(np.int16)
        other = (addend >> shift & 31).astype(np.int16)
        # A difference is clamped to 0 before halving, a sum is halved before it is clamped to 31.
        value = np.maximum(one - other, 0) if subtract else one + other
        value = np.minimum(np.where(halved, value >> 1, value), 31)
        result |= value.astype(np.uint16) << np.uint16(shift)
    return result


def _region(ppu: PpuRegisters, rule: int) -> NDArray[np.bool_]:
    """Return bool[256]: where CGWSEL's two-bit rule applies: never, outside the colour window, inside it, or always."""
    if rule in (0, 3):
        return np.full(256, rule == 3)
    return window.inside(ppu, "colour") ^ (rule == 1)
