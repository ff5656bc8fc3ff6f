"""Encoding LC_LZ1 and LC_LZ2: it round-trips, nothing is smaller, limits are enforced, cancellation works."""

from __future__ import annotations

import random
from itertools import product

import pytest
from halscope._codec import CancelToken
from halscope.codecs import lz
from halscope_hooks import CancelledError
from hypothesis import given
from hypothesis import strategies as st
from support import hal_reference, lz_reference
from support.hal_data import LONG_LENGTHS, pieces, seeded

FORMATS: tuple[lz.Format, ...] = ("lz1", "lz2")


def check(data: bytes) -> None:
    minimum = hal_reference.minimum_size(data, relative=True)
    for format in FORMATS:  # noqa: A001
        packed = lz.encode(data, format=format)
        assert len(packed) == minimum
        assert lz_reference.decode(packed, format=format) == (data, minimum)
        fast = lz.encode(data, format=format, effort="fast")
        assert lz_reference.decode(fast, format=format) == (data, len(fast))
        assert len(fast) >= minimum


@pytest.mark.slow
@given(seeded(160))
def test_nothing_smaller_exists(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 31, 32, 33, 34, 65, 1023, 1024, 1025])
def test_two_bytes_in_turn_may_end_on_either(length: int) -> None:
    data = (b"\x12\x34" * length)[:length]
    check(data)
    check(b"\x77" + data + b"\x99")
    if 3 <= length <= 1024:
        assert len(lz.encode(data)) == (4 if length <= 32 else 5)


def test_every_short_string_of_two_letters() -> None:
    for size in range(8):
        for letters in product(b"\x00\x01", repeat=size):
            check(bytes(letters))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_long_commands_of_every_kind(seed: int) -> None:
    rng = random.Random(seed)
    check(pieces(rng, 2600, LONG_LENGTHS))


def test_nothing_gives_the_lone_terminator() -> None:
    assert lz.encode(b"", format="lz1") == lz.encode(b"", format="lz2") == b"\xff"


def test_too_much_is_refused_with_the_offset() -> None:
    with pytest.raises(lz.LzError, match="split") as caught:
        lz.encode(bytes(65537))
    assert caught.value.offset == 65536
    with pytest.raises(lz.LzError, match="packed stream"):
        lz.encode(random.Random(1).randbytes(65536))


def test_another_effort_is_refused() -> None:
    with pytest.raises(ValueError, match="'best'"):
        lz.encode(b"", effort="best")  # type: ignore[arg-type]  # the wrong word is what is tested


@pytest.mark.parametrize("effort", ["optimal", "fast"])
def test_a_raised_token_ends_encoding_and_scanning(effort: str) -> None:
    token = CancelToken()
    data = pieces(random.Random(5), 20000)
    expected = lz.encode(data, effort="fast", cancel=token)
    assert lz.encode(data, effort="fast") == expected
    token.cancel()
    with pytest.raises(CancelledError):
        lz.encode(data, effort="optimal" if effort == "optimal" else "fast", cancel=token)
    with pytest.raises(CancelledError):
        lz.scan(data, cancel=token)


@given(st.binary(max_size=300))
def test_any_bytes_survive(data: bytes) -> None:
    for format in FORMATS:  # noqa: A001
        for packed in (lz.encode(data, format=format), lz.encode(data, format=format, effort="fast")):
            assert lz_reference.decode(packed, format=format).data == data
