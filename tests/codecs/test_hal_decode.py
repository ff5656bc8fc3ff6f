"""Decoding HAL streams: every command, every limit, every fault with its offset, any buffer."""

from __future__ import annotations

import array
import mmap
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope_hooks import CodecError, HalscopeError
from hypothesis import given
from hypothesis import strategies as st
from support import hal_reference
from support.hal_data import header, streams

ABC = b"\x02abc"  # raw: three bytes of output

COMMANDS = {
    "raw": (b"\x02abc", b"abc"),
    "raw, long": (b"\xe0\x02abc", b"abc"),
    "RLE8": (b"\x23x", b"xxxx"),
    "RLE8, longest": (b"\xe7\xffx", b"x" * 1024),
    "RLE16": (b"\x42ab", b"ababab"),
    "RLE16, longest": (b"\xeb\xffab", b"ab" * 1024),
    "sequence that wraps": (b"\x63\xfe", b"\xfe\xff\x00\x01"),
    "sequence, longest": (b"\xef\xff\x05", bytes((5 + k) & 0xFF for k in range(1024))),
    "copy": (ABC + b"\x81\x00\x01", b"abcbc"),
    "copy into what it writes": (ABC + b"\x86\x00\x01", b"abcbcbcbcb"),
    "copy, long": (ABC + b"\xf0\x40\x00\x00", (b"abc" * 30)[:68]),
    "bit-reversed copy": (b"\x01\x01\xf0\xa1\x00\x00", b"\x01\xf0\x80\x0f"),
    "bit-reversed copy into what it writes": (b"\x00\x01\xa2\x00\x00", b"\x01\x80\x01\x80"),
    "backward copy": (ABC + b"\xc1\x00\x01", b"abcba"),
    "backward copy from the last byte": (ABC + b"\xc2\x00\x02", b"abccba"),
    "long command 7 reads like a copy": (ABC + b"\xfc\x01\x00\x01", b"abcbc"),
    "long command 7, longest": (b"\x20a\xfe\xff\x00\x00", b"a" * 769),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("packed", "data"), COMMANDS.values(), ids=COMMANDS)
def test_every_command_writes_what_the_games_do(packed: bytes, data: bytes, strict: bool) -> None:
    # Behind 64 KiB of other bytes, with and without bytes to follow: the fast loop and the careful one.
    for before, after in ((0, 0), (0, 100), (70000, 0), (70000, 100)):
        rom = b"\x55" * before + packed + b"\xff" + b"\x55" * after
        block = hal.decode(rom, before, strict=strict)
        assert (bytes(block.data), block.consumed, block.offset) == (data, len(packed) + 1, before)


def test_the_block_owns_its_bytes_and_cannot_be_written() -> None:
    rom = bytearray(b"\x02abc\xff")
    first = hal.decode(rom)
    rom[1] = ord("z")
    second = hal.decode(rom)
    assert (bytes(first.data), bytes(second.data)) == (b"abc", b"zbc")
    assert first.data.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        first.data[0] = 0


FULL = header(2, 1024) + b"ab"  # 2048 bytes of output
FAULTS: dict[str, tuple[bytes, int, str]] = {
    "no terminator": (b"\x02abc", 4, "terminator"),
    "cut inside raw bytes": (b"\x20x\x03abc", 2, "terminator"),
    "cut inside a long header": (b"\x20x\xe0", 2, "terminator"),
    "cut inside a reference": (ABC + b"\x80\x00", 4, "terminator"),
    "cut before an RLE byte": (b"\x23", 0, "terminator"),
    "reference to the byte being written": (ABC + b"\x80\x00\x03\xff", 4, "output byte 3, but only 3"),
    "bit-reversed reference past the output": (ABC + b"\xa0\x12\x34\xff", 4, "output byte 4660, but only 3"),
    "backward reference past the output": (ABC + b"\xc0\x00\x03\xff", 4, "output byte 3, but only 3"),
    "reference at the very start": (b"\x80\x00\x00\xff", 0, "output byte 0, but only 0"),
    "long command 7 past the output": (ABC + b"\xfc\x00\x00\x03\xff", 4, "output byte 3, but only 3"),
    "backward copy past the first byte": (ABC + b"\xc2\x00\x01\xff", 4, "before|first byte"),
    "output past 65,536": (FULL * 32 + b"\x20x\xff", 32 * 4, "65,536"),
    "output past 65,536 by one of many": (
        FULL * 31 + header(1, 1024) * 1 + b"x" + header(2, 513) + b"ab\xff",
        127,
        "65,536",
    ),
    "packed past 64 KiB": (
        (header(0, 1024) + bytes(1024)) * 63 + header(0, 896) + bytes(896) + b"\xff",
        65536,
        "packed",
    ),
    "offset at the end of nothing": (b"", 0, "outside"),
}


