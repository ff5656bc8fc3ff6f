"""Families: the streams of a ROM that share an end, and which start of each is the true one.

That a stream decodes proves nothing: about one offset in ten does, and a block has some hundred twins that run into its
own commands. What is weighed here, in nats (logarithms of how much likelier a packer is than chance):

- the economy of the commands and of the joints between matches and raw bytes (cpp/locate/economy.hpp);
- blocks do not overlap: a start before the end of another, well proven family is most likely garbage;
- many blocks begin where another one ends;
- a table of pointers that leads to the start, which outweighs everything else.

An end that lies inside a stronger family is an accident of that family's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import Codec, StartEvidence
from numpy.typing import NDArray

from halscope._codec import CancelToken
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.image import Rom
from halscope.rom.pointers import table_pointers
from halscope.rom.ranking import _evidence as evidence
from halscope.rom.ranking._codec_weights import weigh_codecs
from halscope.rom.ranking._rows import best_of_each, best_rows, disjoint, first_of_each, highest, numbered
from halscope.rom.references import KnownTable, References, known_offsets

Starts = NDArray[Any]
Progress = Callable[[int, int], None]

KnownStarts = Mapping[str, NDArray[np.uint32]]
"""For a codec's name, ROM offsets that something known of this ROM points at (a game profile's tables)."""


class Found(NamedTuple):
    """What find_families finds.

    Args:
        starts: START_DTYPE.
        references: The pointers that lead to them.
    """

    starts: Starts
    references: References


START_KINDS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer", "adjacent", "content")
"""What `start` in START_DTYPE counts through, strongest first."""

POINTER: Final = START_KINDS.index("pointer")
ADJACENT: Final = START_KINDS.index("adjacent")
CONTENT: Final = START_KINDS.index("content")

START_DTYPE: Final = np.dtype(
    [
        ("offset", "<u4"),
        ("packed_size", "<u4"),
        ("size", "<u4"),
        ("family", "<u4"),
        ("evidence", "<f4"),
        ("score", "<f4"),
        ("family_score", "<f4"),
        ("codec", "u1"),
        ("start", "u1"),
    ]
)
"""One start. `score` is the estimated chance that a block begins here, `family_score` that one ends at this end."""

SMALLEST_BLOCK: Final = 64
"""Decoded bytes; below two tiles a stream is as likely an accident as not."""

KEPT_STARTS: Final = 16
"""Starts of a family that are kept, beside those that a table points at."""

SMALLEST_STREAM: Final = 16
"""Packed bytes; four bytes that repeat one byte a thousand times stand in every table of numbers."""

_EVALUATED_STARTS: Final = 128
_DOUBT: Final = 40.0
"""A start whose commands alone have less evidence than its family's best by this much is not decoded: no other evidence
would bring it back (at most 15 were, of ten thousand starts that were kept), and most twins are like that."""

_FLOOR: Final = -12.0
"""Evidence of its best start below which a family is dropped. True blocks of 100 packed bytes reach +20 to +100."""

_MARGIN: Final = 25.0
"""A start that has less evidence than its family's best by this much is no candidate any more."""

_PRIOR: Final = 10.0
"""Noise of 4 MiB makes a stream of this much evidence now and then, so a family is even odds here."""

_SLOPE: Final = 2.0
"""The pieces of evidence are not independent: odds grow half as fast as they would."""

_NEIGHBOUR: Final = 3.0
"""Evidence from which a family is asked about its neighbours; what it says counts by the chance that it is real."""

_PROVEN: Final = 0.95
"""Chance that a block ends there from which a start behind it may call itself adjacent."""

_OVERLAP: Final = 8.0
_ADJACENCY: Final = 3.5
_POINTED: Final = 40.0

_CERTAIN: Final = 4.0
"""Evidence that a codec has over the next one at an offset where a pointer proves that a block of it begins there."""


