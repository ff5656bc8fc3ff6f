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
from typing import Any, Final

import numpy as np
from halscope_hooks import CancelledError, Codec, StartEvidence
from numpy.typing import NDArray

from halscope import _codec
from halscope._codec import CancelToken
from halscope.rom.image import Rom
from halscope.rom.pointers import table_pointers

Starts = NDArray[Any]
Progress = Callable[[int, int], None]

KnownStarts = Mapping[str, NDArray[np.uint32]]
"""For a codec's name, ROM offsets that something known of this ROM points at (a game profile's tables)."""

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

HAL: Final = "hal"
"""The codec of this name is weighed and decoded in C++; any other one through its own methods."""

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


def find_families(
    rom: Rom,
    codecs: Sequence[Codec],
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    known_starts: KnownStarts | None = None,
) -> Starts:
    """Scan a ROM with each codec and rank what is found.

    Args:
        rom: The image; no stream crosses a multiple of its mapping's window.
        codecs: At most 255.
        progress: Called with (codecs done, codecs).
        cancel: Raises CancelledError soon after it is cancelled; a foreign codec is waited for.
        known_starts: Counted as if a table pointed at them, where a plausible stream begins there.

    Returns:
        START_DTYPE array: families in the order of their best start's offset, within one the best start first.
        `family` numbers them from 0 and `codec` counts through `codecs`.
    """
    found = []
    for number, codec in enumerate(codecs):
        if progress is not None:
            progress(number, len(codecs))
        known = (known_starts or {}).get(codec.name, np.empty(0, np.uint32))
        found.append(_rank(rom, codec, number, cancel, known))
    starts = np.concatenate(found) if found else np.empty(0, START_DTYPE)
    starts["family"] += np.repeat(
        np.cumsum([0, *(_count(part) for part in found[:-1])], dtype=np.uint32)[: len(found)],
        [len(part) for part in found],
    )
    return _in_order(starts)


