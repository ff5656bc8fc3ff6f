"""What pools and sessions measure about themselves: latencies, and how full a pool is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from halscope.session._cells import Cell
from halscope.session._locks import Rank

_KEPT: Final = 4096


class Percentiles(NamedTuple):
    """How long something took, in seconds, over the last 4096 times; zeros where it never happened."""

    p50: float
    p90: float
    p99: float
    worst: float
    times: int
    """How often it happened since the beginning."""


@final
class Latencies:
    """The last 4096 durations of something; any thread may add, also in a signal handler."""

    __slots__ = ("_ever", "_seconds")

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._ever: Cell[tuple[int, float]] = Cell((0, 0.0), Rank.FIGURES)  # how often, and the worst

    def add(self, seconds: float) -> None:
        """Note one duration."""
        self._seconds.append(seconds)
        self._ever.change(lambda ever: (ever[0] + 1, max(ever[1], seconds)))

    def percentiles(self) -> Percentiles:
        """The nearest-rank percentiles of what is kept; `worst` is the worst ever."""
        times, worst = self._ever.value
        ordered = sorted(self._seconds.copy())
        if not ordered:
            return Percentiles(0.0, 0.0, 0.0, 0.0, 0)

        def rank(percent: int) -> float:
            return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

        return Percentiles(rank(50), rank(90), rank(99), worst, times)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """A pool at one moment. The mappings count by priority's name ("LIVE", "PREVIEW", "SCAN")."""

    name: str
    workers: int
    running: Mapping[str, int]
    queued: Mapping[str, int]
    done: int
    failed: int
    cancelled: int
    started: Percentiles
    """From `submit` to the work's start."""
    busy: float
    """Seconds that the workers spent in work, together."""
    uptime: float

    @property
    def use(self) -> float:
        """The part of the workers' time that was spent in work, 0 to 1."""
        return min(1.0, self.busy / (self.uptime * self.workers)) if self.uptime > 0 and self.workers else 0.0
