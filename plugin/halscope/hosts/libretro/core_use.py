"""Exclusive use of a core: one thread at a time calls it, and none while it is unloaded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from halscope_hooks import HostError

import halscope._codec as _codec
from halscope.hosts.libretro.interrupts import held_back

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
    """

    def __init__(self, path: Path, unload: Callable[[], None]) -> None:
        self._path = path
        self._unload = unload
        self._lock = threading.Lock()
        self._inside: int | None = None  # id of the thread inside the core
        self._ending = False

    @property
    def ended(self) -> bool:
        """Whether `end` was called: no further calls are admitted."""
        return self._ending

    @contextmanager
    def calling(self, what: str) -> Iterator[None]:
        """Hold the core for a call. Ctrl-C is deferred until the call returns; errors of libretro.py become HostErrors.

        Args:
            what: What the core failed at, for the message ("failed while it ran").

        Raises:
            HostError: The core was unloaded, another thread is inside, or the call failed.
        """
        if self._inside == threading.get_ident():
            raise HostError(f"{self._path}: a callback of the core cannot call the core")
        if not self._lock.acquire(timeout=BUSY_WAIT):
            raise HostError(f"{self._path}: another thread is inside the core; one thread calls a host")
        try:
            if self._ending:
                raise HostError(f"{self._path}: the host is closed; attach a new one")
            self._inside = threading.get_ident()
            with held_back():
                yield
        except HostError:
            raise
        except Exception as error:
            raise HostError(f"{self._path}: the core {what}: {error}") from error
        finally:
            _log_output()
            self._inside = None
            self._lock.release()
            if self._ending:  # `end` was called meanwhile, by a signal handler on this thread or by another thread
                self.end()

    def end(self) -> None:
        """Admit no further calls and unload the core: now, or when the thread inside returns. Idempotent.

        Waits at most `END_WAIT` seconds for another thread. A core that does not return is left loaded.
        """
        self._ending = True
        if self._inside == threading.get_ident() or not self._lock.acquire(timeout=END_WAIT):
            return
        try:
            unload, self._unload = self._unload, _nothing
            unload()
        finally:
            self._lock.release()
            _log_output()


def _log_output() -> None:
    """Log what cores have printed: it must not reach the output of this process."""
    printed = _codec.take_library_output()
    if printed:
        _logger.debug("the core prints: %s", printed.decode(errors="replace").rstrip())


def _nothing() -> None:
    pass
