"""Describing what third-party code raises and returns, without trusting its own `__str__` or `__repr__`."""

from __future__ import annotations

import traceback
from typing import Final

from halscope_hooks import Frame, Snapshot

_LONGEST: Final = 200
_PLAIN: Final = (str, int, float, bool, type(None))


def describe_error(error: BaseException) -> str:
    """The type and text of an error on one printable line, even if its own `__str__` fails."""
    text = "".join(traceback.format_exception_only(type(error), error))
    if isinstance(error, SyntaxError):  # the other lines quote the source code
        text = text.splitlines()[-1]
    line = " ".join(text.encode("utf-8", "backslashreplace").decode("utf-8").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def in_short(value: object) -> str:
    """A short description of a value; arrays and frames are not written out."""
    if isinstance(value, Frame):
        return f"<Frame {value.snapshot.frame}>"
    if isinstance(value, Snapshot):
        return f"<Snapshot {value.frame}>"
    if type(value) in _PLAIN:
        text = ascii(value)
        return text if len(text) <= 80 else f"{text[:77]}..."
    if type(value) in (tuple, list):
        return f"<{len(value)} items>"  # type: ignore[arg-type]  # mypy does not follow the tuple of types
    return f"<{describe_error(value) if isinstance(value, BaseException) else type(value).__name__}>"
