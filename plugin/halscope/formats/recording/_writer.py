"""Write recordings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from io import BufferedWriter
from pathlib import Path
from typing import Final, NamedTuple, Self

from halscope_hooks import HalscopeError, RomIdentity, Snapshot, Touched, UsageError

from halscope.formats.recording._file import DELTA, KEY, KEY_IN_INDEX, MAGIC, chunk, ending, header
from halscope.formats.recording._frames import Packer
from halscope.formats.recording._touches import MOST_TOUCHES, pack_touches

KEYFRAME_EVERY: Final = 300
_MOST_FRAME_NUMBER: Final = (1 << 63) - 1


class _Written(NamedTuple):
    """Progress of a recording. It is replaced as a whole, so after an interrupt a frame is either written or not."""

    end: int  # bytes
    frames: int


class RecordingWriter:
    """Writes a recording. Each frame is in the file (though not yet flushed) when `append` returns.

    After an interrupted `append` or `close` (Ctrl-C), the recording can be continued and closed. The frame of that
    `append` is either completely in it or not at all.

    An earlier recording at the path is kept until this one is closed: as long, this one is written beside it, into
    `NAME.part`. A recording without frames never replaces another one.

    Args:
        path: The file. Only a recording is replaced.
        emulator: Source of the snapshots, for users.
        keyframe_every: Frames from one keyframe to the next: the maximum number that a seek decodes.

    Raises:
        UsageError: The file cannot be created, is there and no recording, or the emulator's name is too long.
    """

    def __init__(self, path: Path, *, emulator: str = "", keyframe_every: int = KEYFRAME_EVERY) -> None:
        header(emulator, None)  # check the length of the name before a file is replaced
        self._path = path
        self._place = _place(path)
        """Where it is written."""
        self._emulator = emulator
        self._keyframe_every = max(1, keyframe_every)
        self._rom: RomIdentity | None = None
        self._index: list[int] = []
        self._written = _Written(0, 0)
        self._packer = Packer()
        self._whole = True
        """Whether the file ends with the last frame and the packer continues from it."""
        try:
            self._file: BufferedWriter | None = self._place.open("wb")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error

    def __len__(self) -> int:
        return self._written.frames

    def append(self, snapshot: Snapshot) -> None:
        """Add a frame.

        Raises:
            UsageError: The recording is closed, the snapshot belongs to another ROM than the earlier ones, or a part of
                it is too large for a recording. The recording continues without it.
            HalscopeError: The file cannot be written (the disk is full). Earlier frames remain readable.
        """
        if self._closed():
            raise UsageError(f"{self._path}: the recording is closed")
        if not self._whole:
            self._cut()
        end, frames = self._written
        if frames and snapshot.rom is not None and snapshot.rom != self._rom:
            raise UsageError(f"{self._path}: a recording holds one ROM; start a new one for {snapshot.rom.path}")
        if abs(snapshot.frame) > _MOST_FRAME_NUMBER:
            raise UsageError(f"{self._path}: the frame number {snapshot.frame} has more than 64 bits")
        self._whole = False
        try:
            first = b"" if frames else header(self._emulator, snapshot.rom)
            packed = self._packer.pack(snapshot, key=frames % self._keyframe_every == 0)
        except UsageError as error:
            self._whole = True
            raise UsageError(f"{self._path}: {error}") from error
        if not frames:
            self._rom = snapshot.rom
        data = first + chunk(KEY if packed.key else DELTA, snapshot.frame, packed.payload, packed.raster)
        self._write(data)
        del self._index[frames:]  # left over from an interrupted call
        self._index.append((end + len(first)) | (KEY_IN_INDEX if packed.key else 0))
        self._written = _Written(end + len(data), frames + 1)
        self._whole = True

    def append_touches(self, touches: Sequence[Touched]) -> None:
        """Add what the game was seen reading since the last frame that was added; a reader gives it with that frame.

        Raises:
            UsageError: The recording is closed or has no frame yet, or a value is too large for a recording. The
                recording continues without the touches.
            HalscopeError: As for `append`.
        """
        if self._closed():
            raise UsageError(f"{self._path}: the recording is closed")
        if not self._whole:
            self._cut()
        end, frames = self._written
        if not frames:
            raise UsageError(f"{self._path}: touches belong to a frame, and the recording has none yet")
        try:
            parts = [touches[at : at + MOST_TOUCHES] for at in range(0, len(touches), MOST_TOUCHES)]
            data = b"".join(map(pack_touches, parts))
        except UsageError as error:
            raise UsageError(f"{self._path}: {error}") from error
        self._whole = False
        self._write(data)
        self._written = _Written(end + len(data), frames)
        self._whole = True

    def close(self) -> None:
        """Write the index and close the file. Idempotent. Raises HalscopeError like `append`."""
        if self._file is None:
            return
        if not self._file.closed:  # an interrupted call may have closed it
            if not self._whole:
                self._cut()
            end, frames = self._written
            first = b"" if frames else header(self._emulator, None)
            self._whole = False
            self._write(first + ending(self._index[:frames], end + len(first)))
            self._shut(self._file)
        self._put_in_place()
        self._file = None

    def discard(self) -> None:
        """Close the file, and remove it if it has no frames. Raises HalscopeError like `append`."""
        if self._written.frames:
            self.close()
            return
        file, self._file = self._file, None
        with contextlib.suppress(OSError):
            if file is not None:
                file.close()
            if self._place.is_file():  # not a device
                self._place.unlink()

    def disown(self) -> None:
        """Close the file without flushing its buffer: for a forked process, whose parent continues to write."""
        file, self._file = self._file, None
        if file is not None:
            file.raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _closed(self) -> bool:
        return self._file is None or self._file.closed

    def _cut(self) -> None:
        """Remove leftovers of an interrupted call and restart with a keyframe: the packer may be inconsistent too."""
        assert self._file is not None
        try:
            self._file.seek(self._written.end)
            self._file.truncate()
        except OSError as error:
            raise self._failed(error) from error
        self._packer = Packer()
        self._whole = True

    def _shut(self, file: BufferedWriter) -> None:
        try:
            file.close()  # flushes the buffer, so a full disk shows up here
        except OSError as error:
            self._file = None
            raise HalscopeError(
                f"{self._path}: cannot be written to its end: {error.strerror or error}; complete frames can be read"
                f"{self._where()}"
            ) from error

    def _put_in_place(self) -> None:
        """Replace the earlier recording, unless this one is empty."""
        if self._place == self._path:
            return
        try:
            with contextlib.suppress(FileNotFoundError):  # an interrupted call has moved it
                if self._written.frames:
                    self._place.replace(self._path)
                else:
                    self._place.unlink()
        except OSError as error:
            self._file = None
            raise HalscopeError(
                f"{self._path}: cannot be replaced: {error.strerror or error}; the new recording is {self._place}"
            ) from error

    def _where(self) -> str:
        return "" if self._place == self._path else f" from {self._place}"

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> HalscopeError:
        """Give up on the file, truncating it to the last complete frame if possible."""
        file, self._file = self._file, None
        assert file is not None
        with contextlib.suppress(OSError):
            file.truncate(self._written.end)
        with contextlib.suppress(OSError):
            file.close()
        return HalscopeError(
            f"{self._path}: cannot be written: {error.strerror or error}; its first {len(self)} frames can be read"
            f"{self._where()}"
        )


def _place(path: Path) -> Path:
    """Return where to write a recording: beside a recording that it replaces. Raises UsageError."""
    if not _is_recording(path):
        return path
    part = path.with_name(f"{path.name}.part")
    _is_recording(part)  # refuses another file of that name
    return part


def _is_recording(path: Path) -> bool:
    """Whether a recording is there. Raises UsageError if it is another file; an empty one may be replaced."""
    try:
        if not path.is_file():
            return False  # nothing, or a device
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    if start not in (b"", MAGIC):
        raise UsageError(f"{path}: is there already and no recording, so it is not replaced; give another name")
    return start == MAGIC
