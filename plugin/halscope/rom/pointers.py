"""Pointers: which starts a table of addresses in the ROM leads to.

A single match of three bytes is no evidence: in a 4 MiB ROM every fourth offset is "pointed at" by accident, and a
block has dozens of twins. So only tables count, several 24-bit little-endian addresses at one stride that lead to
starts of different families, and so many of them that one accidental table in a hundred ROMs is to be expected.
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

STRIDES: Final = tuple(range(3, 17))
"""Bytes from one pointer to the next: a plain table has 3 or 4, a table of records more."""

_PAGES: Final = 512
_LEADS_TO_START: Final = 0.8
"""Chance that an entry of a true table leads to a start that is known; the rest lead to other data."""

_ACCIDENTS: Final = 0.01
"""Accidental tables that are expected in a ROM."""


class TablePointers(NamedTuple):
    """What the tables of a ROM say of some starts.

    Args:
        evidence: float32, for each start the evidence (nats) of the strongest table that leads to it; 0 for none.
        references: The entries of the tables.
    """

    evidence: NDArray[np.float32]
    references: References


def table_pointers(
    rom: Rom,
    offsets: NDArray[np.uint32],
    families: NDArray[np.uint32],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> TablePointers:
    """The tables of addresses that lead to starts.

    Args:
        rom: The image; addresses count in all mirrors of its mapping, but not where a small ROM merely repeats.
        offsets: ROM offsets of starts, ascending.
        families: The family of each.
        cancel: Raises CancelledError soon after it is cancelled.
        threads: Of C++ at most; 0: as many as there are cores, up to four.
    """
    result = np.zeros(len(offsets), np.float32)
    positions = len(rom.data) - 2
    if not len(offsets) or positions < 1:
        return TablePointers(result, References.none())
    references = _codec.locate_references(rom.data, direct_pages(rom), offsets, cancel, threads)
    # Half a reference more than were seen, so that a ROM without any does not make a chance of zero.
    accident = min(0.5, (len(references) + 0.5) / positions)
    hit = math.log(_LEADS_TO_START / accident)
    miss = math.log((1 - _LEADS_TO_START) / (1 - accident))
    threshold = math.log(positions * len(STRIDES) / _ACCIDENTS)
    strides = np.array(STRIDES, np.uint32)
    entries = _codec.locate_tables(references, families, strides, hit, miss, threshold, cancel, threads)
    np.maximum.at(result, references["target"], entries["evidence"])
    targets = offsets[references["target"]]
    return TablePointers(result, References.found(rom.data, references["position"], targets, entries))


def direct_pages(rom: Rom) -> NDArray[np.int64]:
    """int64[512]: the file offset that each half bank of the address space shows, or -1; repetitions left out."""
    size = len(rom.data)
    pages = np.full(_PAGES, -1, np.int64)
    for offset in range(0, size, PAGE_BYTES):
        for address in snes_mirrors(rom.mapping, offset, size):
            pages[address // PAGE_BYTES] = offset
    return pages
