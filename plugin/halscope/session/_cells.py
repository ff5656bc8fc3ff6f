"""Cells and bells: values that change atomically, and waiting for a change. Both are safe in signal handlers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Final, final

from halscope.session._locks import Rank, about_to_take

LOOK_EVERY: Final = 0.05
"""Seconds between the checks of a waiting thread, in case an interrupt has prevented a ring."""


@final
class Cell[T]:
    """A value that any thread may replace atomically: an interrupt comes either before or after a change.

    Args:
        value: The initial value; values are immutable.
        rank: Rank of the lock.
    """

    __slots__ = ("_lock", "_rank", "value")

    def __init__(self, value: T, rank: Rank) -> None:
        self._lock = threading.RLock()
        self._rank = rank
        self.value = value

    def change(self, step: Callable[[T], T]) -> tuple[T, T]:
        """Replace the value by `step(value)`; return the old and the new value.

        `step` must be pure: it is called again if another thread or a signal handler changed the value meanwhile.
        """
        while True:
            old = self.value
            new = step(old)
            about_to_take(self._lock, self._rank)
            # This line calls nothing while it holds the lock, so no signal handler or exception can interrupt it:
            # Python checks for signals at calls and loops, and calls a trace function at the start of a line.
            with self._lock: self.value, done = (new, True) if self.value is old else (self.value, False)  # fmt: skip  # noqa: E701
            if done:
                return old, new

    def renew(self) -> None:
        """Replace the lock after a fork: its holder does not exist in the child."""
        self._lock = threading.RLock()


@final
class Sleeper:
    """Lets one thread sleep until it is woken, also by a signal handler that interrupts it.

    An Event or a Condition would deadlock: a handler that sets one waits for the lock that the interrupted wait holds.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def sleep(self, timeout: float) -> bool:
        """Sleep for at most `timeout` seconds; return whether it was woken."""
        return self._lock.acquire(timeout=timeout)

    def wake(self) -> None:
        """Wake it, or make its next sleep return at once."""
        with contextlib.suppress(RuntimeError):  # already woken, and not asleep since
            self._lock.release()


@final
class Bell:
    """Wakes the threads that wait for a change. `ring` takes no lock, so signal handlers and finalizers may call it."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[object, Callable[[], object]] = {}

    def ring_one(self) -> None:
        """Wake the one waiter that has waited longest."""
        for key in list(self._waiting):
            wake = self._waiting.pop(key, None)
            if wake is not None:
                wake()
                return

    def ring(self) -> None:
        """Wake all waiters."""
        for key in list(self._waiting):
            wake = self._waiting.pop(key, None)
            if wake is not None:
                wake()

    def listen(self, key: object, wake: Callable[[], object]) -> None:
        """Call `wake` once, at the next ring."""
        self._waiting[key] = wake

    def leave(self, key: object) -> None:
        """Remove the listener with this key."""
        self._waiting.pop(key, None)

    def wait(self, happened: Callable[[], object], timeout: float, look_every: float = LOOK_EVERY) -> bool:
        """Wait at most `timeout` seconds until `happened()` is true; return whether it is."""
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
