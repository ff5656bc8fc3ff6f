"""Origins: the results of index lookups as values, built lazily.

Ranking (cpp/locate/ranking.hpp) returns start numbers and offsets for 2048 tiles in a millisecond or two. Building an
object for every result would take several times as long, and callers usually read only a few tiles per frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

import numpy as np
from halscope_hooks import RAW_CODEC, Origin, StartEvidence, Transform
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.rom._transform_rows import transform_rows
from halscope.rom.image import Rom
from halscope.rom.ranking import CONTENT, POINTER, START_KINDS, TRACED, Starts

MOST_TWINS: Final = 8
"""Maximum number of starts listed per place. All distinct places are listed, each with its best starts only."""

_PLAUSIBLE: Final = 0.5

SegmentBlock = tuple[str, int, StartEvidence]
"""The part of an origin that describes a start: codec name, ROM offset and evidence."""


class SegmentBlocks:
    """The block that each segment stands for. A ROM has ten thousand starts, so the values are built on demand.

    Args:
        starts: START_DTYPE, one row per segment.
        names: Codec names, indexed by the field `codec`.
        orders: Names of transforms that change the order of tiles alone, by segment: those of its plain tiles.
    """

    __slots__ = ("_codecs", "_kinds", "_names", "_offsets", "orders")

    def __init__(self, starts: Starts, names: tuple[str, ...], orders: Mapping[int, str] | None = None) -> None:
        self._codecs, self._offsets, self._kinds = starts["codec"], starts["offset"], starts["start"]
        self._names = names
        self.orders = orders or {}

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, segment: int) -> SegmentBlock:
        kind = START_KINDS[self._kinds.item(segment)]
        return self._names[self._codecs.item(segment)], self._offsets.item(segment), kind


class Origins(Sequence[tuple[Origin, ...]]):
    """The origins of each tile, best first. Immutable; equal to any sequence of equal tuples.

    Args:
        blocks: The block of each segment.
        first: uint32[n + 1], index of each tile's first answer.
        answers: (segment, offset, transform). A segment is a row of `blocks`, or one past the last for the ROM itself.
        names: Names of the transforms, the first for plain bytes.
        edited: The origins of tiles that edits have made, by their numbers.
    """

    __slots__ = ("_answers", "_blocks", "_built", "_edited", "_first", "_names")

    def __init__(
        self,
        blocks: SegmentBlocks,
        first: NDArray[np.uint32],
        answers: NDArray[Any],
        names: tuple[str, ...],
        edited: Mapping[int, tuple[Origin, ...]] | None = None,
    ) -> None:
        self._blocks, self._first, self._answers, self._names = blocks, first, answers, names
        self._edited = edited or {}
        self._built: dict[int, tuple[Origin, ...]] = {}  # the figures of a frame ask for each of their tiles many times

    def with_edited(self, edited: Mapping[int, tuple[Origin, ...]]) -> Origins:
        """Return these origins with those of edited tiles, which come before what the ROM says of the same bytes."""
        return Origins(self._blocks, self._first, self._answers, self._names, edited)

    def __len__(self) -> int:
        return len(self._first) - 1

    @overload
    def __getitem__(self, index: int) -> tuple[Origin, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[Origin, ...], ...]: ...
    def __getitem__(self, index: int | slice) -> tuple[Origin, ...] | tuple[tuple[Origin, ...], ...]:
        if isinstance(index, slice):
            return tuple(self._of(tile) for tile in range(len(self))[index])
        return self._of(range(len(self))[index])

    def __iter__(self) -> Iterator[tuple[Origin, ...]]:
        return map(self._of, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def best_segments(self) -> NDArray[np.int64]:
        """Return the segment of the best answer of each tile that has one."""
        first = self._first[:-1][self._first[1:] > self._first[:-1]]
        segments: NDArray[np.int64] = self._answers["segment"][first].astype(np.int64)
        return segments

    @property
    def known(self) -> NDArray[np.bool_]:
        """bool[n], the tiles that have an origin."""
        known: NDArray[np.bool_] = self._first[1:] > self._first[:-1]
        known[[tile for tile, origins in self._edited.items() if origins]] = True
        return known

    def _of(self, tile: int) -> tuple[Origin, ...]:
        built = self._built.get(tile)
        if built is None:
            built = self._built[tile] = self._build(tile)
        return built

    def _build(self, tile: int) -> tuple[Origin, ...]:
        rows = self._answers[self._first[tile] : self._first[tile + 1]].tolist()
        # What the ROM has first: an edited tile may look like one that stands elsewhere, and is shown from there.
        return (*(self._origin(*row) for row in rows), *self._edited.get(tile, ()))

    def _origin(self, segment: int, offset: int, row: int) -> Origin:
        transform = self._names[row]
        if segment == len(self._blocks):
            return Origin(RAW_CODEC, offset, 0, START_KINDS[CONTENT], transform)
        codec, block_offset, kind = self._blocks[segment]
        if row == 0 and self._blocks.orders:
            transform = self._blocks.orders.get(segment, transform)
        return Origin(codec, block_offset, offset, kind, transform)


def atlas_of(
    starts: Starts,
    best: NDArray[np.intp],
    outputs: NDArray[np.uint8],
    bounds: NDArray[np.uint32],
    rom: Rom,
    names: Sequence[str],
    table: tuple[NDArray[np.uint32], NDArray[np.uint32]],
    transforms: Sequence[Transform],
    expected: NDArray[np.uint8],
    most_places: int,
) -> _codec.LocateAtlas:
    """Build the data that C++ ranks by: the index's arrays and the properties of the starts.

    Args:
        starts: START_DTYPE, one row per output.
        best: The row of each family's best start.
        outputs: The decoded bytes, concatenated.
        bounds: Offset of each output in `outputs`, and the end of the last.
        rom: The image.
        names: Codec names, indexed by the field `codec`.
        table: Buckets and positions, as returned by locate_build.
        transforms: The transforms to look for. Those that change no bytes are not looked for.
        expected: uint8, one per start, see `expected_rows`.
        most_places: Maximum number of places examined per tile.
    """
    plausible = is_plausible(starts)
    columns = {name: np.ascontiguousarray(starts[name]) for name in ("family", "size", "offset", "evidence")}
    return _codec.LocateAtlas(
        outputs,
        bounds,
        rom.data,
        *table,
        **columns,
        kind=np.ascontiguousarray(starts["start"]),
        plausible=plausible,
        packed=packed_bytes(starts[best[plausible[best]]], rom, names),
        expected=expected,
        **transform_rows([transform for transform in transforms if transform.changes_bytes]),
        most_places=most_places,
        most_twins=MOST_TWINS,
    )


def is_plausible(starts: Starts) -> NDArray[np.bool_]:
    """Return which starts are proven, or belong to a family that is more likely real than not."""
    plausible: NDArray[np.bool_] = (
        (starts["family_score"] >= _PLAUSIBLE) | (starts["start"] == POINTER) | (starts["start"] == TRACED)
    )
    return plausible


def packed_bytes(best: Starts, rom: Rom, names: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the ROM bytes inside the streams of plausible families: raw matches there are literals of that stream."""
    packed = np.zeros(len(rom.data), np.bool_)
    for codec, offset, size in zip(*(best[name].tolist() for name in ("codec", "offset", "packed_size")), strict=True):
        for begin, end in rom.stream_ranges(names[codec], offset, size):
            packed[begin:end] = True
    return packed
