"""Which Halscope has an emulator, where the emulator's protocol does not tell: a locked file for each address.

The system releases the lock when its process ends, however it ends, so nothing has to be cleaned up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Final, final
from urllib.parse import quote

from halscope_hooks import HostError
from platformdirs import user_state_path

from halscope._file_lock import lock

FOLDER_VARIABLE: Final = "HALSCOPE_RUNTIME_DIR"
_MOST_NAME: Final = 200  # characters of a file's name


def claims_folder() -> Path:
    """Return the folder of the files: in HALSCOPE_RUNTIME_DIR, or else in the user's folder for state."""
    named = os.environ.get(FOLDER_VARIABLE)
    return (Path(named) if named else user_state_path("halscope")) / "attached"


@final
class Claim:
    """The right to be the Halscope that is attached to an emulator, until `close` or the end of the process.

    Args:
        host: Name of the host.
        place: The emulator's address, in a form that does not depend on how the user wrote it.
        what: The emulator, for messages.

    Raises:
        HostError: Another Halscope of this user on this machine has it; the message names its process.
    """

    def __init__(self, host: str, place: str, what: str) -> None:
        folder = claims_folder()
        path = folder / f"{host}-{quote(place, safe='')[:_MOST_NAME]}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[str] | None = path.open("a+", encoding="ascii")
        except OSError:
            self._file = None  # without a place for the file, nobody can be told
            return
        try:
            lock(self._file)
        except OSError:
            self._file.close()
            raise HostError(
                f"another Halscope{_owner(path)} is attached to {what}; end it first, or use that one: two would undo "
                "each other's edits"
            ) from None
        try:
            # Behind the byte that Windows locks, so that others can read it there.
            self._file.truncate(0)
            self._file.write(f" {os.getpid()}\n")
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Give the right back. Idempotent. The file stays: removing a locked file is a race."""
        if self._file is not None:
            self._file.close()


def _owner(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            file.seek(1)
            return f" (process {int(file.read(20))})"
    except (OSError, ValueError):
        return ""
