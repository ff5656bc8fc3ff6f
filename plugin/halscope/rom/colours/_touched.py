"""Where a game was seen reading shortly before: of several places with the same colours, that one is theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, final

import numpy as np
from halscope_hooks import Touched
from numpy.typing import NDArray

BEFORE: Final = 32
"""Bytes before a run at which the game may have begun to read: it reads whole palettes, and colour 0 may be lost."""
_WINDOW: Final = 60
"""Frames within which colours that were read come into CGRAM."""
_LATE: Final = 8
"""Frames by which a touch may come later than the colours."""
_MOST_NEW: Final = 1 << 12
_MOST_SEEN: Final = 1 << 10


@final
class TouchedPlaces:
    """The file offsets at which a game began to read, newest last. `add` may be called by another thread."""

    def __init__(self) -> None:
        self._new: deque[Touched] = deque(maxlen=_MOST_NEW)
        self._frames: dict[int, int] = {}
        """The newest frame of each offset, ascending by frame."""
        self._seen: dict[int, None] = {}
        """Offsets at which colours were read that then were in CGRAM: they stay."""
        self._fresh: set[int] = set()
        """Those that nobody has taken yet."""
        self._newest = 0
        self._looked = 0

    def add(self, touch: Touched) -> None:
        """Take a touch. A decoder's call says nothing here."""
        if not touch.codec:
            self._new.append(touch)

    @property
    def come_late(self) -> bool:
        """Whether touches of the frames around the last `recent` have come since; true once."""
        self._take()
        return bool(self._looked) and self._newest >= self._looked + _LATE

    def recent(self) -> NDArray[np.int64]:
        """Return the offsets that count now, ascending."""
        self._take()
        self._looked = 0 if self._looked and self._newest >= self._looked + _LATE else self._newest
        return np.array(sorted({*self._seen, *self._frames}), np.int64)

    def confirm(self, offset: int, count: int) -> None:
        """Note that colours are at an offset: the touch that led there stays."""
        for touched in [one for one in self._frames if offset - BEFORE <= one < offset + 2 * count]:
            if touched not in self._seen:
                self._fresh.add(touched)
            self._seen[touched] = None
        self._limit()

    def know(self, offsets: Iterable[int]) -> None:
        """Take offsets at which colours were read in an earlier session."""
        self._seen |= dict.fromkeys(offsets)
        self._limit()

    def take_fresh(self) -> frozenset[int]:
        """Return the offsets at which colours were read that then were in CGRAM, each once."""
        fresh = frozenset(self._fresh)
        self._fresh.clear()
        return fresh

    def _limit(self) -> None:
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def _take(self) -> None:
        while self._new:
            touch = self._new.popleft()
            if touch.frame < self._newest - _WINDOW:  # the emulator went back
                self._frames.clear()
                self._newest = self._looked = 0
            self._newest = max(self._newest, touch.frame)
            if touch.rom_offset != _page(touch):  # else it read on from the page before
                self._frames.pop(touch.rom_offset, None)
                self._frames[touch.rom_offset] = touch.frame
        while self._frames and self._frames[first := next(iter(self._frames))] < self._newest - _WINDOW:
            del self._frames[first]


def _page(touch: Touched) -> int:
    return touch.rom_offset & ~0xFFF if touch.page is None else touch.page
