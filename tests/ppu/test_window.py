"""Windows mask the columns that their registers select."""

from dataclasses import replace

import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu.compose import compose_screen
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from support import probe_rom

bytes_ = st.integers(0, 255)
WHITE = 0x7FFF


def shown(ppu: PpuRegisters) -> list[int]:
    """The columns that are not black; the backdrop is white, every layer one grey."""
    cgram = np.full(256, WHITE, np.uint16)
    vram = np.zeros(0x10000, np.uint8)
    vram[::2] = 0xFF  # every tile is colour 1 at 2 bits per pixel
    cgram[[1, 33, 65, 97]] = 0  # mode 0: colour 1 of the four layers
    snapshot = Snapshot(vram=vram, cgram=cgram, oam=np.full(544, 240, np.uint8), ppu=ppu)
    return np.flatnonzero(compose_screen(decode_frame(snapshot)).colours[0]).tolist()


def inside(user: int, **registers: int) -> list[int]:
    """The columns in which windows mask layer 1 to 4, or blacken the main screen (user 5, the colour window)."""
    if user < 5:
        bit = 1 << user - 1
        return shown(probe_rom.expected_registers({"tm": bit, "tmw": bit} | registers))
    outside = shown(probe_rom.expected_registers({"cgwsel": 0x80} | registers))
    return [x for x in range(256) if x not in outside]


def test_a_window_includes_both_ends_and_is_empty_where_left_is_greater() -> None:
    assert inside(1, w12sel=0x02, wh0=10, wh1=12) == [10, 11, 12]
    assert inside(1, w12sel=0x02, wh0=12, wh1=10) == []
    assert inside(2, w12sel=0x20, wh0=10, wh1=10) == [10]
    assert inside(5, wobjsel=0x20, wh0=0, wh1=0) == [0]
    assert inside(4, w34sel=0x80, wh2=255, wh3=255) == [255]
    assert inside(3, w34sel=0) == []


@given(st.integers(1, 5), bytes_, bytes_, bytes_, bytes_, bytes_, bytes_)
def test_two_windows_combine_by_their_logic(
    user: int, select: int, logic: int, wh0: int, wh1: int, wh2: int, wh3: int
) -> None:
    where = {1: ("w12sel", 0), 2: ("w12sel", 4), 3: ("w34sel", 0), 4: ("w34sel", 4), 5: ("wobjsel", 4)}
    logics = {1: ("wbglog", 0), 2: ("wbglog", 2), 3: ("wbglog", 4), 4: ("wbglog", 6), 5: ("wobjlog", 2)}
    registers = {where[user][0]: select, logics[user][0]: logic, "wh0": wh0, "wh1": wh1, "wh2": wh2, "wh3": wh3}
    columns = inside(user, **registers)
    select >>= where[user][1]
    logic >>= logics[user][1]
    for x in range(0, 256, 5):
        first, second = (wh0 <= x <= wh1) ^ bool(select & 1), (wh2 <= x <= wh3) ^ bool(select & 4)
        both = (first or second, first and second, first ^ second, first == second)[logic & 3]
        assert (x in columns) == (False, first, second, both)[select >> 1 & 1 | select >> 2 & 2]


def test_only_a_register_that_counts_must_be_known() -> None:
    ppu = probe_rom.expected_registers({"tm": 1, "tmw": 1, "w12sel": 0x08, "wh2": 1, "wh3": 2})
    assert shown(replace(ppu, wh0=None, wh1=None, wbglog=None)) == [1, 2]
    with pytest.raises(UsageError, match="WH2, WH3"):
        shown(replace(ppu, wh2=None, wh3=None))
    with pytest.raises(UsageError, match="WBGLOG"):
        shown(replace(ppu, w12sel=0x0A, wbglog=None))
