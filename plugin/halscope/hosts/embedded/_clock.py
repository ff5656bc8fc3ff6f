"""When the next frame of a game is due, which runs by its own clock."""

from __future__ import annotations

import math
from typing import Final, final

LATE: Final = 0.1  # seconds of delay above which lost time is dropped instead of caught up


@final
class Clock:
    """The pace of a game. Times are in seconds, of any clock that only goes forward.

    Args:
        frames_a_second: The console's, 60.0988 for NTSC.
    """

    def __init__(self, frames_a_second: float) -> None:
        self._rate = frames_a_second
        self._speed = 1.0
        self._due = 0.0
        self.runs = False
        """Whether the game runs."""

    def start(self, now: float) -> None:
        """Let the game run. The next frame is due now."""
        if not self.runs:
            self._due = now
            self.runs = True

    def stop(self) -> None:
        """Pause the game."""
        self.runs = False

    def set_speed(self, factor: float, now: float) -> None:
        """Run at this multiple of the console's speed; 0: as fast as possible."""
        self._speed = factor
        self._due = min(self._due, now + self._period)

    def rest(self, now: float) -> float:
        """Seconds until the next frame; infinite while the game is paused."""
        return max(0.0, self._due - now) if self.runs else math.inf

    def ran(self, now: float) -> None:
        """Note that a frame was run, which ended now."""
        self._due += self._period
        if self._speed == 0 or self._due < now - LATE:
            self._due = now

    @property
    def _period(self) -> float:
        return 0.0 if self._speed == 0 else 1 / (self._rate * self._speed)
