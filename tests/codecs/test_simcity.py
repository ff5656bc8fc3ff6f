"""SimCity's format: every command, every fault with its offset, nothing smaller, and the scan against the decoder."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from halscope import lz
from halscope._codec import CancelToken
from halscope.codecs.simcity import SIMCITY, SimCityError
from halscope_hooks import CancelledError, Codec, CodecError
from hypothesis import given
from hypothesis import strategies as st
from support import simcity_reference as reference
from support.examples import examples
from support.hal_data import header, pieces, seeded, tiles
from support.hal_reference import FaultError

ABC = b"\x02abc"  # raw: three bytes of output
INVERTED = bytes.maketrans(bytes(range(256)), bytes(range(255, -1, -1)))

COUNTING = bytes((7 + k) & 255 for k in range(300))
COMMANDS = {
    "raw": (b"\x02abc", b"abc"),
    "RLE8": (b"\x23x", b"xxxx"),
    "a word in turn, ending on its first byte": (b"\x44ab", b"ababa"),
    "a word in turn, longest odd": (b"\xeb\xfeab", b"ab" * 511 + b"a"),
    "sequence that wraps": (b"\x63\xfe", b"\xfe\xff\x00\x01"),
    "copy, low byte first": (header(3, 700) + b"\x00\x83\x02\x01", bytes(k & 255 for k in range(700)) + b"\2\3\4\5"),
    "copy into what it writes": (ABC + b"\x86\x01\x00", b"abcbcbcbcb"),
    "inverted copy": (ABC + b"\xa1\x01\x00", b"abc" + b"bc".translate(INVERTED)),
    "inverted copy into what it writes": (ABC + b"\xa3\x02\x00", b"abc\x9c\x63\x9c\x63"),
    "inverted copy, long": (ABC + b"\xf4\x40\x00\x00", ((b"abc" + b"abc".translate(INVERTED)) * 12)[:68]),
    "near copy": (ABC + b"\xc1\x03", b"abcab"),
    "near copy of the latest byte": (ABC + b"\xdf\x01", b"abc" + b"c" * 32),
    "near copy, long": (ABC + b"\xf8\x40\x03", (b"abc" * 30)[:68]),
    "near copy from 255 bytes back": (header(3, 300) + b"\x07\xc0\xff", COUNTING + b"\x34"),
    "near inverted copy": (ABC + b"\xfc\x01\x03", b"abc" + b"ab".translate(INVERTED)),
    "near inverted copy, longest": (b"\x00\x00\xfe\xff\x01", b"\x00\xff" * 384 + b"\x00"),
    "nothing": (b"", b""),
}  # fmt: skip


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("packed", "data"), COMMANDS.values(), ids=COMMANDS)
def test_every_command_writes_what_the_game_does(packed: bytes, data: bytes, strict: bool) -> None:
    stream = packed + b"\xff"
    assert reference.decode(stream) == (data, len(stream))
    # After 64 KiB of other bytes, with and without bytes after it: the fast loop and the careful step.
    for before, after in ((0, 0), (0, 100), (70000, 0), (70000, 100)):
        block = SIMCITY.decode(b"\x55" * before + stream + b"\x55" * after, before, strict=strict)
        assert (bytes(block.data), block.consumed, block.offset) == (data, len(stream), before)


FAULTS: dict[str, tuple[bytes, int, str]] = {
    "no terminator": (b"\x02abc", 4, "not valid SimCity data"),
    "cut inside a long header": (b"\x20x\xe0", 2, "terminator"),
    "cut before a distance": (ABC + b"\xc0", 4, "terminator"),
    "reference to the byte being written": (ABC + b"\x80\x03\x00\xff", 4, "only 3"),
    "inverted reference to the byte being written": (ABC + b"\xa0\x03\x00\xff", 4, "only 3"),
    "no distance": (ABC + b"\xc0\x00\xff", 4, "output byte 3, but only 3"),
    "no distance, inverted": (ABC + b"\xfc\x00\x00\xff", 4, "output byte 3, but only 3"),
    "before the start": (ABC + b"\xc0\x04\xff", 4, "4 bytes back, but only 3"),
    "before the start, inverted": (ABC + b"\xfc\x00\x04\xff", 4, "4 bytes back, but only 3"),
    "output past 65,536": ((header(2, 1024) + b"ab") * 64 + b"\x20x\xff", 64 * 4, "65,536"),
}


@pytest.mark.parametrize(("packed", "fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_the_command_and_the_reason(packed: bytes, fault: int, reason: str) -> None:
    for before in (b"", b"\x55" * 1000):
        with pytest.raises(SimCityError, match=reason) as caught:
            SIMCITY.decode(before + packed, len(before))
        assert caught.value.offset == len(before) + fault
        assert isinstance(caught.value, CodecError)


COMPATIBLE = {
    "unwritten output reads as zero": (ABC + b"\x82\x34\x12\xff", b"abc\0\0\0"),
    "unwritten output, inverted": (ABC + b"\xa2\x34\x12\xff", b"abc\xff\xff\xff"),
    "no distance": (ABC + b"\xc1\x00\xfc\x00\x00\xff", b"abc\0\0\xff"),
}


@pytest.mark.parametrize(("packed", "data"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_compatible_decoding_reads_zeros(packed: bytes, data: bytes) -> None:
    assert bytes(SIMCITY.decode(packed, strict=False).data) == data
    with pytest.raises(SimCityError):
        SIMCITY.decode(packed)


@st.composite
def command(draw: st.DrawFn) -> bytes:
    """One command of any kind, with its reference mostly near the start of the output."""
    kind = draw(st.integers(0, 7))
    count = draw(st.one_of(st.integers(1, 40), st.integers(1, 768 if kind == 7 else 1024)))
    head = header(kind, count, long=True if kind == 7 or draw(st.booleans()) else None)
    if kind == 0:
        return head + draw(st.randoms(use_true_random=False)).randbytes(count)
    if kind in (4, 5):
        return head + draw(st.one_of(st.integers(0, 300), st.integers(0, 0xFFFF))).to_bytes(2, "little")
    return head + draw(st.binary(min_size=2 if kind == 2 else 1, max_size=2 if kind == 2 else 1))


def streams() -> st.SearchStrategy[bytes]:
    ends = st.sampled_from([b"\xff", b"\xff", b"\xff\x00\x21", b""])
    return st.builds(lambda commands, end: b"".join(commands) + end, st.lists(command(), max_size=12), ends)


def outcome(packed: bytes, offset: int, *, strict: bool) -> tuple[bytes, int] | int:
    try:
        block = SIMCITY.decode(packed, offset, strict=strict)
    except SimCityError as error:
        return error.offset
    return bytes(block.data), block.consumed


@examples(200)
@given(st.one_of(streams(), st.binary(max_size=300)), st.booleans(), st.integers(0, 3))
def test_decoding_agrees_with_the_reference(packed: bytes, strict: bool, offset: int) -> None:
    if offset < len(packed):
        assert outcome(packed, offset, strict=strict) == reference.outcome(packed, offset, strict=strict)


def check(data: bytes) -> None:
    packed, minimum = SIMCITY.encode(data), reference.minimum_size(data)
    assert reference.decode(packed) == (data, minimum)
    fast = SIMCITY.encode(data, effort="fast")
    assert reference.decode(fast) == (data, len(fast))
    assert len(packed) == minimum <= len(fast)


@pytest.mark.slow
@examples(30)
@given(seeded(120), st.booleans())
def test_nothing_smaller_exists(data: bytes, mirror: bool) -> None:
    check(data + data.translate(INVERTED)[: 200 - len(data)] if mirror else data)


def test_every_short_string_of_two_letters() -> None:
    for size in range(8):
        for letters in product(b"\x0f\xf0", repeat=size):
            check(bytes(letters))


@pytest.mark.parametrize("distance", [254, 255, 256, 257])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_distance_of_one_byte_is_used_as_far_as_it_reaches(distance: int, inverted: bool) -> None:
    noise = random.Random(distance).randbytes(distance)
    copied = (noise.translate(INVERTED) if inverted else noise)[:40]
    packed = SIMCITY.encode(noise + copied)
    raw = (1 if distance <= 32 else 2) + distance
    # Long: a header of two bytes, then the distance or the offset.
    assert len(packed) == raw + (3 if distance <= 255 else 4) + 1
    assert reference.decode(packed).data == noise + copied


@given(st.binary(max_size=300))
def test_any_bytes_survive(data: bytes) -> None:
    assert reference.decode(SIMCITY.encode(data)).data == data
    assert reference.decode(SIMCITY.encode(data, effort="fast")).data == data


def test_limits_are_refused_with_the_offset() -> None:
    with pytest.raises(SimCityError, match="split") as caught:
        SIMCITY.encode(bytes(65537))
    assert caught.value.offset == 65536
    with pytest.raises(SimCityError, match="packed stream"):
        SIMCITY.encode(random.Random(1).randbytes(65536))


def starts(rom: bytes, window: int, strict: bool) -> list[tuple[int, int, int]]:
    """What the plain decoder accepts at each offset if it sees nothing at or after the next edge."""
    found = []
    for offset in range(len(rom)):
        edge = len(rom) if window == 0 else min(len(rom), (offset // window + 1) * window)
        try:
            decoded = reference.decode(rom, offset, strict=strict, stop=edge)
        except FaultError:
            continue
        if decoded.data:
            found.append((offset, decoded.consumed, len(decoded.data)))
    return found


def scan_is_right(rom: bytes, window: int) -> int:
    total = 0
    for strict in (True, False):
        expected = starts(rom, window, strict)
        assert [tuple(row) for row in SIMCITY.scan(rom, window=window, strict=strict).tolist()] == expected
        total += len(expected)
    return total


@pytest.mark.parametrize("window", [0, 512])
def test_the_scan_finds_what_the_decoder_takes(window: int) -> None:
    rng = random.Random(3)
    rom = b""
    for _ in range(3):
        rom += SIMCITY.encode(tiles(rng, 600)) + rng.randbytes(200)
        rom += SIMCITY.encode(pieces(rng, 300), effort="fast")
        rom += bytes(rng.choices(b"\xa9\x8d\x20\x85\x00\xff\x01\xc2", k=200))
    assert scan_is_right(rom, window) > 200


@pytest.mark.slow
@examples(30)
@given(st.lists(streams(), max_size=4), st.sampled_from([0, 64]))
def test_the_scan_of_rows_of_commands(rows: list[bytes], window: int) -> None:
    scan_is_right(b"".join(rows)[:400], window)


def test_a_cancelled_token_ends_encoding_and_scanning() -> None:
    token = CancelToken()
    data = tiles(random.Random(5), 20000)
    assert SIMCITY.encode(data, cancel=token) == SIMCITY.encode(data)
    token.cancel()
    for effort in ("optimal", "fast"):
        with pytest.raises(CancelledError):
            SIMCITY.encode(data, effort="optimal" if effort == "optimal" else "fast", cancel=token)
    with pytest.raises(CancelledError):
        SIMCITY.scan(data, cancel=token)


def test_it_is_a_codec_as_any_other() -> None:
    codec: Codec = SIMCITY
    assert isinstance(codec, Codec)
    assert codec.name == "simcity"
    assert lz.SIMCITY is SIMCITY
    data = np.arange(2000, dtype=np.uint16).view(np.uint8)
    assert bytes(codec.decode(codec.encode(data)).data) == data.tobytes()
