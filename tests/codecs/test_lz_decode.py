"""Decoding LC_LZ1 and LC_LZ2: every command, every limit, every fault with its offset."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from halscope.codecs import lz
from halscope_hooks import Codec, CodecError
from hypothesis import given
from hypothesis import strategies as st
from support import lz_reference
from support.hal_data import header, streams

FORMATS: tuple[lz.Format, ...] = ("lz1", "lz2")
ABC = b"\x02abc"  # raw: three bytes of output

# With references of LC_LZ2.
COMMANDS = {
    "raw": (b"\x02abc", b"abc"),
    "raw, long": (header(0, 1024) + bytes(range(256)) * 4, bytes(range(256)) * 4),
    "RLE8": (b"\x23x", b"xxxx"),
    "RLE8, longest": (b"\xe7\xffx", b"x" * 1024),
    "two bytes in turn": (b"\x43ab", b"abab"),
    "two bytes in turn, ending on the first": (b"\x44ab", b"ababa"),
    "one of two bytes": (b"\x40ab", b"a"),
    "two bytes in turn, longest": (b"\xeb\xffab", b"ab" * 512),
    "two bytes in turn, longest odd": (b"\xeb\xfeab", b"ab" * 511 + b"a"),
    "sequence that wraps": (b"\x63\xfe", b"\xfe\xff\x00\x01"),
    "sequence, longest": (b"\xef\xff\x05", bytes((5 + k) & 0xFF for k in range(1024))),
    "copy": (ABC + b"\x81\x00\x01", b"abcbc"),
    "copy into what it writes": (ABC + b"\x86\x00\x01", b"abcbcbcbcb"),
    "copy of the latest byte": (ABC + b"\x9f\x00\x02", b"abc" + b"c" * 32),
    "copy, long": (ABC + b"\xf0\x40\x00\x00", (b"abc" * 30)[:68]),
    "copy from an offset of two bytes": (
        header(3, 700) + b"\x00\x83\x02\x01",
        bytes(k & 0xFF for k in range(700)) + bytes(range(1, 5)),
    ),
    "nothing": (b"", b""),
}


def swapped(packed: bytes) -> bytes:
    """The same stream with the references of LC_LZ1."""
    out, at = bytearray(), 0
    while at < len(packed):
        head = packed[at]
        size = 2 if head >= 0xE0 else 1
        kind = head >> 2 & 7 if size == 2 else head >> 5
        count = ((head & 3) << 8 | packed[at + 1]) + 1 if size == 2 else (head & 31) + 1
        arguments = packed[at + size : at + size + (count if kind == 0 else 1 if kind in (1, 3) else 2)]
        out += packed[at : at + size] + (arguments[::-1] if kind == 4 else arguments)
        at += size + len(arguments)
    return bytes(out)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("packed", "data"), COMMANDS.values(), ids=COMMANDS)
def test_every_command_writes_what_the_games_do(packed: bytes, data: bytes, format: lz.Format, strict: bool) -> None:  # noqa: A002
    stream = (packed if format == "lz2" else swapped(packed)) + b"\xff"
    # After 64 KiB of other bytes, with and without bytes after it: the fast loop and the careful step.
    for before, after in ((0, 0), (0, 100), (70000, 0), (70000, 100)):
        block = lz.decode(b"\x55" * before + stream + b"\x55" * after, before, format=format, strict=strict)
        assert (bytes(block.data), block.consumed, block.offset) == (data, len(stream), before)


FULL = header(2, 1024) + b"ab"  # 1024 bytes of output
FAULTS: dict[str, tuple[bytes, int, str]] = {
    "no terminator": (b"\x02abc", 4, "terminator"),
    "cut inside raw bytes": (b"\x20x\x03abc", 2, "terminator"),
    "cut inside a long header": (b"\x20x\xe0", 2, "terminator"),
    "cut inside a reference": (ABC + b"\x80\x00", 4, "terminator"),
    "reference to the byte being written": (ABC + b"\x80\x03\x03\xff", 4, "only 3"),
    "reference at the very start": (b"\x80\x00\x00\xff", 0, "output byte 0, but only 0"),
    "command 5": (ABC + b"\xa0\x00\x00\xff", 4, "command 5"),
    "command 6": (ABC + b"\xc0\x00\x00\xff", 4, "command 6"),
    "command 5, long": (ABC + b"\xf4\x00\x00\x00\xff", 4, "command 5"),
    "command 7, long": (ABC + b"\xfc\x00\x00\x00\xff", 4, "command 7"),
    "output past 65,536": (FULL * 64 + b"\x20x\xff", 64 * 4, "65,536"),
    "packed past 64 KiB": (
        (header(0, 1024) + bytes(1024)) * 63 + header(0, 896) + bytes(896) + b"\xff",
        65536,
        "packed",
    ),
    "offset at the end of nothing": (b"", 0, "outside"),
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("packed", "fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_the_command_and_the_reason(packed: bytes, fault: int, reason: str, format: lz.Format) -> None:  # noqa: A002
    for before in (b"", b"\x55" * 1000):
        with pytest.raises(lz.LzError, match=reason) as caught:
            lz.decode(before + packed, len(before), format=format)
        assert caught.value.offset == len(before) + fault
        assert isinstance(caught.value, CodecError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("offset", [3, 1 << 40, 1 << 100, -1])
def test_an_offset_outside_the_input_is_a_fault(offset: int) -> None:
    with pytest.raises(lz.LzError, match="outside") as caught:
        lz.decode(b"\x20x\xff", offset)
    assert caught.value.offset == offset


def test_limits_are_reached_exactly() -> None:
    assert len(lz.decode(FULL * 64 + b"\xff").data) == 0x10000
    packed = (header(0, 1024) + bytes(1024)) * 63 + header(0, 895) + bytes(895) + b"\xff"
    assert lz.decode(packed).consumed == len(packed) == 0x10000


COMPATIBLE = {
    "unwritten output reads as zero": (ABC + b"\x82\x12\x34\xff", b"abc\0\0\0"),
    "commands 5 to 7 are copies": (ABC + b"\xa1\x00\x00\xc1\x00\x01\xfc\x00\x00\x02\xff", b"abcabbcc"),
    "copy up to the last byte of 64 KiB": (b"\x81\xff\xfe\xff", b"\0\0"),
}


@pytest.mark.parametrize(("packed", "data"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_compatible_decoding_takes_what_the_games_take(packed: bytes, data: bytes) -> None:
    lz.decode((header(1, 1024) + b"\xaa") * 64 + b"\xff")  # none of this may show up below
    assert bytes(lz.decode(packed, strict=False).data) == data
    assert bytes(lz.decode(packed + bytes(200), strict=False).data) == data
    with pytest.raises(lz.LzError, match="strict"):
        lz.decode(packed)


def test_compatible_decoding_still_stays_inside_64_kib() -> None:
    with pytest.raises(lz.LzError, match="65,536"):
        lz.decode(b"\x81\xff\xff\xff", strict=False)


@pytest.mark.parametrize("buffer", ["text", None, np.zeros(8, np.uint16), np.zeros(16, np.uint8)[::2]])
@pytest.mark.parametrize("function", [lz.decode, lz.encode, lz.scan])
def test_another_type_is_refused(function: Any, buffer: Any) -> None:
    with pytest.raises(TypeError):
        function(buffer)


@pytest.mark.parametrize("function", [lz.decode, lz.encode, lz.scan])
def test_another_format_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="'lz3'"):
        function(b"\xff", format="lz3")


def test_the_codecs_as_values_decode_encode_and_scan_their_own_format() -> None:
    data = bytes(range(64)) * 20
    for codec in (lz.LZ1, lz.LZ2):
        assert isinstance(codec, Codec)
        packed = codec.encode(data)
        assert lz_reference.decode(packed, format=codec.name).data == data
        assert bytes(codec.decode(b"\x00" + packed, 1).data) == data
        assert tuple(codec.scan(packed)[0]) == (0, len(packed), len(data))
    assert lz.LZ1.encode(data) != lz.LZ2.encode(data)


def outcome(packed: bytes, offset: int, format: lz.Format, strict: bool) -> tuple[bytes, int] | int:  # noqa: A002
    try:
        block = lz.decode(packed, offset, format=format, strict=strict)
    except lz.LzError as error:
        return error.offset
    return bytes(block.data), block.consumed


def agrees_with_the_reference(packed: bytes, offset: int, strict: bool) -> None:
    for format in FORMATS:  # noqa: A001
        expected = lz_reference.outcome(packed, offset, format=format, strict=strict)
        assert outcome(packed, offset, format, strict) == expected


@given(packed=streams(), slack=st.sampled_from([0, 1, 40]), strict=st.booleans())
def test_rows_of_commands_decode_as_the_reference_does(packed: bytes, slack: int, strict: bool) -> None:
    agrees_with_the_reference(packed + bytes(slack), 0, strict)


@given(packed=st.binary(min_size=1, max_size=200), offset=st.integers(0, 50), strict=st.booleans())
def test_any_bytes_decode_as_the_reference_does(packed: bytes, offset: int, strict: bool) -> None:
    agrees_with_the_reference(packed, min(offset, len(packed) - 1), strict)
