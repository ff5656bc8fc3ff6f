"""Work for pools under test: gates that a test opens, and work that ends only when cancelled."""

from __future__ import annotations

import threading

from halscope.session import JobContext


class Gate:
    """Work waits here until the test opens the gate; the test can wait until work has arrived."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._opened = threading.Event()

    def pass_through(self, value: object = None) -> object:
        """Called by the work; ignores cancellation."""
        self._reached.release()
        assert self._opened.wait(30), "nobody opened the gate"
        return value

    def reached(self, timeout: float) -> None:
        """Wait until work has arrived."""
        assert self._reached.acquire(timeout=timeout), "nobody came to the gate"

    def open(self) -> None:
        """Let all work pass, now and later."""
        self._opened.set()


def until_cancelled(context: JobContext) -> None:
    """Work that ends as soon as it is cancelled."""
    while not context.token.wait(30):
        pass
    context.checkpoint()
