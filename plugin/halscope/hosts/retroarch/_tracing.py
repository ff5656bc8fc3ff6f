"""Tracing of the RetroArch host: the reads of the ROM that the tap has seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, final

from halscope_hooks import HostError, Touched

from halscope.hosts._ring import RingClient, RingFrame

_MOST_KEPT: Final = 1 << 16  # touches that nobody has taken: some minutes of play


@final
class TapTracing:
    """Has the tap watch the ROM, and collects the touches that it publishes.

    Args:
        ring: The emulator's ring.
        size: Bytes of the ROM.
    """

    def __init__(self, ring: RingClient, size: int) -> None:
        self._ring = ring
        self._size = size
        self._ranges: list[tuple[int, int]] = []
        self._kept: deque[Touched] = deque()
        page, first = ring.text.get("page", ""), ring.text.get("first_page", "")  # which the first taps did not say
        self._page = int(page) if page.isdecimal() else 0
        self._first_page = int(first) if first.isdecimal() else 0
        self.lost = 0
        """Touches that were dropped, because a frame had too many or nobody took them."""

    @property
    def possible(self) -> bool:
        """Whether the tap can see what the game reads."""
        return self._page > 0

    def watch(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Report reads of exactly these ranges. Raises HostError if one is not in the ROM, or nothing can be seen."""
        if not self.possible:
            raise HostError("the core's copy of the ROM was not found, so its reads cannot be observed")
        for begin, end in ranges:
            if not 0 <= begin <= end <= self._size:
                raise HostError(f"{begin:#x} to {end:#x} is not a range of a ROM of {self._size:#x} bytes")
        self._ranges = [one for one in ranges if one[0] < one[1]]
        self._ring.want_touches(bool(self._ranges))

    def note(self, frame: RingFrame) -> None:
        """Keep the touches of a frame."""
        self.lost += frame.touches_lost
        touches = frame.parts.get("touches")
        if touches is None or touches.size % 4 or not self.possible:
            return
        for offset in touches.view("<u4").tolist():
            if any(begin <= offset < end for begin, end in self._ranges):
                page = offset - (offset - self._first_page) % self._page
                self._kept.append(Touched(frame.number, offset, page))
        while len(self._kept) > _MOST_KEPT:
            self._kept.popleft()
            self.lost += 1

    def take(self) -> list[Touched]:
        """Return the touches since the last call, oldest first."""
        taken = list(self._kept)
        self._kept.clear()
        return taken
