"""Standard output belongs to the command: what third-party code prints goes to standard error."""

from __future__ import annotations

import contextlib
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
def command_output() -> Iterator[None]:
    """Within the block, only the command itself prints to standard output.

    The command is the calling thread and those of its sessions, except inside `third_party_code`. Whatever other code
    and other threads print there goes to standard error, so that it cannot spoil the command's JSON.
    """
    real = sys.stdout
    sys.stdout = _CommandOutput(real)
    try:
        yield
    finally:
        sys.stdout = real


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
