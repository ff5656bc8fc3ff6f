"""What a command prints: lines and JSON on standard output, notes on standard error. Neither fails on a character that
the stream's encoding lacks; standard output that cannot be written ends the command with the reason."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from halscope_hooks import HalscopeError

from halscope._output import own_output

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from typing import Any, TextIO


class OutputError(HalscopeError):
    """Standard output cannot be written: its reader has exited, or its disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"standard output cannot be written: {error.strerror or error}; files that the command wrote are complete"
        )
        self.reader_gone = isinstance(error, BrokenPipeError)


def prepare_streams() -> None:
    """Make the streams usable: a character that their encoding lacks is printed as `?`, and a closed one is replaced by
    the null device, so that no file that is opened later gets its number."""
    if sys.stdin is None:
        sys.stdin = _null(0, "r")
    if sys.stdout is None:
        sys.stdout = _null(1, "w")
    if sys.stderr is None:
        sys.stderr = _null(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(line: str, style: str = "") -> None:
    """Print a line on standard output, on a terminal in this rich style. Raises OutputError."""
    stream = own_output()
    try:
        if style and on_terminal(stream):
            from halscope.cli._terminal import print_styled

            print_styled(line, style)
        else:
            print(line, file=stream)
    except OSError as error:
        raise OutputError(error) from error


def note(line: str) -> None:
    """Print a line on standard error. If that cannot be written, there is nowhere left to report it."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Print a JSON document on one line of standard output. Raises OutputError."""
    import json

    say(json.dumps(value, separators=(", ", ": ")))


def flush_output() -> None:
    """Write what is still in the buffer of standard output. Raises OutputError."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error


def discard_output() -> None:
    """Send the rest of standard output to the null device: Python would report at exit that it cannot be written."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file, as in tests
        return
    _open_null(number, os.O_WRONLY)


def on_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream on a terminal."""
    return stream.isatty()


def _null(number: int, mode: str) -> TextIO:
    _open_null(number, os.O_RDONLY if mode == "r" else os.O_WRONLY)
    return os.fdopen(number, mode, closefd=False)  # type: ignore[return-value] # "r" and "w" are text modes


def _open_null(number: int, flags: int) -> None:
    """Make `number` a descriptor of the null device."""
    null = os.open(os.devnull, flags)
    if null != number:
        os.dup2(null, number)
        os.close(null)
