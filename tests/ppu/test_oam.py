"""OAM's 544 bytes to entries and back."""

import numpy as np
import pytest
from halscope.ppu.oam import OamEntry, parse_oam
from halscope_hooks import UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.oam import pack_oam

entries = st.builds(
    OamEntry,
    st.integers(-256, 255),
    st.integers(0, 255),
    st.integers(0, 511),
    st.integers(0, 7),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def test_each_field_stands_in_its_bits() -> None:
    oam = bytearray(544)
    oam[4:8] = 0xF0, 0x21, 0x34, 0b1_0_10_011_1  # vhoopppN of entry 1
    oam[512] = 0b11_00  # its size bit and bit 8 of x
    assert parse_oam(oam)[1] == OamEntry(-16, 0x21, 0x134, 3, 2, False, True, True)


@given(st.binary(min_size=544, max_size=544))
def test_any_bytes_parse_into_range_and_pack_again(oam: bytes) -> None:
    parsed = parse_oam(oam)
    assert len(parsed) == 128
    assert all(-256 <= e.x <= 255 and 0 <= e.y <= 255 and 0 <= e.tile <= 511 for e in parsed)
    assert pack_oam(parsed).tobytes() == oam


@given(st.lists(entries, max_size=128))
def test_any_entries_survive_packing(given_entries: list[OamEntry]) -> None:
    parsed = parse_oam(pack_oam(tuple(given_entries)))
    assert parsed[: len(given_entries)] == tuple(given_entries)
    assert all(entry.y == 240 for entry in parsed[len(given_entries) :])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="544"):
        parse_oam(np.zeros(543, np.uint8))
