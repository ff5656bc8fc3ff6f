"""What the system reports of changes in a folder and its subfolders: all that systems do differently about it.

A watch is made for a folder that is there. It is over, with an OSError, when the folder goes, when changes were lost,
or where the system has no more watches; then another is made.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Final, final

QUIET: Final = 0.004
"""Seconds without a further change after which changes are reported: a program that saves a file often writes another
first, and renames it."""
_MOST_WAIT: Final = 0.05  # seconds that changes are held back at most

if sys.platform == "linux":
    import ctypes
    import select
    import struct
    import time

    # inotify(7)
    _NONBLOCK, _CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
    _MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
    _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
    _UNMOUNT, _OVERFLOW, _ONLYDIR, _DONT_FOLLOW, _ISDIR = 0x2000, 0x4000, 0x1000000, 0x2000000, 0x40000000
    _MASK: Final = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
    _OVER: Final = _DELETE_SELF | _MOVE_SELF | _UNMOUNT
    _EVENT: Final = struct.Struct("iIII")  # watch, mask, cookie, bytes of the name
    _MOST_BYTES: Final = 1 << 16

    @final
    class FolderWatch:
        """Watches a folder. One thread uses it.

        Args:
            folder: The folder, an absolute path.

        Raises:
            OSError: It cannot be watched.
        """

        def __init__(self, folder: Path) -> None:
            self._library = ctypes.CDLL(None, use_errno=True)
            self._queue = _checked(self._library.inotify_init1(_NONBLOCK | _CLOEXEC))
            self._folders: dict[int, str] = {}  # by their watches
            try:
                self._base = self._add(str(folder), _MASK | _OVER)
                self._add_below(str(folder))
            except BaseException:
                self.close()
                raise

        def wait(self, seconds: float, _stop: threading.Event) -> set[str]:
            """Return the paths of what was written, made, renamed or deleted; none after so many seconds.

            Raises:
                OSError: The watch is over.
            """
            poll = select.poll()
            poll.register(self._queue, select.POLLIN)
            found: set[str] = set()
            if poll.poll(seconds * 1000):
                until = time.monotonic() + _MOST_WAIT
                self._take(found)
                while time.monotonic() < until and poll.poll(QUIET * 1000):
                    self._take(found)
            return found

        def close(self) -> None:
            """Stop watching. Idempotent."""
            queue, self._queue = self._queue, -1
            if queue >= 0:
                os.close(queue)

        def _add(self, folder: str, mask: int) -> int:
            watch = _checked(
                self._library.inotify_add_watch(self._queue, os.fsencode(folder), mask | _ONLYDIR | _DONT_FOLLOW)
            )
            self._folders[watch] = folder
            return watch

        def _add_below(self, folder: str, found: set[str] | None = None) -> None:
            """Watch all subfolders, and note the files that were there already."""
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        self._add_new(entry.path, found)
                    elif found is not None:
                        found.add(entry.path)

        def _add_new(self, folder: str, found: set[str] | None) -> None:
            try:
                self._add(folder, _MASK)
                self._add_below(folder, found)
            except (FileNotFoundError, NotADirectoryError):
                pass  # it has gone again

        def _take(self, found: set[str]) -> None:
            data = os.read(self._queue, _MOST_BYTES)
            at = 0
            while at < len(data):
                watch, mask, _, size = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + size].rstrip(b"\0")
                at += _EVENT.size + size
                if mask & _OVERFLOW or (watch == self._base and mask & _OVER):
                    raise OSError("the folder has gone, or changes were lost")
                folder = self._folders.get(watch)
                if folder is None or not name:
                    continue
                path = os.path.join(folder, os.fsdecode(name))  # noqa: PTH118 - once for each change
                if not mask & _ISDIR:
                    found.add(path)
                elif mask & (_CREATE | _MOVED_TO):
                    self._add_new(path, found)
                elif mask & (_DELETE | _MOVED_FROM):
                    self._drop(path)

        def _drop(self, folder: str) -> None:
            """Forget a folder that was deleted or moved, and those below it."""
            for watch, path in [*self._folders.items()]:
                if path == folder or path.startswith(folder + os.sep):
                    del self._folders[watch]
                    self._library.inotify_rm_watch(self._queue, watch)  # it may have gone with its folder

    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

else:
    _DEBOUNCE: Final = round(_MOST_WAIT * 1000)
    _STEP: Final = round(QUIET * 1000)

    @final
    class FolderWatch:
        """See the other definition."""

        def __init__(self, folder: Path) -> None:
            from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError  # 50 ms, for those who watch

            self._folder = str(folder)
            self._lost = WatchfilesRustInternalError
            try:
                self._notify = RustNotify([self._folder], False, False, 0, True, True)
            except WatchfilesRustInternalError as error:
                raise OSError(str(error)) from error

        def wait(self, seconds: float, stop: threading.Event) -> set[str]:
            """See the other definition."""
            try:
                changes = self._notify.watch(_DEBOUNCE, _STEP, round(seconds * 1000), stop)
            except self._lost as error:
                raise OSError(str(error)) from error
            if isinstance(changes, str):  # "timeout" or "stop"
                return set()
            if any(path == self._folder for _, path in changes):  # another folder may come with the same inode
                raise OSError("the folder has gone")
            return {path for _, path in changes}

        def close(self) -> None:
            """See the other definition."""
            self._notify.close()
