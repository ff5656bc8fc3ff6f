"""Moments that a person keeps: each is a recording of one frame in a folder, with the console's state beside it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from halscope_hooks import HalscopeError, Snapshot, UsageError

from halscope._files import read_limited, write_atomic
from halscope.app._moments import recorded_frame
from halscope.formats.containers import MOST_BYTES
from halscope.formats.recording import RecordingWriter

_SUFFIX: Final = ".hrec"
_STATE: Final = ".state"
MOST_MOMENTS: Final = 200
"""Moments that a folder holds at most."""
MOST_SIZE: Final = 512 << 20
"""Size of all of them in bytes, at which no further one is kept."""


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A moment in the folder.

    Args:
        name: Name of its file without the suffix.
        saved: When it was written, in seconds since 1970.
        has_state: Whether the game can go on from it.
        size: Size of its files in bytes.
    """

    name: str
    saved: float
    has_state: bool
    size: int

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "saved": self.saved, "state": self.has_state, "bytes": self.size}


@final
class KeptMoments:
    """The moments of a folder. `halscope inspect`, `compare` and `extract` read their files.

    Their number and size are bounded. What was kept stays until it is deleted; a full folder takes no more.

    Args:
        folder: Returns the folder, which is made when the first moment is kept.
        most: How many it holds at most.
        most_bytes: Size of all in bytes, at which no further one is kept.
    """

    def __init__(self, folder: Callable[[], Path], *, most: int = MOST_MOMENTS, most_bytes: int = MOST_SIZE) -> None:
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes

    def keep(self, snapshot: Snapshot, state: bytes | None = None) -> str:
        """Write a moment and return its name. Raises HalscopeError if the folder is full, or cannot be written."""
        folder = self._folder()
        self._check_room(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HalscopeError(f"{folder}: cannot be made: {error.strerror or error}") from error
        name = self._free_name(folder, snapshot.frame)
        with RecordingWriter(folder / f"{name}{_SUFFIX}") as writer:
            writer.append(snapshot)
        if state is not None:
            write_atomic(folder / f"{name}{_STATE}", state)
        return name

    def list(self) -> list[KeptMoment]:
        """Return the moments of the folder, the newest first."""
        try:
            found = [_moment(path) for path in self._folder().glob(f"*{_SUFFIX}")]
        except OSError:
            return []  # there is no folder yet
        return sorted((one for one in found if one is not None), key=lambda one: one.saved, reverse=True)

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: `moments`, the newest first, how many there may be at most (`most`), their size in
        bytes (`bytes`), and the size at which no further one is kept (`most_bytes`)."""
        kept = self.list()
        return {
            "moments": [one.describe() for one in kept],
            "most": self._most,
            "bytes": sum(one.size for one in kept),
            "most_bytes": self._most_bytes,
        }

    def delete(self, name: str) -> None:
        """Delete a moment. Raises UsageError if the folder has none of this name, HalscopeError if it stays."""
        path = self._known(name)
        try:
            path.with_suffix(_STATE).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise HalscopeError(f"{path}: cannot be deleted: {error.strerror or error}") from error

    def snapshot(self, name: str) -> Snapshot:
        """Return a moment. Raises UsageError if the folder has none of this name, FormatError if it is damaged."""
        return recorded_frame(self._known(name), 0)

    def state(self, name: str) -> bytes:
        """Return the console's state of a moment. Raises UsageError if the folder has none of this name."""
        path = self._known(name).with_suffix(_STATE)
        return read_limited(path, MOST_BYTES, "savestate")

    def _known(self, name: str) -> Path:
        if name not in {one.name for one in self.list()}:
            raise UsageError(f"there is no moment {name!r} in {self._folder()}")
        return self._folder() / f"{name}{_SUFFIX}"

    def _check_room(self, folder: Path) -> None:
        kept = self.list()
        used = sum(one.size for one in kept)
        if len(kept) >= self._most or used >= self._most_bytes:
            raise UsageError(
                f"{folder} is full: it holds {len(kept)} moments of {used >> 20} MiB ({self._most}, or "
                f"{self._most_bytes >> 20} MiB, are the most); delete some in Compare, or move their files away"
            )

    def _free_name(self, folder: Path, frame: int) -> str:
        names = (f"frame-{frame:06}" + (f"-{number}" if number > 1 else "") for number in itertools.count(1))
        return next(name for name in names if not (folder / f"{name}{_SUFFIX}").exists())


def _moment(path: Path) -> KeptMoment | None:
    """Return the moment of a recording, or `None` if it has just been deleted."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    try:
        state: int | None = path.with_suffix(_STATE).stat().st_size
    except FileNotFoundError:
        state = None
    return KeptMoment(path.stem, status.st_mtime, state is not None, status.st_size + (state or 0))
