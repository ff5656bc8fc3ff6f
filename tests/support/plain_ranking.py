"""The ranking of origins in plain Python: what halscope.rom.origin must return, one tile at a time and without state.

A *place* is a family and a distance from its end (twins of one family that hold the tile there are one place with
several starts), or an offset in the ROM for uncompressed bytes. Places are ranked by the agreement of neighbouring
tiles, and the starts within a place by their evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from halscope.rom.origin import MOST_TWINS
from halscope.rom.ranking import CONTENT, POINTER, START_KINDS, Starts, first_of_each
from halscope_hooks import RAW_CODEC, Origin
from numpy.typing import NDArray

_PLAUSIBLE: Final = 0.5

PLACE_DTYPE: Final = np.dtype(
    [("tile", "<u4"), ("source", "<u4"), ("at", "<i4"), ("segment", "<u4"), ("offset", "<u4"), ("transform", "<u4")]
)
"""A place: a tile's number, a family (or one past the last for the ROM), the offset from the family's end, a segment
and offset where its bytes are, and 0 for plain bytes."""

Support = Callable[[NDArray[Any]], NDArray[np.uint32]]
"""From places, ascending by tile, source and `at`, to uint32[n, 4]: the neighbours' support, as locate_support does."""


class Ranking:
    """Turns matches (tile, segment, offset) into origins; a segment is a row of `starts`, or the ROM: one past them."""

    def __init__(self, starts: Starts, codec_names: tuple[str, ...], rom_size: int) -> None:
        self._starts = starts
        self._names = codec_names
        self._raw = len(starts)
        self._families = int(starts["family"].max()) + 1 if len(starts) else 0
        # With a last row for the ROM itself, so that every match is looked up the same way.
        self._source = np.append(starts["family"], self._families).astype(np.uint32)
        self._base = np.append(starts["size"], 0).astype(np.int64)
        self._kind = np.append(starts["start"], CONTENT).astype(np.uint8)
        self._evidence = np.append(starts["evidence"], 0.0).astype(np.float64)
        self._offset = np.append(starts["offset"], 0).astype(np.int64)
        plausible = (starts["family_score"] >= _PLAUSIBLE) | (starts["start"] == POINTER)
        self._plausible = np.append(plausible, False)
        self._packed = _packed_ranges(starts[plausible], rom_size)

    def alone(self, matches: NDArray[Any], tiles: int) -> tuple[tuple[Origin, ...], ...]:
        """Rank each tile's places on their own."""
        return self._answers(matches, tiles, None)

    def together(self, matches: NDArray[Any], tiles: int, support: Support) -> tuple[tuple[Origin, ...], ...]:
        """Rank with neighbours."""
        return self._answers(matches, tiles, support)

    def _answers(self, matches: NDArray[Any], tiles: int, neighbours: Support | None) -> tuple[tuple[Origin, ...], ...]:
        if not len(matches):
            return ((),) * tiles
        tile = matches["tile"].astype(np.int64)
        segment = matches["segment"].astype(np.int64)
        offset = matches["offset"].astype(np.int64)
        source = self._source[segment]
        at = offset - self._base[segment]
        order = np.lexsort((at, source, tile))
        tile, segment, offset, source, at = tile[order], segment[order], offset[order], source[order], at[order]

        new_place = np.r_[True, (tile[1:] != tile[:-1]) | (source[1:] != source[:-1]) | (at[1:] != at[:-1])]
        first = np.flatnonzero(new_place)
        place = np.cumsum(new_place) - 1
        support = np.zeros((len(first), 4), np.int64)
        explained = np.zeros(len(tile), np.int64)
        if neighbours is not None:
            places = np.zeros(len(first), PLACE_DTYPE)
            places["tile"], places["source"], places["at"] = tile[first], source[first], at[first]
            places["segment"], places["offset"] = segment[first], offset[first]
            support = neighbours(places).astype(np.int64)
            explained = self._explained(tile, segment)[segment]

        # Starts within a place: a pointer first, then the one that explains most of the VRAM, then the other evidence.
        kind, evidence = self._kind[segment], self._evidence[segment]
        pointer_first = np.where(kind <= POINTER, kind, POINTER + 1)
        order = np.lexsort((self._offset[segment], -evidence, kind, -explained, pointer_first, place))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order)) - first[place[order]]

        # Places of a tile by their best start.
        lead = order[first]  # the best match of each place
        lead_segment, lead_at = segment[lead], offset[lead]
        standing = np.where(self._plausible[lead_segment], 0, np.where(lead_segment == self._raw, 1, 3))
        is_raw = lead_segment == self._raw
        inside = self._packed[np.minimum(lead_at, len(self._packed) - 1)] & is_raw
        standing[inside] = 2
        place_order = np.lexsort(
            (
                lead_at,
                self._offset[lead_segment],
                -evidence[lead],
                -explained[lead],
                kind[lead],
                standing,
                support[:, 3],
                support[:, 2],
                -support[:, 1],
                -support[:, 0],
            )
        )
        place_rank = np.empty(len(first), np.int64)
        place_rank[place_order] = np.arange(len(first))

        listed = rank < MOST_TWINS
        final = np.lexsort((rank, place_rank[place], np.minimum(rank, 1), tile))
        final = final[listed[final]]
        return self._origins(tile[final], segment[final], offset[final], tiles)

    def _explained(self, tile: NDArray[np.int64], segment: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of different tiles in each segment."""
        pairs = np.unique(tile * (self._raw + 1) + segment)
        return np.bincount(pairs % (self._raw + 1), minlength=self._raw + 1)

    def _origins(
        self, tile: NDArray[np.int64], segment: NDArray[np.int64], offset: NDArray[np.int64], tiles: int
    ) -> tuple[tuple[Origin, ...], ...]:
        answers: list[list[Origin]] = [[] for _ in range(tiles)]
        names = [self._names[codec] for codec in self._starts["codec"].tolist()]
        blocks = self._starts["offset"].tolist()
        kinds = self._kind.tolist()
        for one_tile, one_segment, at in zip(tile.tolist(), segment.tolist(), offset.tolist(), strict=True):
            if one_segment == self._raw:
                answers[one_tile].append(Origin(RAW_CODEC, at, 0, START_KINDS[CONTENT]))
            else:
                kind = START_KINDS[kinds[one_segment]]
                answers[one_tile].append(Origin(names[one_segment], blocks[one_segment], at, kind))
        return tuple(tuple(answer) for answer in answers)


def _packed_ranges(starts: Starts, rom_size: int) -> NDArray[np.bool_]:
    """Which bytes of the ROM are part of a plausible family's stream: raw matches there are literals of that stream."""
    packed = np.zeros(max(rom_size, 1), np.bool_)
    best = starts[first_of_each(starts["family"])]
    for begin, size in zip(best["offset"].tolist(), best["packed_size"].tolist(), strict=True):
        packed[begin : begin + size] = True
    return packed
