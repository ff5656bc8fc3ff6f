"""Cancel tokens: asking work to stop, once, with a reason that reaches Python loops, C++ loops and child tokens.

A token takes no lock. Every step is one operation that CPython makes atomic, on free-threaded builds too
(`dict.setdefault`, `dict.popitem`, storing one item), so a token may be cancelled from anywhere: a signal handler, a
finalizer that interrupts any other line of Python, a C extension's callback.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from operator import call, itemgetter
from typing import Final, final

from halscope_hooks import CancelledError

import halscope._codec as _codec
from halscope.session._cells import Bell

_LOG: Final = logging.getLogger("halscope.session")
_SECOND: Final[itemgetter[int]] = itemgetter(1)


@final
class CancelToken:
    """A request, never withdrawn, that some work stops.

    Args:
        parent: Cancelling it cancels this token too, at once if it was cancelled before. A parent holds its children
            weakly.
    """

    __slots__ = ("__weakref__", "_bell", "_children", "_listeners", "_native", "_parent", "_reason")

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._reason: dict[None, list[str]] = {}
        self._bell = Bell()
        self._listeners: dict[object, Callable[[], object]] = {}
        self._children: dict[int, weakref.ref[CancelToken]] = {}
        self._native = _codec.CancelToken()
        self._parent = parent
        if parent is not None:
            parent._adopt(self)

    @property
    def cancelled(self) -> bool:
        """Whether somebody has cancelled it; it stays so."""
        return bool(self._reason)

    @property
    def reason(self) -> str | None:
        """Why it was cancelled, as the first cancel said. None before."""
        told = self._reason.get(None)
        return None if told is None else told[0]

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
        return self._bell.wait(lambda: self.cancelled, timeout)

    def mark(self, reason: str) -> bool:
        """The first half of `cancel`: keep the reason, raise the native token, wake whoever waits for it, and mark the
        children, but call no callback yet. It calls nothing foreign and never waits."""
        mine = [reason]
        first = self._reason.setdefault(None, mine) is mine
        self._native.cancel()
        self._bell.ring()
        for child in self._alive():
            child.mark(self.reason or reason)
        return first

    def tell(self) -> None:
        """The second half of `cancel`: call every callback that was not called yet, those of children too. One that
        raises is logged."""
        # Taking a callback out and calling it is one step in C: an interrupt leaves it in place, or has it called.
        calls = map(call, map(_SECOND, iter(self._listeners.popitem, None)))
        while self._listeners:
            try:
                next(calls)
            except Exception as error:
                trace = error.__traceback__
                if isinstance(error, KeyError) and (trace is None or trace.tb_next is None):
                    break  # of `popitem`: another thread has called the last one
                _LOG.exception("a callback of a cancel token failed")
        for child in self._alive():
            child.tell()

    @property
    def heard(self) -> bool:
        """Whether `tell` has anybody to call."""
        return bool(self._listeners) or any(child.heard for child in self._alive())

    def leave_parent(self) -> None:
        """Hear the parent no more: the work is over."""
        if self._parent is not None:
            self._parent._children.pop(id(self), None)

    def _adopt(self, child: CancelToken) -> None:
        key, children = id(child), self._children
        children[key] = weakref.ref(child, lambda _gone: children.pop(key, None))
        if self.cancelled:
            child.cancel(self.reason or "cancelled")

    def _alive(self) -> list[CancelToken]:
        return [child for reference in list(self._children.values()) if (child := reference()) is not None]

    def __repr__(self) -> str:
        return f"<CancelToken {'open' if self.reason is None else f'cancelled: {self.reason}'}>"
