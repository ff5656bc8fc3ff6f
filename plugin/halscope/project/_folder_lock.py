"""Which process may change a project: a locked file that names it. The system releases the lock when it ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import IO, Final, final

from halscope_hooks import HalscopeError

from halscope._file_lock import lock

LOCK: Final = "lock"
_MOST_TEXT: Final = 300


@final
class FolderLock:
    """The right to change a project, until `close` or the end of the process.

    A process that has crashed no longer has it, as the system releases it. Where the lock of another machine cannot be
    seen (a folder that is synchronised, or shared without locks), the name in the file tells.

    Args:
        folder: The project's folder.

    Raises:
        HalscopeError: Another process has it, which the message names, or the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path: Final = folder / LOCK
        try:
            file = self._path.open("a+", encoding="utf-8", errors="replace")
        except OSError as error:
            raise HalscopeError(f"{folder}: the project cannot be changed: {error.strerror or error}") from error
        try:
            self._lock(file, folder)
        except BaseException:
            file.close()
            raise
        self._file: Final = file

    def _lock(self, file: IO[str], folder: Path) -> None:
        owner = self._owner()
        try:
            lock(file)
        except OSError:
            who = "" if owner is None else f" (process {owner[0]} on {owner[1]})"
            raise HalscopeError(
                f"{folder}: another Halscope{who} has the project open; end it first; `project status`, `diff`, `log` "
                "and `apply` work meanwhile"
            ) from None
        here = socket.gethostname()
        owner = self._owner()
        if owner is not None and owner[1] != here:
            raise HalscopeError(
                f"{folder}: process {owner[0]} on {owner[1]} has the project open, or crashed there; if it does not "
                f"run any more, delete {self._path}"
            )
        try:
            # Behind the byte that Windows locks, so that others can read it there. Not through the file's buffer: on a
            # full disk, closing the file would raise again.
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), f" {os.getpid()} {here}\n".encode())
        except OSError as error:
            raise HalscopeError(f"{self._path}: cannot be written: {error.strerror or error}") from error

    def _owner(self) -> tuple[int, str] | None:
        """Return process and machine of the last one that had the right and did not give it back."""
        try:
            with self._path.open(encoding="utf-8", errors="replace") as file:
                file.seek(1)
                number, _, machine = file.read(_MOST_TEXT).strip().partition(" ")
            return int(number), machine
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Give the right back. Idempotent. The file stays, empty: removing a locked file is a race."""
        if not self._file.closed:
            try:
                self._file.truncate(0)
            except OSError:
                pass  # the folder is gone
            finally:
                self._file.close()
