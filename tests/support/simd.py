"""The native core at each level of vector instructions that this processor has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from halscope import _codec

LEVELS: Final = tuple(_codec.simd_levels())


@contextmanager
def at_level(level: str) -> Iterator[None]:
    """Limit the whole process to these instructions."""
    before = _codec.simd_level()
    _codec.limit_simd(level)
    try:
        assert _codec.simd_level() == level
        yield
    finally:
        _codec.limit_simd(before)
