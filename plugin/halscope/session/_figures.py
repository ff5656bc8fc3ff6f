"""A session in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from halscope.session._hub import SubscriptionStats
from halscope.session._stats import Percentiles, PoolStats
from halscope.session._taps import TapStats


class State(Enum):
    """Where a session is in its life."""

    NEW = "new"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SessionStats:
    """A session in numbers.

    Args:
        state: Where it is in its life.
        seen: Snapshots that were handed in.
        decoded: Frames that were decoded.
        dropped: Snapshots that gave way to a newer one before they were decoded.
        undecoded: Snapshots whose decoding failed; each was told as a failure. Nobody at work: seen = decoded + dropped
            + undecoded + waiting.
        delivered: Events that were delivered.
        failures: Failures that were told.
        waiting: Snapshots that wait (0 or 1).
        host_calls: Writes that wait for the host's thread.
        latency: From a snapshot handed in to its frame ready for delivery.
        submit: What handing a snapshot in costs the emulator's thread.
        pump: What a pump costs the host's thread, callbacks included.
        subscriptions: Each subscriber's queue.
        taps: Each recorder and collector.
        pools: How full the codec pool and the preview pool are; none before the start.
    """

    state: State
    seen: int
    decoded: int
    dropped: int
    undecoded: int
    delivered: int
    failures: int
    waiting: int
    host_calls: int
    latency: Percentiles
    submit: Percentiles
    pump: Percentiles
    subscriptions: tuple[SubscriptionStats, ...]
    taps: tuple[TapStats, ...]
    pools: tuple[PoolStats, ...]
