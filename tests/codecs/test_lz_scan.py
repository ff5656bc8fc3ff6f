"""The scan for LC_LZ1 and LC_LZ2 finds exactly what a decoder accepts."""

from __future__ import annotations

import random

import pytest
from halscope.codecs import lz
from hypothesis import given
from hypothesis import strategies as st
from support import lz_reference
from support.examples import examples
from support.hal_data import pieces, streams, tiles
from support.hal_reference import FaultError

FORMATS: tuple[lz.Format, ...] = ("lz1", "lz2")


def starts(rom: bytes, window: int, format: lz.Format, strict: bool) -> list[tuple[int, int, int]]:  # noqa: A002
    """What the plain decoder accepts at each offset if it sees nothing at or after the next edge."""
    found = []
    for offset in range(len(rom)):
        edge = len(rom) if window == 0 else min(len(rom), (offset // window + 1) * window)
        try:
            decoded = lz_reference.decode(rom, offset, format=format, strict=strict, stop=edge)
        except FaultError:
            continue
        if decoded.data:
            found.append((offset, decoded.consumed, len(decoded.data)))
    return found


def check(rom: bytes, window: int) -> int:
    total = 0
    for format in FORMATS:  # noqa: A001
        for strict in (True, False):
            expected = starts(rom, window, format, strict)
            found = [tuple(row) for row in lz.scan(rom, window=window, format=format, strict=strict).tolist()]
            assert found == expected
            total += len(found)
    return total


@pytest.mark.slow
@pytest.mark.parametrize("window", [0, 512])
def test_a_rom_with_blocks_code_and_noise(window: int) -> None:
    rng = random.Random(3)
    rom = b""
    for _ in range(3):
        rom += lz.encode(tiles(rng, 600), format=rng.choice(FORMATS)) + rng.randbytes(200)
        rom += lz.encode(pieces(rng, 300), format=rng.choice(FORMATS), effort="fast")
        rom += bytes(rng.choices(b"\xa9\x8d\x20\x85\x00\xff\x01\xc2", k=200))
    assert check(rom, window) > 400


def test_a_window_is_not_crossed_and_a_negative_one_is_refused() -> None:
    packed = lz.encode(random.Random(1).randbytes(40))
    rom = bytes(100) + packed
    assert 100 in lz.scan(rom)["offset"]
    assert 100 not in lz.scan(rom, window=110)["offset"]
    with pytest.raises(ValueError, match="window"):
        lz.scan(rom, window=-1)


@pytest.mark.slow
@examples(30)
@given(st.lists(streams(), max_size=4), st.sampled_from([0, 64]))
def test_rows_of_commands(rows: list[bytes], window: int) -> None:
    check(b"".join(rows)[:400], window)
