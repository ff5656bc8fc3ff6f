"""Which tiles the maps of the displayed background layers name: depth, colours, and which stand above each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray

from halscope.ppu.registers import known, screen_lines

SCREEN_BYTES: Final = 0x800
SCREENS: Final = (1, 2, 2, 4)  # by bits 0 and 1 of BGnSC ($2107 to $210A)
# Bits per pixel of BG1 to BG4 in modes 0 to 6; 0: no such layer.
DEPTHS: Final = ((2, 2, 2, 2), (4, 4, 2, 0), (4, 4, 0, 0), (8, 4, 0, 0), (8, 2, 0, 0), (4, 2, 0, 0), (4, 0, 0, 0))
_VRAM_BYTES: Final = 0x10000
_MODE_7_MAP: Final = 0x8000  # bytes; every other one is a tile number
_MODE_7_TILE: Final = 128
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
}
_VFLIP: Final = 0x8000


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


def layer_placements(snapshot: Snapshot) -> Iterator[Placement]:
    """Yield the tiles of the whole maps of the layers that are on the main screen or the subscreen of some row.

    Each map is yielded once with each setting of its registers that HDMA gives it. A layer whose registers are not
    known is left out.
    """
    for one in _shown_maps(snapshot):
        yield from _mode_7_placements(snapshot) if one.mode == 7 else _placements(_layer(snapshot, one))


def stacked_tiles(snapshot: Snapshot) -> Iterator[StackedTiles]:
    """Yield the pairs of tiles that stand one above the other, not flipped, in the maps that `layer_placements` reads.

    Pairs across the edge of a screen of 32 × 32 entries are left out.
    """
    for one in _shown_maps(snapshot):
        yield from _mode_7_stacks(snapshot) if one.mode == 7 else _stacks(_layer(snapshot, one))


class _Map(NamedTuple):
    """What a layer's tiles depend on, apart from VRAM.

    Args:
        mode: BG mode, 0 to 7.
        number: The layer's, 0 to 3.
        is_large: Whether tiles are 16 × 16 pixels.
        place: BGnSC ($2107 to $210A); 0 in mode 7.
        bases: BG12NBA or BG34NBA ($210B, $210C); 0 in mode 7.
    """

    mode: int
    number: int
    is_large: bool
    place: int
    bases: int


def _shown_maps(snapshot: Snapshot) -> Iterable[_Map]:
    return dict.fromkeys(one for ppu in _settings(snapshot) for one in _maps(ppu))


def _settings(snapshot: Snapshot) -> Iterator[PpuRegisters]:
    """Yield the registers of each run of rows on which those in `_REGISTERS` stay the same."""
    ppu, raster = snapshot.ppu, snapshot.raster
    if raster is None:
        yield ppu
        return
    writes = raster[(raster["line"] < screen_lines(ppu)) & np.isin(raster["register"], list(_REGISTERS))].tolist()
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
        if shown & 1:
            yield _Map(7, 0, False, 0, 0)
        return
    for number, bpp in enumerate(DEPTHS[mode]):
        place = (ppu.bg1sc, ppu.bg2sc, ppu.bg3sc, ppu.bg4sc)[number]
        bases = ppu.bg12nba if number < 2 else ppu.bg34nba
        if bpp and shown >> number & 1 and place is not None and bases is not None:
            yield _Map(mode, number, bool(ppu.bgmode >> (4 + number) & 1), place, bases)


class _Layer(NamedTuple):
    """A layer that is shown: its map, its depth, its tiles' base address, and int64[screens, 32, 32], its entries."""

    map: _Map
    bpp: int
    base: int
    screens: NDArray[np.int64]

    def vram_byte(self, entry: int) -> int:
        """Return the byte address of the tile that an entry names."""
        return (self.base + (entry & 0x3FF) * 8 * self.bpp) % _VRAM_BYTES


def _layer(snapshot: Snapshot, one: _Map) -> _Layer:
    first, size = (one.place & 0x7C) << 9, SCREENS[one.place & 3] * SCREEN_BYTES
    entries = snapshot.vram[np.arange(first, first + size) % _VRAM_BYTES].view("<u2").astype(np.int64)
    base = (one.bases >> 4 * (one.number % 2) & 0x0F) * 0x2000
    return _Layer(one, DEPTHS[one.mode][one.number], base, entries.reshape(-1, 32, 32))


def _placements(layer: _Layer) -> Iterator[Placement]:
    number, mode, bpp = layer.map.number, layer.map.mode, layer.bpp
    counts = np.bincount(layer.screens.reshape(-1) & 0x1FFF)  # the tile's number, and its palette from bit 10 on
    beside: tuple[int, ...] = (0,)
    if layer.map.is_large:
        beside = (0, 1, 16, 17)
    elif mode in (5, 6):  # 16 pixels wide, whatever the size
        beside = (0, 1)
    for entry in np.flatnonzero(counts).tolist():
        palette = 0 if bpp == 8 else (32 * number if mode == 0 else 0) + ((entry >> 10) << bpp)
        for further in beside:
            yield Placement(layer.vram_byte(entry + further), bpp, palette, int(counts[entry]))


def _stacks(layer: _Layer) -> Iterator[StackedTiles]:
    if layer.map.is_large:
        upright = layer.screens[layer.screens & _VFLIP == 0] & 0x3FF
        for number, count in enumerate(np.bincount(upright).tolist()):
            for further in (0, 1) if count else ():
                upper, lower = layer.vram_byte(number + further), layer.vram_byte(number + further + 16)
                yield StackedTiles(upper, lower, layer.bpp, count)
        return
    above, below = layer.screens[:, :-1], layer.screens[:, 1:]
    upright = (above | below) & _VFLIP == 0
    for pair, count in _counted(above[upright] & 0x3FF, below[upright] & 0x3FF):
        yield StackedTiles(layer.vram_byte(pair[0]), layer.vram_byte(pair[1]), layer.bpp, count)


def _mode_7_placements(snapshot: Snapshot) -> Iterator[Placement]:
    numbers = np.bincount(_mode_7_map(snapshot).reshape(-1), minlength=256)
    for number in np.flatnonzero(numbers).tolist():
        yield Placement(number * _MODE_7_TILE, "mode7", 0, int(numbers[number]))


def _mode_7_stacks(snapshot: Snapshot) -> Iterator[StackedTiles]:
    numbers = _mode_7_map(snapshot).astype(np.int64)
    for pair, count in _counted(numbers[:-1], numbers[1:]):
        yield StackedTiles(pair[0] * _MODE_7_TILE, pair[1] * _MODE_7_TILE, "mode7", count)


def _mode_7_map(snapshot: Snapshot) -> NDArray[np.uint8]:
    """Return uint8[128, 128], the numbers of the tiles."""
    return snapshot.vram[0:_MODE_7_MAP:2].reshape(128, 128)


def _counted(above: NDArray[np.int64], below: NDArray[np.int64]) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield the different pairs of numbers below 1024, and how often each occurs."""
    pairs, counts = np.unique(above.reshape(-1) << 10 | below.reshape(-1), return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        yield (pair >> 10, pair & 0x3FF), count
