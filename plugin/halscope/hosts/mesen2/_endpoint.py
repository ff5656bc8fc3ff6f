"""The file in which the script finds Halscope: port and token."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final, final

from halscope_hooks import HostError

from halscope._file_lock import lock
from halscope._user_folders import mesen_folder

_FOLDER_VARIABLE: Final = "HALSCOPE_MESEN_DIR"


def endpoint_folder() -> Path:
    """Return the folder of the file. The script computes the same one from the same environment variables.

    It is not `XDG_RUNTIME_DIR`, which an emulator from a package with its own file system view may not share.
    """
    folder = os.environ.get(_FOLDER_VARIABLE)
    return Path(folder) if folder else mesen_folder()


@final
class Endpoint:
    """The right to be the Halscope that emulators connect to. The system ends it with the process, however it ends.

    Args:
        port: The port that emulators connect to, on the loopback interface.
        token: What they must show.

    Raises:
        HostError: Another Halscope has this right, or the folder cannot be written.
    """

    def __init__(self, port: int, token: str) -> None:
        folder = endpoint_folder()
        self._path = folder / "endpoint"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock_file = (folder / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise HostError(f"{folder}: cannot be used to meet the emulator: {error.strerror or error}") from error
        try:
            lock(self._lock_file)
        except OSError:
            self._lock_file.close()
            raise HostError(
                f"another Halscope{_owner(self._path)} waits for Mesen already; end it, or use it for this emulator too"
            ) from None
        try:
            _write_private(self._path, f"{port}\n{token}\n{os.getpid()}\n")
        except OSError as error:
            self._lock_file.close()
            raise HostError(f"{self._path}: cannot be written: {error.strerror or error}") from error
        except BaseException:
            self._lock_file.close()
            raise

    @property
    def announced(self) -> bool:
        """Whether a script that starts now finds it: the environment names its folder, and nobody removed the file."""
        return self._path.parent == endpoint_folder() and self._path.exists()

    def close(self) -> None:
        """Remove the file. Idempotent."""
        if not self._lock_file.closed:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._lock_file.close()


def _write_private(path: Path, content: str) -> None:
    """Write a file that only the user can read; a script that reads it meanwhile finds the old one or the new one."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)  # of a Halscope that was killed
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - Path.open has no mode
        file.write(content)
    temporary.replace(path)


def _owner(path: Path) -> str:
    """Return who wrote the file, as text for a message."""
    try:
        return f" (process {int(path.read_text(encoding='ascii').split()[2])})"
    except (OSError, ValueError, IndexError):
        return ""
