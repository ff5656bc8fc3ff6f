"""Recordings: snapshots in a file, lossless, seekable, and small because only what changed is kept.

docs/reference/recording.md describes the bytes. In short: a header with a JSON document, then one chunk a frame, then
an index. A chunk is a whole frame (a keyframe) or the 64-byte pages that differ from the frame before, XORed with it;
both packed with zlib. Every part has a CRC-32. A file without its end (the disk was full, the process was killed) opens
up to its last whole frame.
"""

from __future__ import annotations

import contextlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from io import BufferedWriter
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self

import numpy as np
from halscope_hooks import FormatError, HalscopeError, RomIdentity, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.formats import recording_frame
from halscope.formats.recording_frame import MOST_PICTURE_SIDE, REGISTER_NAMES, Layout

MAGIC: Final = b"HALSREC\0"
VERSION: Final = 1
KEYFRAME_EVERY: Final = 300

_HEADER: Final = struct.Struct("<8sHHII")  # magic, version, 0, length of the JSON document, CRC
_CHUNK: Final = struct.Struct("<4sBBHHHIqI")  # tag, kind, contents, height, width, 0, payload length, frame number, CRC
_TRAILER: Final = struct.Struct("<8sQII")  # magic, offset of the index, frames, CRC of the index and of what is before
_TAG: Final = b"FRAM"
_END: Final = b"HALSEND\0"
_KEY, _DELTA = 0, 1
_HAS_WRAM, _HAS_PICTURE = 1, 2
_KEY_IN_INDEX: Final = 1 << 63
_MOST_DOCUMENT: Final = 1 << 16
_READ_AHEAD: Final = 1 << 16  # bytes; a delta has a few hundred


class _Written(NamedTuple):
    """How far a recording is: bytes, frames, and the last frame."""

    end: int
    frames: int
    previous: tuple[Layout, NDArray[np.uint8]] | None


class RecordingWriter:
    """Writes a recording; each frame is in the file (though not yet flushed) when `append` returns.

    Args:
        path: The file; one that is there is replaced.
        emulator: What the snapshots come from, for people.
        keyframe_every: Frames from one keyframe to the next; a seek decodes this many at most.

    Raises:
        UsageError: The file cannot be made.
    """

    def __init__(self, path: Path, *, emulator: str = "", keyframe_every: int = KEYFRAME_EVERY) -> None:
        self._path = path
        self._emulator = emulator
        self._keyframe_every = max(1, keyframe_every)
        self._rom: RomIdentity | None = None
        self._index: list[int] = []
        self._written = _Written(0, 0, None)
        try:
            self._file: BufferedWriter | None = path.open("wb")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error

    def __len__(self) -> int:
        return self._written.frames

    def append(self, snapshot: Snapshot) -> None:
        """Add a frame.

        Raises:
            UsageError: The recording is closed, or the snapshot is of another ROM than those before.
            HalscopeError: The file cannot be written (the disk is full); what was written before can be read.
        """
        if self._file is None:
            raise UsageError(f"{self._path}: the recording is closed")
        end, frames, previous = self._written
        header = b""
        if frames == 0:
            self._rom = snapshot.rom
            header = _header(self._emulator, snapshot.rom)
        elif snapshot.rom is not None and snapshot.rom != self._rom:
            raise UsageError(f"{self._path}: a recording holds one ROM; start a new one for {snapshot.rom.path}")
        layout, data = recording_frame.from_snapshot(snapshot)
        key = frames % self._keyframe_every == 0 or previous is None or previous[0] != layout
        payload = recording_frame.pack(data, None if key or previous is None else previous[1])
        contents = (_HAS_WRAM if layout.wram else 0) | (_HAS_PICTURE if layout.height else 0)
        kind = _KEY if key else _DELTA
        head = (_TAG, kind, contents, layout.height, layout.width, 0, len(payload), snapshot.frame)
        packed = header + _CHUNK.pack(*head, _chunk_crc(head, payload)) + payload
        self._write(packed)
        # What an interrupt (Ctrl-C) has left of a frame is written over: it counts once `_written` says so.
        del self._index[frames:]
        self._index.append((end + len(header)) | (_KEY_IN_INDEX if key else 0))
        self._written = _Written(end + len(packed), frames + 1, (layout, data))

    def close(self) -> None:
        """Write the index and close the file. Idempotent; after an interrupt (Ctrl-C) the next call closes it.

        Raises:
            HalscopeError: Like `append`.
        """
        if self._file is None:
            return
        end, frames, _ = self._written
        header = b"" if frames else _header(self._emulator, None)
        index = np.array(self._index[:frames], "<u8").tobytes()
        trailer = (_END, end + len(header), frames)
        crc = zlib.crc32(_TRAILER.pack(*trailer, 0), zlib.crc32(index))
        self._write(header + index + _TRAILER.pack(*trailer, crc), last=True)
        file, self._file = self._file, None
        self._shut(file)

    def disown(self) -> None:
        """Let go of the file without a write, not even of what is buffered: in a forked process, whose parent goes on
        writing it."""
        file, self._file = self._file, None
        if file is not None:
            file.raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shut(self, file: BinaryIO) -> None:
        try:
            file.close()  # what was still in a buffer is written now, and a full disk is felt here
        except OSError as error:
            raise HalscopeError(
                f"{self._path}: cannot be written to its end: {error.strerror or error}; its whole frames can be read"
            ) from error

    def _write(self, data: bytes, *, last: bool = False) -> None:
        file, end = self._file, self._written.end
        assert file is not None
        try:
            if file.tell() != end:
                file.seek(end)
            file.write(data)
            if last:
                file.truncate()
        except OSError as error:
            self._file = None
            with contextlib.suppress(OSError):  # the file ends with a whole frame if that can still be done
                file.truncate(end)
            with contextlib.suppress(OSError):
                file.close()
            raise HalscopeError(
                f"{self._path}: cannot be written: {error.strerror or error}; its first {len(self)} frames can be read"
            ) from error


