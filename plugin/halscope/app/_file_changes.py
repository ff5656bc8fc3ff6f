"""PNGs in a folder, at any depth: what is there, what the system reports as changed, and whether a file is whole."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

type Signature = tuple[int, int]
"""A file's modification time (ns) and size (bytes)."""

_SUFFIX: Final = ".png"
_STEP: Final = 1  # milliseconds; the shortest time that the library waits for changes
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_REST: Final = 12  # bytes of a chunk's length, type and CRC
_MOST_BYTES: Final = 1 << 26


def signature(path: str | Path) -> Signature:
    """Return a file's signature. Raises OSError."""
    status = os.stat(path)  # noqa: PTH116 - a path object is made of each name otherwise
    return status.st_mtime_ns, status.st_size


def png_files(folder: Path) -> dict[str, Signature]:
    """Return the PNGs in a folder and its subfolders by path, sorted. What cannot be read is left out."""
    return dict(sorted(_found(folder, str(folder / "x")[:-1])))


def _found(folder: str | Path, prefix: str) -> Iterator[tuple[str, Signature]]:
    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(prefix + entry.name)
                    elif entry.name.endswith(_SUFFIX) and stat.S_ISREG((status := entry.stat()).st_mode):
                        yield prefix + entry.name, (status.st_mtime_ns, status.st_size)
                except OSError:  # deleted or replaced right now; the next look finds what is there then
                    continue
    except OSError:  # likewise
        pass
    for each in folders:
        yield from _found(each, each + os.sep)


def whole_png(path: str) -> int | None:
    """Return a checksum of a PNG file's content if all of it is there: each chunk with its CRC, and the last one.

    An editor may still be writing a file that it has truncated, or be writing over another. `None` then, and if the
    file cannot be read or is larger than 64 MiB.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    if len(data) > _MOST_BYTES or data[: len(_PNG)] != _PNG:
        return None
    at = len(_PNG)
    while at + _CHUNK_REST <= len(data):
        end = at + _CHUNK_REST + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return None
        if data[at + 4 : at + 8] == b"IEND":
            return zlib.crc32(data)
        at = end
    return None


@final
class FolderChanges:
    """What the system reports of changes in a folder and its subfolders, without looking at each file.

    Where the system reports nothing (a network folder, too many watched folders, a folder that was replaced a moment
    ago), `take` finds nothing: whoever needs every change looks at the files now and then as well.

    Args:
        folder: The folder. It may come later, go, and come back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notify: RustNotify | None = None
        self._watched: tuple[int, int] | None = None  # device and inode of the folder

    def look_again(self) -> None:
        """Watch the folder that is there now, if it is another one than before. Cheap; never raises."""
        try:
            status = self._folder.stat()
        except OSError:
            self.close()
            return
        if (status.st_dev, status.st_ino) != self._watched:
            self.close()
            self._watched = status.st_dev, status.st_ino  # not again for the same folder, should it fail
            from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError  # 50 ms, for who watches

            try:
                self._notify = RustNotify([str(self._folder.absolute())], False, False, 0, True, True)
            except (OSError, WatchfilesRustInternalError):
                self._notify = None

    def take(self) -> set[str]:
        """Return the paths of the PNGs that were written, renamed or deleted since the last call; takes a millisecond.

        Not for the main thread: a signal that arrives in the call is lost.
        """
        if self._notify is None:
            return set()
        from watchfiles._rust_notify import WatchfilesRustInternalError

        try:
            changes = self._notify.watch(_STEP, _STEP, _STEP, None)
        except (OSError, WatchfilesRustInternalError):
            self._notify = None
            return set()
        if isinstance(changes, str):  # "timeout"
            return set()
        base = self._folder.absolute()
        changed = (Path(path) for _, path in changes if path.endswith(_SUFFIX))
        return {str(self._folder / path.relative_to(base)) for path in changed if path.is_relative_to(base)}

    def close(self) -> None:
        """Stop watching. Idempotent."""
        notify, self._notify, self._watched = self._notify, None, None
        if notify is not None:
            notify.close()
