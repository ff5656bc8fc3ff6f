"""The name of a sheet follows from what it shows: its block, its size, its first tile, and how it is turned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from halscope.app._figure_names import figure_name
from halscope.inject import Cell, Sheet
from halscope_hooks import Origin

BLOCK = 0x35D23


def sheet(cells: Sequence[Cell], width: int = 16, height: int = 16) -> Sheet:
    return Sheet(
        kind="metasprite",
        title="a figure",
        width=width,
        height=height,
        bpp=4,
        palettes=np.arange(16, dtype=np.uint16).reshape(1, 16),
        cells=tuple(cells),
        rom_sha256="0" * 64,
    )


def figure(tiles: Sequence[int], *, hflip: bool = False, vflip: bool = False, lead: int = 3) -> Sheet:
    """A figure of 16 × 16 pixels with these tiles of a block, row by row as the screen shows them."""
    cells = [
        Cell(
            at % 2 * 8,
            at // 2 * 8,
            hflip,
            vflip,
            0,
            bytes([tile]) * 32,
            Origin("hal", BLOCK, lead + 32 * tile, "pointer"),
        )
        for at, tile in enumerate(tiles)
    ]
    return sheet(cells)


@pytest.mark.parametrize(
    ("tiles", "flips", "name"),
    [
        ((4, 5, 6, 7), (False, False), "16x16-004"),
        ((4, 5, 20, 21), (False, False), "16x16w16-004"),
        ((4, 5, 12, 13), (False, False), "16x16w8-004"),
        ((5, 4, 7, 6), (True, False), "16x16-004-mirrored"),
        ((6, 7, 4, 5), (False, True), "16x16-004-flipped"),
        ((7, 6, 5, 4), (True, True), "16x16-004-turned"),
    ],
)
def test_a_rectangle_of_a_block_is_named_without_a_hash(
    tiles: tuple[int, ...], flips: tuple[bool, bool], name: str
) -> None:
    assert figure_name(figure(tiles, hflip=flips[0], vflip=flips[1])) == f"hal-{BLOCK:06x}/{name}"


def test_another_arrangement_has_a_hash_of_what_it_shows() -> None:
    names = [figure_name(figure(tiles)) for tiles in ((4, 5, 6, 9), (4, 5, 9, 6), (4, 4, 4, 4))]
    assert len(set(names)) == 3
    assert all(name.startswith(f"hal-{BLOCK:06x}/16x16-004-") and len(name.rpartition("-")[2]) == 6 for name in names)
    cells = figure((4, 5, 6, 9)).cells
    moved = sheet([replace(cell, vram_byte=0x4000, palette=0) for cell in cells])
    assert figure_name(moved) == names[0], "where it is in VRAM does not matter"


def test_tiles_that_cover_each_other_are_no_rectangle() -> None:
    """As many tiles as places, but two on one place and none on another: in the middle, or at the first place."""
    cells = figure((4, 5, 6, 7)).cells
    for x, y in ((0, 0), (8, 8)):
        stacked = [replace(cell, x=8 - x, y=8 - y) if (cell.x, cell.y) == (x, y) else cell for cell in cells]
        assert re.fullmatch(rf"hal-{BLOCK:06x}/16x16-004-[0-9a-f]{{6}}", figure_name(sheet(stacked)))


def test_the_block_of_most_tiles_gives_the_folder() -> None:
    cells = list(figure((4, 5, 6, 7)).cells)
    cells[0] = replace(cells[0], origin=Origin("hal", 0x8123, 0, "pointer"))
    assert figure_name(sheet(cells)).startswith(f"hal-{BLOCK:06x}/16x16-005-")
    cells[1:] = [replace(cell, origin=None) for cell in cells[1:]]
    assert figure_name(sheet(cells)).startswith("hal-008123/16x16-000-")
    assert figure_name(sheet([replace(cell, origin=None) for cell in cells])).startswith("unknown/16x16-")


def test_uncompressed_tiles_are_named_by_their_offset() -> None:
    raw = [
        replace(cell, origin=Origin("raw", 0x1A407 + 32 * at, 0, "content"))
        for at, cell in enumerate(figure((0, 1, 2, 3)).cells)
    ]
    assert figure_name(sheet(raw)) == "raw-018000/16x16-01a407"


def test_tiles_of_three_planes_are_counted_as_they_are_stored() -> None:
    cells = [
        replace(
            cell, tile=bytes(16) + bytes([at, 0] * 8), origin=Origin("hal", BLOCK, 24 * (4 + at), "pointer", "3bpp-low")
        )
        for at, cell in enumerate(figure((0, 1, 2, 3)).cells)
    ]
    assert figure_name(sheet(cells)) == f"hal-{BLOCK:06x}/16x16-004"
