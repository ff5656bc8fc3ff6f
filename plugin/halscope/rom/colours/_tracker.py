"""CGRAM over time: looked up only when it changes, and compared with the palettes that were there before a fade."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import RAW_CODEC, CgramOrigins, ColourRun
from numpy.typing import NDArray

from halscope.rom.colours._fades import find_fade
from halscope.rom.colours._lookup import ColourIndex
from halscope.rom.colours._touched import TouchedPlaces

_PALETTE: Final = 16
_MOST_KNOWN: Final = 64
"""Palettes remembered for each sixteen colours of CGRAM."""
_MOST_MIXED: Final = 8
"""Of these, the newest are tried in pairs."""


class _Known(NamedTuple):
    """Colours of a palette whose place in the ROM is known.

    Args:
        first: Number of its first colour in CGRAM.
        colours: uint16[16].
        run: The best run that holds them.
    """

    first: int
    colours: NDArray[np.uint16]
    run: ColourRun


class CgramTracker:
    """Tracks CGRAM over time. Not thread-safe.

    Args:
        colours: The colours of the ROM that runs.
    """

    def __init__(self, colours: ColourIndex) -> None:
        self._colours = colours
        self._last: NDArray[np.uint16] | None = None
        self._origins = CgramOrigins(())
        self._known: list[OrderedDict[bytes, _Known]] = []
        self.touched: Final = TouchedPlaces()
        """Where the game was seen reading."""

    def update(self, cgram: NDArray[np.uint16]) -> CgramOrigins:
        """Return the origins of CGRAM; the same object as before if no colour changed, unless touches came late that
        tell where they are from.

        A palette that is not in the ROM is compared with those that stood in the same place before, and with the last
        ones of the other places: if the game has darkened, brightened or mixed one of them, a run says so
        (`ColourRun.fade`).

        Args:
            cgram: uint16[256].
        """
        if self._last is not None and np.array_equal(self._last, cgram) and not self.touched.come_late:
            return self._origins
        last, before = self._last, self._origins
        self._last = cgram.copy()
        found = self._colours.locate(cgram, self.touched.recent())
        for run in found.runs:
            if run.origin.codec == RAW_CODEC and run.origin.start == "traced":
                self.touched.confirm(run.origin.block_offset, run.count)
        faded: dict[ColourRun, None] = {}
        unknown: list[int] = []
        for number in range(len(cgram) // _PALETTE):
            first = number * _PALETTE
            if number == len(self._known):
                self._known.append(OrderedDict())
            colours = cgram[first : first + _PALETTE]
            matches = np.array([bool(found.origins[first + colour]) for colour in range(_PALETTE)])
            if matches[1:].sum() * 2 > _PALETTE:
                run = next(run for run in found.runs if _holds(run, first + int(np.flatnonzero(matches[1:])[0]) + 1))
                self._remember(number, _Known(first, colours.copy(), run))
            elif not matches[1:].any():
                unknown.append(number)
        for number in unknown:
            if (faded_run := self._faded(number, cgram)) is not None:
                faded[faded_run] = None
        now = CgramOrigins(found.origins, (*found.runs, *faded))
        if last is None or not np.array_equal(last, cgram) or now.origins != before.origins or now.runs != before.runs:
            self._origins = now
        return self._origins

    def _remember(self, number: int, known: _Known) -> None:
        palettes = self._known[number]
        key = known.colours.tobytes()
        palettes[key] = known
        palettes.move_to_end(key)
        if len(palettes) > _MOST_KNOWN:
            palettes.popitem(last=False)

    def _faded(self, number: int, cgram: NDArray[np.uint16]) -> ColourRun | None:
        first = number * _PALETTE
        colours = cgram[first : first + _PALETTE]
        others = [known for known in self._known if known is not self._known[number]]
        palettes = [*reversed(self._known[number].values()), *(next(reversed(one.values())) for one in others if one)]
        for known in palettes:
            # The transparent colour 0 is often left out.
            fade = find_fade(colours[1:], known.colours[1:])
            if fade is not None:
                return _faded_run(known, first, fade.text)
        newest = palettes[:_MOST_MIXED]
        for known in newest:
            for other in newest:
                if other is not known and (fade := find_fade(colours[1:], known.colours[1:], other.colours[1:])):
                    return _faded_run(known, first, fade.text)
        return None


def _holds(run: ColourRun, colour: int) -> bool:
    return run.first <= colour < run.first + run.count


def _faded_run(known: _Known, first: int, fade: str) -> ColourRun:
    """Return the run of faded colours from `first` on."""
    run = known.run
    begin, end = max(known.first, run.first), min(known.first + _PALETTE, run.first + run.count)
    return ColourRun(begin - known.first + first, end - begin, run.origin_of(begin), run.odds, fade)