class RecordingReader:
    """Reads a recording: `len(reader)`, `reader[i]` (any order; in sequence is fastest) and iteration.

    Args:
        path: The file.

    Raises:
        UsageError: It cannot be opened.
        FormatError: It is no recording, its header is damaged, or a newer Halscope wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb", buffering=_READ_AHEAD)
        except OSError as error:
            raise UsageError(f"{path}: cannot be opened as a recording: {error.strerror or error}") from error
        try:
            self._size = self._file.seek(0, 2)
            document, start = self._read_header()
            self.emulator: str = document["emulator"]
            self.rom: RomIdentity | None = document["rom"]
            self._registers: list[str] = document["registers"]
            index = self._read_index(start)
            self.complete = index is not None
            """Whether the file has its end; if not, it was rebuilt up to the last whole frame."""
            self._index = self._scan(start) if index is None else index
        except BaseException:
            self._file.close()
            raise
        self._playback = recording_frame.Playback(self._registers, self.rom)
        self._played = -1
        """The frame that the playback stands at, -1 for none; `_frame` is its number."""
        self._frame = 0

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Snapshot]:
        for position in range(len(self)):
            yield self[position]

    def __getitem__(self, position: int) -> Snapshot:
        """Return the frame at a position, 0 to len - 1 or negative from the end.

        Raises:
            IndexError: There is no such frame.
            FormatError: It, or one between it and its keyframe, is damaged.
        """
        if not -len(self) <= position < len(self):
            raise IndexError(f"{self._path}: no frame {position}; the recording has {len(self)}")
        position %= len(self)
        start = position
        while not self._index[start] & _KEY_IN_INDEX:
            start -= 1
        if start <= self._played <= position:
            start = self._played + 1
        self._played = -1  # until it is known that all went well
        for at in range(start, position + 1):
            layout, self._frame, payload, is_key = self._chunk(at)
            try:
                self._playback.advance(layout, payload, key=is_key)
            except FormatError as error:
                raise self._fault(self._index[at] & ~_KEY_IN_INDEX, str(error)) from error
        try:
            snapshot = self._playback.snapshot(self._frame)
        except FormatError as error:
            raise self._fault(self._index[position] & ~_KEY_IN_INDEX, str(error)) from error
        self._played = position
        return snapshot

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, at: int, size: int) -> bytes:
        if self._file.closed:
            raise UsageError(f"{self._path}: the recording is closed")
        self._file.seek(at)
        return self._file.read(size)

    def _fault(self, at: int, what: str) -> FormatError:
        return FormatError(f"{self._path}: at offset {at:#x}: {what}")

    def _read_header(self) -> tuple[dict[str, Any], int]:
        """Return the checked JSON document, and where the chunks begin."""
        head = self._read(0, _HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(MAGIC):
            raise self._fault(0, f"no Halscope recording: it begins with {head[:8]!r}")
        _, version, _, length, crc = _HEADER.unpack(head)
        if version != VERSION:
            raise self._fault(8, f"recording version {version}; this Halscope reads version {VERSION}")
        text = self._read(_HEADER.size, length) if length <= _MOST_DOCUMENT else b""
        if len(text) != length or zlib.crc32(text) != crc:
            raise self._fault(_HEADER.size, "the header is damaged")
        try:
            document = json.loads(text)
            rom = document["rom"]
            return {
                "emulator": str(document["emulator"]),
                "rom": None if rom is None else RomIdentity(**rom),
                "registers": [str(name) for name in document["registers"]],
            }, _HEADER.size + length
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._fault(_HEADER.size, f"the header is not what a recording has: {error}") from error

    def _read_index(self, start: int) -> list[int] | None:
        """Return the index at the file's end, or `None` if there is none that can be trusted."""
        at = self._size - _TRAILER.size
        if at < start:
            return None
        magic, index_at, count, crc = _TRAILER.unpack(self._read(at, _TRAILER.size))
        if magic != _END or index_at < start or index_at + 8 * count != at:
            return None
        index = self._read(index_at, 8 * count)
        if zlib.crc32(_TRAILER.pack(magic, index_at, count, 0), zlib.crc32(index)) != crc:
            return None
        entries = [int(entry) for entry in np.frombuffer(index, "<u8")]
        places = [entry & ~_KEY_IN_INDEX for entry in entries]
        if entries and not (entries[0] & _KEY_IN_INDEX and start <= places[0] and places[-1] < index_at):
            return None
        return entries if all(one < other for one, other in pairwise(places)) else None

    def _scan(self, start: int) -> list[int]:
        """Rebuild the index from the chunks themselves, up to the first one that is not whole."""
        index: list[int] = []
        at = start
        while True:
            try:
                _, _, payload, is_key = self._chunk_at(at)
            except FormatError:
                return index
            if not index and not is_key:
                return index
            index.append(at | (_KEY_IN_INDEX if is_key else 0))
            at += _CHUNK.size + len(payload)

    def _chunk(self, position: int) -> tuple[Layout, int, bytes, bool]:
        return self._chunk_at(self._index[position] & ~_KEY_IN_INDEX)

    def _chunk_at(self, at: int) -> tuple[Layout, int, bytes, bool]:
        """Return layout, frame number, payload and whether it is a keyframe; everything checked."""
        head = self._read(at, _CHUNK.size)
        if len(head) < _CHUNK.size or not head.startswith(_TAG):
            raise self._fault(at, "no frame begins here")
        *values, crc = _CHUNK.unpack(head)
        _, kind, contents, height, width, _, length, frame = values
        layout = Layout(bool(contents & _HAS_WRAM), height, width, len(self._registers))
        if length > self._size - at or max(height, width) > MOST_PICTURE_SIDE or kind not in (_KEY, _DELTA):
            raise self._fault(at, "the frame is damaged or cut off")
        payload = self._read(at + _CHUNK.size, length)
        if len(payload) != length or _chunk_crc(tuple(values), payload) != crc:
            raise self._fault(at, "the frame is damaged or cut off")
        return layout, frame, payload, kind == _KEY


def _header(emulator: str, rom: RomIdentity | None) -> bytes:
    document = {
        "emulator": emulator,
        "rom": None if rom is None else asdict(rom),
        "registers": REGISTER_NAMES,
    }
    text = json.dumps(document).encode()
    return _HEADER.pack(MAGIC, VERSION, 0, len(text), zlib.crc32(text)) + text


def _chunk_crc(head: tuple[Any, ...], payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_CHUNK.pack(*head, 0)))
