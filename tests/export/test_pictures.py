"""Pictures: pixels are where they should be, nothing visible is covered or cut off, bad shapes are refused."""

import io

import numpy as np
import pytest
from halscope.export import pictures
from halscope.export._canvas import fitted, plain, text_width
from halscope.export.pictures import Box, Entry
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def screen(value: int = 90) -> Pixels:
    return np.full((224, 256, 3), value, np.uint8)


def count(image: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(image) == colour).all(axis=2).sum())


def entry(width: int = 32, height: int = 32, **changes: object) -> Entry:
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[: height // 2, :, 3] = 255
    palette = np.arange(48, dtype=np.uint8).reshape(16, 3) * 5
    fields: dict[str, object] = {"pixels": pixels, "title": "#1  32x32", "lines": ("one", "two"), "palette": palette}
    return Entry(**(fields | changes))  # type: ignore[arg-type]  # a shorthand for tests


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda s: (*s, 3))))
def test_upscaling_repeats_every_pixel(rgb: Pixels) -> None:
    large = np.asarray(pictures.upscale(rgb, 3))
    assert large.shape == (rgb.shape[0] * 3, rgb.shape[1] * 3, 3)
    assert all(np.array_equal(large[dy::3, dx::3], rgb) for dy in range(3) for dx in range(3))


@given(arrays.arrays(np.uint8, (5, 7), elements=st.integers(0, 15)), arrays.arrays(np.uint8, (16, 3)))
def test_an_indexed_png_keeps_indices_palette_and_transparency(pixels: Pixels, palette: Pixels) -> None:
    image = Image.open(io.BytesIO(pictures.indexed_png(pixels, palette)))
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image), pixels)
    colours = image.getpalette()
    assert colours is not None
    assert colours[:48] == palette.ravel().tolist()
    assert np.array_equal(np.asarray(image.convert("RGBA"))[..., 3] == 0, pixels == 0)


def test_an_indexed_png_can_be_opaque() -> None:
    image = Image.open(io.BytesIO(pictures.indexed_png(np.zeros((1, 1), np.uint8), np.zeros((1, 3), np.uint8), None)))
    assert "transparency" not in image.info


