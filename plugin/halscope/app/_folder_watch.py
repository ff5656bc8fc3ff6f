"""What the system reports of changes in a folder and its subfolders."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final, final

_STEP: Final = 10
_DEBOUNCE: Final = 50
"""Milliseconds: without a further change after which changes are reported, and at most until they are: a program that
saves a file often writes another first, and renames it. A change waits for up to two steps: half of them take 6 ms
longer than with steps of 4 ms, which cost twice as much, 10 ms of processor time a second."""


@final
class FolderWatch:
    """Watches a folder that is there. One thread uses it.

    It is over, with an OSError, when the folder goes or the system reports nothing more; then another one is made.

    Args:
        folder: The folder, an absolute path.

    Raises:
        OSError: It cannot be watched.
    """

    def __init__(self, folder: Path) -> None:
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError  # 50 ms, for those who watch

        self._folder = str(folder)
        self._lost = WatchfilesRustInternalError
        try:
            self._notify = RustNotify([self._folder], False, False, 0, True, True)
        except WatchfilesRustInternalError as error:
            raise OSError(str(error)) from error

    def wait(self, seconds: float, stop: threading.Event) -> set[str]:
        """Return the paths of what was written, made, renamed or deleted, and of all files in folders that came; none
        after so many seconds, and at `stop`.

        Raises:
            OSError: The watch is over.
        """
        try:
            changes = self._notify.watch(_DEBOUNCE, _STEP, round(seconds * 1000), stop)
        except self._lost as error:
            raise OSError(str(error)) from error
        if isinstance(changes, str):  # "timeout" or "stop"
            return set()
        if any(path == self._folder for _, path in changes):  # another folder may come with the same inode
            raise OSError(f"{self._folder}: the folder has gone")
        found = {path for _, path in changes}
        for path in [*found]:  # what a new folder had before it was watched, or brought with it, is not reported
            for folder, _, names in os.walk(path):
                found.update(os.path.join(folder, name) for name in names)  # noqa: PTH118 - their paths are texts
        return found

    def close(self) -> None:
        """Stop watching. Idempotent."""
        self._notify.close()
