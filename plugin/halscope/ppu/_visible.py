"""Which tiles of VRAM a frame shows: the pixels of its sprites, and the characters of its displayed layers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_TILES, Frame, Snapshot
from numpy.typing import NDArray

from halscope.ppu.compose import compose_screen
from halscope.ppu.layers import draw_layers
from halscope.ppu.placements import DEPTHS, SCREEN_BYTES, SCREENS
from halscope.ppu.registers import half_height, known

_INIDISP: Final = 0x00
_BGMODE: Final = 0x05
_BGSC: Final = 0x07
_BGNBA: Final = 0x0B
_TM: Final = 0x2C
_TS: Final = 0x2D
_ENTRY_UNIT: Final = TILE_BYTES // 2  # map entries in a unit
_MODE_7_BYTES: Final = 0x8000
_MODE_7_UNITS: Final = 4  # of a tile, whose bytes are every other one of 128

Counts = NDArray[np.int64]


def sprite_pixels(frame: Frame) -> Counts:
    """Return int64[2048]: how many pixels on the screen show each 32-byte unit of VRAM as part of a sprite.

    Raises:
        UsageError: A register that composing the screen needs is not known.
    """
    owner = compose_screen(frame).owner
    counts = np.zeros(VRAM_TILES, np.int64)
    if not frame.sprites:
        return counts
    tall, wide = (2 if owner.shape[0] > 239 else 1), (2 if owner.shape[1] > 256 else 1)
    ys, xs = np.nonzero(owner >= 0)
    owners = owner[ys, xs]
    for index in np.flatnonzero(np.bincount(owners)).tolist():
        sprite, mine = frame.sprites[index], owners == index
        rows = (ys[mine] // tall - sprite.y) & 0xFF
        if half_height(frame.snapshot.ppu):
            rows = rows * 2 + (ys[mine] % 2 if tall == 2 else frame.snapshot.field or 0)
        rows //= 8
        columns = (xs[mine] // wide - sprite.x) // 8
        height, width = sprite.cells.shape
        inside = (rows < height) & (columns >= 0) & (columns < width)
        units = sprite.cells[rows[inside], columns[inside]] // TILE_BYTES
        counts += np.bincount(units, minlength=VRAM_TILES)
    return counts


class LayerTiles(NamedTuple):
    """Which 32-byte units of VRAM the displayed background layers read as characters: bool[2048] each."""

    shown: NDArray[np.bool_]
    mode_7: NDArray[np.bool_]
    """Those of them that are tiles of mode 7, whose bytes are no planes."""


def layer_tiles(snapshot: Snapshot) -> LayerTiles:
    """Return the tiles of the displayed background layers.

    A layer counts if it is on the main screen or the subscreen of some row, also where another one covers it. In mode 7
    all tiles of the map count.
    """
    shown, mode_7 = np.zeros(VRAM_TILES, np.bool_), np.zeros(VRAM_TILES, np.bool_)
    if all(value & 0x80 for value in _values(snapshot, _INIDISP, snapshot.ppu.inidisp)):  # forced blank
        return LayerTiles(shown, mode_7)
    drawn, _ = draw_layers(snapshot)
    modes = {value & 0x77 for value in _values(snapshot, _BGMODE, snapshot.ppu.bgmode)}
    screens = _values(snapshot, _TM, snapshot.ppu.tm) | _values(snapshot, _TS, snapshot.ppu.ts)
    sizes = _values(snapshot, _BGMODE, snapshot.ppu.bgmode)
    for index, one in drawn.items():
        if not any(value >> (index - 1) & 1 for value in screens):
            continue
        for mode in {value & 7 for value in modes}:
            if mode == 7:
                mode_7 |= _mode_7_tiles(snapshot.vram)
            elif DEPTHS[mode][index - 1]:
                large = any(value >> (3 + index) & 1 for value in sizes)
                shown |= one.tiles & _characters(snapshot, index, DEPTHS[mode][index - 1], one.tiles, large, mode)
    return LayerTiles(shown | mode_7, mode_7 & ~shown)


def _values(snapshot: Snapshot, register: int, last: int | None) -> set[int]:
    """Return every value that a register had while the picture was drawn."""
    raster = snapshot.raster
    written = () if raster is None else raster["value"][raster["register"] == register].tolist()
    return {known(last), *written}


def _characters(
    snapshot: Snapshot, index: int, bpp: int, read: NDArray[np.bool_], large: bool, mode: int
) -> NDArray[np.bool_]:
    """Return bool[2048]: the units of the characters that the entries in `read` units of the layer's map name."""
    ppu, vram = snapshot.ppu, snapshot.vram
    maps = _values(snapshot, _BGSC + index - 1, (ppu.bg1sc, ppu.bg2sc, ppu.bg3sc, ppu.bg4sc)[index - 1])
    bases = _values(snapshot, _BGNBA + (index - 1) // 2, ppu.bg12nba if index < 3 else ppu.bg34nba)
    map_bytes = np.zeros(VRAM_TILES, np.bool_)
    for value in maps:
        first, size = (value & 0x7C) << 9, SCREENS[value & 3] * SCREEN_BYTES
        map_bytes[np.arange(first // TILE_BYTES, (first + size) // TILE_BYTES) % VRAM_TILES] = True
    entries = vram.reshape(VRAM_TILES, TILE_BYTES)[map_bytes & read].view("<u2").ravel().astype(np.int64)
    numbers = _different(entries & 0x3FF)
    if large or mode in (5, 6):  # 16 pixels wide in modes 5 and 6, whatever the size
        beside = (0, 1, 16, 17) if large else (0, 1)
        numbers = _different((numbers[:, None] + beside).ravel() & 0x3FF)
    size = 8 * bpp
    units = np.zeros(VRAM_TILES, np.bool_)
    for base in {value >> 4 * ((index - 1) % 2) & 0x0F for value in bases}:
        first_bytes = (base * 0x2000 + numbers * size) & 0xFFFF
        for further in range(0, size, TILE_BYTES):
            units[(first_bytes + further & 0xFFFF) // TILE_BYTES] = True
    return units


def _mode_7_tiles(vram: NDArray[np.uint8]) -> NDArray[np.bool_]:
    units = np.zeros(VRAM_TILES, np.bool_)
    numbers = _different(vram[0:_MODE_7_BYTES:2])
    units[(numbers[:, None] * _MODE_7_UNITS + np.arange(_MODE_7_UNITS)).ravel()] = True
    return units


def _different(numbers: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the different numbers, ascending. (np.unique would abort a process that exits meanwhile.)"""
    return np.flatnonzero(np.bincount(numbers))
