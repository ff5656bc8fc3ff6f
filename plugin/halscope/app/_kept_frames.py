"""The timeline: the last minutes of a running game, or all of a recording, frame by frame."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, final

from halscope_hooks import HalscopeError, Snapshot, UsageError

from halscope.formats.recording import PassedFrame, RecordingReader, SnapshotSpool, trimmed
from halscope.rom.cache import default_folder
from halscope.session import Session, Tap

log: Final = logging.getLogger("halscope.app")

MOST_FRAMES: Final = 36_000
"""Frames that the timeline of a running game keeps: ten minutes."""
MOST_BYTES: Final = 160 << 20
"""Size of its temporary file in bytes."""
TOLD_EVERY: Final = 30
"""Frames between two calls of a timeline's `told`."""


def spool_folder() -> Path:
    """Return the folder of the timeline's temporary files: that of the cache, which is on a disk (the system's folder
    for temporary files may be in memory), or the latter if the cache cannot be written."""
    folder = default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir())


class Frames(Protocol):
    """Frames of a game in order, by position. For any thread."""

    @property
    def first(self) -> int:
        """Position of the first one."""

    @property
    def end(self) -> int:
        """Position behind the last one."""

    @property
    def live(self) -> bool:
        """Whether more are to come."""

    def snapshot(self, position: int) -> Snapshot:
        """Return a frame. Raises UsageError if there is none at this position, FormatError if it is damaged."""

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        """Pass the frames from one position up to another one (exclusive) that are kept. Raises FormatError."""

    def keyframe(self, position: int) -> int:
        """Return the position from which on all frames up to this one are unpacked to show it. Raises UsageError."""


@final
class LiveFrames:
    """The last minutes of the running game. They are kept in a temporary file, without the emulator's pictures.

    Args:
        most_frames: How many frames are kept.
        most_bytes: Size of the file in bytes.
        folder: Where the file is; by default that of `spool_folder`.
    """

    def __init__(
        self, *, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES, folder: Path | None = None
    ) -> None:
        self.folder: Final = spool_folder() if folder is None else folder
        """Where the temporary file is. It goes when this is closed, or with the process."""
        self._spool = SnapshotSpool(most_frames=most_frames, most_bytes=most_bytes, folder=self.folder)
        self._tap: Tap | None = None
        self.seen: Callable[[Snapshot, int], None] = lambda _snapshot, _position: None
        """Called on the tap's thread with each frame and its position."""
        self.told: Callable[[], None] = lambda: None
        """Called on the tap's thread each half second of the game."""

    def follow(self, session: Session) -> None:
        """Record this session from now on. The frames of an earlier one stay."""
        if self._tap is not None:
            self._tap.close()
        self._tap = session.collect(self._look, name="timeline")

    @property
    def first(self) -> int:
        """As in `Frames`."""
        return self._spool.first

    @property
    def end(self) -> int:
        """As in `Frames`."""
        return self._spool.end

    @property
    def live(self) -> bool:
        """As in `Frames`."""
        return True

    def snapshot(self, position: int) -> Snapshot:
        """As in `Frames`."""
        return self._spool.snapshot(position)

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        """As in `Frames`."""
        return self._spool.walk(first, end)

    def keyframe(self, position: int) -> int:
        """As in `Frames`."""
        return self._spool.keyframe(position)

    @property
    def used(self) -> int:
        """Size of the temporary file now, in bytes."""
        return self._spool.used

    def position(self, frame: int) -> int | None:
        """Return the position of the newest frame with this number of the host, or `None`."""
        return self._spool.position(frame)

    def close(self) -> None:
        """End the recording, and remove it."""
        if self._tap is not None:
            self._tap.close()
        self._spool.close()

    def _look(self, snapshot: Snapshot) -> None:
        try:
            position = self._spool.append(trimmed(snapshot, wram=True, picture=False))
        except OSError as error:
            raise HalscopeError(
                f"the timeline's temporary file cannot be written: {error.strerror or error}"
            ) from error
        self.seen(snapshot, position)
        if position % TOLD_EVERY == 0:
            self.told()


@final
class RecordedFrames:
    """All frames of a recording.

    Args:
        path: The recording.
        start: Position of the frame that is shown at first.

    Raises:
        UsageError: It cannot be opened, or holds no frames.
        FormatError: It is not a recording, or is damaged.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self.start: Final = start
        self._reader = RecordingReader(path)
        self._lock = threading.Lock()
        if not len(self._reader):
            self._reader.close()
            raise UsageError(f"{path}: holds no frames; record it again")

    @property
    def first(self) -> int:
        """As in `Frames`."""
        return 0

    @property
    def end(self) -> int:
        """As in `Frames`."""
        return len(self._reader)

    @property
    def live(self) -> bool:
        """As in `Frames`."""
        return False

    def snapshot(self, position: int) -> Snapshot:
        """As in `Frames`."""
        if not 0 <= position < len(self._reader):
            raise UsageError(f"the recording has the frames 0 to {len(self._reader) - 1}, not {position}")
        with self._lock:
            return self._reader[position]

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        """As in `Frames`. Others may ask for frames between any two."""
        passed = self._reader.walk(max(first, 0), min(end, len(self._reader)))
        while True:
            with self._lock:  # the file has one place at a time
                frame = next(passed, None)
            if frame is None:
                return
            yield frame

    def keyframe(self, position: int) -> int:
        """As in `Frames`."""
        return self._reader.keyframe(position)

    def close(self) -> None:
        """Close the file. Idempotent."""
        with self._lock:
            self._reader.close()
