"""Which tile a painted pixel changes: overlapping sprites, mirrored and repeated tiles, tiles of unknown origin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from halscope.inject import Cell, EditedSheet, Sheet, TileChange
from halscope.inject.split import changed_tiles
from halscope.ppu.tiles import decode_tiles, encode_tiles
from halscope_hooks import InjectError, Origin
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from support.edit_rom import PALETTE


def tile_of(pixels: NDArray[np.uint8]) -> bytes:
    return encode_tiles(pixels[np.newaxis], 4).tobytes()


def pixels_of(change: TileChange) -> NDArray[np.uint8]:
    tile: NDArray[np.uint8] = decode_tiles(change.new, 4)[0]
    return tile


def origin(number: int) -> Origin:
    return Origin("hal", 0x8000, number * 32, "pointer")


SLOPE = np.triu(np.full((8, 8), 5, np.uint8))
"""Opaque on and above the diagonal."""
FULL = np.full((8, 8), 6, np.uint8)


def make(*cells: Cell, width: int = 24, height: int = 8, palettes: int = 1) -> Sheet:
    return Sheet(
        kind="metasprite",
        title="test",
        width=width,
        height=height,
        bpp=4,
        palettes=np.stack([PALETTE] * palettes),
        cells=cells,
        rom_sha256="0" * 64,
    )


def paint(sheet: Sheet, *dots: tuple[int, int, int]) -> EditedSheet:
    pixels = sheet.compose().pixels
    for x, y, value in dots:
        pixels[y, x] = value
    return EditedSheet(sheet, pixels)


@pytest.mark.parametrize(("hflip", "vflip"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_flipped_tile_is_stored_unflipped(hflip: bool, vflip: bool) -> None:
    sheet = make(Cell(8, 0, hflip, vflip, 0, tile_of(SLOPE), origin(0)))
    shown = sheet.compose().pixels[:, 8:16]
    expected = SLOPE[:: -1 if vflip else 1, :: -1 if hflip else 1]
    assert (shown == expected).all()
    (change,) = changed_tiles(paint(sheet, (8 + 6, 1, 9)))
    wanted = SLOPE.copy()
    wanted[6 if vflip else 1, 1 if hflip else 6] = 9
    assert (pixels_of(change) == wanted).all()
    assert (change.origin, change.old) == (origin(0), tile_of(SLOPE))


def test_in_an_overlap_the_pixel_belongs_to_the_cell_that_shows_there() -> None:
    front = Cell(0, 0, False, False, 0, tile_of(SLOPE), origin(0))
    behind = Cell(4, 0, False, False, 0, tile_of(FULL), origin(1))
    sheet = make(front, behind)
    (change,) = changed_tiles(paint(sheet, (5, 2, 9)))  # in front, above the diagonal
    assert change.origin == origin(0)
    assert pixels_of(change)[2, 5] == 9
    (change,) = changed_tiles(paint(sheet, (5, 7, 9)))  # the front tile is transparent here
    assert change.origin == origin(1)
    assert pixels_of(change)[7, 1] == 9


def test_a_transparent_place_goes_to_the_frontmost_cell_with_that_palette() -> None:
    low = np.zeros((8, 8), np.uint8)
    front = Cell(0, 0, False, False, 0, tile_of(SLOPE), origin(0))
    behind = Cell(4, 0, False, False, 1, tile_of(low), origin(1))
    sheet = make(front, behind, palettes=2)
    (change,) = changed_tiles(paint(sheet, (5, 7, 9)))
    assert (change.origin, pixels_of(change)[7, 5]) == (origin(0), 9)
    (change,) = changed_tiles(paint(sheet, (5, 7, 16 + 9)))
    assert (change.origin, pixels_of(change)[7, 1]) == (origin(1), 9)
    first, second = changed_tiles(paint(sheet, (5, 2, 16 + 9)))  # the front cell gives way
    assert (first.origin, pixels_of(first)[2, 5]) == (origin(0), 0)
    assert (second.origin, pixels_of(second)[2, 1]) == (origin(1), 9)


def test_erasing_erases_every_cell_that_lies_there() -> None:
    front = Cell(0, 0, False, False, 0, tile_of(SLOPE), origin(0))
    behind = Cell(4, 0, False, False, 0, tile_of(FULL), origin(1))
    first, second = changed_tiles(paint(make(front, behind), (5, 2, 0)))
    assert (pixels_of(first)[2, 5], pixels_of(second)[2, 1]) == (0, 0)


def test_a_tile_shown_twice_takes_the_edit_of_either_place() -> None:
    left = Cell(0, 0, False, False, 0, tile_of(FULL), origin(0))
    right = Cell(8, 0, True, False, 0, tile_of(FULL), origin(0))
    (change,) = changed_tiles(paint(make(left, right), (8, 3, 9)))
    assert pixels_of(change)[3, 7] == 9
    assert np.count_nonzero(pixels_of(change) == 9) == 1
    assert change.cells == (0, 1)
    (both,) = changed_tiles(paint(make(left, right), (8, 3, 9), (7, 3, 9)))
    assert both.new == change.new


def test_a_tile_edited_in_two_ways_is_refused_and_both_places_named() -> None:
    left = Cell(0, 0, False, False, 0, tile_of(FULL), origin(0))
    right = Cell(8, 0, True, False, 0, tile_of(FULL), origin(0))
    with pytest.raises(
        InjectError,
        match=r"tiles at \(0, 0\) and \(8, 0\) are one tile in the ROM, mirrored left to right, but",
    ):
        changed_tiles(paint(make(left, right), (8, 3, 9), (7, 3, 10)))
    with pytest.raises(InjectError, match="edited in different ways"):
        changed_tiles(paint(make(left, right), (8, 3, 9), (1, 3, 9)))


def test_what_a_cell_in_front_hides_has_no_say_in_how_a_tile_was_edited() -> None:
    cover = Cell(12, 0, False, False, 0, tile_of(FULL), origin(5))
    left = Cell(0, 0, False, False, 0, tile_of(SLOPE), origin(0))
    right = Cell(8, 0, False, False, 0, tile_of(SLOPE), origin(0))  # its right half is covered
    (change,) = changed_tiles(paint(make(cover, left, right), (1, 1, 9), (9, 1, 9), (6, 1, 11)))
    assert (pixels_of(change)[1, 1], pixels_of(change)[1, 6]) == (9, 11)


def test_painting_a_tile_of_unknown_origin_is_refused_by_name() -> None:
    known = Cell(0, 0, False, False, 0, tile_of(FULL), origin(0))
    locked = Cell(8, 0, False, False, 0, tile_of(FULL))
    sheet = make(known, locked)
    assert changed_tiles(paint(sheet)) == ()
    assert len(changed_tiles(paint(sheet, (1, 1, 9)))) == 1
    with pytest.raises(InjectError, match=r"1 painted tiles have no known place .* those at \(8, 0\)"):
        changed_tiles(paint(sheet, (1, 1, 9), (9, 1, 9)))


def test_a_transparent_place_over_a_locked_and_a_known_tile_goes_to_the_known_one() -> None:
    locked = Cell(0, 0, False, False, 0, tile_of(np.zeros((8, 8), np.uint8)))
    known = Cell(0, 0, False, False, 0, tile_of(np.zeros((8, 8), np.uint8)), origin(0))
    (change,) = changed_tiles(paint(make(locked, known), (1, 1, 9)))
    assert change.origin == origin(0)


@settings(deadline=None)
@given(
    npst.arrays(np.uint8, (3, 8, 8), elements=st.integers(0, 15)),
    npst.arrays(np.uint8, (3, 8, 8), elements=st.integers(0, 15)),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_tiles_side_by_side_come_back_as_they_were_painted(
    before: NDArray[np.uint8], after: NDArray[np.uint8], flips: list[bool]
) -> None:
    cells = [Cell(8 * n, 0, flips[n], flips[n + 3], 0, tile_of(tile), origin(n)) for n, tile in enumerate(before)]
    sheet = make(*cells)
    target = replace(sheet, cells=tuple(replace(c, tile=tile_of(t)) for c, t in zip(cells, after, strict=True)))
    changes = changed_tiles(EditedSheet(sheet, target.compose().pixels))
    expected = {origin(n): tile_of(after[n]) for n in range(3) if (before[n] != after[n]).any()}
    assert {change.origin: change.new for change in changes} == expected


@settings(deadline=None)
@given(st.data())
def test_any_painting_of_overlapping_cells_shows_up_as_painted_or_is_refused(data: st.DataObject) -> None:
    cells = tuple(
        Cell(
            data.draw(st.integers(0, 8)),
            data.draw(st.integers(0, 4)),
            data.draw(st.booleans()),
            data.draw(st.booleans()),
            0,
            tile_of(data.draw(npst.arrays(np.uint8, (8, 8), elements=st.sampled_from([0, 0, 3, 7])))),
            origin(number),
        )
        for number in range(3)
    )
    sheet = make(*cells, width=16, height=12)
    pixels = sheet.compose().pixels
    covered = np.zeros(pixels.shape, bool)
    for cell in cells:
        covered[cell.y : cell.y + 8, cell.x : cell.x + 8] = True
    painted = data.draw(npst.arrays(np.uint8, pixels.shape, elements=st.sampled_from([0, 3, 7, 9])))
    changes = changed_tiles(EditedSheet(sheet, np.where(covered, painted, 0)))
    new = {change.origin: change.new for change in changes}
    shown = replace(sheet, cells=tuple(replace(c, tile=new.get(c.origin, c.tile)) for c in cells if c.origin))
    assert (shown.compose().pixels == np.where(covered, painted, 0)).all()
