"""Pictures in the formats that cores draw in, as RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from halscope.hosts.libretro.picture import PixelFormat, to_rgb
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.simd import LEVELS, at_level

SHIFTS: dict[PixelFormat, tuple[int, int, int]] = {"rgb1555": (10, 5, 0), "rgb565": (11, 6, 0)}
FORMATS: tuple[PixelFormat, ...] = ("rgb1555", "xrgb8888", "rgb565")


def levels(pixels: NDArray[np.uint64], pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """The three components, by the definition of the format."""
    if pixel_format == "xrgb8888":
        parts = [pixels >> shift & 255 for shift in (16, 8, 0)]
    else:
        five = [pixels >> shift & 31 for shift in SHIFTS[pixel_format]]
        parts = [level << 3 | level >> 2 for level in five]
    return np.stack(parts, -1).astype(np.uint8)


def drawn(pixels: NDArray[np.uint64], pixel_format: PixelFormat, surplus: int) -> NDArray[np.uint8]:
    """The rows as a core hands them over: `surplus` bytes behind each are none of its pixels."""
    kind: Any = np.uint32 if pixel_format == "xrgb8888" else np.uint16
    rows = pixels.astype(kind).view(np.uint8)
    return np.hstack((rows, np.full((len(rows), surplus), 0xA5, np.uint8)))


@given(st.sampled_from(FORMATS), st.sampled_from((1, 255, 256, 511, 512)), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_each_pixel_is_expanded(pixel_format: PixelFormat, width: int, surplus: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 1 << 32, (5, width), np.uint64)
    expected = levels(pixels if pixel_format == "xrgb8888" else pixels & np.uint64(0xFFFF), pixel_format)
    for level in LEVELS:
        with at_level(level):
            rgb = to_rgb(drawn(pixels, pixel_format, surplus), width, pixel_format)
        np.testing.assert_array_equal(rgb, expected, err_msg=level)


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_doubled_columns_are_one_unless_some_pair_differs(pixel_format: PixelFormat) -> None:
    pixels = np.random.default_rng(7).integers(0, 1 << 16, (4, 256), np.uint64)
    doubled = np.repeat(pixels, 2, axis=1)
    np.testing.assert_array_equal(
        to_rgb(drawn(doubled, pixel_format, 2), 512, pixel_format), levels(pixels, pixel_format)
    )
    doubled[3, 511] ^= np.uint64(1)
    np.testing.assert_array_equal(
        to_rgb(drawn(doubled, pixel_format, 2), 512, pixel_format), levels(doubled, pixel_format)
    )


def test_rows_that_are_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="256 pixels do not fit in rows of 511 bytes"):
        to_rgb(np.zeros((2, 511), np.uint8), 256, "rgb565")
