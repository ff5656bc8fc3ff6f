"""Temporary folders of cores. The first one of a process removes those that killed processes have left."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO, Final, final

from halscope_hooks import HostError

from halscope._file_lock import lock

PREFIX: Final = "halscope-core-"
_OWNER: Final = "owner"  # a file that the folder's process has locked; the system unlocks it when the process ends
_UNOWNED_SECONDS: Final = 24 * 3600.0  # after which a folder without that file is nobody's
_looked_in: Final[set[Path]] = set()


@final
class CoreFolder:
    """A new folder in the folder for temporary files, until `remove`, garbage collection or interpreter exit.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._owner: IO[str] = (self.path / _OWNER).open("x", encoding="ascii")
            if self._is_ours():
                break
            self._owner.close()
        self._end = weakref.finalize(self, _remove, self.path, self._owner, os.getpid())

    def remove(self) -> None:
        """Remove it with all that is in it. Idempotent. A forked process leaves it to its parent."""
        if (end := self._end.peek()) is not None:
            _, remove, arguments, _ = end
            remove(*arguments)
            self._end.detach()  # not before: an interrupt may have come

    def _is_ours(self) -> bool:
        """Lock it; False if another process, which found it unlocked, removes it."""
        try:
            lock(self._owner)
            return (self.path / _OWNER).exists()
        except OSError:
            return False


def new_core_folder(core: Path) -> CoreFolder:
    """Return a folder for this core. Raises HostError if there can be none."""
    try:
        return CoreFolder()
    except OSError as error:
        raise HostError(f"{core}: no temporary folder can be created for it: {error.strerror or error}") from error


def _remove(path: Path, owner: IO[str], process: int) -> None:
    owner.close()  # Windows removes no open file
    if process == os.getpid():
        shutil.rmtree(path, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Look for them once in a process: most often there are none, and a full folder takes milliseconds to search."""
    if parent in _looked_in:
        return
    _looked_in.add(parent)
    try:
        with os.scandir(parent) as entries:
            folders = [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
    except OSError:  # the folder cannot be read; what matters is whether one can be made in it
        return
    for folder in folders:
        _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        with (folder / _OWNER).open("r+", encoding="ascii") as owner:
            lock(owner)
            shutil.rmtree(folder, ignore_errors=True)
    except FileNotFoundError:
        with contextlib.suppress(OSError):  # somebody else has removed it meanwhile
            if time.time() - folder.stat().st_mtime < _UNOWNED_SECONDS:
                return
    except OSError:  # its process runs, or it is another user's
        return
    shutil.rmtree(folder, ignore_errors=True)  # again for Windows, which removes no open file
