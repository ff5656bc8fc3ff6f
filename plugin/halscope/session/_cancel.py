"""Cancel tokens: a request to stop, with a reason, that reaches Python loops, C++ loops and child tokens.

A token takes no lock. Every step is one operation that CPython makes atomic, also on free-threaded builds
(`dict.setdefault`, `dict.popitem`, storing one item), so a token may be cancelled from anywhere: a signal handler, a
finalizer that interrupts any other line of Python, a C extension's callback.
"""

from __future__ import annotations

import logging
import traceback
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
    """A request, never withdrawn, to stop some work.

    Args:
        parent: Cancelling the parent cancels this token, at once if the parent is cancelled already. A parent holds its
            children weakly.
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
        """Whether the token was cancelled. Never becomes False again."""
        return bool(self._reason)

    @property
    def reason(self) -> str | None:
        """The reason given by the first cancel; `None` before."""
        told = self._reason.get(None)
        return None if told is None else told[0]

    @property
    def native(self) -> _codec.CancelToken:
        """The token that C++ loops check; it is cancelled together with this one."""
        return self._native

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask the work to stop. May be called by any thread, repeatedly, and in signal handlers and finalizers.

        Returns:
            Whether this call was the first; only then is `reason` kept.
        """
        first = self.mark(reason)
        self.tell()  # in every call: an exception (Ctrl-C) may have interrupted the first one
        return first

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError with the reason if the token was cancelled."""
        reason = self.reason
        if reason is not None:
            raise CancelledError(reason)

    def add_callback(self, callback: Callable[[], object]) -> Callable[[], object]:
        """Call `callback` once on cancellation, on the cancelling thread; at once if the token is cancelled already.

        Returns:
            A function that removes the callback; it has no effect once the callback was called.
        """
        key = object()
        self._listeners[key] = callback
        if self.cancelled:
            self.tell()
        return lambda: self._listeners.pop(key, None)

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a cancel, as a pause in a polling loop. Returns `cancelled`."""
        return self._bell.wait(lambda: self.cancelled, timeout)

    def mark(self, reason: str) -> bool:
        """First half of `cancel`: keep the reason, cancel the native token, wake waiters and mark the children, without
        calling callbacks. Runs no third-party code and never waits."""
        mine = [reason]
        first = self._reason.setdefault(None, mine) is mine
        self._native.cancel()
        self._bell.ring()
        for child in self._alive():
            child.mark(self.reason or reason)
        return first

    def tell(self) -> None:
        """Second half of `cancel`: call every callback not called yet, including those of children. Errors of callbacks
        are logged."""
        # Removing and calling a callback is one step in C: an interrupt comes before both or after both.
        calls = map(call, map(_SECOND, iter(self._listeners.popitem, None)))
        while self._listeners:
            try:
                next(calls)
            except Exception as error:
                trace = error.__traceback__
                if isinstance(error, KeyError) and (trace is None or trace.tb_next is None):
                    break  # raised by `popitem`: another thread has called the last one
                # As text: a record that kept the error would keep the frames of whoever cancels.
                _LOG.error("a callback of a cancel token failed\n%s", traceback.format_exc().rstrip())
        for child in self._alive():
            child.tell()

    @property
    def heard(self) -> bool:
        """Whether `tell` has a callback to call."""
        return bool(self._listeners) or any(child.heard for child in self._alive())

    def leave_parent(self) -> None:
        """Detach from the parent: the work is over."""
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
