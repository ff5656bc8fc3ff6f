"""Finding the blocks of a ROM, with those of decoders that wrap at the end of a bank.

A stream that wraps is not contiguous in the file. Where a game's decoder wraps, the end and the beginning of each bank
are put side by side (a *seam*), and the streams across the middle of a seam are ranked like those of a ROM. Streams
with up to half a bank on each side are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from halscope_hooks import Codec
from numpy.typing import NDArray

from halscope._codec import CancelToken
from halscope.rom.edges import overlap
from halscope.rom.image import Rom
from halscope.rom.pointers import table_pointers
from halscope.rom.ranking._families import (
    POINTED,
    POINTER,
    PROVEN,
    Found,
    KnownStarts,
    Starts,
    in_order,
    scored,
    search_families,
)
from halscope.rom.ranking._rows import best_rows, first_of_each
from halscope.rom.references import KnownTable, References, known_offsets

Progress = Callable[[int, int], None]

_MOST_WRAPPED: Final = 0xFF
"""Wrapped starts are few; more than one for each bank of the console's address space are not real."""


def find_families(
    rom: Rom,
    codecs: Sequence[Codec],
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    known_starts: KnownStarts | None = None,
    threads: int = 0,
    known_tables: Sequence[KnownTable] = (),
) -> Found:
    """Scan a ROM with each codec and rank the streams.

    Args:
        rom: The image. Streams cross bank edges by the rules of its decoders (`Rom.edges`).
        codecs: At most 255 codecs.
        progress: Called with (codecs done, total codecs).
        cancel: Stops the work with CancelledError soon after it is cancelled. A third-party codec that ignores it
            delays this.
        known_starts: Treated as if a table pointed to them and they belonged to no other codec, provided that a
            plausible stream begins there.
        threads: Maximum number of C++ threads; 0 means one per core, up to four.
        known_tables: Their targets count as known starts, and their entries are included in the references.

    Returns:
        The starts, with families ordered by the offset of their best start, and the best start first within a family.
        Streams of any codec that share an end form one family. `family` numbers the families from 0, `codec` is an
        index into `codecs`. The packed bytes of a start are `Rom.stream_ranges`.
    """
    found = search_families(rom, codecs, progress, cancel, known_starts, threads, known_tables)
    starts, references = found
    for number, codec in enumerate(codecs):
        if rom.edges.get(codec.name) != "wrap" or not rom.mapping.window:
            continue
        known = np.append(known_offsets(known_tables, codec.name), (known_starts or {}).get(codec.name, []))
        wrapped = _wrapped_starts(rom, codec, known.astype(np.int64), cancel, threads)
        wrapped["codec"] = number
        references = _point(rom, starts, wrapped, references, cancel, threads)
        wrapped = wrapped[_stands_alone(rom, codecs, starts, wrapped)]
        wrapped["family"] += int(starts["family"].max(initial=0)) + 1
        starts = in_order(np.concatenate([starts, wrapped]))
    return Found(starts, references.leading_to(starts["offset"]))


def _wrapped_starts(
    rom: Rom, codec: Codec, known: NDArray[np.int64], cancel: CancelToken | None, threads: int
) -> Starts:
    """Return the starts of streams of a codec that wrap, at their offsets in the ROM."""
    window = rom.mapping.window
    half, banks = window // 2, len(rom.data) // window
    whole = rom.data[: banks * window].reshape(banks, window)
    seams = np.concatenate([whole[:, half:], whole[:, :half]], axis=1).reshape(-1)
    inside = known[(known % window >= half) & (known < banks * window)] - half  # to the beginning of its seam
    starts, _ = search_families(
        replace(rom, data=seams),
        [codec],
        cancel=cancel,
        known_starts={codec.name: inside.astype(np.uint32)},
        threads=threads,
        search_tables=False,
    )
    within = starts["offset"] % window
    starts = starts[(within < half) & (within + starts["packed_size"] > half)]
    starts["offset"] += half
    best = best_rows(starts)
    strongest = best[np.argsort(-starts["evidence"][best], kind="stable")[:_MOST_WRAPPED]]
    is_kept = np.zeros(int(starts["family"].max(initial=0)) + 1, np.bool_)
    is_kept[starts["family"][strongest]] = True
    kept: Starts = starts[is_kept[starts["family"]]]
    return kept


def _point(
    rom: Rom, starts: Starts, wrapped: Starts, references: References, cancel: CancelToken | None, threads: int
) -> References:
    """Mark wrapped starts that a table of the ROM leads to. Return the references with the entries of those tables."""
    if not len(wrapped):
        return references
    everything = np.concatenate([starts, wrapped])
    offsets, first = np.unique(everything["offset"], return_index=True)
    tables = table_pointers(rom, offsets, np.ascontiguousarray(everything["family"][first]), cancel, threads)
    led = tables.evidence[np.searchsorted(offsets, wrapped["offset"])] > 0
    wrapped["evidence"] += np.where(led & (wrapped["start"] != POINTER), POINTED, 0)
    wrapped["start"][led] = POINTER
    scored(wrapped)
    return references.joined(tables.references.leading_to(wrapped["offset"][led]))


def _stands_alone(rom: Rom, codecs: Sequence[Codec], starts: Starts, wrapped: Starts) -> NDArray[np.bool_]:
    """Return which wrapped starts have a pointer, or share no bytes with a block that is beyond doubt."""
    sure = starts[first_of_each(starts["family"])]
    sure = sure[sure["family_score"] >= PROVEN]
    begins, ends = sure["offset"].astype(np.int64), sure["offset"].astype(np.int64) + sure["packed_size"]
    alone = np.ones(len(wrapped), np.bool_)
    for row, start in enumerate(wrapped):
        name = codecs[int(start["codec"])].name
        ranges = rom.stream_ranges(name, int(start["offset"]), int(start["packed_size"]))
        near = np.logical_or.reduce([(begins < end) & (begin < ends) for begin, end in ranges])
        taken = [((int(begin), int(end)),) for begin, end in zip(begins[near], ends[near], strict=True)]
        alone[row] = start["start"] == POINTER or not any(overlap(ranges, one) for one in taken)
    return alone
