"""The choice of vector instructions: the best available, unless less is requested."""

from __future__ import annotations

import pytest
from halscope import _codec
from support.simd import LEVELS, at_level


def test_the_best_level_is_in_use_and_plain_code_is_always_there() -> None:
    assert _codec.simd_level() == LEVELS[-1]
    assert LEVELS[0] == "scalar"


@pytest.mark.parametrize("level", LEVELS)
def test_a_limit_holds_until_the_next(level: str) -> None:
    with at_level(level):
        assert _codec.simd_level() == level
        assert tuple(_codec.simd_levels()) == LEVELS
    assert _codec.simd_level() == LEVELS[-1]


@pytest.mark.parametrize("level", ["scalar", "ssse3", "avx2", "neon"])
def test_a_level_that_this_processor_lacks_gives_one_that_it_has(level: str) -> None:
    try:
        _codec.limit_simd(level)
        assert _codec.simd_level() in LEVELS
    finally:
        _codec.limit_simd(LEVELS[-1])


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="'sse9'"):
        _codec.limit_simd("sse9")
