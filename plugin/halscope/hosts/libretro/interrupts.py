"""Deferring Ctrl-C and SIGTERM while a core runs: an exception cannot pass through it, so ctypes would swallow it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_back() -> Iterator[None]:
    """Defer the signals that have a handler in Python until the block ends, then call it. Does nothing outside the main
    thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {}
    for deferred in (signal.SIGINT, signal.SIGTERM):
        if callable(handler := signal.getsignal(deferred)):
            handlers[deferred] = handler
    kept: dict[int, FrameType | None] = {}
    for deferred in handlers:
        signal.signal(deferred, kept.setdefault)
    try:
        yield
    finally:
        for deferred, handler in handlers.items():
            signal.signal(deferred, handler)
    for number, frame in kept.items():
        handlers[signal.Signals(number)](number, frame)
