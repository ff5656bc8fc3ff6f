"""Ctrl-C while modules are being imported."""

from __future__ import annotations

import contextlib
import os
import signal

TYPE_CHECKING = False  # `typing` alone would cost more than all the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def interrupts_end_at_once() -> Iterator[None]:
    """Until the block ends, Ctrl-C ends the process, with exit code 130.

    A KeyboardInterrupt would come out of an import as whatever the module makes of it: numpy's makes an ImportError.
    Does nothing where Ctrl-C has another meaning already, and outside of the main thread, where signals never arrive.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    try:
        signal.signal(signal.SIGINT, _end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    os.write(2, b"halscope: interrupted\n")
    os._exit(130)
