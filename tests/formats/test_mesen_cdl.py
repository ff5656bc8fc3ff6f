"""Mesen's code/data log: read as Mesen writes it, refused otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.formats.mesen_cdl import read_cdl
from halscope_hooks import FormatError
from hypothesis import given
from hypothesis import strategies as st


def test_a_log_says_what_was_executed_and_read() -> None:
    # The flags as in Core/Debugger/DebugTypes.h: code, data, jump target, entry of a routine, and widths of registers.
    log = read_cdl(b"CDLv2" + (0x1234ABCD).to_bytes(4, "little") + bytes([0, 0x31, 0x02, 0x0D, 0x03, 0x30]), "a.cdl")
    assert log.rom_crc32 == 0x1234ABCD
    assert log.executed.tolist() == [False, True, False, True, True, False]
    assert log.read.tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a code/data log of Mesen"),
        (b"CDLv2\0\0\0\0", "not a code/data log of Mesen"),
        (bytes(100), "save it again in Mesen 2, which stores the ROM's CRC32"),
        (b"BIZHAWK-CDL-2\0\0\0", "a code/data log of BizHawk"),
    ],
)
def test_what_is_no_log_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_cdl(data, "a.cdl")


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda data: b"CDLv2" + data))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        log = read_cdl(data, "a.cdl")
    except FormatError:
        return
    assert log.executed.size == log.read.size == len(data) - 9
    assert not np.any(log.executed & log.read)
