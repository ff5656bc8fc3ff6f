"""Colour math, one pixel at a time."""

import numpy as np
import pytest
from halscope import PpuRegisters
from halscope.ppu import blend
from halscope.ppu.blend import BACKDROP, OBJ, Pixels

RED_20, RED_14, RED_30 = 20, 14, 30


def pixels(colour: int, source: int) -> Pixels:
    return Pixels(np.full((1, 256), colour, np.uint16), np.full((1, 256), source, np.uint8))


def result(
    cgwsel: int, cgadsub: int, *, source: int = 1, sub: Pixels | None = None, palette: int = 0, coldata: int = RED_14
) -> int:
    ppu = PpuRegisters(cgwsel=cgwsel, cgadsub=cgadsub, coldata=coldata, wobjsel=0)
    obj_palettes = np.full((1, 256), palette, np.uint8)
    return int(blend.blend(ppu, pixels(RED_20, source), sub, obj_palettes)[0, 0])


@pytest.mark.parametrize(
    ("cgadsub", "expected"),
    [(0x00, 20), (0x01, 31), (0x02, 20), (0x41, 17), (0x81, 6), (0xC1, 3)],
)
def test_the_fixed_colour_is_added_or_subtracted_and_halved(cgadsub: int, expected: int) -> None:
    assert result(0, cgadsub) == expected


def test_a_difference_stops_at_black() -> None:
    assert result(0, 0x81, coldata=RED_30) == 0


def test_components_do_not_carry_into_each_other() -> None:
    assert result(0, 0x01, coldata=0x7FFF) == 0x7FFF
    assert result(0, 0x81, coldata=0x7FFF) == 0


def test_the_subscreens_backdrop_is_not_halved() -> None:
    assert result(2, 0x41, sub=pixels(RED_14, 2)) == 17
    assert result(2, 0x41, sub=pixels(RED_14, BACKDROP)) == 31


def test_sprites_of_palettes_0_to_3_take_no_part() -> None:
    assert result(0, 0x10, source=OBJ, palette=191) == 20
    assert result(0, 0x10, source=OBJ, palette=192) == 31


def test_the_backdrop_has_a_bit_of_its_own() -> None:
    assert result(0, 0x20, source=BACKDROP) == 31
    assert result(0, 0x1F, source=BACKDROP) == 20


def test_the_colour_window_blackens_or_prevents() -> None:
    assert result(0xC0, 0x00) == 0
    assert result(0xC0, 0x41) == 14  # black is not halved
    assert result(0x30, 0x01) == 20
    assert result(0x10, 0x01) == 20  # nothing is inside, so everything is outside
    assert result(0x20, 0x01) == 31
