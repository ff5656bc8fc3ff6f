"""Ranking: decide which of the decodable streams are blocks, and where each block begins."""

from halscope.rom.ranking._evidence import native_handles
from halscope.rom.ranking._executed import without_executed
from halscope.rom.ranking._families import (
    CONTENT,
    POINTER,
    START_DTYPE,
    START_KINDS,
    TRACED,
    Found,
    KnownStarts,
    Starts,
)
from halscope.rom.ranking._rows import first_of_each
from halscope.rom.ranking._traced import best_of_families, promoted
from halscope.rom.ranking._wrapped import find_families

__all__ = [
    "CONTENT",
    "POINTER",
    "START_DTYPE",
    "START_KINDS",
    "TRACED",
    "Found",
    "KnownStarts",
    "Starts",
    "best_of_families",
    "find_families",
    "first_of_each",
    "native_handles",
    "promoted",
    "without_executed",
]
