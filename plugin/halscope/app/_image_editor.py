"""Opening a picture in the user's image editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError

from halscope._processes import ON_ITS_OWN

VARIABLE: Final = "HALSCOPE_EDITOR"
"""Environment variable with the command of the image editor; the picture's path is put behind it."""


def open_in_editor(picture: Path) -> None:
    """Open a picture in the user's image editor, or else in what the system opens pictures with. Does not wait for it.

    Raises:
        HalscopeError: There is no such program, or it cannot be started.
    """
    command = _command()
    if command is None:
        raise HalscopeError(
            f"no program is known that opens pictures; set {VARIABLE} to the command of an image editor, or open "
            f"{picture} yourself"
        )
    try:
        subprocess.Popen(
            [*command, str(picture)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **ON_ITS_OWN,
        )
    except OSError as error:
        raise HalscopeError(f"{command[0]}: cannot be started: {error.strerror or error}; set {VARIABLE}") from error


def _command() -> list[str] | None:
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return words_of(named, backslashes=sys.platform == "win32")
    opener = {"darwin": "open", "win32": "explorer"}.get(sys.platform, "xdg-open")
    return [opener] if shutil.which(opener) else None


def words_of(command: str, *, backslashes: bool) -> list[str]:
    """Split a command at its blanks, but for those between quotes; `backslashes` are part of paths on Windows."""
    if not backslashes:
        return shlex.split(command)
    return [word.strip('"') for word in shlex.split(command, posix=False)]
