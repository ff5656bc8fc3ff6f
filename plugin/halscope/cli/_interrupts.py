"""Handling of Ctrl-C during imports."""

from __future__ import annotations

import contextlib
import os
import signal

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def interrupts_end_at_once() -> Iterator[None]:
    """Within the block, Ctrl-C ends the process with exit code 130.

    Modules may turn a KeyboardInterrupt during their import into another error; numpy turns it into an ImportError.
    Does nothing if Ctrl-C has another handler already, or outside the main thread, where signals never arrive.
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
