"""Handling of Ctrl-C and SIGTERM: at once during imports, as a KeyboardInterrupt while a command runs."""

from __future__ import annotations

import contextlib
import os
import signal

from halscope_hooks import HalscopeError

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator


_raised = 0
"""How many interrupts these handlers have raised."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived while a command ran. It ends the command as Ctrl-C does: edits are written, recordings closed."""


@contextlib.contextmanager
def interrupts_end_at_once() -> Iterator[None]:
    """Within the block, Ctrl-C and SIGTERM end the process with exit code 128 + the signal's number.

    Modules may turn a KeyboardInterrupt during their import into another error; numpy turns it into an ImportError.
    """
    with (
        _handled(signal.SIGINT, (signal.default_int_handler, signal.SIG_DFL), _end),
        _handled(signal.SIGTERM, (signal.SIG_DFL,), _end),
    ):
        yield


@contextlib.contextmanager
def interrupts_raise() -> Iterator[None]:
    """Within the block, Ctrl-C raises KeyboardInterrupt, and SIGTERM raises `Terminated`."""
    with (
        _handled(signal.SIGINT, (signal.SIG_DFL, signal.default_int_handler), _interrupt),
        _handled(signal.SIGTERM, (signal.SIG_DFL,), _terminate),
    ):
        yield


@contextlib.contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """End the block quietly at Ctrl-C and SIGTERM, within `interrupts_raise`."""
    seen = _raised
    try:
        yield
    except KeyboardInterrupt:
        pass
    except Exception as error:
        if not replaces_interrupt(error, since=seen):
            raise


def replaces_interrupt(error: Exception, *, since: int = 0) -> bool:
    """Whether an error came in place of an interrupt, of which its chain shows nothing any more.

    Libraries in C may do that: numpy compares structured arrays in Python, and calls every error of it a TypeError.

    Args:
        error: The error. One of Halscope's own is never such a one.
        since: The interrupts raised earlier, which do not count.
    """
    if _raised == since or isinstance(error, HalscopeError):
        return False
    link: BaseException | None = error
    while link is not None and not isinstance(link, KeyboardInterrupt):
        link = link.__cause__ or link.__context__
    return link is None


@contextlib.contextmanager
def _handled(number: signal.Signals, usual: tuple[object, ...], handler: signal._HANDLER) -> Iterator[None]:
    """Handle a signal within the block. Does nothing if the caller of the command handles it already (or ignores it),
    or outside the main thread, where signals never arrive."""
    before = signal.getsignal(number)
    if before not in usual:
        yield
        return
    try:
        signal.signal(number, handler)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


def _end(number: int, _frame: object) -> None:
    os.write(2, b"halscope: interrupted\n" if number == signal.SIGINT else b"halscope: terminated\n")
    os._exit(128 + number)


def _interrupt(_number: int, _frame: object) -> None:
    global _raised
    _raised += 1
    raise KeyboardInterrupt


def _terminate(_number: int, _frame: object) -> None:
    global _raised
    _raised += 1
    raise Terminated
