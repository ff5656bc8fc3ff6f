"""The map of a background layer as the console reads it: every entry with its place, its tiles and their flips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.ppu.placements import DEPTHS, SCREEN_BYTES, SCREENS
from halscope.ppu.registers import known

VFLIP: Final = 0x8000
HFLIP: Final = 0x4000
PRIORITY: Final = 0x2000
PALETTE_SHIFT: Final = 10
NUMBER: Final = 0x3FF
_VRAM_BYTES: Final = 0x10000
_SIDE: Final = 32  # entries per side of a screen
_MODE_7_SIDE: Final = 128
_MODE_7_TILE: Final = 128  # bytes in VRAM, every other one of which belongs to the map


class MapTile(NamedTuple):
    """One 8×8 tile of a layer.

    Args:
        entry: Number of its map entry, in the order of VRAM; in mode 7 row by row.
        x: Left edge in the layer, in pixels.
        y: Top edge, likewise.
        vram_byte: Byte address of the tile.
        palette: Number of its palette, 0 to 7.
        hflip: Whether it is mirrored left to right.
        vflip: Whether it is mirrored top to bottom.
    """

    entry: int
    x: int
    y: int
    vram_byte: int
    palette: int
    hflip: bool
    vflip: bool


@dataclass(frozen=True, slots=True, eq=False)
class TileMap:
    """The map of a layer.

    Args:
        layer: 1 to 4.
        depth: Bits per pixel, or "mode7".
        columns: Tiles of 8 pixels side by side in one entry: 1 or 2.
        rows: The same one above the other.
        vram_byte: Byte address of the first entry.
        words: uint16[n], the entries in the order of VRAM; in mode 7 the numbers of the tiles.
        screens_wide: Screens of 32 × 32 entries side by side: 1 or 2.
        characters: Byte address of tile 0.
        first_colour: CGRAM index of palette 0.
    """

    layer: int
    depth: int | Literal["mode7"]
    columns: int
    rows: int
    vram_byte: int
    words: NDArray[np.uint16]
    screens_wide: int
    characters: int
    first_colour: int

    @property
    def bpp(self) -> int:
        """Bits per pixel, also in mode 7."""
        return 8 if self.depth == "mode7" else self.depth

    @property
    def tile_bytes(self) -> int:
        """Bytes from one tile in VRAM to the next."""
        return _MODE_7_TILE if self.depth == "mode7" else 8 * self.depth

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self.depth == "mode7":
            return _MODE_7_SIDE * 8, _MODE_7_SIDE * 8
        high = len(self.words) // (_SIDE * _SIDE) // self.screens_wide
        return self.screens_wide * _SIDE * 8 * self.columns, high * _SIDE * 8 * self.rows

    def tiles(self) -> Iterator[MapTile]:
        """Yield the tiles, entry by entry, and in an entry row by row as shown."""
        for number, word in enumerate(self.words.tolist()):
            if self.depth == "mode7":
                row, column = divmod(number, _MODE_7_SIDE)
                yield MapTile(number, column * 8, row * 8, word * _MODE_7_TILE, 0, False, False)
                continue
            screen, inside = divmod(number, _SIDE * _SIDE)
            row, column = inside // _SIDE, inside % _SIDE
            left = (screen % self.screens_wide * _SIDE + column) * 8 * self.columns
            top = (screen // self.screens_wide * _SIDE + row) * 8 * self.rows
            hflip, vflip = bool(word & HFLIP), bool(word & VFLIP)
            palette = 0 if self.bpp == 8 else word >> PALETTE_SHIFT & 7
            for down in range(self.rows):
                for across in range(self.columns):
                    tile = (word & NUMBER) + (self.columns - 1 - across if hflip else across)
                    tile += 16 * (self.rows - 1 - down if vflip else down)
                    at = (self.characters + (tile & NUMBER) * self.tile_bytes) % _VRAM_BYTES
                    yield MapTile(number, left + across * 8, top + down * 8, at, palette, hflip, vflip)


def tile_map(snapshot: Snapshot, layer: int) -> TileMap:
    """Return the map of a layer, as the registers are at the end of the frame.

    Args:
        snapshot: VRAM and the registers.
        layer: 1 to 4.

    Raises:
        UsageError: The BG mode has no such layer, or a register of it is not known.
    """
    ppu = snapshot.ppu
    if ppu.bgmode is None:
        raise UsageError(f"BG{layer}: BGMODE ($2105) is not known: this host cannot read it")
    mode = ppu.bgmode & 7
    if mode == 7:
        if layer != 1 and not (layer == 2 and known(ppu.setini) & 0x40):
            raise UsageError(f"there is no BG{layer} in mode 7; its layer is BG1")
        words = snapshot.vram[0 : 2 * _MODE_7_SIDE**2 : 2].astype(np.uint16)
        return TileMap(layer, "mode7", 1, 1, 0, words, 1, 0, 0)
    layers = [number for number, bpp in enumerate(DEPTHS[mode], 1) if bpp]
    if layer not in layers:
        names = ", ".join(f"BG{number}" for number in layers)
        raise UsageError(f"there is no BG{layer} in mode {mode}; there are {names}")
    if mode in (2, 4, 6) and layer == 3:
        raise UsageError(f"BG3 holds the offsets of the other layers in mode {mode}, not tiles")
    place, bases = _registers(ppu, layer)
    first, screens = (place & 0x7C) << 9, SCREENS[place & 3]
    at = np.arange(first, first + screens * SCREEN_BYTES) % _VRAM_BYTES
    large = bool(ppu.bgmode >> (3 + layer) & 1)
    return TileMap(
        layer=layer,
        depth=DEPTHS[mode][layer - 1],
        columns=2 if large or mode in (5, 6) else 1,
        rows=2 if large else 1,
        vram_byte=first,
        words=snapshot.vram[at].view("<u2").astype(np.uint16),
        screens_wide=2 if place & 1 else 1,
        characters=(bases >> 4 * ((layer - 1) % 2) & 0x0F) * 0x2000,
        first_colour=32 * (layer - 1) if mode == 0 else 0,
    )


def _registers(ppu: PpuRegisters, layer: int) -> tuple[int, int]:
    """Return BGnSC ($2107 to $210A) and BG12NBA or BG34NBA ($210B, $210C)."""
    place = (ppu.bg1sc, ppu.bg2sc, ppu.bg3sc, ppu.bg4sc)[layer - 1]
    bases = ppu.bg12nba if layer < 3 else ppu.bg34nba
    if place is None or bases is None:
        name = f"BG{layer}SC" if place is None else "BG12NBA" if layer < 3 else "BG34NBA"
        raise UsageError(f"BG{layer}: {name} is not known: this host cannot read it")
    return place, bases
