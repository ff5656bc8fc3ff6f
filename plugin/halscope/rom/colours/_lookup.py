"""The colours of a ROM: look a palette up in plain bytes and in decoded blocks, and rank what is found."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import CGRAM_COLOURS, RAW_CODEC, CgramOrigins, ColourRun, Origin, UsageError
from numpy.typing import NDArray

from halscope.rom.colours._small_blocks import small_blocks
from halscope.rom.colours._table import COLOUR, GRAM, ColourTable
from halscope.rom.colours._touched import BEFORE
from halscope.rom.index import RomIndex
from halscope.rom.origin import is_plausible
from halscope.rom.ranking import POINTER, START_KINDS

LEAST_ODDS: Final = 8.0
"""Binary logarithm of the odds against chance that a run needs: one false run in 256 palettes of random colours."""

_PALETTE: Final = 16
_AROUND: Final = 128
"""Bytes on each side of a run that show whether it stands among colours."""
_MOST_HIGH: Final = 0.2
"""Colours have no bit 15; of words in graphics and code about half do."""
_SHIFT_BITS: Final = 40
_READ: Final = -1
"""Rank of places in plain bytes that the game was seen reading."""
_NOWHERE: Final[NDArray[np.int64]] = np.zeros(0, np.int64)
_DOUBTFUL: Final = 2
"""Rank of places in doubtful blocks and inside packed streams."""
_MOST_RUNS: Final = 64
_MOST_PLACES: Final = 8
"""Origins listed per colour."""


class _Block(NamedTuple):
    """A block whose decoded bytes are searched.

    Args:
        codec: Name of its codec.
        offset: ROM offset.
        kind: Evidence for its start, as an index into START_KINDS.
        sure: Whether it is likely to be real.
    """

    codec: str
    offset: int
    kind: int
    sure: bool


class _Found(NamedTuple):
    """A run and what it is ranked by, lower first."""

    rank: tuple[int, float, int, int]
    matches: NDArray[np.bool_]
    run: ColourRun


class ColourIndex:
    """The colours of an indexed ROM. Immutable and thread-safe.

    Of each family of streams that share an end, the best start is searched.

    Args:
        index: The ROM's index.
    """

    def __init__(self, index: RomIndex) -> None:
        self.index = index
        best, small = index.best_outputs(), small_blocks(index)
        names = [codec.name for codec in index.codecs]
        starts = best.starts
        self._blocks = [
            _Block(names[codec], offset, kind, sure)
            for codec, offset, kind, sure in zip(
                starts["codec"].tolist(),
                starts["offset"].tolist(),
                starts["start"].tolist(),
                is_plausible(starts).tolist(),
                strict=True,
            )
        ] + [_Block(names[block.codec], block.offset, POINTER, True) for block in small]
        self._packed = best.packed
        for begin, end in (stretch for block in small for stretch in block.ranges):
            self._packed[begin:end] = True
        data = np.concatenate([best.data, *(block.data for block in small), index.rom.data])
        data.flags.writeable = False
        sizes = [*np.diff(best.ends, prepend=0).tolist(), *(len(block.data) for block in small), len(index.rom.data)]
        self._ends = np.cumsum(np.array(sizes, np.int64))
        self._begins = self._ends - sizes
        self._table = ColourTable.build(data, self._ends)

    def locate(self, cgram: NDArray[np.uint16], touched: NDArray[np.int64] = _NOWHERE) -> CgramOrigins:
        """Look up the colours of CGRAM.

        All places of a run are listed, best first: places in plain bytes that the game was seen reading; then places
        among other colours in plain bytes or in blocks that are
        likely to be real, then places among graphics or code, inside packed streams, or in doubtful blocks; in each of
        these by odds, then by the evidence for the start. Doubtful blocks are left out where a better place holds all
        of their colours.

        Args:
            cgram: uint16[256], or fewer colours.
            touched: int64[n], ascending: file offsets at which the game began to read shortly before. The start of a
                place in plain bytes that it read is "traced".

        Raises:
            UsageError: There are more than 256.
        """
        if cgram.ndim != 1 or len(cgram) > CGRAM_COLOURS:
            raise UsageError(f"CGRAM has {CGRAM_COLOURS} colours, not {cgram.size}")
        colours = cgram & np.uint16(COLOUR)
        runs = sorted(self._runs(colours, touched), key=lambda one: one.rank)
        found = _without_doubtful(runs)[:_MOST_RUNS]
        origins: list[list[Origin]] = [[] for _ in range(len(colours))]
        for one in found:
            for place in np.flatnonzero(one.matches).tolist():
                if len(origins[place]) < _MOST_PLACES:
                    origins[place].append(one.run.origin_of(place))
        return CgramOrigins(tuple(tuple(places) for places in origins), tuple(one.run for one in found))

    def places(self, colours: NDArray[np.uint16]) -> tuple[Origin, ...]:
        """Return where all of these colours stand exactly, with their bits 15, in plain bytes or in likely blocks.

        Args:
            colours: uint16[n], at most 256. Fewer than three different ones are found nowhere.
        """
        found = self._runs(colours & np.uint16(COLOUR))
        whole = [
            one for one in sorted(found, key=lambda one: one.rank) if one.rank[0] != _DOUBTFUL and one.matches.all()
        ]
        return tuple(
            one.run.origin for one in whole if np.array_equal(self.colours_at(one.run.origin, len(colours)), colours)
        )

    def colours_at(self, origin: Origin, count: int) -> NDArray[np.uint16]:
        """Return uint16[n], the words from an origin on with bit 15 as stored: `count` of them, or fewer at the end.

        Raises:
            UsageError: The codec is not part of the index, or a raw offset is outside of the ROM.
            CodecError: No stream begins at the block's offset.
        """
        if origin.codec == RAW_CODEC:
            data, at = self.index.rom.data, origin.block_offset
        else:
            data, at = self.index.block(origin).data, origin.byte_offset
        if not 0 <= at <= len(data) - 2:
            raise UsageError(f"no colour is at byte {at:#x} of {len(data):#x}")
        part = data[at : at + 2 * count]
        return np.ascontiguousarray(part[: len(part) // 2 * 2]).view("<u2").astype(np.uint16)

    def _runs(self, colours: NDArray[np.uint16], touched: NDArray[np.int64] = _NOWHERE) -> list[_Found]:
        if len(colours) < GRAM:
            return []
        numbers, at = self._table.places(colours)
        if not len(at):
            return []
        # One row for each place that the first colour would have in the data, were all of them there.
        keys = np.searchsorted(self._ends, at, side="right") << _SHIFT_BITS | (at - 2 * numbers + 2 * CGRAM_COLOURS)
        each, row_of = np.unique(keys, return_inverse=True)
        segments, shifts = each >> _SHIFT_BITS, (each & (1 << _SHIFT_BITS) - 1) - 2 * CGRAM_COLOURS
        seeds = np.zeros((len(each), len(colours)), np.bool_)
        seeds[row_of, numbers] = True
        places = shifts[:, None] + 2 * np.arange(len(colours))
        inside = (places >= self._begins[segments][:, None]) & (places + 2 <= self._ends[segments][:, None])
        equal = inside & (self._table.words(np.where(inside, places, 0)) == colours)
        runs = []
        for row in range(len(seeds)):
            for begin, end in _stretches(equal[row], inside[row]):
                if seeds[row, begin:end].any():
                    where = int(shifts[row]), int(segments[row])
                    found = self._found(colours, equal[row], (begin, end), where, touched)
                    if found is not None:
                        runs.append(found)
        return runs

    def _found(
        self,
        colours: NDArray[np.uint16],
        equal: NDArray[np.bool_],
        stretch: tuple[int, int],
        where: tuple[int, int],
        touched: NDArray[np.int64],
    ) -> _Found | None:
        (begin, end), (shift, segment) = stretch, where
        if segment == len(self._blocks):
            begin, end = _without_black(colours, equal, begin, end)
        matches = np.zeros(len(colours), np.bool_)
        matches[begin:end] = equal[begin:end]
        # A colour that is there twice says nothing new.
        different = np.zeros(COLOUR + 1, np.bool_)
        different[colours[matches]] = True
        bits = float(self._table.bits[different].sum(dtype=np.float64))
        at = shift + 2 * begin
        inside = at - int(self._begins[segment])
        plain = segment == len(self._blocks)
        sure = not plain or not self._packed[inside : inside + 2 * (end - begin)].any()
        low, high = np.searchsorted(touched, (inside - BEFORE, inside + 2 * (end - begin))).tolist()
        is_read = plain and sure and low < high
        # Where the game was seen reading there are fewer places that could hold the colours by chance.
        places = len(touched) * 2 * BEFORE if is_read else len(self._table.data)
        odds = bits - float(np.log2(len(colours) * max(1, places)))
        if odds < LEAST_ODDS:
            return None
        if plain:
            origin = Origin(RAW_CODEC, inside, 0, "traced" if is_read else "content")
            kind = len(START_KINDS)
        else:
            codec, offset, kind, sure = self._blocks[segment]
            origin = Origin(codec, offset, inside, START_KINDS[kind])
        rank = (0 if self._among_colours(at, end - begin, segment) else 1) if sure else _DOUBTFUL
        rank = _READ if is_read else rank
        run = ColourRun(begin, end - begin, origin, round(odds, 1))
        return _Found((rank, -odds, kind, at), matches, run)

    def _among_colours(self, at: int, count: int, segment: int) -> bool:
        """Whether the words around a run could be colours, too: nearly all have no bit 15."""
        low = max(int(self._begins[segment]), at - _AROUND)
        low += (at - low) % 2
        high = min(int(self._ends[segment]), at + 2 * count + _AROUND)
        before, after = self._table.data[low + 1 : at : 2], self._table.data[at + 2 * count + 1 : high : 2]
        around = np.concatenate([before, after])
        return len(around) == 0 or float((around >= 0x80).mean()) <= _MOST_HIGH


def _stretches(equal: NDArray[np.bool_], inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches (first, end) of equal colours; colour 0 of a palette may differ inside of one."""
    joined = equal.copy()
    zero = np.arange(_PALETTE, len(equal) - 1, _PALETTE)
    joined[zero] |= equal[zero - 1] & equal[zero + 1] & inside[zero]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], joined, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _without_doubtful(found: list[_Found]) -> list[_Found]:
    """Leave out doubtful blocks whose colours are all in a place that ranks higher."""
    kept: list[_Found] = []
    held = np.zeros(CGRAM_COLOURS, np.bool_)
    for one in found:
        doubtful = one.rank[0] == _DOUBTFUL and one.run.origin.codec != RAW_CODEC
        if not (doubtful and held[: len(one.matches)][one.matches].all()):
            kept.append(one)
            held[: len(one.matches)] |= one.matches
    return kept


def _without_black(colours: NDArray[np.uint16], equal: NDArray[np.bool_], begin: int, end: int) -> tuple[int, int]:
    """Leave out all black palettes at the ends of a run in plain bytes: CGRAM and ROMs are filled with zeros."""
    lit = begin + np.flatnonzero(equal[begin:end] & (colours[begin:end] != 0))
    if not len(lit):
        return begin, begin
    first, last = int(lit[0]) // _PALETTE * _PALETTE, (int(lit[-1]) // _PALETTE + 1) * _PALETTE
    return max(begin, first), min(end, last)
