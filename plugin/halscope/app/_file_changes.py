"""Edited files in a folder, at any depth: what is there, what the system reports as changed, and whether a PNG is
whole."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, final

from halscope.app._folder_watch import FolderWatch
from halscope.formats.palettes import PALETTE_SUFFIXES
from halscope.inject import source_path

type Signature = tuple[int, int]
"""A file's modification time (ns) and size (bytes)."""

_SUFFIX: Final = ".png"
_SUFFIXES: Final = (_SUFFIX, *PALETTE_SUFFIXES)
_LOOK_AGAIN: Final = 0.5  # seconds until the folder itself is looked at
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_REST: Final = 12  # bytes of a chunk's length, type and CRC
_MOST_BYTES: Final = 1 << 26


def signature(path: str | Path) -> Signature:
    """Return a file's signature. Raises OSError."""
    status = os.stat(path)  # noqa: PTH116 - a path object is made of each name otherwise
    return status.st_mtime_ns, status.st_size


def edited_files(folder: Path) -> dict[str, Signature]:
    """Return the PNGs, and the palettes that have a sidecar, in a folder and its subfolders by path, sorted.

    What cannot be read is left out.
    """
    return dict(sorted(_found(folder, str(folder / "x")[:-1])))


def signatures(paths: Iterable[str]) -> dict[str, Signature]:
    """Return those of the files that are PNGs, or palettes that have a sidecar, sorted; see `edited_files`."""
    found = {}
    for path in sorted(paths):
        prefix, _, name = path.rpartition(os.sep)
        with contextlib.suppress(OSError):  # deleted, or about to be replaced
            if _may_hold_edits(name, prefix + os.sep) and stat.S_ISREG((status := os.stat(path)).st_mode):  # noqa: PTH116
                found[path] = status.st_mtime_ns, status.st_size
    return found


def _found(folder: str | Path, prefix: str) -> Iterator[tuple[str, Signature]]:
    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(prefix + entry.name)
                    elif _may_hold_edits(entry.name, prefix) and stat.S_ISREG((status := entry.stat()).st_mode):
                        yield prefix + entry.name, (status.st_mtime_ns, status.st_size)
                except OSError:  # deleted or replaced right now; the next look finds what is there then
                    continue
    except OSError:  # likewise
        pass
    for each in folders:
        yield from _found(each, each + os.sep)


def _may_hold_edits(name: str, prefix: str) -> bool:
    if name.endswith(_SUFFIX):
        return True
    return name.endswith(PALETTE_SUFFIXES) and source_path(Path(prefix + name)).exists()


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
    """What the system reports of changes in a folder and its subfolders, so that nobody has to look at each file.

    Where the system reports nothing (a network folder, too many watched folders, a folder that was replaced a moment
    ago), nothing is found: whoever needs every change looks at the files now and then as well.

    Args:
        folder: The folder. It may come later, go, and come back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: deque[str] = deque()
        self._reports = threading.Event()
        self._stop: threading.Event | None = None

    def begin(self, changed: Callable[[], None] | None = None) -> None:
        """Watch the folder, on a thread that ends with `close` or with this object. Idempotent.

        Args:
            changed: A method that is called on that thread when there is something to take. Its object is not kept.
        """
        if self._stop is None:
            from halscope.session import new_thread  # which commands without a running game need not load

            stop = threading.Event()
            call = None if changed is None else weakref.WeakMethod(changed)
            weakref.finalize(self, stop.set)
            with contextlib.suppress(RuntimeError):  # the system cannot start another thread
                new_thread(
                    "halscope watched folder", _watch, self._folder, stop, self._found, self._reports, call
                ).start()
            self._stop = stop

    @property
    def reports(self) -> bool:
        """Whether the system has been reporting changes since `begin`."""
        return self._reports.is_set()

    @property
    def waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._found)

    def take(self) -> set[str]:
        """Return the paths of the PNGs and palettes that were written, renamed or deleted since the last call."""
        found: set[str] = set()
        while self._found:
            found.add(self._found.popleft())
        return found

    def close(self) -> None:
        """Stop watching. Idempotent; `begin` watches again."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop.set()


def _watch(
    folder: Path,
    stop: threading.Event,
    found: deque[str],
    reports: threading.Event,
    call: weakref.WeakMethod[Callable[[], None]] | None,
) -> None:
    """Collect the changed files until `stop` is set. `reports` is set while nothing is missed."""
    watch: FolderWatch | None = None
    watched: tuple[int, int] | None = None  # device and inode of the folder
    base = folder.absolute()
    while not stop.is_set():
        changes: set[str] = set()
        try:
            status = base.stat()
            if watched != (status.st_dev, status.st_ino):  # it has come, or was replaced
                watched = status.st_dev, status.st_ino  # not again for the same folder, should it fail
                reports.clear()
                if watch is not None:
                    watch.close()
                watch = None
                watch = FolderWatch(base)
                reports.set()
            if watch is not None:
                changes = watch.wait(_LOOK_AGAIN, stop)
        except OSError:
            reports.clear()
            if watch is not None:  # it is over: another one is made
                watch.close()
                watch = watched = None
        if watch is None:
            stop.wait(_LOOK_AGAIN)
        paths = (Path(path) for path in changes if path.endswith(_SUFFIXES))
        found.extend(str(folder / path.relative_to(base)) for path in paths if path.is_relative_to(base))
        changed = None if call is None or not found else call()
        if changed is not None and not stop.is_set():
            changed()
        del changed
    reports.clear()
    if watch is not None:
        watch.close()
