"""Windows mask the columns that their registers select."""

import numpy as np
import pytest
from halscope import PpuRegisters
from halscope.ppu import window
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st

bytes_ = st.integers(0, 255)


def columns(ppu: PpuRegisters, user: int | str) -> list[int]:
    return np.flatnonzero(window.inside(ppu, user)).tolist()


def test_a_window_includes_both_ends_and_is_empty_where_left_is_greater() -> None:
    assert columns(PpuRegisters(w12sel=0x02, wh0=10, wh1=12), 1) == [10, 11, 12]
    assert columns(PpuRegisters(w12sel=0x02, wh0=12, wh1=10), 1) == []
    assert columns(PpuRegisters(w12sel=0x20, wh0=10, wh1=10), 2) == [10]
    assert columns(PpuRegisters(wobjsel=0x20, wh0=0, wh1=0), "colour") == [0]
    assert columns(PpuRegisters(w34sel=0), 3) == []


@given(bytes_, bytes_, bytes_, bytes_, bytes_, bytes_)
def test_two_windows_combine_by_their_logic(select: int, logic: int, wh0: int, wh1: int, wh2: int, wh3: int) -> None:
    ppu = PpuRegisters(wobjsel=select, wobjlog=logic, wh0=wh0, wh1=wh1, wh2=wh2, wh3=wh3)
    shown = window.inside(ppu, "obj")
    for x in range(0, 256, 5):
        first, second = (wh0 <= x <= wh1) ^ bool(select & 1), (wh2 <= x <= wh3) ^ bool(select & 4)
        both = (first or second, first and second, first ^ second, first == second)[logic & 3]
        assert shown[x] == (False, first, second, both)[select >> 1 & 1 | select >> 2 & 2]


def test_only_a_register_that_counts_must_be_known() -> None:
    with pytest.raises(UsageError, match="WH2, WH3"):
        window.inside(PpuRegisters(w12sel=0x08), 1)
    with pytest.raises(UsageError, match="WBGLOG"):
        window.inside(PpuRegisters(w12sel=0x0A, wh0=0, wh1=0, wh2=0, wh3=0), 1)
