"""Who is inside a core: one thread at a time, and none when it is let go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from halscope_hooks import HostError

from halscope.hosts.libretro.interrupts import held_back

BUSY_WAIT: Final = 5.0  # seconds that a call waits for another thread's; a frame takes milliseconds
END_WAIT: Final = 2.0  # seconds that the end waits for the thread that is inside, at the interpreter's exit too


class CoreUse:
    """Lets one thread at a time into a core, and lets the core go when nobody is inside.

    A core that is unloaded while another thread runs it takes the process with it. So does one whose thread comes back
    from it when the interpreter has ended: at exit the finalizer of the machine waits here for that thread, too.

    Args:
        path: The core's shared library, for messages.
        unload: Lets the core go; called once.
    """

    def __init__(self, path: Path, unload: Callable[[], None]) -> None:
        self._path = path
        self._unload = unload
        self._lock = threading.Lock()
        self._inside: int | None = None  # the thread that is inside
        self._ending = False

    @property
    def ended(self) -> bool:
        """Whether nobody may come in any more."""
        return self._ending

    @contextmanager
    def calling(self, what: str) -> Iterator[None]:
        """Be inside the core: Ctrl-C waits until it returns, and what libretro.py raises becomes one clear line.

        Args:
            what: What the core failed at, for the message ("failed while it ran").

        Raises:
            HostError: The core was let go, another thread is inside, or the call failed.
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
            self._inside = None
            self._lock.release()
            if self._ending:  # the end was asked for meanwhile, by this thread's signal handler or by another one
                self.end()

    def end(self) -> None:
        """Let nobody in any more, and let the core go: now, or when the thread that is inside comes out. Idempotent.

        Waits for another thread for `END_WAIT` seconds at most. A core that does not return is left loaded.
        """
        self._ending = True
        if self._inside == threading.get_ident() or not self._lock.acquire(timeout=END_WAIT):
            return
        try:
            unload, self._unload = self._unload, _nothing
            unload()
        finally:
            self._lock.release()


def _nothing() -> None:
    pass
