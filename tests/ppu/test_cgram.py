"""CGRAM colours to RGB and back."""

import numpy as np
import pytest
from halscope.ppu import cgram
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st


def test_components_are_red_green_blue_from_the_lowest_bits() -> None:
    assert cgram.to_rgb(np.array([0x001F, 0x03E0, 0x7C00, 0x0001], np.uint16)).tolist() == [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [8, 0, 0],
    ]


def test_every_colour_survives_the_way_to_rgb_and_back() -> None:
    colours = np.arange(0x8000, dtype=np.uint16)
    np.testing.assert_array_equal(cgram.from_rgb(cgram.to_rgb(colours)), colours)
    np.testing.assert_array_equal(cgram.to_rgb(colours | np.uint16(0x8000)), cgram.to_rgb(colours))


@given(st.integers(0, 255))
def test_rgb_goes_to_the_nearest_level(value: int) -> None:
    level = int(cgram.from_rgb([value, 0, 0]))
    levels = [n << 3 | n >> 2 for n in range(32)]
    assert abs(levels[level] - value) == min(abs(n - value) for n in levels)


def test_what_is_no_colour_is_refused() -> None:
    for wrong in ([1, 2], [[1, 2, 3, 4]], [0, 0, 256], [0, -1, 0], [0.5, 0, 0], 7):
        with pytest.raises(UsageError):
            cgram.from_rgb(wrong)
