"""Work for pools under test: gates that a test opens, and work that only a cancel ends."""

from __future__ import annotations

import threading

from halscope.session import JobContext


class Gate:
    """Work waits here until the test opens it, and the test sees that work has come."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._opened = threading.Event()

    def pass_through(self, value: object = None) -> object:
        """What work calls; it ignores every cancel."""
        self._reached.release()
        assert self._opened.wait(30), "nobody opened the gate"
        return value

    def reached(self, timeout: float) -> None:
        """Wait until work has come."""
        assert self._reached.acquire(timeout=timeout), "nobody came to the gate"

    def open(self) -> None:
        """Let all pass, now and later."""
        self._opened.set()


def until_cancelled(context: JobContext) -> None:
    """Work that ends when it is cancelled, at once."""
    while not context.token.wait(30):
        pass
    context.checkpoint()
