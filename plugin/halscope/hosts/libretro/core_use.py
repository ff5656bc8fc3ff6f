"""Exclusive use of a core: one thread at a time calls it, and none while it is unloaded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, final

from halscope_hooks import HostError

import halscope._codec as _codec
from halscope.hosts.libretro.interrupts import HeldBack

BUSY_WAIT: Final = 5.0  # seconds that a call waits for another thread's call; a frame takes milliseconds
END_WAIT: Final = 2.0  # seconds that `end` waits for the thread inside the core, also at interpreter exit
_logger = logging.getLogger("halscope.hosts.libretro")


class CoreUse:
    """Admits one thread at a time into a core, and unloads the core once no thread is inside.

    Unloading a core while another thread runs it crashes the process. So does a thread that returns from the core after
    the interpreter has finalized, so the machine's finalizer also waits here for that thread at exit.

    Args:
        path: The core's shared library, for messages.
        unload: Unloads the core; called once.
        callbacks: What the core calls while a thread is inside.
        interrupts: Whether this process handles signals in Python. In one that does not, none has to be deferred.
    """

    def __init__(
        self, path: Path, unload: Callable[[], None], callbacks: _codec.CoreCallbacks, *, interrupts: bool = True
    ) -> None:
        self._path = path
        self._callbacks = callbacks
        self._interrupts = interrupts
        self._unload = unload
        self._lock = threading.Lock()
        self._inside: int | None = None  # id of the thread inside the core
        self._ending = False

    @property
    def ended(self) -> bool:
        """Whether `end` was called: no further calls are admitted."""
        return self._ending

    def calling(self, what: str) -> AbstractContextManager[None]:
        """Hold the core for a call. Ctrl-C is deferred until the call returns; errors of libretro.py become HostErrors.

        Args:
            what: What the core failed at, for the message ("failed while it ran").

        Raises:
            HostError: The core was unloaded, another thread is inside, or the call failed.
        """
        return _Call(self, what, self._interrupts)

    def enter(self) -> None:
        """Hold the core for this thread. Raises HostError."""
        if self._inside == threading.get_ident():
            raise HostError(f"{self._path}: a callback of the core cannot call the core")
        if not self._lock.acquire(timeout=BUSY_WAIT):
            raise HostError(f"{self._path}: another thread is inside the core; one thread calls a host")
        self._inside = threading.get_ident()
        self._callbacks.enter()
        if self._ending:
            self.leave()
            raise HostError(f"{self._path}: the host is closed; attach a new one")

    def leave(self) -> None:
        """Let go of the core, and unload it if it was ended meanwhile."""
        self._callbacks.leave()
        _log_output()
        self._inside = None
        self._lock.release()
        if self._ending:  # `end` was called meanwhile, by a signal handler on this thread or by another thread
            self.end()

    def failed(self, what: str, error: Exception) -> HostError:
        """Return the error that says what the core failed at."""
        return HostError(f"{self._path}: the core {what}: {error}")

    def end(self) -> None:
        """Admit no further calls and unload the core: now, or when the thread inside returns. Idempotent.

        Waits at most `END_WAIT` seconds for another thread. A core that does not return is left loaded.
        """
        self._ending = True
        if self._inside == threading.get_ident() or not self._lock.acquire(timeout=END_WAIT):
            return
        try:
            unload, self._unload = self._unload, _nothing
            self._callbacks.enter()
            unload()
        finally:
            self._callbacks.leave()
            self._lock.release()
            _log_output()


@final
class _Call:
    """What `CoreUse.calling` returns. A class, not a generator: it is used twice a frame."""

    __slots__ = ("_held", "_interrupts", "_use", "_what")

    def __init__(self, use: CoreUse, what: str, interrupts: bool) -> None:
        self._use, self._what, self._interrupts = use, what, interrupts
        self._held: HeldBack | None = None

    def __enter__(self) -> None:
        self._use.enter()
        try:
            if self._interrupts:
                self._held = HeldBack()
        except BaseException:
            self._use.leave()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._held is not None:
                self._held.restore()
                if error is None:
                    self._held.call()
        finally:
            self._use.leave()
        if isinstance(error, Exception) and not isinstance(error, HostError):
            raise self._use.failed(self._what, error) from error


def _log_output() -> None:
    """Log what cores have printed: it must not reach the output of this process."""
    printed = _codec.take_library_output()
    if printed:
        _logger.debug("the core prints: %s", printed.decode(errors="replace").rstrip())


def _nothing() -> None:
    pass
