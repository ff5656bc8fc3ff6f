"""Ranks of locks, and the rules for taking them, which tests can check.

    10 SESSION    a session's life cycle, its subscriptions, calls that wait for the host's thread
    20 RIGHT      the right to decode, pump, deliver, start or stop
    30 QUEUE      items that wait for the decoder, a subscriber or a tap
    40 POOL       jobs of a pool
    50 JOB        the state of one job
    60 FIGURES    counters

A thread that holds a lock takes only locks of a higher rank, and holds none while it calls third-party code: callbacks,
hooks, hosts, lookups. docs/explanation/threads.md explains why.
"""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import Final


class Rank(IntEnum):
    """The order of the locks, lowest first."""

    SESSION = 10
    RIGHT = 20
    QUEUE = 30
    POOL = 40
    JOB = 50
    FIGURES = 60


type Lock = threading.RLock
"""Re-entrant, so that it knows its holder. It is taken and released in C, where no signal can interrupt."""

_local: Final = threading.local()
_breaches: Final[list[str]] = []
_checking = False


def check_locks(on: bool) -> list[str]:
    """Switch the checking of the rules on or off; return the list of breaches."""
    global _checking
    _checking = on
    return _breaches


def about_to_take(lock: Lock, rank: Rank) -> None:
    """Check, before a lock is taken, that all locks of this thread have a lower rank."""
    if _checking:
        held = _held()
        if held and not _is_mine(lock) and held[-1][1] >= rank:
            _breaches.append(f"{rank.name} taken while {', '.join(other.name for _, other in held)} is held")
        held.append((lock, rank))


def about_to_call_out(what: str) -> None:
    """Check, before third-party code is called, that this thread holds no lock."""
    if _checking and (held := _held()):
        _breaches.append(f"{what} is called while {', '.join(rank.name for _, rank in held)} is held")


def _held() -> list[tuple[Lock, Rank]]:
    """Return the locks that this thread holds, in the order of taking them.

    Releases are not recorded, as an exception could prevent that; released locks are filtered out here.
    """
    held = _local.held = [pair for pair in getattr(_local, "held", ()) if _is_mine(pair[0])]
    return held


def _is_mine(lock: Lock) -> bool:
    return bool(lock._is_owned())  # type: ignore[attr-defined]  # Condition uses it too
