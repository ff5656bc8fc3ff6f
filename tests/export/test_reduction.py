"""One palette of the console's colours for pictures: no worse than Pillow's, deterministic, transparency kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.app import reduce_pictures
from halscope.export.oklab import to_oklab
from halscope.export.reduction import choose_colours, mean_error, paint
from halscope.formats.palettes import read_palette
from halscope.ppu.cgram import from_rgb, to_rgb
from halscope_hooks import ImageError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

Rgba = NDArray[np.uint8]


def rgba(rgb: NDArray[np.float64]) -> Rgba:
    solid = np.full((*rgb.shape[:2], 1), 255.0)
    return np.concatenate([rgb, solid], axis=-1).clip(0, 255).astype(np.uint8)


def sunset(size: int = 64) -> Rgba:
    y, x = np.mgrid[:size, :size] / size
    return rgba(np.stack([255 * (1 - y * 0.6), 140 * (1 - y) + 40 * x, 60 + 160 * y], axis=-1))


def figures(size: int = 64) -> Rgba:
    """Shaded balls in few hues on a dark ground, with noise: like drawn sprites."""
    y, x = np.mgrid[:size, :size].astype(float)
    picture = np.full((size, size, 3), 20.0)
    hues = ((230, 60, 60), (60, 200, 90), (80, 110, 240), (240, 220, 80))
    for n, hue in enumerate(hues):
        cy, cx = size * (0.3 + 0.4 * (n // 2)), size * (0.3 + 0.4 * (n % 2))
        shade = 1 - np.hypot(y - cy, x - cx) / (size * 0.22)
        picture = np.where((shade > 0)[..., None], np.array(hue) * (0.35 + 0.65 * shade[..., None]), picture)
    return rgba(picture + np.random.default_rng(4).normal(0, 3, picture.shape))


def hues(size: int = 64) -> Rgba:
    y, x = np.mgrid[:size, :size] / size
    angle = 2 * np.pi * np.stack([x, x + 1 / 3, x + 2 / 3], axis=-1)
    return rgba((np.cos(angle) * 0.5 + 0.5) * 255 * (0.3 + 0.7 * y[..., None]))


PICTURES: dict[str, Callable[[], Rgba]] = {"sunset": sunset, "figures": figures, "hues": hues}
METHODS = (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE, Image.Quantize.FASTOCTREE)


def error_of_pillow(picture: Rgba, method: Image.Quantize) -> float:
    """The mean error of Pillow's fifteen colours, as the console shows them, each pixel with the nearest of these."""
    reduced = Image.fromarray(picture[..., :3]).quantize(15, method)
    palette = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[:15]
    colours = from_rgb(palette)
    return mean_error(picture, paint(picture, colours), colours)


@pytest.mark.parametrize("name", PICTURES)
def test_fifteen_colours_are_no_worse_than_pillow_s(name: str) -> None:
    picture = PICTURES[name]()
    colours = choose_colours([picture], 15)
    ours = mean_error(picture, paint(picture, colours), colours)
    assert len(colours) == 15
    assert ours <= min(error_of_pillow(picture, method) for method in METHODS)


def test_one_palette_serves_all_pictures_better_than_one_of_the_first() -> None:
    pictures = [make() for make in PICTURES.values()]
    shared, first = choose_colours(pictures, 15), choose_colours(pictures[:1], 15)

    def errors(colours: NDArray[np.uint16]) -> float:
        return sum(mean_error(one, paint(one, colours), colours) for one in pictures)

    assert errors(shared) < errors(first) * 0.8


def test_dithering_brings_the_mean_of_each_part_to_that_of_the_picture() -> None:
    picture = rgba(np.broadcast_to(np.linspace(20, 235, 64)[None, :, None], (64, 64, 3)))
    colours = np.array([0x0000, 0x7FFF], np.uint16)

    def apart(*, dither: bool) -> float:
        shown = to_oklab(to_rgb(colours))[paint(picture, colours, dither=dither).astype(int) - 1]
        blocks = (to_oklab(picture[..., :3]) - shown).reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
        return float(np.abs(blocks[..., 0]).mean())

    assert apart(dither=True) < apart(dither=False) * 0.1


@pytest.mark.slow
@given(seed=st.integers(0, 1 << 20), count=st.integers(1, 20))
def test_a_picture_with_few_colours_keeps_each_exactly(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    own = rng.choice(0x8000, count, replace=False).astype(np.uint16)
    picture = np.dstack([to_rgb(own[rng.integers(0, count, (9, 9))]), np.full((9, 9), 255, np.uint8)])
    picture[0, 0, 3] = 0
    colours = choose_colours([picture], 20)
    indices = paint(picture, colours, dither=True)
    assert indices[0, 0] == 0
    assert np.array_equal(to_rgb(colours)[indices.astype(int) - 1][1:], picture[1:, :, :3])


@pytest.mark.slow
def test_the_same_pictures_give_the_same_files_and_transparency_is_index_0(tmp_path: Path) -> None:
    picture = figures(32)
    picture[:8, :, 3] = 0
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(hues(32)).save(tmp_path / "b.png")
    done = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        done.append(reduce_pictures([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / name))
    assert [path.read_bytes() for path, _ in done[0].pictures] == [path.read_bytes() for path, _ in done[1].pictures]
    with Image.open(tmp_path / "one" / "a.png") as image:
        assert image.mode == "P"
        assert image.info["transparency"] == 0
        indices = np.array(image)
    assert not indices[:8].any()
    assert indices[8:].all()
    assert read_palette(done[0].palette).colours().tolist() == done[0].colours.tolist()


def test_bad_requests_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(tmp_path / "clear.png")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ImageError, match="no opaque pixel"):
        reduce_pictures([tmp_path / "clear.png"], out)
    with pytest.raises(UsageError, match="1 to 255"):
        reduce_pictures([tmp_path / "clear.png"], out, count=256)
    with pytest.raises(UsageError, match="same name"):
        reduce_pictures([tmp_path / "clear.png", out / "clear.png"], out)
    with pytest.raises(UsageError, match="the picture itself"):
        reduce_pictures([tmp_path / "clear.png"], tmp_path)
    assert not list(out.iterdir())
