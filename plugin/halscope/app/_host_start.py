"""A host that is opened on a thread of its own, while the rest of the program is imported and made ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self, final

from halscope_hooks import Host

from halscope._output import is_our_thread
from halscope._processes import block_ctrl_c

_LEAVE_SECONDS: Final = 2.0  # for a host that nobody wants any more; the core's process ends with this one anyway


@final
class HostStart:
    """Context manager: opens a host at once. A host that nobody has waited for is closed at the end of the block.

    Args:
        open_one: Opens it. Called on another thread.
    """

    def __init__(self, open_one: Callable[[], Host]) -> None:
        self._opened: Future[Host] = Future()
        self._lock = threading.Lock()
        self._taken = self._left = False
        self._thread = threading.Thread(target=self._open, args=(open_one,), name="halscope host", daemon=True)
        self._thread.start()

    def wait(self) -> Host:
        """Return the host, which is the caller's from now on. Raises what opening it raised."""
        host = self._opened.result()
        self._taken = True
        return host

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._taken:
            return
        with self._lock:
            self._left = True
        self._thread.join(_LEAVE_SECONDS)
        if self._opened.done() and self._opened.exception() is None:
            self._opened.result().close()

    def _open(self, open_one: Callable[[], Host]) -> None:
        is_our_thread()
        block_ctrl_c()  # it is the main thread's, which waits
        try:
            host = open_one()
        except BaseException as error:  # `wait` raises it
            self._opened.set_exception(error)
            return
        with self._lock:
            if not self._left:
                self._opened.set_result(host)
                return
        host.close()