def find_families(
    rom: Rom,
    codecs: Sequence[Codec],
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    known_starts: KnownStarts | None = None,
    threads: int = 0,
    known_tables: Sequence[KnownTable] = (),
) -> Found:
    """Scan a ROM with each codec and rank what is found.

    Args:
        rom: The image; no stream crosses a multiple of its mapping's window.
        codecs: At most 255.
        progress: Called with (codecs done, codecs).
        cancel: Raises CancelledError soon after it is cancelled; a third-party codec that ignores it is waited for.
        known_starts: Counted as if a table pointed at them and they were of no other codec, where a plausible stream
            begins there.
        threads: Of C++ at most; 0: as many as there are cores, up to four.
        known_tables: What they lead to counts as a known start, and their entries are among the references.

    Returns:
        The starts, families in the order of their best start's offset, within one the best start first. Streams of all
        codecs that share an end are one family. `family` numbers them from 0, `codec` counts through `codecs`.
    """
    parts = [np.empty(0, START_DTYPE)]
    for number, codec in enumerate(codecs):
        if progress is not None:
            progress(number, len(codecs))
        parts.append(_candidates(rom, codec, number, cancel, threads))
    candidates = np.concatenate(parts)
    candidates["family"] = numbered(candidates["offset"] + candidates["packed_size"])
    stop_if_cancelled(cancel)
    tables, references = _tables(rom, candidates, cancel, threads)
    for number, codec in enumerate(codecs):
        offsets = np.append(known_offsets(known_tables, codec.name), (known_starts or {}).get(codec.name, []))
        known = np.zeros(len(rom.data), np.bool_)
        known[offsets[offsets < len(known)].astype(np.intp)] = True
        tables[known[candidates["offset"]] & (candidates["codec"] == number)] = np.inf
    references = References.known(known_tables, [codec.name for codec in codecs]).joined(references)
    stop_if_cancelled(cancel)
    starts, tables = _chosen(codecs, candidates, tables)
    starts["evidence"] = evidence.full_evidence(rom, codecs, starts, cancel, threads)
    stop_if_cancelled(cancel)
    weigh_codecs(starts, evidence.is_native(codecs, starts["codec"]))
    stop_if_cancelled(cancel)
    _point(starts, tables)
    stop_if_cancelled(cancel)
    _weigh_neighbours(starts)
    stop_if_cancelled(cancel)
    _score(starts)
    stop_if_cancelled(cancel)
    starts = _in_order(_renumbered(_kept(starts)))
    return Found(starts, references.leading_to(starts["offset"]))


