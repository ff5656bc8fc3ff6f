"""A sheet is read back unchanged from every kind of PNG that an editor may save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import Sheet, grey_palette, read_sheet, write_sheet
from halscope.inject.split import changed_tiles
from halscope_hooks import ImageError
from numpy.typing import NDArray
from support.edit_rom import PALETTE
from support.pngs import GREY, GREY_ALPHA, INDEXED, RGB, RGB_ALPHA, make_png

Save = Callable[[Sheet, NDArray[np.uint8]], bytes]
"""Return the PNG that an editor saves of a sheet with these pixels (palette x 16 + colour)."""


def rgba(sheet: Sheet, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = np.where(pixels % sheet.colours == 0, 0, 255).astype(np.uint8)
    return np.dstack([sheet.rgb[pixels], alpha])


def save_rgba(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(rgba(sheet, pixels), RGB_ALPHA)


def save_rgba_interlaced(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(rgba(sheet, pixels), RGB_ALPHA, interlaced=True)


def save_rgba_with_black_where_transparent(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    picture = rgba(sheet, pixels)
    picture[picture[:, :, 3] == 0] = 0
    return make_png(picture, RGB_ALPHA)


def save_rgba_with_soft_alpha(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    picture = rgba(sheet, pixels)
    picture[:, :, 3] = np.where(picture[:, :, 3] == 0, 127, 128)
    return make_png(picture, RGB_ALPHA)


def save_rgba_16_bit(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(rgba(sheet, pixels).astype(np.uint16) * 257, RGB_ALPHA, 16)


def save_rgb_on_colour_0(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(sheet.rgb[pixels], RGB)


def save_rgb_16_bit_with_a_colour_key(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    key = (sheet.rgb[0].astype(np.uint16) * 257).astype(">u2").tobytes()
    return make_png(sheet.rgb[pixels].astype(np.uint16) * 257, RGB, 16, transparency=key)


def save_rgb_with_colours_shifted_left(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    """Another tool's way to expand 5 bits: `c << 3`."""
    return make_png(rgba(sheet, pixels) & np.array([0xF8, 0xF8, 0xF8, 0xFF], np.uint8), RGB_ALPHA)


