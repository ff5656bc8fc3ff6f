"""Locks with a rank: the order in which they may be taken is written here, and can be checked while tests run.

    10 SESSION    state, who is subscribed, what waits for the host's thread
    20 MAILBOX    the snapshot that waits, and who may decode
    30 LANE       what waits for one subscriber or one tap
    40 FIGURES    counters

A thread that holds a lock takes only locks of a higher rank, and holds none of them while it calls what is not ours: a
callback, a hook, a host, a lookup. The pools' locks stand apart: none of ours is held while a pool is called, and a
pool holds none of its own while it calls us.
"""

from __future__ import annotations

import threading
from enum import IntEnum
from types import TracebackType
from typing import Final


class Rank(IntEnum):
    """The order of the locks, lowest first."""

    SESSION = 10
    MAILBOX = 20
    LANE = 30
    FIGURES = 40


class CheckedLock:
    """A lock that notes a breach of the order; for tests, see `check_locks`."""

    def __init__(self, rank: Rank) -> None:
        self._rank = rank
        self._lock = threading.Lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`."""
        held = _held()
        if held and held[-1] >= self._rank:
            _breaches.append(f"{self._rank.name} taken while {', '.join(rank.name for rank in held)} is held")
        taken = self._lock.acquire(blocking, timeout)
        if taken:
            held.append(self._rank)
        return taken

    def release(self) -> None:
        """As `threading.Lock.release`."""
        _held().remove(self._rank)
        self._lock.release()

    def locked(self) -> bool:
        """As `threading.Lock.locked`."""
        return self._lock.locked()

    def _is_owned(self) -> bool:  # what a Condition asks; without it, it would try to take the lock once more
        return self._rank in _held()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.release()


type RankedLock = threading.Lock | CheckedLock

_local: Final = threading.local()
_breaches: Final[list[str]] = []
_checking = False


def check_locks(on: bool) -> list[str]:
    """Make the locks from now on checked ones (or plain ones again); returns the list that breaches are noted in."""
    global _checking
    _checking = on
    return _breaches


def ranked_lock(rank: Rank) -> RankedLock:
    """A lock of this rank: a plain `threading.Lock` unless locks are being checked."""
    return CheckedLock(rank) if _checking else threading.Lock()


def about_to_call_out(what: str) -> None:
    """Said before anything that is not ours is called: no lock may be held."""
    if _checking and _held():
        _breaches.append(f"{what} is called while {', '.join(rank.name for rank in _held())} is held")


def _held() -> list[Rank]:
    held: list[Rank] | None = getattr(_local, "held", None)
    if held is None:
        held = _local.held = []
    return held
