"""The newest snapshots of a game, packed as in a recording, in a temporary file of bounded size."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self, final

import numpy as np
from halscope_hooks import RomIdentity, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.formats.recording._frames import Packer, PassedFrame, Playback, parse_layout
from halscope.formats.recording._sections import NAMES, section_sizes

_ROW: Final = np.dtype([("at", "i8"), ("payload", "u4"), ("raster", "u4"), ("frame", "i8"), ("key", "?")])
_SECTIONS: Final = tuple(section_sizes(NAMES).items())


@final
class ByteRing:
    """Context manager: the newest bytes of a stream, in a temporary file that is written over from its beginning. For
    any thread.

    The file goes with the ring, closed or not, and with the process, however that ends.

    Args:
        size: Size of the file in bytes; it grows to that.
        folder: Where the file is; by default the system's folder for temporary files.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, size: int, folder: Path | None = None) -> None:
        self._size = size
        # Unbuffered: an error of the disk is raised by the `append` that meets it. `close` closes it.
        self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115
        self._remove = weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._end = 0

    @property
    def oldest(self) -> int:
        """Offset in the stream of the first byte that is still held."""
        return max(0, self._end - self._size)

    @property
    def used(self) -> int:
        """Size of the file now, in bytes."""
        return min(self._end, self._size)

    def append(self, data: bytes) -> int:
        """Add bytes and return their offset in the stream.

        Raises:
            UsageError: They are more than the file holds, or the ring is closed.
            OSError: The disk is full.
        """
        if len(data) > self._size:
            raise UsageError(f"{len(data)} bytes do not fit into a file of {self._size}")
        with self._lock:
            if self._file.closed:
                raise UsageError("the temporary file is closed; nothing can be added")
            at, done = self._end, 0
            while done < len(data):
                place = (at + done) % self._size
                self._file.seek(place)
                done += self._file.write(data[done : done + self._size - place])
            self._end = at + len(data)
        return at

    def read(self, at: int, size: int) -> bytes | None:
        """Return bytes of the stream; `None` if they are not held any more. Raises OSError if the disk fails."""
        with self._lock:
            if self._file.closed or at < self.oldest or at + size > self._end:
                return None
            parts, done = [], 0
            while done < size:
                place = (at + done) % self._size
                self._file.seek(place)
                part = self._file.read(min(size - done, self._size - place))
                if not part:
                    return None  # somebody cut the file short
                parts.append(part)
                done += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Remove the file. Idempotent."""
        with self._lock:
            self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class _Played(NamedTuple):
    """A playback, and the position of the frame that it is at."""

    key: int
    position: int
    playback: Playback


@final
class SnapshotSpool:
    """Context manager: the newest snapshots of a game. Positions count all that were ever added, from 0.

    One thread adds; any thread reads. Memory stays bounded whatever is added: the frames are in a temporary file, and
    of each 25 bytes in memory.

    Args:
        most_frames: How many are kept at most.
        most_bytes: Size of the file in bytes; a keyframe and what follows it have to fit several times.
        keyframe_every: Frames from one keyframe to the next: what a seek unpacks at most.
        folder: Where the file is; by default the system's folder for temporary files.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(
        self, *, most_frames: int, most_bytes: int, keyframe_every: int = 120, folder: Path | None = None
    ) -> None:
        self._rows = np.empty(most_frames, _ROW)
        self._rows.fill(0)  # written now: its pages would come one by one, for as long as frames do
        self._bytes = ByteRing(most_bytes, folder)
        self._keyframe_every = keyframe_every
        self._packer = Packer()
        self._rom: RomIdentity | None = None
        self._roms: list[tuple[int, RomIdentity | None]] = []  # from which position on
        self._since_key = 0
        self._lock = threading.Lock()  # of the rows and the bounds
        self._first = self._end = 0
        self._playing = threading.Lock()
        self._played: _Played | None = None

    @property
    def first(self) -> int:
        """Position of the oldest snapshot that is kept."""
        return self._first

    @property
    def end(self) -> int:
        """Position of the next snapshot to come. None is kept where this is `first`."""
        return self._end

    @property
    def used(self) -> int:
        """Size of the file now, in bytes."""
        return self._bytes.used

    def append(self, snapshot: Snapshot) -> int:
        """Add a snapshot and return its position.

        Raises:
            UsageError: A part of it is too large for a recording, or the spool is closed.
            OSError: The disk is full.
        """
        other = self._first == self._end or snapshot.rom != self._rom
        since, self._since_key = self._since_key, self._keyframe_every  # if this fails, the next one is a keyframe
        packed = self._packer.pack(snapshot, key=other or since >= self._keyframe_every)
        at = self._bytes.append(packed.payload + packed.raster)
        with self._lock:
            position = self._end
            if other:
                self._rom = snapshot.rom
                self._roms.append((position, snapshot.rom))
            self._since_key = 1 if packed.key else since + 1
            row = (at, len(packed.payload), len(packed.raster), snapshot.frame, packed.key)
            self._rows[position % self._rows.size] = row
            self._end = position + 1
            self._drop_old()
        return position

    def frame(self, position: int) -> int:
        """Return the host's frame number of a snapshot. Raises UsageError if it is not kept."""
        with self._lock:
            return int(self._row(position)["frame"])

    def position(self, frame: int) -> int | None:
        """Return the position of the newest snapshot with this frame number, or `None`."""
        with self._lock:
            numbers = np.arange(self._first, self._end)
            found = np.flatnonzero(self._rows["frame"][numbers % self._rows.size] == frame)
            return int(numbers[found[-1]]) if found.size else None

    def snapshot(self, position: int) -> Snapshot:
        """Return a snapshot. Neighbours in order are quickest; parts that did not change are the same arrays.

        Raises:
            UsageError: It is not kept any more, or did not come yet.
            FormatError: The file was damaged.
        """
        with self._playing:
            key, rows, data, rom = self._fetch(position)
            played = self._played
            if played is None or played.key != key or played.position > position:
                played = _Played(key, key - 1, Playback(NAMES, rom))
            self._played = None  # invalid until all of this has succeeded
            for _ in _advanced(played.playback, rows, data, played.position + 1 - key):
                pass
            snapshot = played.playback.snapshot(int(rows[-1]["frame"]))
            self._played = played._replace(position=position)
        return snapshot

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        """Pass the snapshots from one position up to another one (exclusive), those that are kept by then. Each is
        unpacked once, and none is made that nobody asks for. Raises FormatError if the file was damaged."""
        begin = None
        while (first := max(first, self._first)) < min(end, self._end):
            with self._lock:
                following = np.arange(first + 1, min(end, self._end))
                keys = np.flatnonzero(self._rows["key"][following % self._rows.size])
            until = int(following[keys[0]]) if keys.size else min(end, self._end)
            try:
                key, rows, data, rom = self._fetch(until - 1)
            except UsageError:  # it was dropped meanwhile
                first = max(until, self._first)
                continue
            playback = Playback(NAMES, rom)
            for number in _advanced(playback, rows, data, 0):
                position = key + number
                if position >= first:
                    begin = position if begin is None else begin
                    yield PassedFrame(position, int(rows[number]["frame"]), playback, first=position == begin)
            first = until

    def keyframe(self, position: int) -> int:
        """Return the position of the keyframe that a snapshot is unpacked from. Raises UsageError if it is not kept."""
        with self._lock:
            return self._key(position)

    def close(self) -> None:
        """Remove the file. Idempotent."""
        with self._lock:
            self._first = self._end
        self._bytes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _fetch(self, position: int) -> tuple[int, NDArray[np.void], bytes, RomIdentity | None]:
        """Return the position of the keyframe before a snapshot, the rows from there on, their bytes, and the ROM."""
        with self._lock:
            key = self._key(position)
            rows = self._rows[np.arange(key, position + 1) % self._rows.size]
            rom = next((one for first, one in reversed(self._roms) if first <= key), None)
        size = int(rows[-1]["at"]) + int(rows[-1]["payload"]) + int(rows[-1]["raster"]) - int(rows[0]["at"])
        data = self._bytes.read(int(rows[0]["at"]), size)
        if data is None:
            raise self._gone(position)
        return key, rows, data, rom

    def _key(self, position: int) -> int:
        self._row(position)
        while not self._rows[position % self._rows.size]["key"]:
            position -= 1
        return position

    def _row(self, position: int) -> np.void:
        if not self._first <= position < self._end:
            raise self._gone(position)
        row: np.void = self._rows[position % self._rows.size]
        return row

    def _gone(self, position: int) -> UsageError:
        kept = f"frames {self._first} to {self._end - 1} are" if self._first < self._end else "none is"
        return UsageError(f"frame {position} of the timeline is not kept; {kept}")

    def _drop_old(self) -> None:
        """Let go of what the file or the table does not hold any more, up to a keyframe."""
        first, oldest = max(self._first, self._end - self._rows.size), self._bytes.oldest
        while first < self._end:
            row = self._rows[first % self._rows.size]
            if row["key"] and row["at"] >= oldest:
                break
            first += 1
        self._first = first
        while len(self._roms) > 1 and self._roms[1][0] <= first:
            del self._roms[0]


def _advanced(playback: Playback, rows: NDArray[np.void], data: bytes, skip: int) -> Iterator[int]:
    """Advance through frames that follow each other, and yield the number of each among them.

    Args:
        playback: It is at the frame before the first one that is not skipped.
        rows: The frames' rows.
        data: Their bytes.
        skip: So many of them were played before.
    """
    at = rows["at"] - rows["at"][0]
    middles = at + rows["payload"]
    places = zip(at.tolist(), middles.tolist(), (middles + rows["raster"]).tolist(), rows["key"].tolist(), strict=True)
    for number, (begin, middle, end, key) in enumerate(places):
        if number < skip:
            continue
        payload, layout = data[begin:middle], None
        if key:
            layout, payload = parse_layout(_SECTIONS, payload)
        playback.advance(layout, payload, data[middle:end], key=key)
        yield number
