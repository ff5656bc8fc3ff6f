"""The mailbox between the emulator's thread and the one that decodes: the newest wins, and one at a time decodes."""

from __future__ import annotations

import threading
import time

from halscope.session._locks import Rank, ranked_lock


class Mailbox[T]:
    """One place for the newest item, and the right to work on it.

    `put` never waits for work: its lock is held for a few assignments, never while anything is done with an item. Who
    is told True by `put` or `poke` has the right to work, and must call `take` until it says `None`, which gives the
    right back in the same step: so no item is left lying, and no two work at a time.
    """

    def __init__(self) -> None:
        self._lock = ranked_lock(Rank.MAILBOX)
        self._free = threading.Condition(self._lock)  # type: ignore[arg-type]  # a CheckedLock has all that it uses
        self._item: T | None = None
        self._counts = False  # whether it is an item of `put`: only those are seen, replaced or waiting
        self._worker: int | None = None  # who has the right: a thread, or 0 while none has taken it up yet
        self._paused = False
        self._put = self._replaced = 0

    @property
    def seen(self) -> int:
        """How many items were put in."""
        return self._put

    @property
    def replaced(self) -> int:
        """How many were replaced by a newer one, or dropped, before anybody worked on them."""
        return self._replaced

    def __len__(self) -> int:
        return int(self._counts)

    def put(self, item: T) -> bool:
        """Leave the newest item; True where the caller must now see that somebody works on it."""
        with self._lock:
            self._put += 1
            self._replaced += self._counts
            self._item, self._counts = item, True
            return self._claim()

    def put_if_empty(self, item: T) -> bool:
        """As `put`, for an item that is no new one, gives way to any that waits or comes, and is not counted."""
        with self._lock:
            if self._item is not None:
                return False
            self._item = item
            return self._claim()

    def take(self) -> T | None:
        """The newest item; `None`, and the right to work is given back, where there is none or it is paused.

        Also `None` where another thread is at work: who was called for an item that was dropped meanwhile comes late.
        """
        with self._lock:
            if self._worker not in (None, 0, threading.get_ident()):
                return None
            if self._item is None or self._paused:
                self._worker = None
                self._free.notify_all()
                return None
            item, self._item, self._counts = self._item, None, False
            self._worker = threading.get_ident()
            return item

    def give_up(self, taken: int = 0) -> None:
        """Give the right to work back and drop what waits, and so many items that were taken and not worked on."""
        with self._lock:
            self._replaced += taken + self._counts
            self._item, self._counts, self._worker = None, False, None
            self._free.notify_all()

    def unclaim(self) -> None:
        """Nobody took up the right to work that was given, and nobody will; what waits is dropped."""
        with self._lock:
            if self._worker == 0:
                self._replaced += self._counts
                self._item, self._counts, self._worker = None, False, None
                self._free.notify_all()

    def supersede(self) -> None:
        """Drop what waits, as if a newer item had been put in: the caller is about to work on one."""
        with self._lock:
            self._replaced += self._counts
            if self._counts:
                self._item, self._counts = None, False

    def acquire(self, timeout: float) -> bool:
        """Take the right to work for something that does not go through the box; False if it was not to be had.

        Raises:
            RuntimeError: The caller's own thread has it.
        """
        until = time.monotonic() + timeout
        with self._lock:
            while self._worker is not None:
                if self._worker == threading.get_ident():
                    raise RuntimeError("this thread is at work on an item already")
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._free.wait(left)
            self._worker = threading.get_ident()
            return True

    def release(self) -> bool:
        """Give the right from `acquire` back; True where an item came in meanwhile and the caller must see to it."""
        with self._lock:
            self._worker = None
            self._free.notify_all()
            return self._item is not None and self._claim()

    def pause(self) -> None:
        """From the next `take` on there is nothing, until `resume`; what comes in is kept, the newest of it."""
        with self._lock:
            self._paused = True

    def resume(self) -> bool:
        """End a pause; True where the caller must see that somebody works on what came in."""
        with self._lock:
            self._paused = False
            return self._item is not None and self._claim()

    def mine(self) -> bool:
        """Whether the caller's thread has the right to work."""
        return self._worker == threading.get_ident()

    def _claim(self) -> bool:
        if self._worker is not None or self._paused:
            return False
        self._worker = 0
        return True
