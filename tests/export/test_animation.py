"""Animations: durations that do not drift, pictures that come back exactly, transparency that stays."""

from __future__ import annotations

import io

import numpy as np
import pytest
from halscope.export.animation import NTSC_RATE, PAL_RATE, Shown, apng_bytes, durations, gif_bytes
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

rates = st.sampled_from([NTSC_RATE, PAL_RATE])
counts = st.lists(st.integers(1, 40), min_size=1, max_size=40)


def picture(seed: int, colours: int = 3, shape: tuple[int, int] = (8, 9)) -> NDArray[np.uint8]:
    """A picture in which colour 0 is transparent."""
    indices = np.random.default_rng(seed).integers(0, colours + 1, shape)
    rgba = np.zeros((*shape, 4), np.uint8)
    rgba[:, :, 0], rgba[:, :, 1], rgba[:, :, 2] = indices, indices >> 3, seed % 7 + 1
    rgba[:, :, 3] = 255
    rgba[indices == 0] = 0
    return rgba


def read(data: bytes) -> list[tuple[NDArray[np.uint8], int]]:
    """The pictures of a file with their milliseconds; where they are transparent they have no colour."""
    frames = []
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["loop"] == 0
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            rgba = np.asarray(image.convert("RGBA")).copy()
            rgba[rgba[:, :, 3] == 0] = 0
            frames.append((rgba, round(image.info["duration"])))
    return frames


@given(counts, rates)
def test_no_picture_begins_more_than_half_a_millisecond_early_or_late(frames: list[int], rate: float) -> None:
    lengths = durations(frames, rate)
    begins = np.cumsum([0, *lengths])
    assert np.abs(begins - np.cumsum([0, *frames]) * 1000 / rate).max() <= 0.5
    assert min(lengths) >= 1


@given(counts, rates)
def test_a_gif_never_drifts_and_has_no_picture_that_browsers_slow_down(frames: list[int], rate: float) -> None:
    lengths = durations(frames, rate, 10, 2)
    ends, wanted = np.cumsum(lengths), np.cumsum(frames) * 100 / rate
    shown = [at for at, length in enumerate(lengths) if length]
    assert shown
    assert min(lengths[at] for at in shown) >= 2
    # Where a picture is shown, it ends on time; one that is left out takes no time.
    assert all(abs(ends[at] - wanted[at]) <= 0.5 or len(shown) == 1 for at in shown)
    assert all(frames[at] == 1 for at, length in enumerate(lengths) if not length and at not in (0, *shown))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(2, 30)), min_size=2, max_size=8), rates)
def test_pictures_come_back_as_they_were(steps: list[tuple[int, int]], rate: float) -> None:
    steps = [step for at, step in enumerate(steps) if at == 0 or step[0] != steps[at - 1][0]]
    steps = steps if len(steps) > 1 else [*steps, (6, 3)]
    shown = [Shown(picture(seed), frames) for seed, frames in steps]
    total = sum(frames for _, frames in steps) * 1000 / rate
    for data, unit in ((apng_bytes(shown, rate), 1), (gif_bytes(shown, rate), 10)):
        found = read(data)
        assert len(found) == len(shown)
        for (rgba, _), one in zip(found, shown, strict=True):
            assert np.array_equal(rgba, one.rgba)
        assert abs(sum(length for _, length in found) - total) <= unit / 2


def test_one_picture_is_a_still_animation() -> None:
    for data in (apng_bytes([Shown(picture(1), 60)], NTSC_RATE), gif_bytes([Shown(picture(1), 60)], NTSC_RATE)):
        with Image.open(io.BytesIO(data)) as image:
            rgba = np.asarray(image.convert("RGBA")).copy()
        rgba[rgba[:, :, 3] == 0] = 0
        assert np.array_equal(rgba, picture(1))


def test_too_many_colours_are_no_gif_but_an_apng() -> None:
    shown = [Shown(picture(seed, 200, (32, 32)), 4) for seed in (1, 2)]
    with pytest.raises(UsageError, match=r"more than 255 colours, which no GIF holds; write an animated \.png"):
        gif_bytes(shown, NTSC_RATE)
    found = read(apng_bytes(shown, NTSC_RATE))
    assert len(found) == 2
    assert all(np.array_equal(rgba, one.rgba) for (rgba, _), one in zip(found, shown, strict=True))
    with pytest.raises(UsageError, match="all of one size"):
        apng_bytes([Shown(picture(1), 1), Shown(picture(1, shape=(8, 8)), 1)], NTSC_RATE)
    with pytest.raises(UsageError, match="at least one picture"):
        gif_bytes([], NTSC_RATE)
