"""Cancel tokens: asking work to stop, once, with a reason that reaches Python loops, C++ loops and child tokens.

A token takes no lock. Every step is one operation that CPython makes atomic, on free-threaded builds too
(`dict.setdefault`, `dict.popitem`, storing one item), so a token may be cancelled from anywhere: a signal handler, a
finalizer that interrupts any other line of Python, a C extension's callback.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Final, final

from halscope_hooks import CancelledError

from halscope import _codec

_LOG: Final = logging.getLogger("halscope.session")


@final
class CancelToken:
    """A sticky wish that some work stops.

    Args:
        parent: Its cancel reaches this token, at once when it was cancelled before. A parent holds its children weakly.
    """

    __slots__ = ("__weakref__", "_detach", "_listeners", "_native", "_parent", "_reason")

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._reason: dict[None, list[str]] = {}
        self._listeners: dict[object, Callable[[], object]] = {}
        self._native = _codec.CancelToken()
        self._parent = parent
        self._detach: Callable[[], object] | None = None
        if parent is not None:
            self._detach = parent._adopt(self)

    @property
    def cancelled(self) -> bool:
        """Whether somebody has cancelled it; it stays so."""
        return bool(self._reason)

    @property
    def reason(self) -> str | None:
        """Why it was cancelled; the first cancel's word stands. None before."""
        said = self._reason.get(None)
        return None if said is None else said[0]

    @property
    def native(self) -> _codec.CancelToken:
        """What C++ loops look at; it is raised together with this token."""
        return self._native

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask the work to stop. Any thread, any number of times, also inside signal handlers and finalizers.

        Returns:
            Whether it was this call that cancelled; only then is `reason` kept.
        """
        first = self.mark(reason)
        self.tell()  # always: an exception (Ctrl-C) may have cut the first call short
        return first

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError with the reason if it was cancelled."""
        reason = self.reason
        if reason is not None:
            raise CancelledError(reason)

    def add_callback(self, callback: Callable[[], object]) -> Callable[[], object]:
        """Call `callback` once when it is cancelled, on the thread that cancels; at once if it is cancelled already.

        Returns:
            Takes the callback back; without effect once it was called.
        """
        key = object()
        self._listeners[key] = callback
        if self.cancelled:
            self.tell()
        return lambda: self._listeners.pop(key, None)

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a cancel; a pause between two looks at something. Returns `cancelled`."""
        event = threading.Event()
        take_back = self.add_callback(event.set)
        try:
            return event.wait(max(0.0, min(timeout, threading.TIMEOUT_MAX)))
        finally:
            take_back()

    def mark(self, reason: str) -> bool:
        """The first half of `cancel`: note the reason and raise the native token, but tell nobody yet."""
        mine = [reason]
        first = self._reason.setdefault(None, mine) is mine
        if first:
            self._native.cancel()
        return first

    def tell(self) -> None:
        """The second half of `cancel`: call every callback that was not called yet. One that raises is logged."""
        while True:
            try:
                _key, listener = self._listeners.popitem()
            except KeyError:
                return
            try:
                listener()
            except Exception:
                _LOG.exception("a callback of a cancel token failed: %r", listener)

    def leave_parent(self) -> None:
        """Hear the parent no more: the work is over."""
        if self._detach is not None:
            self._detach()

    def _adopt(self, child: CancelToken) -> Callable[[], object]:
        key, listeners = object(), self._listeners
        reference = weakref.ref(child, lambda _gone: listeners.pop(key, None))

        def pass_on() -> None:
            alive = reference()
            if alive is not None:
                alive.cancel(self.reason or "cancelled")

        listeners[key] = pass_on
        if self.cancelled:
            self.tell()
        return lambda: listeners.pop(key, None)

    def __repr__(self) -> str:
        return f"<CancelToken {'open' if self.reason is None else f'cancelled: {self.reason}'}>"