@pytest.mark.parametrize(("packed", "fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_the_command_and_the_reason(packed: bytes, fault: int, reason: str) -> None:
    for before in (b"", b"\x55" * 1000):
        offset = len(before)
        with pytest.raises(hal.HalError, match=reason) as caught:
            hal.decode(before + packed, offset)
        assert caught.value.offset == offset + fault


@pytest.mark.parametrize("offset", [3, 4, 1 << 40, 1 << 100, -1, -(1 << 100)])
def test_an_offset_outside_the_input_is_a_fault(offset: int) -> None:
    with pytest.raises(hal.HalError, match="outside") as caught:
        hal.decode(b"\x20x\xff", offset)
    assert caught.value.offset == offset


def test_an_error_is_of_the_hierarchy_and_survives_a_trip_between_processes() -> None:
    with pytest.raises(hal.HalError) as caught:
        hal.decode(b"\x00")
    error = caught.value
    assert isinstance(error, CodecError)
    assert isinstance(error, HalscopeError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_limits_are_reached_exactly() -> None:
    block = hal.decode(FULL * 32 + b"\xff")
    assert len(block.data) == 0x10000
    packed = (header(0, 1024) + bytes(1024)) * 63 + header(0, 895) + bytes(895) + b"\xff"
    assert hal.decode(packed).consumed == len(packed) == 0x10000


COMPATIBLE = {
    "unwritten output reads as zero": (ABC + b"\x82\x12\x34\xff", b"abc\0\0\0"),
    "zero, then what the copy itself wrote": (b"\x80\x00\x00\x20x\x83\x00\x00\xff", b"\0x\0x\0x"),
    "reversed zero": (b"\xa1\x00\x05\xff", b"\0\0"),
    "backward across the end of the output": (ABC + b"\xc3\x00\x04\xff", b"abc\0\0cb"),
    "backward into what it writes": (b"\x20x\xc2\x00\x03\xff", b"x\0\0\0"),
    "copy up to the last byte of 64 KiB": (b"\x81\xff\xfe\xff", b"\0\0"),
}


@pytest.mark.parametrize(("packed", "data"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_compatible_decoding_defines_what_strict_refuses(packed: bytes, data: bytes) -> None:
    hal.decode((header(1, 1024) + b"\xaa") * 64 + b"\xff")  # nothing of this may show up below
    assert bytes(hal.decode(packed, strict=False).data) == data
    assert bytes(hal.decode(packed + bytes(200), strict=False).data) == data
    with pytest.raises(hal.HalError, match="strict"):
        hal.decode(packed)


@pytest.mark.parametrize(
    ("packed", "reason"), [(b"\x81\xff\xff\xff", "65,536"), (b"\x20x\xc2\x00\x01\xff", "first byte")]
)
def test_compatible_decoding_still_stays_inside_64_kib(packed: bytes, reason: str) -> None:
    with pytest.raises(hal.HalError, match=reason):
        hal.decode(packed, strict=False)


STREAM = b"\x02abc\xff\x00"


@pytest.mark.parametrize(
    "buffer",
    [
        STREAM,
        bytearray(STREAM),
        memoryview(b"zz" + STREAM)[2:],
        memoryview(STREAM).cast("b"),
        memoryview(STREAM).cast("c"),
        array.array("B", STREAM),
        np.frombuffer(STREAM, np.int8),
        np.frombuffer(STREAM, np.uint8).reshape(2, 3),
    ],
    ids=lambda buffer: type(buffer).__name__,
)
def test_any_contiguous_buffer_of_bytes_is_taken(buffer: Any) -> None:
    assert bytes(hal.decode(buffer).data) == b"abc"


@pytest.mark.parametrize(
    ("buffer", "message"),
    [
        ("text", "got str"),
        (None, "got NoneType"),
        (7, "got int"),
        ([1, 2], "got list"),
        (np.zeros(8, np.uint16), "'H'"),
        (array.array("f", [1.0]), "'f'"),
        (np.zeros(16, np.uint8)[::2], "not C-contiguous"),
        (np.zeros((4, 4), np.uint8).T[:2], "not C-contiguous"),
    ],
)
@pytest.mark.parametrize("function", [hal.decode, hal.encode, hal.scan])
def test_another_type_is_refused_by_name(function: Any, buffer: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        function(buffer)


def test_an_offset_that_is_no_integer_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        hal.decode(STREAM, 1.0)  # type: ignore[arg-type]  # the wrong type is what is tested


def test_a_huge_file_is_decoded_in_place(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    offset = 5 << 30
    with path.open("wb") as file:
        file.seek(offset)
        file.write(STREAM)
    with path.open("rb") as sparse, mmap.mmap(sparse.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert bytes(hal.decode(mapped, offset).data) == b"abc"


def outcome(packed: bytes, offset: int, strict: bool) -> tuple[bytes, int] | int:
    try:
        block = hal.decode(packed, offset, strict=strict)
    except hal.HalError as error:
        return error.offset
    return bytes(block.data), block.consumed


def agrees_with_the_reference(packed: bytes, offset: int, strict: bool) -> None:
    assert outcome(packed, offset, strict) == hal_reference.outcome(packed, offset, strict=strict)


@given(packed=streams(), slack=st.sampled_from([0, 1, 40]), strict=st.booleans())
def test_rows_of_commands_decode_as_the_reference_does(packed: bytes, slack: int, strict: bool) -> None:
    agrees_with_the_reference(packed + bytes(slack), 0, strict)


@given(packed=st.binary(min_size=1, max_size=200), offset=st.integers(0, 50), strict=st.booleans())
def test_any_bytes_decode_as_the_reference_does(packed: bytes, offset: int, strict: bool) -> None:
    agrees_with_the_reference(packed, min(offset, len(packed) - 1), strict)
