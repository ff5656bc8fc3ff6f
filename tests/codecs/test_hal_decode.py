"""Decoding HAL streams: every command, every limit, every fault with its offset, any buffer."""

from __future__ import annotations

import array
import mmap
import pickle
import random
from collections.abc import Buffer
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from halscope import hal
from halscope_hooks import Block, CodecError, HalscopeError
from hypothesis import example, given
from hypothesis import strategies as st
from support import hal_reference
from support.hal_data import header, short_streams, streams
from support.simd import LEVELS, at_level

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


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("packed", "data"), COMMANDS.values(), ids=COMMANDS)
def test_every_command_writes_what_the_games_do(packed: bytes, data: bytes, strict: bool, level: str) -> None:
    # After 64 KiB of other bytes, with and without bytes after it: the fast loop and the careful one.
    for before, after in ((0, 0), (0, 100), (70000, 0), (70000, 100)):
        rom = b"\x55" * before + packed + b"\xff" + b"\x55" * after
        with at_level(level):
            block = hal.decode(rom, before, strict=strict)
        assert (bytes(block.data), block.consumed, block.offset) == (data, len(packed) + 1, before)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", range(7))
def test_every_count_of_a_short_command_in_the_midst_of_others(kind: int, level: str) -> None:
    # 100 different bytes to refer to, and enough bytes after them for the fast loop.
    before, after = header(0, 100) + bytes(k * 37 & 0xFF for k in range(100)), (header(0, 32) + bytes(32)) * 4 + b"\xff"
    arguments = {0: bytes(range(200, 232)), 1: b"x", 2: b"xy", 3: b"\xf0"}.get(kind)
    for count in range(1, 33):
        for source in (31, 32, 100 - count, 99) if arguments is None else (0,):
            tail = source.to_bytes(2, "big") if arguments is None else arguments[:count]
            packed = before + header(kind, count) + tail + after
            with at_level(level):
                assert outcome(packed, 0, True) == hal_reference.outcome(packed, 0, strict=True)


def test_the_block_owns_its_bytes_and_cannot_be_written() -> None:
    rom = bytearray(b"\x02abc\xff")
    first = hal.decode(rom)
    rom[1] = ord("z")
    second = hal.decode(rom)
    assert (bytes(first.data), bytes(second.data)) == (b"abc", b"zbc")
    assert first.data.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        first.data[0] = 0


def test_the_block_is_like_one_that_its_own_class_makes() -> None:
    block = hal.decode(b"\x00\x02abc\xff", 1)
    assert type(block) is Block
    assert repr(block) == repr(Block(block.data, 5, 1))
    copied = pickle.loads(pickle.dumps(hal.decode(b"\x02abc\xff")))
    assert (bytes(copied.data), copied.consumed, copied.offset) == (b"abc", 5, 0)
    with pytest.raises(AttributeError):
        block.offset = 2  # type: ignore[misc]  # that it is frozen is what is tested


def test_an_offset_of_another_integer_type_becomes_an_int() -> None:
    offset = cast("int", np.int64(1))
    assert type(hal.decode(b"\x00\x02abc\xff", offset).offset) is int
    for outside in (np.int64(9), np.int64(-1)):
        with pytest.raises(hal.HalError) as caught:
            hal.decode(b"\x00\x02abc\xff", cast("int", outside))
        assert type(caught.value.offset) is int


def test_memory_that_is_used_again_is_none_that_somebody_still_has() -> None:
    packed = {size: header(1, 1) + b"a" + (header(0, 1000) + bytes(1000)) * size + b"\xff" for size in range(66)}
    rng = random.Random(7)
    kept: dict[int, tuple[Block, bytes]] = {}
    for turn in range(3000):
        size, first = rng.randrange(66), rng.randrange(256)
        block = hal.decode(bytes([packed[size][0], first]) + packed[size][2:]) if size < 65 else hal.decode(b"\xff")
        kept[rng.randrange(100)] = block, block.data.tobytes()
        assert block.data[:1].tobytes() in (b"", bytes([first])), turn
    assert all(block.data.tobytes() == data for block, data in kept.values())


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
    hal.decode((header(1, 1024) + b"\xaa") * 64 + b"\xff")  # none of this may show up below
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


def outcome(packed: Buffer, offset: int, strict: bool) -> tuple[bytes, int] | int:
    try:
        block = hal.decode(packed, offset, strict=strict)
    except hal.HalError as error:
        return error.offset
    return bytes(block.data), block.consumed


def agrees_with_the_reference(packed: bytes, offset: int, strict: bool) -> None:
    # A copy that ends with the last byte: under a sanitizer, reading past it would be an error.
    exact = np.frombuffer(packed, np.uint8).copy()
    expected = hal_reference.outcome(packed, offset, strict=strict)
    for level in LEVELS:
        with at_level(level):
            assert outcome(exact, offset, strict) == expected, level


@given(packed=streams(), slack=st.sampled_from([0, 1, 40]), strict=st.booleans())
def test_rows_of_commands_decode_as_the_reference_does(packed: bytes, slack: int, strict: bool) -> None:
    agrees_with_the_reference(packed + bytes(slack), 0, strict)


@given(packed=short_streams(), before=st.integers(0, 65), slack=st.integers(0, 65), strict=st.booleans())
def test_long_rows_of_short_commands_decode_as_the_reference_does(
    packed: bytes, before: int, slack: int, strict: bool
) -> None:
    agrees_with_the_reference(bytes(before) + packed + b"\x1f" * slack, before, strict)


@given(packed=st.binary(min_size=1, max_size=200), offset=st.integers(0, 50), strict=st.booleans())
@example(packed=b"\x5fab" * 700, offset=0, strict=True)  # 64 bytes each, and no terminator
def test_any_bytes_decode_as_the_reference_does(packed: bytes, offset: int, strict: bool) -> None:
    agrees_with_the_reference(packed, min(offset, len(packed) - 1), strict)


@pytest.mark.parametrize("level", LEVELS)
def test_the_last_bytes_of_a_full_output_are_written_by_every_command(level: str) -> None:
    # 65,536 bytes less 0 to 70, then one command that fits exactly, or is one byte too long.
    for short in (*range(1, 34), 63, 64):
        before = (header(1, 1024) + b"q") * 63 + header(1, 1024 - short) + b"r"
        for kind in range(7):
            count = short // 2 if kind == 2 else short
            tail = b"\x12\x34" if kind in (2, 4, 5, 6) else bytes(range(count)) if kind == 0 else b"z"
            if count in range(1, 33) and (kind != 2 or short % 2 == 0):
                packed = before + header(kind, count) + tail
                for end in (b"\xff", b"\x20x\xff" + bytes(70)):
                    with at_level(level):
                        found = outcome(packed + end, 0, True)
                    assert found == hal_reference.outcome(packed + end, 0, strict=True)
