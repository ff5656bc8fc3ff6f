"""Which tiles the maps of the displayed background layers name, at which depth and with which colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot

from halscope.ppu.registers import known

SCREEN_BYTES: Final = 0x800
SCREENS: Final = (1, 2, 2, 4)  # by bits 0 and 1 of BGnSC ($2107 to $210A)
# Bits per pixel of BG1 to BG4 in modes 0 to 6; 0: no such layer.
DEPTHS: Final = ((2, 2, 2, 2), (4, 4, 2, 0), (4, 4, 0, 0), (8, 4, 0, 0), (8, 2, 0, 0), (4, 2, 0, 0), (4, 0, 0, 0))
_VRAM_BYTES: Final = 0x10000
_MODE_7_MAP: Final = 0x8000  # bytes; every other one is a tile number
_MODE_7_TILE: Final = 128


class Placement(NamedTuple):
    """A tile that a map names.

    Args:
        vram_byte: Byte address of the tile in VRAM.
        depth: Bits per pixel, or "mode7".
        first_colour: Its colour 0 in CGRAM.
        entries: How many entries of the map name it so.
    """

    vram_byte: int
    depth: int | Literal["mode7"]
    first_colour: int
    entries: int


def layer_placements(snapshot: Snapshot) -> Iterator[Placement]:
    """Yield the tiles of the whole maps of the layers that are on the main screen or the subscreen.

    The registers are those at the start of vblank; of a layer whose registers are not known nothing is yielded.
    """
    ppu = snapshot.ppu
    mode, shown = known(ppu.bgmode) & 7, known(ppu.tm) | known(ppu.ts)
    if ppu.bgmode is None:
        return
    if mode == 7:
        if shown & 1:
            numbers = np.bincount(snapshot.vram[0:_MODE_7_MAP:2], minlength=256)
            for number in np.flatnonzero(numbers).tolist():
                yield Placement(number * _MODE_7_TILE, "mode7", 0, int(numbers[number]))
        return
    for layer, bpp in enumerate(DEPTHS[mode]):
        if bpp and shown >> layer & 1:
            yield from _of_layer(snapshot, ppu, mode, layer, bpp)


def _of_layer(snapshot: Snapshot, ppu: PpuRegisters, mode: int, layer: int, bpp: int) -> Iterator[Placement]:
    place = (ppu.bg1sc, ppu.bg2sc, ppu.bg3sc, ppu.bg4sc)[layer]
    bases = ppu.bg12nba if layer < 2 else ppu.bg34nba
    if place is None or bases is None:
        return
    base = (bases >> 4 * (layer % 2) & 0x0F) * 0x2000
    first, size = (place & 0x7C) << 9, SCREENS[place & 3] * SCREEN_BYTES
    entries = snapshot.vram[np.arange(first, first + size) % _VRAM_BYTES].view("<u2").astype(np.int64)
    counts = np.bincount(entries & 0x1FFF)  # the tile's number, and its palette from bit 10 on
    beside: tuple[int, ...] = (0,)
    if known(ppu.bgmode) >> (4 + layer) & 1:
        beside = (0, 1, 16, 17)
    elif mode in (5, 6):  # 16 pixels wide, whatever the size
        beside = (0, 1)
    for entry in np.flatnonzero(counts).tolist():
        palette = 0 if bpp == 8 else (32 * layer if mode == 0 else 0) + ((entry >> 10) << bpp)
        for further in beside:
            number = (entry & 0x3FF) + further & 0x3FF
            yield Placement((base + number * 8 * bpp) % _VRAM_BYTES, bpp, palette, int(counts[entry]))
