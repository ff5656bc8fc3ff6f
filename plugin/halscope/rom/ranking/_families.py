"""Families: group the streams of a ROM by their end, and find the true start of each group.

A stream that decodes proves nothing: about one offset in ten does, and a block has around a hundred twins that run into
its own commands. The evidence weighed here is in nats (log likelihood ratios of packer versus chance):

- the economy of the commands and of the joints between matches and raw bytes (cpp/locate/economy.hpp);
- blocks do not overlap: a start before the end of another well-proven family is most likely garbage;
- many blocks begin where another one ends;
- a table of pointers that leads to the start outweighs everything else.

An end inside a stronger family is an accident of that family's bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import Codec, StartEvidence
from numpy.typing import NDArray

from halscope._codec import CancelToken, locate_decode_all, locate_numbered
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.edges import crossing
from halscope.rom.image import Rom
from halscope.rom.pointers import FAIR, LIKELY, SHARP, STRONG, UNLIKELY, table_pointers
from halscope.rom.ranking import _evidence as evidence
from halscope.rom.ranking._codec_weights import weigh_codecs
from halscope.rom.ranking._recurrence import weigh_recurrence
from halscope.rom.ranking._rivals import without_rivals
from halscope.rom.ranking._rows import best_of_each, best_rows, disjoint, first_of_each, highest
from halscope.rom.references import KnownTable, References, known_offsets

Starts = NDArray[Any]
Progress = Callable[[int, int], None]

KnownStarts = Mapping[str, NDArray[np.uint32]]
"""ROM offsets known to be block starts (from a game profile's tables), by codec name."""


class Found(NamedTuple):
    """The result of `find_families`.

    Args:
        starts: START_DTYPE.
        references: The pointers that lead to them.
    """

    starts: Starts
    references: References


START_KINDS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer", "adjacent", "content")
"""Evidence kinds in the order of the field `start` in START_DTYPE, strongest first."""

TRACED: Final = START_KINDS.index("traced")
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
"""One start. `score` is the estimated chance that a block begins here, `family_score` that a block ends at its end."""

SMALLEST_BLOCK: Final = 64
"""Minimum decoded bytes. A stream of less than two tiles is as likely an accident as not."""

KEPT_STARTS: Final = 16
"""Starts kept per family, in addition to those that a table points to."""

SMALLEST_STREAM: Final = 16
"""Minimum packed bytes. Four bytes that repeat one byte a thousand times occur in every table of numbers."""

_EVALUATED_STARTS: Final = 128
_DOUBT: Final = 40.0
"""A start is not decoded if the evidence of its commands is lower than its family's best by this much. Most twins are,
and other evidence hardly ever makes up for it (measured: at most 15 of ten thousand kept starts)."""

_LIKELY: Final = 16.0
"""Most by which the commands of a true start have less evidence than its family's best. Measured on 384 blocks: half
have as much, 99 in 100 at most 5.3 less, and all at most 15.2."""

_STRONG: Final = (8.0, 5.0)
"""The same for a start that counts as evidence for a pointer's shape, and the evidence that its family needs."""

_SHARP: Final = 3.0
"""The same for a start that counts as sharp: half of the strong ones, and 167 of 175 true ones."""

_FAIR: Final = (3.2, -1.5)
"""The same for one that may end a table, and the evidence that it needs itself. If that is less than 0, or what
it decodes to is no multiple of 16 bytes as tiles and palettes are, that must begin with colours: raw commands are
everywhere by chance."""

_NEARLY: Final = 10.5
"""The same as the first of `_STRONG`, for a start that is not evidence but may end a table too. Of likely starts that
are not strong, three in five of the true ones are so close, and a third of the others."""

_COLOURS: Final = 32
_DIFFERENT: Final = 8
"""Words with bit 15 clear that something begins with which counts as colours, and their different high bytes."""

_MOST_COLOURED: Final = 1024
"""Most decoded bytes of what is looked at for that: CGRAM has 512."""

_FLOOR: Final = -12.0
"""A family is dropped if its best start has less evidence. True blocks of 100 packed bytes reach +20 to +100."""

_MARGIN: Final = 25.0
"""A start is dropped if its evidence is lower than its family's best by this much."""

_PRIOR: Final = 10.0
"""Evidence at which a family has even odds: 4 MiB of noise occasionally produces such a stream."""

_SLOPE: Final = 2.0
"""Divisor for the log odds. The pieces of evidence are not independent, so odds grow only half as fast."""

_NEIGHBOUR: Final = 3.0
"""Evidence from which a family influences its neighbours, weighted by the chance that it is real."""

PROVEN: Final = 0.95
"""Minimum chance that a block ends at an offset for a start there to count as adjacent."""

_OVERLAP: Final = 8.0
_ADJACENCY: Final = 3.5
POINTED: Final = 40.0

_MOST_OF_TARGET: Final = 20.0
"""Limit of what one stream says for or against the table that leads to it."""

_TABLE_OF_BLOCKS: Final = 20.0
"""Evidence that the streams at a table's targets need together. By chance they have less than nothing."""

_CERTAIN: Final = 4.0
"""Lead in evidence that a codec needs over the next one at an offset for a pointer to prove its start there."""


def search_families(
    rom: Rom,
    codecs: Sequence[Codec],
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    known_starts: KnownStarts | None = None,
    threads: int = 0,
    known_tables: Sequence[KnownTable] = (),
    *,
    search_tables: bool = True,
) -> Found:
    """Rank the streams that are contiguous in an image. Arguments and result as for `find_families`; the references
    are not selected.

    Args:
        rom: See `find_families`.
        codecs: See `find_families`.
        progress: See `find_families`.
        cancel: See `find_families`.
        known_starts: See `find_families`.
        threads: See `find_families`.
        known_tables: See `find_families`.
        search_tables: Look for tables of pointers in the image.
    """
    parts = [np.empty(0, START_DTYPE)]
    for number, codec in enumerate(codecs):
        if progress is not None:
            progress(number, len(codecs))
        parts.append(_candidates(rom, codec, number, cancel, threads))
    candidates = np.concatenate(parts)
    candidates["family"] = locate_numbered(candidates["offset"] + candidates["packed_size"])
    stop_if_cancelled(cancel)
    tables, references = np.zeros(len(candidates), np.float32), References.none()
    if search_tables:
        tables, references = _tables(rom, codecs, candidates, cancel, threads)
    for number, codec in enumerate(codecs):
        offsets = np.append(known_offsets(known_tables, codec.name), (known_starts or {}).get(codec.name, []))
        known = np.zeros(len(rom.data), np.bool_)
        known[offsets[offsets < len(known)].astype(np.intp)] = True
        tables[known[candidates["offset"]] & (candidates["codec"] == number)] = np.inf
    possible = ~_unproven_across(rom, codecs, candidates) | (tables > 0)
    candidates, tables = candidates[possible], tables[possible]
    stop_if_cancelled(cancel)
    starts, tables = _chosen(codecs, candidates, tables, cancel)
    stop_if_cancelled(cancel)
    starts["evidence"] = evidence.full_evidence(rom, codecs, starts, cancel, threads)
    stop_if_cancelled(cancel)
    native = evidence.is_native(codecs, starts["codec"])
    recurrence = weigh_recurrence(rom, starts, native, cancel, threads)
    stop_if_cancelled(cancel)
    weigh_codecs(starts, native, recurrence < 0)
    stop_if_cancelled(cancel)
    references = references.of_tables(_tables_of_blocks(starts, native, references))
    references = without_rivals(starts, native, references)
    stop_if_cancelled(cancel)
    tables = np.where(np.isinf(tables), tables, _strongest_table(starts, references))
    references = References.known(known_tables, [codec.name for codec in codecs]).joined(references)
    stop_if_cancelled(cancel)
    starts["evidence"] -= np.where(_pointed_families(starts, tables), recurrence, 0)  # a pointer outweighs it
    _point(starts, tables)
    stop_if_cancelled(cancel)
    _weigh_neighbours(starts)
    stop_if_cancelled(cancel)
    scored(starts)
    stop_if_cancelled(cancel)
    return Found(in_order(_kept(starts)), references)


def plausible_streams(candidates: NDArray[Any]) -> NDArray[Any]:
    """Select candidates that could be blocks: not tiny, and not larger than their output stored as raw commands."""
    size, packed = candidates["size"].astype(np.int64), candidates["packed_size"].astype(np.int64)
    return candidates[(size >= SMALLEST_BLOCK) & (packed >= SMALLEST_STREAM) & (packed <= size + size // 64 + 8)]


def _candidates(rom: Rom, codec: Codec, number: int, cancel: CancelToken | None, threads: int) -> Starts:
    """Return the codec's streams that could be blocks, with a first estimate of their evidence."""
    found = plausible_streams(evidence.scan(rom, codec, cancel, threads))
    look = evidence.first_look(rom, codec, found, cancel, threads)
    # A start below the floor is dropped even if a pointer leads to it: tables of numbers lead to one another.
    found, look = found[look >= _FLOOR], look[look >= _FLOOR]
    candidates = np.zeros(len(found), START_DTYPE)
    for field in ("offset", "packed_size", "size"):
        candidates[field] = found[field]
    candidates["codec"] = number
    candidates["evidence"] = look
    return candidates


def _unproven_across(rom: Rom, codecs: Sequence[Codec], candidates: Starts) -> NDArray[np.bool_]:
    """Return which candidates cross a bank edge although it is not known that their decoder reads on there."""
    unknown = np.array([rom.edges.get(codec.name) is None for codec in codecs], np.bool_)
    crosses = crossing(rom.mapping, candidates["offset"], candidates["packed_size"])
    return crosses & unknown[candidates["codec"]] if len(codecs) else crosses


def _tables(
    rom: Rom, codecs: Sequence[Codec], candidates: Starts, cancel: CancelToken | None, threads: int
) -> tuple[NDArray[np.float32], References]:
    """Return the evidence of the pointers that lead to each candidate's offset, for any codec, and the pointers."""
    number = locate_numbered(np.ascontiguousarray(candidates["offset"]))
    rows = np.empty(int(number.max()) + 1 if len(number) else 0, np.intp)
    rows[number] = np.arange(len(number))  # any candidate at the offset will do: they share their end
    offsets, families = candidates["offset"][rows], candidates["family"][rows]
    offsets, families = np.ascontiguousarray(offsets), np.ascontiguousarray(families)
    likelihood = np.zeros(len(offsets), np.uint8)
    stop_if_cancelled(cancel)
    np.maximum.at(likelihood, number, _likelihood(rom, codecs, candidates, cancel))
    stop_if_cancelled(cancel)
    found = table_pointers(rom, offsets, families, cancel, threads, likelihood)
    return found.evidence[number], found.references


def _likelihood(rom: Rom, codecs: Sequence[Codec], candidates: Starts, cancel: CancelToken | None) -> NDArray[np.uint8]:
    """Return how likely each candidate is by its commands alone, UNLIKELY to SHARP."""
    look, families = candidates["evidence"].astype(np.float64), candidates["family"]
    # The evidence of a third-party codec is not comparable with that of any other.
    native = evidence.is_native(codecs, candidates["codec"])
    scale = np.where(native, 0, candidates["codec"].astype(np.intp) + 1)
    best = highest(families, scale, look)[families, scale]
    result = np.where(~native | (look >= best - _LIKELY), LIKELY, UNLIKELY)
    fair = (result == LIKELY) & (look >= best - _FAIR[0]) & (~native | (look >= _FAIR[1]))
    odd = np.flatnonzero(fair & ((candidates["size"] % 16 != 0) | (look < 0)))
    stop_if_cancelled(cancel)
    fair[odd] = _begin_with_colours(rom, codecs, candidates[odd], cancel)
    stop_if_cancelled(cancel)
    result[fair | ((look >= best - _NEARLY) & (best >= _STRONG[1]))] = FAIR
    result[(look >= best - _STRONG[0]) & (best >= _STRONG[1])] = STRONG
    result[(result == STRONG) & (look >= best - _SHARP)] = SHARP
    likelihood: NDArray[np.uint8] = result.astype(np.uint8)
    return likelihood


def _begin_with_colours(
    rom: Rom, codecs: Sequence[Codec], candidates: Starts, cancel: CancelToken | None
) -> NDArray[np.bool_]:
    """Return which candidates decode to something that begins with colours. A third-party codec is not asked."""
    result = np.zeros(len(candidates), np.bool_)
    small = (candidates["size"] >= 2 * _COLOURS) & (candidates["size"] <= _MOST_COLOURED)
    small &= ~crossing(rom.mapping, candidates["offset"], candidates["packed_size"])
    for number, codec in enumerate(codecs):
        rows = np.flatnonzero(small & (candidates["codec"] == number))
        handles = evidence.native_handles([codec])
        if not len(rows) or not handles:
            continue
        offsets, numbers = np.ascontiguousarray(candidates["offset"][rows]), np.zeros(len(rows), np.uint8)
        outputs, bounds = locate_decode_all(rom.data, offsets, handles, numbers, cancel)
        high = outputs[bounds[:-1, None].astype(np.intp) + np.arange(1, 2 * _COLOURS, 2)]
        different = 1 + (np.diff(np.sort(high, axis=1), axis=1) > 0).sum(axis=1)  # tables of numbers have two or three
        result[rows] = (high < 0x80).all(axis=1) & (different >= _DIFFERENT)
    return result


def _chosen(
    codecs: Sequence[Codec], candidates: Starts, tables: NDArray[np.float32], cancel: CancelToken | None
) -> tuple[Starts, NDArray[np.float32]]:
    """Return the candidates worth decoding: the best of each family and codec, and those that a table leads to."""
    families, numbers, look = candidates["family"], candidates["codec"], candidates["evidence"].astype(np.float64)
    # The evidence of a third-party codec is not comparable with that of any other.
    scale = np.where(evidence.is_native(codecs, numbers), 0, numbers + 1)
    likely = np.flatnonzero(look >= highest(families, scale, look)[families, scale] - _DOUBT)
    stop_if_cancelled(cancel)
    of_codec = families[likely].astype(np.uint64) << 8 | numbers[likely]
    chosen = tables > 0
    chosen[likely[best_of_each(of_codec, look[likely], _EVALUATED_STARTS)]] = True
    return candidates[chosen], tables[chosen]


def _tables_of_blocks(starts: Starts, native: NDArray[np.bool_], references: References) -> NDArray[np.bool_]:
    """Return bool[tables]: which tables lead to blocks, judged by what they lead to.

    Games also have tables of uncompressed data, whose targets decode by chance one time in ten. The streams at the
    targets of a table are either all blocks, or none is: their evidence is added up. Streams of a third-party codec,
    whose evidence is a guess, are believed.
    """
    # As one number each: numpy compares the fields of structured arrays one by one, which takes twenty times as long.
    pairs = references.rows["table"].astype(np.uint64) << 32 | references.rows["target"]
    pairs = np.unique(pairs, return_index=True)[0]
    table, target = (pairs >> 32).astype(np.intp), (pairs & 0xFFFFFFFF).astype(np.uint32)
    ascending = np.argsort(starts["offset"], kind="stable")
    offsets = starts["offset"][ascending]
    best = np.full(len(pairs), -_MOST_OF_TARGET)
    if len(offsets):
        number = np.minimum(np.searchsorted(offsets, target), len(offsets) - 1)
        first = first_of_each(offsets)
        evidence = np.where(native, starts["evidence"].astype(np.float64), _MOST_OF_TARGET)
        of_offset = np.maximum.reduceat(evidence[ascending], first)
        there = offsets[number] == target
        best[there] = of_offset[np.searchsorted(offsets[first], target[there])]
    total = np.zeros(len(references.tables))
    np.add.at(total, table, np.clip(best, -_MOST_OF_TARGET, _MOST_OF_TARGET))
    return total >= _TABLE_OF_BLOCKS


def _pointed_families(starts: Starts, tables: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which starts belong to a family with a start that a table leads to."""
    pointed = np.zeros(int(starts["family"].max(initial=0)) + 1, np.bool_)
    pointed[starts["family"][tables > 0]] = True
    found: NDArray[np.bool_] = pointed[starts["family"]]
    return found


def _strongest_table(starts: Starts, references: References) -> NDArray[np.float32]:
    """Return the evidence of the strongest table that leads to each start; 0 if none does."""
    last = max(int(starts["offset"].max(initial=0)), int(references.rows["target"].max(initial=0)))
    strongest = np.zeros(last + 1, np.float32)
    rows = references.rows
    np.maximum.at(strongest, rows["target"], references.tables["evidence"][rows["table"]])
    found: NDArray[np.float32] = strongest[starts["offset"]]
    return found


def _point(starts: Starts, tables: NDArray[np.float32]) -> None:
    """Add the evidence of tables to the starts they lead to: of several codecs at one offset, to the most likely one.

    If another codec is equally likely, a pointer does not tell which codec reads there, and the start is not marked as
    proven. Infinite table evidence means that the pointer is known to belong to this codec.
    """
    starts["evidence"] += np.where(np.isinf(tables), POINTED, 0)
    order = np.lexsort((-starts["evidence"], starts["offset"]))
    offsets, ordered = starts["offset"][order], starts["evidence"][order]
    first = first_of_each(offsets)
    rival = np.minimum(first + 1, len(starts) - 1)
    certain = (offsets[rival] != offsets[first]) | (ordered[first] - ordered[rival] >= _CERTAIN) | (rival == first)
    likeliest, proven = np.zeros(len(starts), np.bool_), np.zeros(len(starts), np.bool_)
    likeliest[order[first]] = (tables[order[first]] > 0) & (ordered[first] >= _FLOOR)
    proven[order[first]] = certain
    starts["start"] = np.where(likeliest & proven, POINTER, CONTENT)
    starts["evidence"] += np.where(likeliest, POINTED, 0)


def _weigh_neighbours(starts: Starts) -> None:
    """Add the evidence that the ends of other families give for each start, and mark starts at such an end."""
    best = best_rows(starts)
    best = best[starts["evidence"][best] >= _NEIGHBOUR]
    best = best[np.argsort(-starts["evidence"][best], kind="stable")]
    ends = starts["offset"].astype(np.int64) + starts["packed_size"]
    begins = starts["offset"].astype(np.int64)
    best = best[disjoint(begins[best], ends[best])]
    best = best[np.argsort(ends[best], kind="stable")]
    # Prepend a dummy end, so that every start has one before it.
    block_ends = np.r_[-1, ends[best]]
    block_begins = np.r_[-1, begins[best]]
    belief = np.r_[0.0, _chance(starts["evidence"][best].astype(np.float64))]

    # The last block that ends before a start's own end. A true stream begins at that end or later.
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
    proven = adjacent & (belief[before] >= PROVEN)
    starts["start"][proven & top & (starts["start"] == CONTENT)] = ADJACENT


def _chance(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a family with this evidence is real."""
    return 1 / (1 + np.exp(np.clip((_PRIOR - evidence) / _SLOPE, -60, 60)))


def scored(starts: Starts) -> None:
    """Convert evidence to chances: that the family is real, and that it begins here rather than at a twin."""
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


def in_order(starts: Starts) -> Starts:
    """Sort families by the offset of their best start, and starts within a family best first. Renumber the families."""
    _, starts["family"] = np.unique(starts["family"], return_inverse=True)
    starts = starts[np.lexsort((starts["offset"], -starts["evidence"], starts["start"], starts["family"]))]
    first = first_of_each(starts["family"])
    order = np.lexsort((starts["codec"][first], starts["offset"][first]))
    number = np.empty(len(first), np.uint32)
    number[order] = np.arange(len(first), dtype=np.uint32)
    starts["family"] = number[starts["family"]]
    return starts[np.argsort(starts["family"], kind="stable")]