@pytest.mark.parametrize(
    ("pixels", "palette", "says"),
    [
        (np.full((2, 2), 16, np.uint8), np.zeros((16, 3), np.uint8), "a pixel has colour 16"),
        (np.zeros((2, 2, 3), np.uint8), np.zeros((16, 3), np.uint8), "a picture of"),
        (np.zeros((0, 2), np.uint8), np.zeros((16, 3), np.uint8), "a picture of"),
        (np.zeros((2, 2), np.uint8), np.zeros((257, 3), np.uint8), "a palette of"),
        (np.zeros((2, 2), np.uint8), np.zeros((16, 4), np.uint8), "a palette of"),
    ],
)
def test_an_indexed_png_of_other_shapes_is_refused(pixels: Pixels, palette: Pixels, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        pictures.indexed_png(pixels, palette)


def test_a_box_is_outlined_in_its_colour_and_its_inside_left_alone() -> None:
    image = np.asarray(pictures.annotated_screen(screen(), [Box(x=20, y=30, width=16, height=8, colour=(1, 250, 2))]))
    assert tuple(image[90, 60]) == tuple(image[113, 107]) == (1, 250, 2)
    assert (image[93:111, 63:105] == 90).all()
    assert (image[:88] == 90).all()


def test_an_outline_is_open_where_the_screen_ends() -> None:
    image = np.asarray(pictures.annotated_screen(screen(), [Box(x=-8, y=-8, width=16, height=16, colour=(1, 250, 2))]))
    assert (image[:20, :20] == 90).all()
    assert tuple(image[0, 23]) == tuple(image[23, 0]) == (1, 250, 2)


@pytest.mark.parametrize(("lines", "width"), [(224, 512), (448, 256), (448, 512)])
def test_boxes_fit_hires_and_interlaced_screens_whose_pixels_become_square(lines: int, width: int) -> None:
    rgb = np.zeros((lines, width, 3), np.uint8)
    rgb[30 * lines // 224 : 38 * lines // 224, 20 * width // 256 : 36 * width // 256] = 255
    box = Box(x=20, y=30, width=16, height=8, colour=(1, 250, 2))
    image = np.asarray(pictures.annotated_screen(rgb, [box]))
    assert image.shape == (224 * 4, 256 * 4, 3)
    white = np.argwhere((image == 255).all(axis=2))
    frame = np.argwhere((image == (1, 250, 2)).all(axis=2))
    assert (white.min(axis=0) - 3).tolist() == frame.min(axis=0).tolist() == [120, 80]
    assert (white.max(axis=0) + 3).tolist() == frame.max(axis=0).tolist() == [151, 143]


def test_a_box_outside_the_screen_leaves_no_trace() -> None:
    boxes = [Box(x=256, y=0, width=16, height=16, label="a"), Box(x=0, y=-16, width=16, height=16, label="b")]
    assert (np.asarray(pictures.annotated_screen(screen(), boxes)) == 90).all()


def test_labels_of_crowded_sprites_do_not_cover_each_other() -> None:
    colours = [(250, at * 10, 3) for at in range(6)]
    crowd = [Box(x=100, y=100, width=16, height=16, label="88", colour=colour) for colour in colours]
    alone = count(pictures.annotated_screen(screen(), crowd[:1]), colours[0])
    unlabelled = count(
        pictures.annotated_screen(screen(), [Box(x=100, y=100, width=16, height=16, colour=colours[0])]), colours[0]
    )
    together = pictures.annotated_screen(screen(), crowd)
    assert all(count(together, colour) >= alone - unlabelled for colour in colours)


@pytest.mark.parametrize(("x", "y"), [(-10, -10), (250, -10), (-10, 218), (250, 218)])
def test_a_label_at_the_edge_is_whole(x: int, y: int) -> None:
    colour = (1, 250, 2)
    labelled = pictures.annotated_screen(screen(), [Box(x=x, y=y, width=16, height=16, label="12", colour=colour)])
    middle = pictures.annotated_screen(screen(), [Box(x=99, y=99, width=16, height=16, label="12", colour=colour)])
    bare = pictures.annotated_screen(screen(), [Box(x=99, y=99, width=16, height=16, colour=colour)])
    assert count(labelled, colour) >= count(middle, colour) - count(bare, colour)


@pytest.mark.parametrize("number", [0, 1, 5, 6, 7, 30])
def test_a_sheet_has_a_card_for_every_sprite(number: int) -> None:
    entries = [entry(colour=(9, 99, 199)) for _ in range(number)]
    image = pictures.sprite_sheet(entries, columns=6, title="Sprites")
    assert count(image, (200, 0, 0)) == number * (32 * 4) * (16 * 4)  # the opaque half, four times as large
    assert (count(image, (9, 99, 199)) > 0) == (number > 0)


def test_sprites_of_all_sizes_stand_whole_on_a_sheet() -> None:
    sizes = [(8, 8), (16, 32), (64, 64), (200, 96)]
    image = pictures.sprite_sheet([entry(*size, palette=None) for size in sizes])
    factors = [16, 4, 2, 1]
    assert count(image, (200, 0, 0)) == sum(w * (h // 2) * f * f for (w, h), f in zip(sizes, factors, strict=True))


def test_before_and_after_stand_side_by_side_with_the_region_enlarged() -> None:
    before, after = screen(), screen()
    after[50:58, 60:68] = (1, 250, 2)
    plain_image = pictures.before_after(before, after, "Edit")
    image = pictures.before_after(before, after, "Edit", crop=(60, 50, 8, 8))
    assert count(plain_image, (1, 250, 2)) == 64 * 4
    assert image.height > plain_image.height
    assert count(image, (1, 250, 2)) > 64 * 60


def test_a_region_that_reaches_over_the_edge_is_cut_there() -> None:
    image = pictures.before_after(screen(), screen(), "Edit", crop=(250, -10, 32, 32))
    assert image.width == pictures.before_after(screen(), screen(), "Edit").width
    with pytest.raises(UsageError, match="outside the screen of 256x224"):
        pictures.before_after(screen(), screen(), "Edit", crop=(256, 0, 8, 8))


def test_screens_of_two_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="two of one size"):
        pictures.before_after(screen(), screen()[:200], "Edit")


@pytest.mark.parametrize("number", [0, 3, 40])
def test_the_overview_holds_screen_sprites_and_edit(number: int) -> None:
    after = screen()
    after[100:132, 100:132] = (1, 250, 2)
    image = pictures.overview(
        screen(),
        [Box(x=100, y=100, width=32, height=32, label="0", colour=(9, 99, 199))],
        [entry(64, 64, colour=(9, 99, 199)) for _ in range(number)],
        screen(),
        after,
        title="Halscope",
        subtitle="a game",
        crop=(100, 100, 32, 32),
        notes=("An edit", "200 bytes", "x" * 300),
    )
    assert count(image, (1, 250, 2)) == 32 * 32 * 25
    assert (count(image, (200, 0, 0)) > 0) == (number > 0)
    assert pictures.png_bytes(image).startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_a_screen_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"give uint8\[height, width, 3\]"):
        pictures.annotated_screen(np.zeros(shape, np.uint8), [])


def test_an_entry_without_alpha_and_no_columns_are_refused() -> None:
    with pytest.raises(UsageError, match=r"give uint8\[height, width, 4\]"):
        pictures.sprite_sheet([entry(pixels=np.zeros((8, 8, 3), np.uint8))])
    with pytest.raises(UsageError, match="give 1 or more"):
        pictures.sprite_sheet([], columns=0)


@given(st.text(max_size=60), st.integers(30, 300))
def test_text_of_any_kind_is_made_to_fit(text: str, width: int) -> None:
    assert text_width(fitted(text, 15, width), 15) <= width
    assert all(" " <= letter <= "ÿ" or letter == "…" for letter in plain(text))
