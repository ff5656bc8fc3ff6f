"""Statistics of a session."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from halscope.session._hub import SubscriptionStats
from halscope.session._stats import Percentiles, PoolStats
from halscope.session._taps import TapStats

if TYPE_CHECKING:
    from halscope.session._engine import Engine


class State(Enum):
    """Stage of a session's life cycle."""

    NEW = "new"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SessionStats:
    """Statistics of a session.

    Args:
        state: Stage of its life cycle.
        seen: Number of snapshots submitted.
        decoded: Number of frames decoded.
        dropped: Number of snapshots replaced by a newer one before they were decoded.
        undecoded: Number of snapshots that could not be decoded. While no decoding is in progress, seen = decoded +
            dropped + undecoded + waiting.
        delivered: Number of events delivered.
        failures: Number of failures reported.
        waiting: Number of snapshots that wait (0 or 1).
        host_calls: Number of writes that wait for the host's thread or for the emulator's answer.
        latency: Time from the submission of a snapshot until its frame is ready for delivery.
        submit: Time that submitting a snapshot takes on the emulator's thread.
        pump: Time that a pump takes on the host's thread, including callbacks.
        subscriptions: Statistics of each subscription.
        taps: Statistics of each recorder and collector.
        pools: Statistics of the codec pool and the preview pool; empty before the start.
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


def stats_of(engine: Engine) -> SessionStats:
    """Return the statistics of a session's engine, as they are now."""
    counts = engine.live.counts
    pools = engine.pools
    return SessionStats(
        state=engine.state,
        seen=counts.seen,
        decoded=counts.done,
        dropped=counts.dropped,
        undecoded=counts.failed,
        delivered=engine.hub.delivered,
        failures=engine.hub.failures,
        waiting=counts.waiting,
        host_calls=len(engine.host),
        latency=engine.live.latency.percentiles(),
        submit=engine.submit_cost.percentiles(),
        pump=engine.pump_cost.percentiles(),
        subscriptions=engine.hub.stats(),
        taps=engine.taps.stats(),
        pools=() if pools is None else tuple(pool.stats() for pool in dict.fromkeys(pools)),
    )
