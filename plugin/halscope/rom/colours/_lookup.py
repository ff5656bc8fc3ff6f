"""The colours of a ROM: look a palette up in plain bytes and in decoded blocks, and rank what is found."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import CGRAM_COLOURS, RAW_CODEC, CgramOrigins, ColourRun, Origin, UsageError
from numpy.typing import NDArray

from halscope.rom.colours._table import COLOUR, GRAM, ColourTable
from halscope.rom.index import RomIndex
from halscope.rom.origin import is_plausible
from halscope.rom.ranking import START_KINDS

LEAST_ODDS: Final = 8.0
"""Binary logarithm of the odds against chance that a run needs: one false run in 256 palettes of random colours."""

_PALETTE: Final = 16
_AROUND: Final = 128
"""Bytes on each side of a run that show whether it stands among colours."""
_MOST_HIGH: Final = 0.2
"""Colours have no bit 15; of words in graphics and code about half do."""
_MOST_RUNS: Final = 64
_MOST_PLACES: Final = 8
"""Origins listed per colour."""


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
        self._outputs = index.best_outputs()
        blocks = self._outputs.starts
        self._ends = np.append(self._outputs.ends, self._outputs.ends[-1:].sum() + len(index.rom.data)).astype(np.int64)
        self._begins = np.concatenate([[0], self._ends[:-1]])
        self._sure = is_plausible(blocks)
        self._names = [codec.name for codec in index.codecs]
        data = np.concatenate([self._outputs.data, index.rom.data, np.zeros(1, np.uint8)])
        data.flags.writeable = False
        self._table = ColourTable.build(data[:-1], self._ends)

    def locate(self, cgram: NDArray[np.uint16]) -> CgramOrigins:
        """Look up the colours of CGRAM.

        All places of a run are listed, best first: places among other colours in plain bytes or in blocks that are
        likely to be real, then places among graphics or code, inside packed streams, or in doubtful blocks; in each of
        these by odds, then by the evidence for the start.

        Args:
            cgram: uint16[256], or fewer colours.

        Raises:
            UsageError: There are more than 256.
        """
        if cgram.ndim != 1 or len(cgram) > CGRAM_COLOURS:
            raise UsageError(f"CGRAM has {CGRAM_COLOURS} colours, not {cgram.size}")
        colours = cgram & np.uint16(COLOUR)
        found = sorted(self._runs(colours), key=lambda one: one.rank)[:_MOST_RUNS]
        origins: list[list[Origin]] = [[] for _ in range(len(colours))]
        for one in found:
            for place in np.flatnonzero(one.matches).tolist():
                if len(origins[place]) < _MOST_PLACES:
                    origins[place].append(one.run.origin_of(place))
        return CgramOrigins(tuple(tuple(places) for places in origins), tuple(one.run for one in found))

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

    def _runs(self, colours: NDArray[np.uint16]) -> list[_Found]:
        if len(colours) < GRAM:
            return []
        numbers, at = self._table.places(colours)
        segment = np.searchsorted(self._ends, at, side="right")
        # One row for each place that the colour 0 of CGRAM would have in the data, were all of it there.
        shifts, first = np.unique(np.stack([at - 2 * numbers, segment]), axis=1, return_index=True)
        del first
        seeds = np.zeros((shifts.shape[1], len(colours)), np.bool_)
        row_of = {(int(shift), int(where)): row for row, (shift, where) in enumerate(shifts.T)}
        for number, place, where in zip(numbers.tolist(), at.tolist(), segment.tolist(), strict=True):
            seeds[row_of[place - 2 * number, where], number] = True
        if not len(seeds):
            return []
        places = shifts[0][:, None] + 2 * np.arange(len(colours))
        inside = (places >= self._begins[shifts[1]][:, None]) & (places + 2 <= self._ends[shifts[1]][:, None])
        equal = inside & (self._table.words(np.where(inside, places, 0)) == colours)
        runs = []
        for row in range(len(seeds)):
            for begin, end in _stretches(equal[row], inside[row]):
                if seeds[row, begin:end].any():
                    found = self._found(colours, equal[row], begin, end, int(shifts[0, row]), int(shifts[1, row]))
                    if found is not None:
                        runs.append(found)
        return runs

    def _found(
        self, colours: NDArray[np.uint16], equal: NDArray[np.bool_], begin: int, end: int, shift: int, segment: int
    ) -> _Found | None:
        matches = np.zeros(len(colours), np.bool_)
        matches[begin:end] = equal[begin:end]
        # A colour that is there twice says nothing new.
        different = np.zeros(COLOUR + 1, np.bool_)
        different[colours[matches]] = True
        bits = float(self._table.bits[different].sum(dtype=np.float64))
        odds = bits - float(np.log2(len(colours) * max(1, len(self._table.data))))
        if odds < LEAST_ODDS:
            return None
        at = shift + 2 * begin
        inside = at - int(self._begins[segment])
        if segment == len(self._outputs.starts):
            origin = Origin(RAW_CODEC, inside, 0, "content")
            sure = not self._outputs.packed[inside : inside + 2 * (end - begin)].any()
            kind = len(START_KINDS)
        else:
            start = self._outputs.starts[segment]
            kind = int(start["start"])
            origin = Origin(self._names[start["codec"]], int(start["offset"]), inside, START_KINDS[kind])
            sure = bool(self._sure[segment])
        rank = 0 if sure and self._among_colours(at, end - begin, segment) else 1 if sure else 2
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