def save_rgb_with_colours_a_little_off(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    """A colour profile's rounding."""
    picture = rgba(sheet, pixels).astype(np.int16)
    picture[:, :, :3] -= picture[:, :, :3] % 2
    return make_png(picture.astype(np.uint8), RGB_ALPHA)


def save_indexed_as_it_is(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    alpha = np.where(np.arange(len(sheet.rgb)) % sheet.colours == 0, 0, 255).astype(np.uint8).tobytes()
    return make_png(pixels[:, :, None], INDEXED, palette=sheet.rgb, transparency=alpha)


def save_indexed_without_transparency(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(pixels[:, :, None], INDEXED, palette=sheet.rgb)


def save_indexed_4_bit_interlaced(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    return make_png(pixels[:, :, None], INDEXED, 4, palette=sheet.rgb, transparency=b"\0", interlaced=True)


def save_indexed_backwards(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    last = len(sheet.rgb) - 1
    alpha = b"\xff" * last + b"\0"
    return make_png((last - pixels)[:, :, None], INDEXED, palette=sheet.rgb[::-1], transparency=alpha)


def save_indexed_with_used_colours_only(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    """Sorted by colour, duplicates merged, transparent first."""
    colours, indices = np.unique(rgba(sheet, pixels).reshape(-1, 4), axis=0, return_inverse=True)
    samples = indices.reshape(*pixels.shape, 1)
    return make_png(samples, INDEXED, palette=colours[:, :3], transparency=colours[:, 3].tobytes())


def save_indexed_with_a_full_palette(sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    spare = np.tile(np.array([[1, 2, 3]], np.uint8), (240, 1))
    return make_png(pixels[:, :, None], INDEXED, palette=np.concatenate([sheet.rgb, spare]), transparency=b"\0")


SAVES: list[Save] = [save for name, save in list(globals().items()) if name.startswith("save_")]


@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
def test_an_unchanged_picture_changes_no_tile_and_a_painted_one_only_what_was_painted(
    sheet: Sheet, tmp_path: Path, save: Save
) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    original = sheet.compose().pixels
    path.write_bytes(save(sheet, original))
    assert changed_tiles(read_sheet(path)) == ()
    painted = original.copy()
    painted[2:6, 9:14] = np.arange(1, 16)[:, None][:4] + np.arange(5)
    painted[9, 3] = 0
    path.write_bytes(save(sheet, painted))
    edited = read_sheet(path)
    assert (edited.pixels == painted).all()
    assert [change.cells for change in changed_tiles(edited)] == [(1,), (16,)]


@pytest.mark.parametrize(
    ("colour_type", "depth", "interlaced"),
    [(GREY, 8, False), (GREY, 16, False), (GREY, 4, True), (GREY_ALPHA, 8, False), (GREY_ALPHA, 16, True)],
)
def test_a_grey_palette_comes_back_from_grey_pictures(
    sheet: Sheet, tmp_path: Path, colour_type: int, depth: int, interlaced: bool
) -> None:
    grey = replace(sheet, palettes=grey_palette(4).reshape(1, 16))
    path, _ = write_sheet(grey, None, tmp_path / "grey.png")
    pixels = grey.compose().pixels
    samples = grey.rgb[pixels][:, :, :1].astype(np.uint16)
    if depth == 4:
        samples = pixels[:, :, None].astype(np.uint16)
    if depth == 16:
        samples *= 257
    if colour_type == GREY_ALPHA:
        full = (1 << depth) - 1
        samples = np.dstack([samples, np.where(pixels == 0, 0, full)])
    key = b"\0\0" if colour_type == GREY else b""
    path.write_bytes(make_png(samples, colour_type, depth, interlaced=interlaced, transparency=key))
    assert (read_sheet(path).pixels == pixels).all()


def test_one_bit_pictures_are_black_and_white(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "bits.png")
    bits = np.indices((sheet.height, sheet.width)).sum(axis=0) % 2
    path.write_bytes(make_png(bits[:, :, None], GREY, 1))
    covered = np.zeros(bits.shape, bool)
    for cell in sheet.cells:
        covered[cell.y : cell.y + 8, cell.x : cell.x + 8] = True
    with pytest.raises(ImageError, match="painted where the sheet has no tile"):
        read_sheet(path)
    alpha = np.where(covered, 255, 0)
    path.write_bytes(make_png(np.dstack([bits * 255, alpha]), GREY_ALPHA))
    assert (read_sheet(path).pixels[covered] == np.where(bits, 2, 1)[covered]).all()


@pytest.fixture
def twins(sheet: Sheet) -> Sheet:
    """Colours 4 and 9 are alike, and so are 5 and the transparent colour 0."""
    palette = PALETTE.copy()
    palette[9] = palette[4]
    palette[5] = palette[0]
    return replace(sheet, palettes=palette.reshape(1, 16))


@pytest.mark.parametrize("save", [save_rgba, save_indexed_with_used_colours_only], ids=lambda save: save.__name__)
def test_a_colour_that_is_there_twice_keeps_its_index_where_nothing_was_painted(
    twins: Sheet, tmp_path: Path, save: Save
) -> None:
    path, _ = write_sheet(twins, None, tmp_path / "twins.png")
    original = twins.compose().pixels
    assert {4, 5, 9} <= set(np.unique(original).tolist())
    path.write_bytes(save(twins, original))
    assert changed_tiles(read_sheet(path)) == ()
    painted = original.copy()
    place = tuple(np.argwhere((original != 0) & (original != 4) & (original != 9))[0])
    painted[place] = 9
    path.write_bytes(save(twins, painted))
    assert read_sheet(path).pixels[place] == 4


def test_an_indexed_picture_that_kept_the_palette_may_paint_with_either_twin(twins: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(twins, None, tmp_path / "twins.png")
    painted = twins.compose().pixels
    painted[0:8, 0:8] = 9
    painted[0:8, 8:16] = 5
    path.write_bytes(save_indexed_as_it_is(twins, painted))
    assert (read_sheet(path).pixels == painted).all()


def test_colours_are_matched_with_the_palette_of_the_tile_they_are_in(sheet: Sheet, tmp_path: Path) -> None:
    """Two palettes with the same colours in another order, and a colour that only one of them has."""
    second = PALETTE[::-1].copy()
    second[0], second[7] = PALETTE[0], 0x1234
    cells = (sheet.cells[0], replace(sheet.cells[1], palette=1))
    both = replace(sheet, width=16, height=8, palettes=np.stack([PALETTE, second]), cells=cells)
    path, _ = write_sheet(both, None, tmp_path / "both.png")
    painted = both.compose().pixels
    painted[1, 1], painted[1, 9] = 3, 16 + 3
    path.write_bytes(save_rgba(both, painted))
    assert (read_sheet(path).pixels == painted).all()
    painted[1, 1] = 16 + 7
    path.write_bytes(save_rgba(both, painted))
    with pytest.raises(ImageError, match=r"not in the palettes of their tiles, the first at \(1, 1\): #a58c21"):
        read_sheet(path)


def test_nearest_takes_the_closest_colour_and_leaves_the_exact_ones(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    original = sheet.compose().pixels
    picture = rgba(sheet, original)
    picture[3, 3] = (0xF0, 0x20, 0x18, 255)
    path.write_bytes(make_png(picture, RGB_ALPHA))
    with pytest.raises(ImageError, match=r"1 pixels in 1 colours .* at \(3, 3\): #f02018, nearest is #ff0000"):
        read_sheet(path)
    edited = read_sheet(path, nearest=True)
    assert edited.pixels[3, 3] == 3
    same = np.ones(original.shape, bool)
    same[3, 3] = False
    assert (edited.pixels == original)[same].all()
