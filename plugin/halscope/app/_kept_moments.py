"""Moments that a person keeps: each is a recording of one frame in a folder, with the console's state beside it."""

from __future__ import annotations

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
_MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A moment in the folder.

    Args:
        name: Name of its file without the suffix.
        saved: When it was written, in seconds since 1970.
        has_state: Whether the game can go on from it.
    """

    name: str
    saved: float
    has_state: bool

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "saved": self.saved, "state": self.has_state}


@final
class KeptMoments:
    """The moments of a folder. `halscope inspect`, `compare` and `extract` read their files.

    Args:
        folder: Returns the folder, which is made when the first moment is kept.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder

    def keep(self, snapshot: Snapshot, state: bytes | None = None) -> str:
        """Write a moment and return its name. Raises HalscopeError if the folder cannot be written."""
        folder = self._folder()
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
            found = [
                KeptMoment(path.stem, path.stat().st_mtime, path.with_suffix(_STATE).is_file())
                for path in self._folder().glob(f"*{_SUFFIX}")
            ]
        except OSError:
            return []  # there is no folder yet
        return sorted(found, key=lambda one: one.saved, reverse=True)

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

    def _free_name(self, folder: Path, frame: int) -> str:
        for number in range(1, _MOST_NAMES):
            name = f"frame-{frame:06}" + (f"-{number}" if number > 1 else "")
            if not (folder / f"{name}{_SUFFIX}").exists():
                return name
        raise UsageError(f"{folder}: holds {_MOST_NAMES - 1} moments of frame {frame}; delete some")
