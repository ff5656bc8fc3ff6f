"""Build one edit sheet from the pictures of a figure: side by side, each where it stands relative to the anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import ImageError
from numpy.typing import NDArray

from halscope.inject.model import MAX_CELLS, MAX_DOUBTS, MAX_PIXELS, Cell, Sheet

ROW_PIXELS: Final = 1024
"""Width from which on the pictures of a strip continue in another row."""


class StripPicture(NamedTuple):
    """One picture of a figure.

    Args:
        sheet: The figure as a sheet of its own, 4bpp.
        palettes: The number of the OBJ palette of each of the sheet's palettes.
        x: Its left edge relative to the figure's anchor.
        y: Its top edge, likewise.
    """

    sheet: Sheet
    palettes: tuple[int, ...]
    x: int
    y: int


def sheet_from_strip(pictures: Sequence[StripPicture], *, title: str) -> Sheet:
    """Return the pictures of a figure as one sheet.

    Every picture has a field of the same size, in which the anchor is at the same place. A row holds as many as fit in
    1024 pixels, at least one. A palette has the colours of the first picture that has it. A tile that stands in several
    pictures is one tile, as everywhere: edited in one of them, it changes in all.

    Args:
        pictures: At least one, of one ROM.
        title: Title for users.

    Raises:
        ImageError: The pictures do not fit in one sheet.
    """
    left, top = min(one.x for one in pictures), min(one.y for one in pictures)
    width = max(one.x + one.sheet.width for one in pictures) - left
    height = max(one.y + one.sheet.height for one in pictures) - top
    across = min(len(pictures), max(1, ROW_PIXELS // width))
    rows = -(-len(pictures) // across)
    count = sum(len(one.sheet.cells) for one in pictures)
    if across * width * rows * height > MAX_PIXELS or count > MAX_CELLS:
        raise ImageError(
            f"{title}: {len(pictures)} pictures of {width}x{height} pixels with {count} tiles are too many for one "
            f"sheet, which has at most {MAX_PIXELS} pixels and {MAX_CELLS} tiles"
        )
    colours: dict[int, NDArray[np.uint16]] = {}
    for one in pictures:
        for number, palette in zip(one.palettes, one.sheet.palettes, strict=True):
            colours.setdefault(number, palette)
    order = sorted(colours)
    cells: list[Cell] = []
    for at, one in enumerate(pictures):
        x = at % across * width + one.x - left
        y = at // across * height + one.y - top
        for cell in one.sheet.cells:
            palette = order.index(one.palettes[cell.palette])
            cells.append(replace(cell, x=cell.x + x, y=cell.y + y, palette=palette))
    first = pictures[0].sheet
    doubts = dict.fromkeys(doubt for one in pictures for doubt in one.sheet.doubts)
    return Sheet(
        kind="strip",
        title=title,
        width=across * width,
        height=rows * height,
        bpp=first.bpp,
        palettes=np.stack([colours[number] for number in order]),
        cells=_standing(cells),
        rom_sha256=first.rom_sha256,
        rom_title=first.rom_title,
        doubts=tuple(doubts)[:MAX_DOUBTS],
        transforms=tuple(dict.fromkeys(transform for one in pictures for transform in one.sheet.transforms)),
    )


def _standing(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Take the VRAM address from the tiles of places into which the game streams one tile after the other."""
    tiles: dict[int, set[bytes]] = {}
    for cell in cells:
        if cell.vram_byte is not None:
            tiles.setdefault(cell.vram_byte, set()).add(cell.tile)
    return tuple(
        cell if cell.vram_byte is None or len(tiles[cell.vram_byte]) == 1 else replace(cell, vram_byte=None)
        for cell in cells
    )
