"""Background layers of BG modes 0 to 6, and the properties of each BG mode."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers

# Bits per pixel of BG1 to BG4, by BGMODE ($2105) bits 0 to 2.
DEPTHS: Final = ((2, 2, 2, 2), (4, 4, 2), (4, 4), (8, 4), (8, 2), (4, 2), (4,), (8,))

# Registers by layer: character base; map base and scroll.
_CHARACTERS: Final = ("bg12nba", "bg12nba", "bg34nba", "bg34nba")
_PLACE: Final = tuple((f"bg{layer}sc", f"bg{layer}hofs", f"bg{layer}vofs") for layer in range(1, 5))

# Fields of a packed layer pixel, as returned by the native code.
COLOUR: Final = 0x00FF
PALETTE_SHIFT: Final = 8
PRIORITY: Final = 0x2000
OPAQUE: Final = 0x8000


def layer_depths(ppu: PpuRegisters) -> tuple[int, ...]:
    """Return the bits per pixel of each layer of the BG mode. Mode 7 has a second layer with EXTBG ($2133 bit 6).

    Raises:
        UsageError: BGMODE, or in mode 7 SETINI, is not known.
    """
    mode = registers.require(ppu, "bgmode")[0] & 7
    if mode == 7 and registers.require(ppu, "setini")[0] & 0x40:
        return (8, 7)
    return DEPTHS[mode]


def is_hires(bgmode: int) -> bool:
    """Whether the mode's layers are 512 pixels wide."""
    return bgmode & 7 in (5, 6)


def uses_direct_colour(ppu: PpuRegisters) -> bool:
    """Whether BG1's 8-bit pixels are colours, not indices: CGWSEL ($2130) bit 0 in modes 3, 4 and 7."""
    return bool(registers.known(ppu.cgwsel) & 1) and registers.known(ppu.bgmode) & 7 in (3, 4, 7)


def direct_colours(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the BGR555 of direct-colour pixels: BBGGGRRR, with the tile's palette bits bgr one step below each."""
    value = pixels & COLOUR
    palette = pixels >> PALETTE_SHIFT & 7
    red = (value & 7) << 2 | (palette & 1) << 1
    green = (value >> 3 & 7) << 2 | palette & 2
    blue = value >> 6 << 3 | palette & 4
    return (red | green << 5 | blue << 10).astype(np.uint16)


class LayerRegisters(NamedTuple):
    """Everything that a layer's pixels depend on except VRAM, in the form that the native code takes."""

    layer: int
    lines: int
    bgmode: int
    mosaic: int
    bgsc: tuple[int, ...]
    bgnba: tuple[int, int]
    hofs: tuple[int, ...]
    vofs: tuple[int, ...]
    setini: int


def layer_registers(ppu: PpuRegisters, index: int) -> LayerRegisters:
    """Return the registers that layer `index` (1 to 4) of a BG mode from 0 to 6 depends on.

    Raises:
        UsageError: One of the registers is not known.
    """
    bgmode, mosaic, nba = registers.require(ppu, "bgmode", "mosaic", _CHARACTERS[index - 1])
    needed = (index, 3) if bgmode & 7 in (2, 4, 6) else (index,)
    bgsc, hofs, vofs = [0] * 4, [0] * 4, [0] * 4
    for layer in needed:
        bgsc[layer - 1], hofs[layer - 1], vofs[layer - 1] = registers.require(ppu, *_PLACE[layer - 1])
    return LayerRegisters(
        layer=index - 1,
        lines=registers.screen_lines(ppu),
        bgmode=bgmode,
        mosaic=mosaic,
        bgsc=tuple(bgsc),
        bgnba=(nba, nba),
        hofs=tuple(hofs),
        vofs=tuple(vofs),
        setini=registers.known(ppu.setini),
    )


def draw_layer(snapshot: Snapshot, index: int) -> NDArray[np.uint16]:
    """Return layer `index` (1 to 4) of a BG mode from 0 to 6 as packed pixels, [height, 256 or 512].

    Scroll, flips, offset-per-tile (modes 2, 4, 6) and mosaic are applied. The picture starts at line 1 of the vertical
    counter, so a scroll of -1 is needed to show the map's first row.

    Raises:
        UsageError: A register that the layer depends on is not known.
    """
    return _codec.snes_background(snapshot.vram, **layer_registers(snapshot.ppu, index)._asdict())
