"""Whatever a third-party codec returns, the guard's results are in bounds and in order, or empty."""

from __future__ import annotations

import contextlib
from collections.abc import Buffer
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from halscope.plugins._guards import GuardedCodec
from halscope.session import CancelToken
from halscope_hooks import Block, CancelledError, CancelSignal, CodecError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

ROM = bytes(1000)
WORDS = st.integers(0, 1100) | st.integers(-(2**31), 2**40)


@dataclass
class Saying:
    """A codec that returns what the test sets."""

    found: Any
    name: str = "saying"

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        result: Block = self.found
        return result

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        result: bytes = self.found
        return result

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        result: NDArray[Any] = self.found
        return result


def guarded(found: Any) -> tuple[GuardedCodec, list[Exception]]:
    failures: list[Exception] = []
    return GuardedCodec(Saying(found), "saying", "sparkle", "1.0.0", failures.append), failures


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), st.sampled_from(["i8", "f8", "O"]), st.booleans())
def test_a_scan_is_in_bounds_and_ascending_or_empty(rows: list[tuple[int, int, int]], kind: str, ordered: bool) -> None:
    rows = sorted(rows) if ordered else rows
    codec, failures = guarded(np.array(rows, [("offset", kind), ("packed_size", kind), ("size", kind)]))
    found = codec.scan(ROM)
    offsets, ends = found["offset"].astype(int), found["offset"].astype(int) + found["packed_size"]
    assert (np.diff(offsets) > 0).all()
    assert (ends <= len(ROM)).all()
    assert (len(found) == len(rows)) != bool(failures)
    assert codec.failed == bool(failures)


@given(st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.binary())
def test_what_is_no_scan_block_or_stream_is_named(nonsense: Any) -> None:
    codec, failures = guarded(nonsense)
    assert len(codec.scan(ROM)) == 0
    for call in (codec.decode, codec.encode):
        before = len(failures)
        with contextlib.suppress(CodecError):
            assert isinstance(call(ROM), bytes)
            continue
        assert len(failures) == before + 1


@given(
    st.sampled_from([np.uint8, np.int16, np.float64]),
    st.integers(0, 3).map(lambda dimensions: (2,) * dimensions),
    st.integers(-5, 1100),
)
def test_a_block_is_bytes_in_a_row_and_read_only_or_a_codec_error(kind: Any, shape: tuple[int, ...], read: int) -> None:
    codec, failures = guarded(Block(np.zeros(shape, kind), read, 0))
    good = kind is np.uint8 and len(shape) == 1 and 0 < read <= len(ROM)
    try:
        block = codec.decode(ROM, 7)
    except CodecError:
        assert not good
        assert failures
    else:
        assert good
        assert (block.consumed, block.offset) == (read, 7)
        assert not block.data.flags.writeable


NOTHING = np.zeros(0, [("offset", "u4"), ("packed_size", "u4"), ("size", "u4")])


class WithoutSignal(Saying):
    """A codec written before `cancel` was part of the contract."""

    def encode(self, data: Buffer) -> bytes:  # type: ignore[override]  # that is what is tested
        return b"packed"

    def scan(self, rom: Buffer, *, window: int = 0) -> NDArray[Any]:  # type: ignore[override]  # as above
        return NOTHING


class Polling(Saying):
    """A codec that does as the contract says, or raises CancelledError of its own accord."""

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        if cancel is None or cancel.cancelled:
            raise CancelledError("stopped")
        return b"packed"

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        self.encode(b"", cancel=cancel)
        return NOTHING


class TakingAnything(Saying):
    def encode(self, data: Buffer, **options: Any) -> bytes:
        return repr(sorted(options)).encode()


def guard(codec: Any) -> tuple[GuardedCodec, list[Exception]]:
    failures: list[Exception] = []
    return GuardedCodec(codec, "saying", "sparkle", "1.0.0", failures.append), failures


def test_a_codec_that_takes_no_signal_is_called_without_it() -> None:
    codec, failures = guard(WithoutSignal(None))
    assert codec.encode(b"x", cancel=CancelToken()) == b"packed"
    assert len(codec.scan(ROM, cancel=CancelToken())) == 0
    assert failures == []
    assert guard(TakingAnything(None))[0].encode(b"x", cancel=CancelToken()) == b"['cancel']"


def test_a_codec_that_stops_when_it_is_told_to_has_not_failed() -> None:
    codec, failures = guard(Polling(None))
    token = CancelToken()
    assert codec.encode(b"x", cancel=token) == b"packed"
    assert len(codec.scan(ROM, cancel=token)) == 0
    token.cancel()
    with pytest.raises(CancelledError):
        codec.encode(b"x", cancel=token)
    with pytest.raises(CancelledError):
        codec.scan(ROM, cancel=token)
    assert (failures, codec.failed) == ([], False)


def test_a_codec_that_stops_although_nobody_told_it_to_has_failed() -> None:
    codec, failures = guard(Polling(None))
    with pytest.raises(CodecError, match="sparkle"):
        codec.encode(b"x")
    assert len(codec.scan(ROM)) == 0
    assert len(failures) == 2
    assert codec.failed