def plausible_streams(candidates: NDArray[Any]) -> NDArray[Any]:
    """Candidates that could be blocks: not tiny, and not made larger by packing (beyond what raw commands cost)."""
    size, packed = candidates["size"].astype(np.int64), candidates["packed_size"].astype(np.int64)
    return candidates[(size >= SMALLEST_BLOCK) & (packed >= SMALLEST_STREAM) & (packed <= size + size // 64 + 8)]


def _candidates(rom: Rom, codec: Codec, number: int, cancel: CancelToken | None, threads: int) -> Starts:
    """The codec's streams that could be blocks, with a first look at their evidence."""
    found = plausible_streams(evidence.scan(rom, codec, cancel, threads))
    look = evidence.first_look(rom, codec, found, cancel, threads)
    # A start that falls below the floor is none whatever points at it: tables of numbers lead to one another.
    found, look = found[look >= _FLOOR], look[look >= _FLOOR]
    candidates = np.zeros(len(found), START_DTYPE)
    for field in ("offset", "packed_size", "size"):
        candidates[field] = found[field]
    candidates["codec"] = number
    candidates["evidence"] = look
    return candidates


def _tables(
    rom: Rom, candidates: Starts, cancel: CancelToken | None, threads: int
) -> tuple[NDArray[np.float32], References]:
    """The evidence of the tables that lead to each candidate's offset, whatever its codec, and their entries."""
    number = numbered(np.ascontiguousarray(candidates["offset"]))
    rows = np.empty(int(number.max()) + 1 if len(number) else 0, np.intp)
    rows[number] = np.arange(len(number))  # any of those at an offset: they share their end
    offsets, families = candidates["offset"][rows], candidates["family"][rows]
    offsets, families = np.ascontiguousarray(offsets), np.ascontiguousarray(families)
    found = table_pointers(rom, offsets, families, cancel, threads)
    return found.evidence[number], found.references


def _chosen(
    codecs: Sequence[Codec], candidates: Starts, tables: NDArray[np.float32]
) -> tuple[Starts, NDArray[np.float32]]:
    """The candidates that are worth decoding: of each family and codec the best, and those that a table leads to."""
    families, numbers, look = candidates["family"], candidates["codec"], candidates["evidence"].astype(np.float64)
    # What is known of a foreign codec's streams cannot be compared with anything else.
    scale = np.where(evidence.is_native(codecs, numbers), 0, numbers + 1)
    likely = np.flatnonzero(look >= highest(families, scale, look)[families, scale] - _DOUBT)
    of_codec = families[likely].astype(np.uint64) << 8 | numbers[likely]
    chosen = tables > 0
    chosen[likely[best_of_each(of_codec, look[likely], _EVALUATED_STARTS)]] = True
    return candidates[chosen], tables[chosen]


def _point(starts: Starts, tables: NDArray[np.float32]) -> None:
    """Weigh the starts that a table leads to: of several codecs at one offset, the likeliest.

    Where another codec is as likely, a pointer does not tell which of them reads there, and the start is not called
    proven. Infinite evidence of a table: the pointer is known to be this codec's.
    """
    starts["evidence"] += np.where(np.isinf(tables), _POINTED, 0)
    order = np.lexsort((-starts["evidence"], starts["offset"]))
    offsets, ordered = starts["offset"][order], starts["evidence"][order]
    first = first_of_each(offsets)
    rival = np.minimum(first + 1, len(starts) - 1)
    certain = (offsets[rival] != offsets[first]) | (ordered[first] - ordered[rival] >= _CERTAIN) | (rival == first)
    likeliest, proven = np.zeros(len(starts), np.bool_), np.zeros(len(starts), np.bool_)
    likeliest[order[first]] = (tables[order[first]] > 0) & (ordered[first] >= _FLOOR)
    proven[order[first]] = certain
    starts["start"] = np.where(likeliest & proven, POINTER, CONTENT)
    starts["evidence"] += np.where(likeliest, _POINTED, 0)


def _weigh_neighbours(starts: Starts) -> None:
    """Add what the ends of other families say about each start, and mark those that begin at such an end."""
    best = best_rows(starts)
    best = best[starts["evidence"][best] >= _NEIGHBOUR]
    best = best[np.argsort(-starts["evidence"][best], kind="stable")]
    ends = starts["offset"].astype(np.int64) + starts["packed_size"]
    begins = starts["offset"].astype(np.int64)
    best = best[disjoint(begins[best], ends[best])]
    best = best[np.argsort(ends[best], kind="stable")]
    # A first row that is no block, so that every start has one before it.
    block_ends = np.r_[-1, ends[best]]
    block_begins = np.r_[-1, begins[best]]
    belief = np.r_[0.0, _chance(starts["evidence"][best].astype(np.float64))]

    # The last block that ends before a start's own end: a true stream begins where that ends, or later.
    before = np.searchsorted(block_ends, ends, side="left") - 1
    overlaps = begins < block_ends[before]
    adjacent = begins == block_ends[before]
    starts["evidence"] += belief[before] * (_ADJACENCY * adjacent - _OVERLAP * overlaps)

    # An end inside a block is an accident of its bytes.
    around = np.minimum(np.searchsorted(block_ends, ends, side="right"), len(block_ends) - 1)
    accident = (block_begins[around] < ends) & (ends < block_ends[around]) & (starts["start"] != POINTER)
    starts["evidence"] -= 2 * _OVERLAP * belief[around] * accident

    top = np.zeros(len(starts), np.bool_)
    top[best_rows(starts)] = True
    proven = adjacent & (belief[before] >= _PROVEN)
    starts["start"][proven & top & (starts["start"] == CONTENT)] = ADJACENT


def _chance(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that a family of this evidence is real."""
    return 1 / (1 + np.exp(np.clip((_PRIOR - evidence) / _SLOPE, -60, 60)))


def _score(starts: Starts) -> None:
    """Chances from evidence: that the family is real, and that it begins here and not at a twin."""
    if not len(starts):
        return
    families = starts["family"]
    best = np.full(int(families.max()) + 1, -np.inf)
    np.maximum.at(best, families, starts["evidence"].astype(np.float64))
    share = np.exp((starts["evidence"] - best[families]) / _SLOPE)
    total = np.zeros(len(best))
    np.add.at(total, families, share)
    real = _chance(best[families])
    starts["family_score"] = real
    starts["score"] = real * share / total[families]


def _kept(starts: Starts) -> Starts:
    families, evidence = starts["family"], starts["evidence"].astype(np.float64)
    best = np.full(int(families.max(initial=0)) + 1, -np.inf)
    np.maximum.at(best, families, evidence)
    near = np.flatnonzero((evidence >= best[families] - _MARGIN) & (best[families] >= _FLOOR))
    chosen = starts["start"] == POINTER
    chosen[near[best_of_each(families[near], evidence[near], KEPT_STARTS)]] = True
    kept: Starts = starts[chosen]
    return kept


def _renumbered(starts: Starts) -> Starts:
    _, starts["family"] = np.unique(starts["family"], return_inverse=True)
    return starts


def _in_order(starts: Starts) -> Starts:
    """Best start first within a family, families by their best start's offset."""
    starts = starts[np.lexsort((starts["offset"], -starts["evidence"], starts["start"], starts["family"]))]
    first = first_of_each(starts["family"])
    order = np.lexsort((starts["codec"][first], starts["offset"][first]))
    number = np.empty(len(first), np.uint32)
    number[order] = np.arange(len(first), dtype=np.uint32)
    starts["family"] = number[starts["family"]]
    return starts[np.argsort(starts["family"], kind="stable")]
