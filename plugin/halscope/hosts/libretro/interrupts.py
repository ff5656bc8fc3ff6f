"""Deferring Ctrl-C and SIGTERM while a core runs: an exception cannot pass through it, so ctypes would swallow it."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Final, final

_DEFERRED: Final = (signal.SIGINT, signal.SIGTERM)


@final
class HeldBack:
    """Defers, from now on, the signals that have a handler in Python. Does nothing outside the main thread.

    A class, not a context manager of a generator: it is used twice a frame.
    """

    __slots__ = ("_handlers", "_kept")

    def __init__(self) -> None:
        self._handlers: dict[signal.Signals, Any] = {}
        self._kept: dict[int, FrameType | None] = {}
        if threading.current_thread() is threading.main_thread():
            for deferred in _DEFERRED:
                if callable(handler := signal.getsignal(deferred)):
                    self._handlers[deferred] = handler
            for deferred in self._handlers:
                signal.signal(deferred, self._kept.setdefault)

    def restore(self) -> None:
        """Defer no longer."""
        for deferred, handler in self._handlers.items():
            signal.signal(deferred, handler)

    def call(self) -> None:
        """Call the handlers of the signals that came meanwhile."""
        for number, frame in self._kept.items():
            self._handlers[signal.Signals(number)](number, frame)
