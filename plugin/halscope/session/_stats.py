"""Measurements of pools and sessions: latencies and counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from halscope.session._cells import Cell
from halscope.session._locks import Rank

_KEPT: Final = 4096


class Percentiles(NamedTuple):
    """Durations in seconds over the last 4096 measurements; zeros if there are none."""

    p50: float
    p90: float
    p99: float
    worst: float
    times: int
    """Number of measurements so far."""


@final
class Latencies:
    """The last 4096 durations of an operation. Any thread may add, also in a signal handler."""

    __slots__ = ("_ever", "_seconds")

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._ever: Cell[tuple[int, float]] = Cell((0, 0.0), Rank.FIGURES)  # number of measurements, and the worst

    def add(self, seconds: float) -> None:
        """Add one duration, in seconds."""
        self._seconds.append(seconds)
        self._ever.change(lambda ever: (ever[0] + 1, max(ever[1], seconds)))

    def percentiles(self) -> Percentiles:
        """Return the nearest-rank percentiles of the kept durations; `worst` is the worst of all so far."""
        times, worst = self._ever.value
        ordered = sorted(self._seconds.copy())
        if not ordered:
            return Percentiles(0.0, 0.0, 0.0, 0.0, 0)

        def rank(percent: int) -> float:
            return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

        return Percentiles(rank(50), rank(90), rank(99), worst, times)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """State of a pool at one moment. The mappings count jobs by priority name ("LIVE", "PREVIEW", "SCAN")."""

    name: str
    workers: int
    running: Mapping[str, int]
    queued: Mapping[str, int]
    done: int
    failed: int
    cancelled: int
    started: Percentiles
    """Time from `submit` to the start of the work."""
    busy: float
    """Total seconds that the workers spent working."""
    uptime: float

    @property
    def use(self) -> float:
        """Share of the workers' time spent working, 0 to 1."""
        return min(1.0, self.busy / (self.uptime * self.workers)) if self.uptime > 0 and self.workers else 0.0
