"""Pointers: find the starts that addresses in the ROM lead to, whatever their shape.

A single three-byte match is not evidence: in a 4 MiB ROM every fourth offset is "pointed at" by accident, and a block
has dozens of twins. So only pointers that belong together count: tables of 24-bit little-endian addresses at a fixed
stride, tables of words and banks, or immediates of code that calls one routine. They must lead to starts of so many
different families that only one accidental group per hundred ROMs is expected (docs/explanation/references.md).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.rom.image import Rom
from halscope.rom.mapping import PAGE_BYTES, snes_mirrors
from halscope.rom.references import References

STRIDES: Final = tuple(range(3, 33))
"""Bytes from one pointer to the next: 3 or 4 in a plain table, more in a table of records."""

_PAGES: Final = 512
_LEADS_TO_START: Final = 0.8
"""Chance that an entry of a true table leads to a known start; the rest lead to other data."""

_ACCIDENTS: Final = 0.01
"""Expected number of accidental tables per ROM."""


class TablePointers(NamedTuple):
    """The evidence that tables in a ROM give for some starts.

    Args:
        evidence: float32, for each start the evidence (nats) of the strongest table that leads to it; 0 if none does.
        references: The entries of the tables.
    """

    evidence: NDArray[np.float32]
    references: References


UNLIKELY: Final = 0
LIKELY: Final = 1
FAIR: Final = 2
STRONG: Final = 3
SHARP: Final = 4
"""How likely a start is by itself. Shapes other than tables of three bytes are found by strong starts alone, and then
lead to likely ones too; at the ends of a table only to fair ones. Sharp starts are strong ones that tell more."""


def table_pointers(
    rom: Rom,
    offsets: NDArray[np.uint32],
    families: NDArray[np.uint32],
    cancel: CancelToken | None = None,
    threads: int = 0,
    likelihood: NDArray[np.uint8] | None = None,
) -> TablePointers:
    """Find the pointers of all shapes that lead to starts.

    Args:
        rom: The image. Addresses in all mirrors of its mapping count, except those where a small ROM merely repeats.
        offsets: ROM offsets of starts, ascending.
        families: The family of each start.
        cancel: Stops the search with CancelledError soon after it is cancelled.
        threads: Maximum number of C++ threads; 0 means one per core, up to four.
        likelihood: UNLIKELY to SHARP for each start. Without it only tables of three-byte pointers are found.
    """
    result = np.zeros(len(offsets), np.float32)
    positions = len(rom.data) - 2
    if not len(offsets) or positions < 1:
        return TablePointers(result, References.none())
    pages = direct_pages(rom)
    likely = np.arange(len(offsets))
    if likelihood is not None:  # what no packer would write is no evidence, and no entry of a table either
        likely = np.flatnonzero(likelihood >= LIKELY)
    longs = _codec.locate_references(rom.data, pages, offsets[likely], cancel, threads)
    references = longs.copy()
    references["target"] = likely[longs["target"]]
    # Half a reference is added so that a ROM without any does not get a chance of zero.
    accident = min(0.5, (len(references) + 0.5) / positions)
    hit = math.log(_LEADS_TO_START / accident)
    miss = math.log((1 - _LEADS_TO_START) / (1 - accident))
    threshold = math.log(positions * len(STRIDES) / _ACCIDENTS)
    strides = np.array(STRIDES, np.uint32)
    grades = None if likelihood is None else np.maximum(likelihood, LIKELY) - np.uint8(LIKELY)
    entries = _codec.locate_tables(
        rom.data, references, families, grades, strides, hit, miss, threshold, cancel, threads
    )
    found = References.found(rom.data, references["position"], offsets[references["target"]], entries)
    if likelihood is None:
        np.maximum.at(result, references["target"], entries["evidence"])
        return TablePointers(result, found)
    rows, groups = _codec.locate_shapes(
        rom.data,
        pages,
        offsets[likely],
        np.ascontiguousarray(families[likely]),
        likelihood[likely] - np.uint8(LIKELY),
        longs,
        np.ascontiguousarray(entries["evidence"]),
        cancel,
        threads,
    )
    shaped = References.shaped(rows, groups, offsets[likely])
    joined = found.without_bytes_of(shaped).joined(shaped)
    targets = np.searchsorted(offsets, joined.rows["target"])
    np.maximum.at(result, targets, joined.tables["evidence"][joined.rows["table"]])
    return TablePointers(result, joined)


def direct_pages(rom: Rom) -> NDArray[np.int64]:
    """Return int64[512]: the file offset mapped into each half bank, or -1. Repetitions of a small ROM are left out."""
    size = len(rom.data)
    pages = np.full(_PAGES, -1, np.int64)
    for offset in range(0, size, PAGE_BYTES):
        for address in snes_mirrors(rom.mapping, offset, size):
            pages[address // PAGE_BYTES] = offset
    return pages
