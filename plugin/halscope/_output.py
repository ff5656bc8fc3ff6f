"""Standard output belongs to the command: what third-party code prints goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


class _Calls(threading.local):
    """The third-party code that each thread runs."""

    def __init__(self) -> None:
        # Entered and left in C, where no signal can interrupt: it never stays held by accident.
        self.inside = threading.RLock()
        self.ours = False  # whether Halscope has started the thread


_calls = _Calls()


def third_party_code() -> threading.RLock:
    """Mark what the calling thread does inside `with third_party_code():` as third-party code, for `command_output`."""
    return _calls.inside


def is_our_thread() -> None:
    """Mark the calling thread as one of a session: its callbacks are the command's, but for `third_party_code`."""
    _calls.ours = True


@contextlib.contextmanager
def command_output(*, restore: bool = True) -> Iterator[None]:
    """Within the block, only the command itself prints to standard output.

    The command is the calling thread and those of its sessions, except inside `third_party_code`. Whatever other code
    and other threads print there goes to standard error, so that it cannot spoil the command's JSON. So does what
    native code and child processes write to file descriptor 1. Flush standard output before the end of the block, where
    an error can still be reported.

    Args:
        restore: Whether file descriptor 1 is standard output again after the block. A process that ends with the
            command leaves it, as libraries may write there until the very end.
    """
    real = sys.stdout
    with _own_descriptor(real, restore=restore) as own:
        sys.stdout = _CommandOutput(own)
        try:
            yield
        finally:
            sys.stdout = real


@contextlib.contextmanager
def _own_descriptor(real: TextIO, *, restore: bool) -> Iterator[TextIO]:
    """Yield a stream like `real` on a descriptor that nobody else knows; within the block, 1 is standard error."""
    kept = _duplicate(real)
    if kept is None:
        yield real
        return
    own = os.fdopen(
        kept,
        "w",
        # Without a buffer (python -u) each line is written at once; a terminal has lines anyway.
        buffering=1 if real.line_buffering or getattr(real, "write_through", False) else -1,
        encoding=real.encoding,
        errors=real.errors,
    )
    try:
        yield own
    finally:
        if restore:
            os.dup2(kept, 1)
        with contextlib.suppress(OSError):  # what could not be written: whoever flushed the stream knows
            own.close()


def _duplicate(real: TextIO) -> int | None:
    """Make file descriptor 1 that of standard error, and return another one for what it was; `None` if standard output
    is not on descriptor 1, as in a test that captures it."""
    try:
        if real.fileno() != 1:
            return None
        real.flush()
        kept = os.dup(1)
    except (AttributeError, OSError, ValueError):  # no file, a closed one, or a full disk: `flush_output` reports it
        return None
    try:
        os.dup2(2, 1)
    except OSError:  # no standard error
        os.close(kept)
        return None
    return kept


def own_output() -> TextIO:
    """Return standard output for what the command itself prints, on any thread."""
    stream = sys.stdout
    return stream.real if isinstance(stream, _CommandOutput) else stream


class _CommandOutput:
    """Stands for standard output. Attributes are those of the stream that it writes to."""

    def __init__(self, real: TextIO) -> None:
        self.real = real
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream(), name)

    def _stream(self) -> TextIO:
        inside: bool = _calls.inside._is_owned()  # type: ignore[attr-defined]  # Condition uses it too
        ours = threading.get_ident() == self._thread or _calls.ours
        return self.real if ours and not inside else sys.stderr
