"""Which tiles the maps of the displayed background layers name: depth, colours, and which stand above each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu.registers import known, screen_lines

SCREEN_BYTES: Final = 0x800
SCREENS: Final = (1, 2, 2, 4)  # by bits 0 and 1 of BGnSC ($2107 to $210A)
DEPTHS: Final = _codec.snes_layer_depths()  # bits per pixel of BG1 to BG4 by mode; 0: no such layer
_VRAM_BYTES: Final = 0x10000
_MODE_7_MAP: Final = 0x8000  # bytes; every other one is a tile number
_MODE_7_TILE: Final = 128
_VFLIP: Final = 0x8000
# The registers that say which tiles a layer shows, as RasterWrites counts them.
_REGISTERS: Final = {
    0x05: "bgmode",
    0x07: "bg1sc",
    0x08: "bg2sc",
    0x09: "bg3sc",
    0x0A: "bg4sc",
    0x0B: "bg12nba",
    0x0C: "bg34nba",
    0x2C: "tm",
    0x2D: "ts",
    0x33: "setini",
}
_IS_WANTED: Final = np.zeros(0x40, np.bool_)
_IS_WANTED[list(_REGISTERS)] = True


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


class StackedTiles(NamedTuple):
    """Two tiles, one above the other in a map.

    Args:
        upper: Byte address of the upper tile in VRAM.
        lower: Byte address of the one below it.
        depth: Bits per pixel, or "mode7".
        entries: How often they stand so.
    """

    upper: int
    lower: int
    depth: int | Literal["mode7"]
    entries: int


class _Map(NamedTuple):
    """What a layer's tiles depend on, apart from VRAM.

    Args:
        mode: BG mode, 0 to 7.
        layer: 0 to 3.
        large: Whether tiles are 16 × 16 pixels.
        place: BGnSC ($2107 to $210A); 0 in mode 7.
        bases: BG12NBA or BG34NBA ($210B, $210C); 0 in mode 7.
    """

    mode: int
    layer: int
    large: bool
    place: int
    bases: int

    @property
    def bpp(self) -> int:
        """Bits per pixel; 0 in mode 7."""
        return 0 if self.mode == 7 else DEPTHS[self.mode][self.layer]

    def screens(self, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return the map's entries, int64[screens, 32, 32]; in mode 7 the numbers of its tiles, int64[1, 128, 128]."""
        if self.mode == 7:
            return snapshot.vram[0:_MODE_7_MAP:2].astype(np.int64).reshape(1, 128, 128)
        first, size = (self.place & 0x7C) << 9, SCREENS[self.place & 3] * SCREEN_BYTES
        entries = snapshot.vram[np.arange(first, first + size) % _VRAM_BYTES].view("<u2")
        return entries.astype(np.int64).reshape(-1, 32, 32)

    def vram_byte(self, entry: int) -> int:
        """Return the byte address of the tile that an entry names."""
        if self.mode == 7:
            return entry * _MODE_7_TILE
        base = (self.bases >> 4 * (self.layer % 2) & 0x0F) * 0x2000
        return (base + (entry & 0x3FF) * 8 * self.bpp) % _VRAM_BYTES


def layer_placements(snapshot: Snapshot) -> Iterator[Placement]:
    """Yield the tiles of the whole maps of the layers that are on the main screen or the subscreen of some row.

    Each map is yielded once with each setting of its registers that HDMA gives it. A layer whose registers are not
    known is left out.
    """
    for one in _shown_maps(snapshot):
        yield from _mode_7(snapshot, one) if one.mode == 7 else _of_map(snapshot, one)


def stacked_tiles(snapshot: Snapshot) -> Iterator[StackedTiles]:
    """Yield the pairs of tiles that stand one above the other, not flipped, in the maps that `layer_placements` reads.

    Pairs across the edge of a screen of 32 × 32 entries are left out.
    """
    for one in _shown_maps(snapshot):
        screens = one.screens(snapshot)
        depth: int | Literal["mode7"] = one.bpp or "mode7"
        if one.large:
            upright = screens[screens & _VFLIP == 0] & 0x3FF
            for number, count in enumerate(np.bincount(upright).tolist()):
                for further in (0, 1) if count else ():
                    upper, lower = one.vram_byte(number + further), one.vram_byte(number + further + 16)
                    yield StackedTiles(upper, lower, depth, count)
            continue
        above, below = screens[:, :-1], screens[:, 1:]
        upright = (above | below) & _VFLIP == 0
        pairs = (above[upright] & 0x3FF) << 10 | below[upright] & 0x3FF
        for pair, count in zip(*(part.tolist() for part in np.unique(pairs, return_counts=True)), strict=True):
            yield StackedTiles(one.vram_byte(pair >> 10), one.vram_byte(pair & 0x3FF), depth, count)


def _shown_maps(snapshot: Snapshot) -> list[_Map]:
    return list(dict.fromkeys(one for ppu in _settings(snapshot) for one in _maps(ppu)))


def _settings(snapshot: Snapshot) -> Iterator[PpuRegisters]:
    """Yield the registers of each run of rows on which those in `_REGISTERS` stay the same."""
    ppu, raster = snapshot.ppu, snapshot.raster
    if raster is None:
        yield ppu
        return
    writes = raster[(raster["line"] < screen_lines(ppu)) & _IS_WANTED[raster["register"]]].tolist()
    if not writes or writes[0][0] > 0:
        yield ppu
    for _, of_line in groupby(writes, itemgetter(0)):
        ppu = replace(ppu, **{_REGISTERS[register]: value for _, register, value in of_line})
        yield ppu


def _maps(ppu: PpuRegisters) -> Iterator[_Map]:
    if ppu.bgmode is None:
        return
    mode, shown = ppu.bgmode & 7, known(ppu.tm) | known(ppu.ts)
    if mode == 7:
        extbg = known(ppu.setini) & 0x40  # BG2 is then a second layer of the same tiles
        if shown & (3 if extbg else 1):
            yield _Map(7, 0, False, 0, 0)
        return
    for layer, bpp in enumerate(DEPTHS[mode]):
        place = (ppu.bg1sc, ppu.bg2sc, ppu.bg3sc, ppu.bg4sc)[layer]
        bases = ppu.bg12nba if layer < 2 else ppu.bg34nba
        if bpp and shown >> layer & 1 and place is not None and bases is not None:
            yield _Map(mode, layer, bool(ppu.bgmode >> (4 + layer) & 1), place, bases)


def _mode_7(snapshot: Snapshot, one: _Map) -> Iterator[Placement]:
    numbers = np.bincount(one.screens(snapshot).reshape(-1), minlength=256)
    for number in np.flatnonzero(numbers).tolist():
        yield Placement(one.vram_byte(number), "mode7", 0, int(numbers[number]))


def _of_map(snapshot: Snapshot, one: _Map) -> Iterator[Placement]:
    counts = np.bincount(one.screens(snapshot).reshape(-1) & 0x1FFF)  # the tile's number, its palette from bit 10 on
    beside: tuple[int, ...] = (0,)
    if one.large:
        beside = (0, 1, 16, 17)
    elif one.mode in (5, 6):  # 16 pixels wide, whatever the size
        beside = (0, 1)
    first = 32 * one.layer if one.mode == 0 else 0
    for entry in np.flatnonzero(counts).tolist():
        palette = 0 if one.bpp == 8 else first + ((entry >> 10) << one.bpp)
        for further in beside:
            yield Placement(one.vram_byte(entry + further), one.bpp, palette, int(counts[entry]))
