"""Cells and bells: values that change as a whole, and waiting for one that did. Both work inside signal handlers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Final, final

from halscope.session._locks import Rank, about_to_take

LOOK_EVERY: Final = 0.05
"""Seconds after which a waiting thread looks for itself, should an interrupt have kept somebody from ringing."""


@final
class Cell[T]:
    """A value that any thread changes as a whole: an interrupt at any line comes before a change or after it.

    Args:
        value: The first value; values are immutable.
        rank: Of its lock.
    """

    __slots__ = ("_lock", "_rank", "value")

    def __init__(self, value: T, rank: Rank) -> None:
        self._lock = threading.RLock()
        self._rank = rank
        self.value = value

    def change(self, step: Callable[[T], T]) -> tuple[T, T]:
        """Replace the value by `step(value)`; returns the old value and the new one.

        `step` is a pure function and may be called again, where another thread or a signal handler was faster.
        """
        while True:
            old = self.value
            new = step(old)
            about_to_take(self._lock, self._rank)
            # On this line nothing is called while the lock is held, so neither a signal handler nor an exception comes:
            # Python looks for signals at calls and loops, and a trace function is called where a line begins.
            with self._lock: self.value, done = (new, True) if self.value is old else (self.value, False)  # fmt: skip  # noqa: E701
            if done:
                return old, new

    def renew(self) -> None:
        """Forget who holds the lock: the process was forked, and no other thread is left."""
        self._lock = threading.RLock()


@final
class Sleeper:
    """One thread that sleeps until it is woken, also by a signal handler that interrupts it.

    An Event or a Condition will not do: a handler that sets one waits for the lock that the interrupted wait holds.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def sleep(self, timeout: float) -> bool:
        """Sleep; returns whether it was woken."""
        return self._lock.acquire(timeout=timeout)

    def wake(self) -> None:
        """Wake it, or let its next sleep be none."""
        with contextlib.suppress(RuntimeError):  # it was woken already, and has not slept since
            self._lock.release()


@final
class Bell:
    """Wakes whoever waits for a change. `ring` takes no lock: it may be called in signal handlers and finalizers."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[object, Callable[[], object]] = {}

    def ring_one(self) -> None:
        """Wake one of those who wait, the one that has waited longest."""
        for key in list(self._waiting):
            wake = self._waiting.pop(key, None)
            if wake is not None:
                wake()
                return

    def ring(self) -> None:
        """Wake everybody who waits."""
        for key in list(self._waiting):
            wake = self._waiting.pop(key, None)
            if wake is not None:
                wake()

    def listen(self, key: object, wake: Callable[[], object]) -> None:
        """Have `wake` called at the next ring, once."""
        self._waiting[key] = wake

    def leave(self, key: object) -> None:
        """Have it called no more."""
        self._waiting.pop(key, None)

    def wait(self, happened: Callable[[], object], timeout: float, look_every: float = LOOK_EVERY) -> bool:
        """Wait until `happened()` is true, at most `timeout` seconds; returns whether it is."""
        if happened():
            return True
        until = time.monotonic() + min(timeout, threading.TIMEOUT_MAX / 2)
        sleeper = Sleeper()
        try:
            while True:
                self._waiting[sleeper] = sleeper.wake
                if happened():
                    return True
                left = until - time.monotonic()
                if left <= 0:
                    return False
                sleeper.sleep(min(left, look_every))
        finally:
            self._waiting.pop(sleeper, None)
