"""Build the edit sheet of a rectangle of VRAM, as tile viewers show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import TRANSFORMS, Codec, Frame, ImageError, VramOrigins
from numpy.typing import NDArray

from halscope.inject._runs import VRAM_BYTES, Blocks, choose_places, known_places
from halscope.inject.builders import grey_palette
from halscope.inject.model import TILE, Cell, Sheet
from halscope.ppu.obj import cgram_at
from halscope.ppu.placements import layer_placements
from halscope.ppu.tiles import TileDepth
from halscope.rom.image import Rom

PAGE_COLUMNS: Final = 16
"""Tiles from one row of a region to the next, as in the console's pages of sprite tiles."""
_MIDDLE_ROW: Final = 112


def sheet_from_region(
    frame: Frame,
    vram_byte: int,
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec] = (),
    *,
    columns: int = PAGE_COLUMNS,
    rows: int = PAGE_COLUMNS,
    bpp: TileDepth = 4,
) -> Sheet:
    """Return the sheet of a rectangle of VRAM. Its colours are those that most of its tiles are shown in, or greys.

    Args:
        frame: The decoded frame.
        vram_byte: Byte address of the upper left tile, a multiple of a tile's size.
        origins: Origins of the tiles in its VRAM. A tile without an origin is locked.
        rom: The running ROM.
        codecs: All codecs that origins may name.
        columns: Tiles per row. The next row is 16 tiles further in VRAM, or as many as these if they are more.
        rows: Number of rows.
        bpp: Bits per pixel.

    Raises:
        ImageError: The rectangle is not inside VRAM, or its address is not that of a tile.
    """
    size, pitch = TILE * bpp, max(columns, PAGE_COLUMNS)
    end = vram_byte + ((rows - 1) * pitch + columns) * size
    if vram_byte % size or columns < 1 or rows < 1 or not 0 <= vram_byte < end <= VRAM_BYTES:
        raise ImageError(
            f"VRAM has no {columns}x{rows} {bpp}bpp tiles at byte {vram_byte:#x}: tiles begin at multiples of "
            f"{size}, and VRAM ends at {VRAM_BYTES:#x}"
        )
    places = {
        vram_byte + (row * pitch + column) * size: (column * TILE, row * TILE)
        for row in range(rows)
        for column in range(columns)
    }
    vram, blocks = frame.snapshot.vram, Blocks(rom, codecs)
    tiles = {at // size: vram[at : at + size].tobytes() for at in places}
    known = {at // size: known_places(origins, at, bpp, tiles[at // size], blocks) for at in places}
    chosen = choose_places(tiles, known, rom, codecs)
    cells = tuple(
        Cell(x, y, False, False, 0, tiles[at // size], chosen[at // size], at) for at, (x, y) in places.items()
    )
    named = {cell.origin.transform for cell in cells if cell.origin is not None}
    return Sheet(
        kind="region",
        title=f"VRAM {vram_byte:#06x}, frame {frame.snapshot.frame}",
        width=columns * TILE,
        height=rows * TILE,
        bpp=bpp,
        palettes=_colours(frame, set(places), bpp).reshape(1, -1),
        cells=cells,
        rom_sha256=rom.sha256,
        rom_title="".join(character if character.isprintable() else "?" for character in rom.title)[:200],
        transforms=tuple(one for one in rom.transforms if one.name in named and one not in TRANSFORMS),
    )


def _colours(frame: Frame, places: set[int], bpp: TileDepth) -> NDArray[np.uint16]:
    """Return uint16[2^bpp]: the palette in which most of these tiles are shown, or greys."""
    first: Counter[int] = Counter()
    for tile in layer_placements(frame.snapshot):
        if tile.depth == bpp and tile.vram_byte in places:
            first[tile.first_colour] += 1
    for sprite in frame.sprites if bpp == 4 else ():
        first[128 + 16 * sprite.palette] += len(places.intersection(sprite.cells.reshape(-1).tolist()))
    if not first.total():
        return grey_palette(bpp)
    at = max(first, key=lambda colour: (first[colour], -colour))
    palette: NDArray[np.uint16] = cgram_at(frame.snapshot, _MIDDLE_ROW)[at : at + (1 << bpp)] & np.uint16(0x7FFF)
    return palette
