"""Locks with a rank, and the rules of taking them, which can be checked while tests run.

    10 SESSION    a session's life, who is subscribed, what waits for the host's thread
    20 RIGHT      who decodes, pumps, delivers, starts or stops
    30 QUEUE      what waits for the decoder, one subscriber or one tap
    40 POOL       what waits for the workers of a pool
    50 JOB        what has become of one job
    60 FIGURES    counters

A thread that holds a lock takes only locks of a higher rank, and holds none of them while it calls what is not ours: a
callback, a hook, a host, a lookup. In fact a lock is held for one line that calls nothing at all (see `_cells`), so no
signal handler and no exception can come while it is held. docs/explanation/threads.md tells why.
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
"""Re-entrant, so that it knows its holder. It is taken and released in C, and no signal comes in between."""

_local: Final = threading.local()
_breaches: Final[list[str]] = []
_checking = False


def check_locks(on: bool) -> list[str]:
    """Have breaches of the rules noted from now on, or no more; returns the list that they are noted in."""
    global _checking
    _checking = on
    return _breaches


def about_to_take(lock: Lock, rank: Rank) -> None:
    """Called before a lock is taken: the locks that this thread holds must have a lower rank."""
    if _checking:
        held = _held()
        if held and not _is_mine(lock) and held[-1][1] >= rank:
            _breaches.append(f"{rank.name} taken while {', '.join(other.name for _, other in held)} is held")
        held.append((lock, rank))


def about_to_call_out(what: str) -> None:
    """Called before anything that is not ours is called: no lock may be held."""
    if _checking and (held := _held()):
        _breaches.append(f"{what} is called while {', '.join(rank.name for _, rank in held)} is held")


def _held() -> list[tuple[Lock, Rank]]:
    """The locks that this thread holds, in the order in which it took them.

    Nothing is noted when a lock is released, which an exception could prevent: those that are free again are left out
    here.
    """
    held = _local.held = [pair for pair in getattr(_local, "held", ()) if _is_mine(pair[0])]
    return held


def _is_mine(lock: Lock) -> bool:
    return bool(lock._is_owned())  # type: ignore[attr-defined]  # what a Condition asks of an RLock
