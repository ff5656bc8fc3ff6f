"""A sheet is read back unchanged from every kind of PNG that an editor may save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import MisfitError, Sheet, grey_palette, read_sheet, sheet_from_raw, write_sheet
from halscope.inject.split import changed_tiles
from halscope_hooks import ImageError
from numpy.typing import NDArray
from support.edit_rom import PALETTE, EditRom
from support.pngs import GREY, GREY_ALPHA, INDEXED, RGB, RGB_ALPHA, make_png

Save = Callable[[Sheet, NDArray[np.uint8]], bytes]
"""Return the PNG that an editor saves of a sheet with these pixels (palette x 16 + colour)."""


def rgba(sheet: Sheet, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = np.where(pixels.astype(int) % sheet.colours == 0, 0, 255).astype(np.uint8)
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


def covered(sheet: Sheet) -> NDArray[np.bool_]:
    """Where the picture has a tile."""
    there = np.zeros((sheet.height, sheet.width), np.bool_)
    for cell in sheet.cells:
        there[cell.y : cell.y + 8, cell.x : cell.x + 8] = True
    return there


def black_colour_0(sheet: Sheet) -> NDArray[np.uint8]:
    palette = sheet.rgb.copy()
    palette[:: sheet.colours] = 0
    return palette


PALETTES: dict[str, Callable[[Sheet], NDArray[np.uint8]]] = {
    "as it is": lambda sheet: sheet.rgb,
    "colour 0 black": black_colour_0,
    "colour 0 as colour 3": lambda sheet: np.concatenate([sheet.rgb[3:4], sheet.rgb[1:]]),
    "five bits shifted left": lambda sheet: sheet.rgb & np.uint8(0xF8),
    "a colour profile's rounding": lambda sheet: sheet.rgb - sheet.rgb % 2,
    "cut after the last colour used": lambda sheet: sheet.rgb[:15],
    "padded with black": lambda sheet: np.concatenate([sheet.rgb, np.zeros((240, 3), np.uint8)]),
    "with another transparent colour at the end": lambda sheet: np.concatenate([sheet.rgb, [[255, 0, 255]]]).astype(
        np.uint8
    ),
    "an unused colour cleared": lambda sheet: np.where(np.arange(len(sheet.rgb))[:, None] == 15, 0, sheet.rgb).astype(
        np.uint8
    ),
}


@pytest.mark.parametrize("kind", PALETTES)
@pytest.mark.parametrize("clear", [True, False])
def test_an_index_that_was_painted_comes_back_whatever_the_editor_did_to_the_palette(
    twins: Sheet, tmp_path: Path, kind: str, clear: bool
) -> None:
    """The twins are colours 4 and 9; the picture is painted with the second, and colour 15 is not used."""
    pixels = twins.compose().pixels
    pixels[pixels == 15] = 14
    pixels[pixels == 4] = 5
    pixels[:8, :8] = 9
    palette = PALETTES[kind](twins)
    samples, alpha = pixels, b"\0"
    if len(palette) == 17:
        samples, alpha = np.where(pixels == 0, 16, pixels), b"\xff" * 16 + b"\0"
    path, _ = write_sheet(twins, None, tmp_path / "sheet.png")
    path.write_bytes(
        make_png(
            samples[:, :, None], INDEXED, palette=palette, transparency=alpha if clear or len(palette) == 17 else b""
        )
    )
    np.testing.assert_array_equal(read_sheet(path).pixels, pixels)


def test_a_file_that_lost_one_of_two_equal_colours_keeps_the_index_of_what_was_there(
    twins: Sheet, tmp_path: Path
) -> None:
    """Here the editor merged colour 9 into colour 4, cut the palette and kept all other indices."""
    path, _ = write_sheet(twins, None, tmp_path / "sheet.png")
    there = twins.compose().pixels
    merged = np.where(there == 9, 4, np.minimum(there, 8))
    path.write_bytes(make_png(merged[:, :, None], INDEXED, palette=twins.rgb[:9], transparency=b"\0"))
    np.testing.assert_array_equal(read_sheet(path).pixels[there == 9], 9)


def test_a_sorted_palette_is_read_by_its_colours_also_if_colour_0_moved(sheet: Sheet, tmp_path: Path) -> None:
    """Colours 0 and 5 are exchanged. Every tile is full."""
    pixels = np.where((sheet.compose().pixels == 0) & covered(sheet), 5, sheet.compose().pixels).astype(np.uint8)
    swapped = np.arange(16)
    swapped[[0, 5]] = 5, 0
    alpha = np.full(16, 255, np.uint8)
    alpha[5] = 0
    path, _ = write_sheet(sheet, None, tmp_path / "sheet.png")
    data = make_png(swapped[pixels][:, :, None], INDEXED, palette=sheet.rgb[swapped], transparency=alpha.tobytes())
    path.write_bytes(data)
    np.testing.assert_array_equal(read_sheet(path).pixels, pixels)


def test_a_changed_entry_is_named_with_both_colours(sheet: Sheet, tmp_path: Path) -> None:
    palette = sheet.rgb.copy()
    palette[3] = 200, 200, 200
    path, _ = write_sheet(sheet, None, tmp_path / "sheet.png")
    pixels = sheet.compose().pixels
    pixels[0, 0] = 3
    path.write_bytes(make_png(pixels[:, :, None], INDEXED, palette=palette, transparency=b"\0"))
    own = ",".join(map(str, sheet.rgb[3].tolist()))
    with pytest.raises(ImageError, match=f"`halscope palette` does.: index 3 is {own}, yours is 200,200,200"):
        read_sheet(path)


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (90, 91, 92)])
def test_a_picture_that_was_flattened_onto_a_ground_is_refused(
    sheet: Sheet, tmp_path: Path, ground: tuple[int, int, int], nearest: bool
) -> None:
    """White and black are in the palette: every transparent pixel would be painted, in silence."""
    pixels = sheet.compose().pixels
    picture = rgba(sheet, pixels)[:, :, :3]
    picture[pixels == 0] = ground
    path, _ = write_sheet(sheet, None, tmp_path / "sheet.png")
    path.write_bytes(make_png(picture, RGB))
    with pytest.raises(ImageError, match=r"has no transparency, and \d+ of the \d+ pixels .* flattened onto a ground"):
        read_sheet(path, nearest=nearest)
    if ground == (255, 255, 255):  # the same by an editor that keeps indices
        samples = np.where(pixels == 0, 2, pixels)[:, :, None]
        path.write_bytes(make_png(samples, INDEXED, palette=sheet.rgb))
        with pytest.raises(ImageError, match="flattened onto a ground"):
            read_sheet(path, nearest=nearest)
        samples[~covered(sheet)] = 0
        path.write_bytes(make_png(samples, INDEXED, palette=sheet.rgb, transparency=b"\0"))
        np.testing.assert_array_equal(read_sheet(path).pixels, samples[:, :, 0])


def test_a_256_colour_sheet_has_256_different_colours(edit_rom: EditRom, tmp_path: Path) -> None:
    palette = grey_palette(8)
    assert len(set(palette.tolist())) == 256
    assert (palette[0], palette[-1]) == (0, 0x7FFF)
    sheet = sheet_from_raw(edit_rom.rom, 0x10007, 6, bpp=8)
    pixels = sheet.compose().pixels
    path, _ = write_sheet(sheet, None, tmp_path / "sheet.png")
    path.write_bytes(save_rgba(sheet, pixels))
    np.testing.assert_array_equal(read_sheet(path).pixels, pixels)


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
    said = r"not in the palettes of their tiles, the first at \(1, 1\): #a58c21"
    with pytest.raises(MisfitError, match=said) as refused:
        read_sheet(path)
    misfit = refused.value.misfit
    assert (misfit.x, misfit.y, misfit.colour, misfit.index) == (1, 1, 0xA58C21, None)
    assert (misfit.palette, misfit.elsewhere) == (0, 1)
    nearest = both.rgb[misfit.nearest_index]
    assert misfit.nearest == int.from_bytes(nearest.tobytes(), "big")
    assert read_sheet(path, nearest=True).pixels[1, 1] == misfit.nearest_index


def test_nearest_takes_the_closest_colour_and_leaves_the_exact_ones(sheet: Sheet, tmp_path: Path) -> None:
    path, _ = write_sheet(sheet, None, tmp_path / "walk.png")
    original = sheet.compose().pixels
    picture = rgba(sheet, original)
    picture[3, 3] = (0xF0, 0x20, 0x18, 255)
    path.write_bytes(make_png(picture, RGB_ALPHA))
    said = r"1 pixel in 1 colour not .* at \(3, 3\): #f02018, nearest is #ff0000 \(index 3\);"
    with pytest.raises(ImageError, match=said):
        read_sheet(path)
    edited = read_sheet(path, nearest=True)
    assert edited.pixels[3, 3] == 3
    same = np.ones(original.shape, bool)
    same[3, 3] = False
    assert (edited.pixels == original)[same].all()
