"""Encoding HAL streams: no smaller stream exists, nothing is lost, and data that does not fit is refused."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pytest
from halscope import hal
from halscope._codec import CancelToken
from halscope_hooks import CancelledError
from hypothesis import given
from support import hal_reference
from support.hal_data import LENGTHS, LONG_LENGTHS, append_copy, pieces, seeded, streams, tiles

type Effort = Literal["optimal", "fast"]
EFFORTS: tuple[Effort, Effort] = ("optimal", "fast")


MOST_NOISE = 1026
"""Bytes that are copied: no copy is longer than 1024."""


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(min(size, MOST_NOISE))


SHAPES: dict[str, Callable[[int], bytes]] = {
    "zeros": bytes,
    "pairs": lambda n: (b"\x12\x34" * n)[:n],
    "sequence": lambda n: bytes((200 + k) & 0xFF for k in range(n)),
    "period of 3": lambda n: (b"abc" * n)[:n],
    "noise": lambda n: random.Random(n).randbytes(n),
    "a run inside noise": lambda n: random.Random(n).randbytes(40) + bytes(n) + random.Random(n + 1).randbytes(40),
    "pairs inside noise": lambda n: b"\x07" + SHAPES["pairs"](n) + random.Random(n).randbytes(33),
    "noise twice": lambda n: noise(n) + noise(n),
    "noise and its mirror image": lambda n: noise(n) + noise(n)[::-1],
    "noise, bits reversed": lambda n: noise(n) + bytes(hal_reference.REVERSED[byte] for byte in noise(n)),
    "pairs after a byte": lambda n: b"\x12" + SHAPES["pairs"](n),
}


LONGEST = (1024, 1025)
"""What one command holds, of bytes or pairs of them, and what takes two."""

COPIED = ("noise twice", "noise and its mirror image", "noise, bits reversed")
"""Shapes of twice `MOST_NOISE` bytes at most."""


def commands(packed: bytes) -> Iterator[tuple[int, int]]:
    """Kind and count of each command, without executing it."""
    at = 0
    while packed[at] != 0xFF:
        kind, count, at = packed[at] >> 5, (packed[at] & 31) + 1, at + 1
        if kind == 7:
            kind, count, at = packed[at - 1] >> 2 & 7, ((packed[at - 1] & 3) << 8 | packed[at]) + 1, at + 1
        yield kind, count
        at += count if kind == 0 else 1 if kind in (1, 3) else 2


def survives(data: bytes, effort: Effort) -> bytes:
    """Encode, and check the result with both decoders."""
    packed = hal.encode(data, effort=effort)
    assert hal_reference.decode(packed) == (data, len(packed))
    assert bytes(hal.decode(packed).data) == data
    return packed


def is_minimal(data: bytes) -> None:
    minimum = hal_reference.minimum_size(data)
    assert len(survives(data, "optimal")) == minimum
    assert len(survives(data, "fast")) >= minimum


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "length"),
    [
        (shape, length)
        for shape in SHAPES
        for length in (*LENGTHS, *LONGEST, *(2 * longest for longest in LONGEST))
        if length <= MOST_NOISE or shape not in COPIED
    ],
)
def test_nothing_smaller_exists_around_the_longest_counts(shape: str, length: int) -> None:
    is_minimal(SHAPES[shape](length))


@pytest.mark.slow
@pytest.mark.parametrize("alphabet", [2, 3, 5, 256])
def test_nothing_smaller_exists_for_small_inputs_of_all_pieces(alphabet: int) -> None:
    rng = random.Random(alphabet)
    for _ in range(80):
        is_minimal(pieces(rng, rng.randrange(1, 250), alphabet=alphabet))


@pytest.mark.slow
def test_nothing_smaller_exists_for_pieces_around_the_longest_counts() -> None:
    rng = random.Random(1)
    for _ in range(4):
        is_minimal(pieces(rng, 3000, (1, 3, *LONG_LENGTHS)))


def test_nothing_smaller_exists_for_every_short_input_of_two_letters() -> None:
    for size in range(1, 9):
        for number in range(1 << size):
            data = bytes(0x81 if number >> k & 1 else 0x01 for k in range(size))
            assert len(hal.encode(data)) == hal_reference.minimum_size(data), data


@pytest.mark.slow
@given(data=seeded(400))
def test_nothing_smaller_exists(data: bytes) -> None:
    is_minimal(data)


@given(packed=streams())
def test_an_encoding_is_no_larger_than_any_stream_of_the_same_data(packed: bytes) -> None:
    try:
        block = hal.decode(packed)
    except hal.HalError:
        return
    assert len(survives(bytes(block.data), "optimal")) <= block.consumed


def test_nothing_gives_a_lone_terminator() -> None:
    for effort in EFFORTS:
        assert hal.encode(b"", effort=effort) == b"\xff"
    block = hal.decode(b"\xff")
    assert (len(block.data), block.consumed) == (0, 1)


# Inputs on which a plain matcher or parser is quadratic, at full size.
FULL_SIZE: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(0x10000),
    "sequence": lambda: bytes(k & 0xFF for k in range(0x10000)),
    "pairs": lambda: b"\x01\x02" * 0x8000,
    "period of 257": lambda: (bytes(range(256)) + b"\0") * 255 + b"\0",
    "two letters": lambda: bytes(random.Random(2).choices(b"\x00\x80", k=0x10000)),
    "palindromes": lambda: (bytes(1000) + b"\1" + bytes(1000) + b"\2") * 32 + bytes(1472),
    "tiles": lambda: tiles(random.Random(3), 0x10000),
    "tiles that end early": lambda: tiles(random.Random(4), 0xFFFF),
}


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("shape", FULL_SIZE)
def test_64_kib_of_any_shape_survive(shape: str, effort: Effort) -> None:
    data = FULL_SIZE[shape]()
    packed = survives(data, effort)
    assert len(packed) < len(data) // 2


def test_known_minima_of_full_size() -> None:
    assert len(hal.encode(bytes(0x10000))) == 32 * 4 + 1  # RLE16 of 2048 bytes each
    assert len(hal.encode(bytes(k & 0xFF for k in range(0x10000)))) == 64 * 3 + 1  # sequences of 1024


def test_the_fast_effort_stays_near_the_minimum_on_tiles() -> None:
    data = tiles(random.Random(5), 0x8000)
    assert len(hal.encode(data, effort="fast")) <= 1.03 * len(hal.encode(data))


@pytest.mark.parametrize("seed", range(4))
def test_noise_with_short_copies_is_packed_fast_into_little_more_than_itself(seed: int) -> None:
    # Each copy ends a raw command, and the next one pays for its header again: more arrivals than for raw bytes alone.
    rng = random.Random(seed)
    data = bytearray(rng.randbytes(60000))
    for at in range(100, len(data) - 8, 41):
        source = rng.randrange(at - 8)
        data[at : at + 4] = data[source : source + 4]
    assert len(survives(bytes(data), "fast")) <= len(data) + len(data) // 32


def test_references_reach_the_whole_64_kib() -> None:
    data = bytearray(random.Random(6).randbytes(300) + bytes(0x10000 - 900) + random.Random(7).randbytes(300))
    append_copy(data, 0, 150)
    append_copy(data, 0x10000 - 600, 150, reverse=True)
    packed = survives(bytes(data), "optimal")
    assert {kind for kind, _ in commands(packed)} == {0, 2, 4, 5}
    # Noise, zeros, noise, and two copies: no larger than these commands.
    assert len(packed) <= 2 * 302 + 4 * 32 + 2 * 4 + 1


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_stream_past_64_kib_is_refused_and_one_of_64_kib_is_not(effort: Effort) -> None:
    noise = random.Random(0).randbytes(0x10000)
    # Noise costs a byte for each byte and two for each 1024, so this fits with a few bytes to spare.
    size = 65390
    largest = b""
    refused: hal.HalError | None = None
    while refused is None:
        try:
            largest = hal.encode(noise[:size], effort=effort)
        except hal.HalError as error:
            refused = error
        else:
            size += 1
    assert 0x10000 - 2 <= len(largest) <= 0x10000
    assert hal_reference.decode(largest) == (noise[: size - 1], len(largest))
    assert "would exceed 65,536 bytes" in refused.reason
    assert 0 < refused.offset < size
    with pytest.raises(hal.HalError, match="would exceed 65,536 bytes"):
        hal.encode(noise, effort=effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_more_than_64_kib_of_data_are_refused(effort: Effort) -> None:
    with pytest.raises(hal.HalError, match="65,536 bytes") as caught:
        hal.encode(bytes(0x10001), effort=effort)
    assert caught.value.offset == 0x10000


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_raised_token_ends_the_call(effort: Effort) -> None:
    token = CancelToken()
    assert hal.encode(b"abc", effort=effort, cancel=token) == hal.encode(b"abc", effort=effort)
    token.cancel()
    with pytest.raises(CancelledError):
        hal.encode(b"abc", effort=effort, cancel=token)


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_token_that_another_thread_raises_ends_the_calls_in_between(effort: Effort) -> None:
    data, token, running = FULL_SIZE["two letters"](), CancelToken(), threading.Event()

    def encode_until_told() -> None:
        for _ in range(100_000):
            hal.encode(data, effort=effort, cancel=token)
            running.set()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(encode_until_told)
        assert running.wait(60)
        token.cancel()
        with pytest.raises(CancelledError):
            call.result(60)


def test_long_command_7_is_never_written() -> None:
    rng = random.Random(8)
    for effort in EFFORTS:
        for _ in range(20):
            packed = hal.encode(pieces(rng, 5000, (900, 1024, 1500)), effort=effort)
            assert all(kind < 7 for kind, _ in commands(packed))


def test_an_unknown_effort_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'best'"):
        hal.encode(b"", effort="best")  # type: ignore[arg-type]  # the wrong word is what is tested


def test_any_contiguous_buffer_is_encoded() -> None:
    pixels = np.arange(96, dtype=np.uint8).reshape(8, 12)
    assert hal.encode(pixels) == hal.encode(pixels.tobytes())
    assert hal.encode(memoryview(bytearray(pixels.tobytes()))[3:20]) == hal.encode(pixels.tobytes()[3:20])
