"""Colour math, one pixel at a time."""

import numpy as np
import pytest
from halscope import Snapshot, decode_frame
from halscope.ppu.compose import compose_screen
from halscope.ppu.oam import OamEntry
from support import probe_rom
from support.oam import pack_oam

RED_20, RED_14, RED_30 = 20, 14, 30
BACKDROP, BG1, OBJ = 0, 1, 5


def result(
    cgwsel: int,
    cgadsub: int,
    *,
    source: int = BG1,
    subscreen: int | None = None,
    palette: int = 0,
    coldata: int = RED_14,
) -> int:
    """The first pixel: `source` in RED_20 on the main screen; BG2 in RED_14, or nothing, on the subscreen."""
    cgram = np.full(256, RED_20, np.uint16)
    cgram[33] = RED_14  # BG2's colour 1 in mode 0
    vram = np.zeros(0x10000, np.uint8)
    vram[::2] = 0xFF  # every tile is opaque
    registers = {
        "cgwsel": cgwsel,
        "cgadsub": cgadsub,
        "coldata": coldata,
        "tm": {BACKDROP: 0, BG1: 1, OBJ: 0x10}[source],
        "ts": 2 if subscreen else 0,
    }
    oam = pack_oam((OamEntry(0, 0, 0, palette=palette),))
    ppu = probe_rom.expected_registers(registers)
    snapshot = Snapshot(vram=vram, cgram=cgram, oam=oam, ppu=ppu)
    return int(compose_screen(decode_frame(snapshot)).colours[0, 0])


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
    assert result(2, 0x41, subscreen=2) == 17
    assert result(2, 0x41, subscreen=BACKDROP) == 31


def test_sprites_of_palettes_0_to_3_take_no_part() -> None:
    assert result(0, 0x10, source=OBJ, palette=3) == 20
    assert result(0, 0x10, source=OBJ, palette=4) == 31


def test_the_backdrop_has_a_bit_of_its_own() -> None:
    assert result(0, 0x20, source=BACKDROP) == 31
    assert result(0, 0x1F, source=BACKDROP) == 20


def test_the_colour_window_blackens_or_prevents() -> None:
    assert result(0xC0, 0x00) == 0
    assert result(0xC0, 0x41) == 14  # black is not halved
    assert result(0x30, 0x01) == 20
    assert result(0x10, 0x01) == 20  # nothing is inside, so everything is outside
    assert result(0x20, 0x01) == 31