def plausible_streams(candidates: NDArray[Any]) -> NDArray[Any]:
    """Candidates that could be blocks: not tiny, and not made larger by packing (beyond what raw commands cost)."""
    size, packed = candidates["size"].astype(np.int64), candidates["packed_size"].astype(np.int64)
    return candidates[(size >= SMALLEST_BLOCK) & (packed >= SMALLEST_STREAM) & (packed <= size + size // 64 + 8)]


def _rank(rom: Rom, codec: Codec, number: int, cancel: CancelToken | None, known_starts: NDArray[np.uint32]) -> Starts:
    candidates = plausible_streams(_scan(rom, codec, cancel))
    first_look = _first_look(rom, codec, candidates, cancel)
    # A start that falls below the floor is none whatever points at it: tables of numbers lead to one another.
    candidates, first_look = candidates[first_look >= _FLOOR], first_look[first_look >= _FLOOR]
    families = _numbered(candidates["offset"].astype(np.uint32) + candidates["packed_size"].astype(np.uint32))
    stop_if_cancelled(cancel)
    tables = table_pointers(rom, np.ascontiguousarray(candidates["offset"], np.uint32), families, cancel)
    tables[np.isin(candidates["offset"], known_starts)] = _POINTED

    best = np.full(int(families.max(initial=0)) + 1, -np.inf)
    np.maximum.at(best, families, first_look)
    likely = np.flatnonzero(first_look >= best[families] - _DOUBT)
    chosen = tables > 0
    stop_if_cancelled(cancel)
    chosen[likely[_best_of_each(families[likely], first_look[likely], _EVALUATED_STARTS)]] = True
    starts = np.empty(int(chosen.sum()), START_DTYPE)
    for field in ("offset", "packed_size", "size"):
        starts[field] = candidates[field][chosen]
    starts["family"] = families[chosen]
    starts["codec"] = number
    starts["evidence"] = _evidence(rom, codec, starts, cancel)
    pointed = (tables[chosen] > 0) & (starts["evidence"] >= _FLOOR)
    starts["start"] = np.where(pointed, POINTER, CONTENT)
    starts["evidence"] += np.where(pointed, _POINTED, 0)
    _weigh_neighbours(starts)
    stop_if_cancelled(cancel)
    _score(starts)
    return _renumbered(_kept(starts))


def _numbered(ends: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The number of each end among all different ones, ascending; by a table, which takes a tenth of a sort."""
    is_end = np.zeros(int(ends.max(initial=0)) + 1, np.bool_)
    is_end[ends] = True
    different = np.flatnonzero(is_end)
    number = np.empty(len(is_end), np.uint32)
    number[different] = np.arange(len(different), dtype=np.uint32)
    numbers: NDArray[np.uint32] = number[ends]
    return numbers


def _scan(rom: Rom, codec: Codec, cancel: CancelToken | None) -> NDArray[Any]:
    stop_if_cancelled(cancel)
    if codec.name == HAL:
        return _codec.hal_scan(rom.data, rom.mapping.window, True, 0, cancel)
    return codec.scan(rom.data, window=rom.mapping.window)


def stop_if_cancelled(cancel: CancelToken | None) -> None:
    """Raise CancelledError if the token was cancelled."""
    if cancel is not None and cancel.cancelled:
        raise CancelledError("cancelled")


def _first_look(rom: Rom, codec: Codec, candidates: NDArray[Any], cancel: CancelToken | None) -> NDArray[np.float64]:
    """A cheap estimate of each candidate's evidence, without decoding it."""
    if codec.name == HAL:
        offsets = np.ascontiguousarray(candidates["offset"], np.uint32)
        return _codec.locate_command_evidence(rom.data, offsets, cancel).astype(np.float64)
    return _compression_evidence(candidates)


def _evidence(rom: Rom, codec: Codec, starts: Starts, cancel: CancelToken | None) -> NDArray[np.float64]:
    if codec.name == HAL:
        parts = _codec.locate_stream_evidence(rom.data, np.ascontiguousarray(starts["offset"]), cancel)
        return parts.sum(axis=1, dtype=np.float64)
    return _compression_evidence(starts)


def _compression_evidence(streams: NDArray[Any]) -> NDArray[np.float64]:
    """All that is known of a foreign codec's stream without decoding it: a packer saves bytes, chance seldom does so
    over more than a few dozen bytes of input."""
    packed, size = streams["packed_size"].astype(np.float64), streams["size"].astype(np.float64)
    saved = np.clip(1 - packed / size, 0, 0.75)
    return saved * np.sqrt(packed) * 1.5


def _weigh_neighbours(starts: Starts) -> None:
    """Add what the ends of other families say about each start, and mark those that begin at such an end."""
    best = _best_rows(starts)
    best = best[starts["evidence"][best] >= _NEIGHBOUR]
    best = best[np.argsort(-starts["evidence"][best], kind="stable")]
    ends = starts["offset"].astype(np.int64) + starts["packed_size"]
    begins = starts["offset"].astype(np.int64)
    best = best[_disjoint(begins[best], ends[best])]
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
    top[_best_rows(starts)] = True
    proven = adjacent & (belief[before] >= _PROVEN)
    starts["start"][proven & top & (starts["start"] == CONTENT)] = ADJACENT


def _chance(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that a family of this evidence is real."""
    return 1 / (1 + np.exp(np.clip((_PRIOR - evidence) / _SLOPE, -60, 60)))


def _disjoint(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which ranges, strongest first, have an end that lies in no stronger one."""
    taken = np.zeros(len(begins), np.bool_)
    claimed = np.zeros(int(ends.max(initial=0)) + 1, np.bool_)
    for k, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if not claimed[end - 1]:
            taken[k] = True
            claimed[begin:end] = True
    return taken


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
    near = (evidence >= best[families] - _MARGIN) & (best[families] >= _FLOOR)
    kept: Starts = starts[near & _best_of_each(families, evidence, KEPT_STARTS) | (starts["start"] == POINTER)]
    return kept


def _best_of_each(families: NDArray[np.uint32], value: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Which rows are among the `count` highest of their family."""
    order = np.lexsort((-value, families))
    ordered = families[order]
    first = np.searchsorted(ordered, ordered, side="left")
    result = np.zeros(len(families), np.bool_)
    result[order] = np.arange(len(order)) - first < count
    return result


def _best_rows(starts: Starts) -> NDArray[np.intp]:
    """The row of the start with the most evidence of each family."""
    order = np.lexsort((starts["offset"], -starts["evidence"], starts["family"]))
    return order[first_of_each(starts["family"][order])]


def first_of_each(ordered: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Where each new value begins in an array whose equal values stand together."""
    return np.flatnonzero(np.r_[len(ordered) > 0, ordered[1:] != ordered[:-1]][: len(ordered)])


def _renumbered(starts: Starts) -> Starts:
    _, starts["family"] = np.unique(starts["family"], return_inverse=True)
    return starts


def _count(starts: Starts) -> int:
    return int(starts["family"].max()) + 1 if len(starts) else 0


def _in_order(starts: Starts) -> Starts:
    """Best start first within a family, families by their best start's offset."""
    starts = starts[np.lexsort((starts["offset"], -starts["evidence"], starts["start"], starts["family"]))]
    first = first_of_each(starts["family"])
    order = np.lexsort((starts["codec"][first], starts["offset"][first]))
    number = np.empty(len(first), np.uint32)
    number[order] = np.arange(len(first), dtype=np.uint32)
    starts["family"] = number[starts["family"]]
    return starts[np.argsort(starts["family"], kind="stable")]
