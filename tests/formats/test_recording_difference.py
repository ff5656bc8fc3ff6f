"""The difference of two states, of which a recording's deltas consist."""

from __future__ import annotations

import numpy as np
import pytest
from halscope import _codec
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples


@examples(100)
@given(seed=st.integers(0, 2**32), pages=st.integers(0, 40))
def test_a_difference_makes_one_state_of_the_other(seed: int, pages: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, 64 * pages, np.uint8)
    after = before.copy()
    for at in rng.permutation(before.size)[: int(rng.integers(8))].tolist():
        after[at] ^= 1 + int(rng.integers(255))
    difference = _codec.snes_page_difference(before, after, 64)
    changed = np.flatnonzero((before != after).reshape(pages, 64).any(axis=1))
    assert _codec.snes_changed(before, after, 64).tolist() == changed.tolist()
    if not len(changed):
        assert difference == b""
        return
    assert _codec.snes_apply_difference(before, difference, 64).tolist() == changed.tolist()
    assert np.array_equal(before, after)


@examples(100)
@given(difference=st.binary(max_size=300), pages=st.integers(0, 20))
def test_a_difference_that_does_not_fit_changes_nothing(difference: bytes, pages: int) -> None:
    state = np.zeros(64 * pages, np.uint8)
    bits = np.unpackbits(np.frombuffer(difference[: -(-pages // 8)], np.uint8))
    fits = (
        len(bits) >= pages
        and not bits[pages:].any()
        and len(difference) == -(-pages // 8) + 64 * int(bits[:pages].sum())
    )
    if fits:
        _codec.snes_apply_difference(state, difference, 64)
    else:
        with pytest.raises(ValueError, match="does not fit"):
            _codec.snes_apply_difference(state, difference, 64)
        assert not state.any()


def test_a_state_that_is_not_one_stretch_of_memory_is_refused() -> None:
    memory = np.zeros(256, np.uint8)
    difference = _codec.snes_page_difference(memory[:128], memory[:128] + np.uint8(1), 64)
    for state in (memory[::2], memory[::-1][:128]):
        with pytest.raises(TypeError):
            _codec.snes_apply_difference(state, difference, 64)
    assert not memory.any()


def test_a_state_that_cannot_be_changed_is_refused() -> None:
    state = np.zeros(64, np.uint8)
    with pytest.raises(ValueError, match="the same size"):
        _codec.snes_page_difference(state, np.zeros(128, np.uint8), 64)
    difference = _codec.snes_page_difference(state, state + np.uint8(1), 64)
    state.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        _codec.snes_apply_difference(state, difference, 64)
