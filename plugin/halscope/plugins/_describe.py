"""Describing what third-party code raises and returns, without trusting its own `__str__` or `__repr__`."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Final

from halscope_hooks import Frame, Snapshot

from halscope.plugins._third_party import ExitError

_LONGEST: Final = 200
_IMPORTERS: Final = (str(Path(__file__).parent), str(Path(importlib.__file__).parent))
"""Folders of the code that imports plugins."""
_PLAIN: Final = (str, int, float, bool, type(None))


def describe_error(error: BaseException) -> str:
    """The type and text of an error on one printable line, even if its own `__str__` fails."""
    text = str(error) if isinstance(error, ExitError) else "".join(traceback.format_exception_only(type(error), error))
    if isinstance(error, SyntaxError):  # the other lines quote the source code
        text = text.splitlines()[-1]
    line = " ".join(text.encode("utf-8", "backslashreplace").decode("utf-8").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def place_of(error: BaseException) -> str:
    """Where code that was being imported went wrong, as " (FILE, line N)"; empty if not inside that code."""
    if isinstance(error, ExitError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen importlib") and not frame.filename.startswith(_IMPORTERS)
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


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
