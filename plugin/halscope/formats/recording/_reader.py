"""Read recordings of this version or version 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

from halscope_hooks import FormatError, RomIdentity, Snapshot, Touched, UsageError

from halscope.formats.recording import _file
from halscope.formats.recording._file import CHUNK, CHUNK_1, DELTA, HEADER, KEY, KEY_IN_INDEX, TRAILER
from halscope.formats.recording._frames import Layout, PassedFrame, Playback, layout_of_version_1, parse_layout
from halscope.formats.recording._sections import MOST_PICTURE_SIDE
from halscope.formats.recording._touches import parse_touches, touches_length

_READ_AHEAD: Final = 1 << 16  # bytes; a delta has a few hundred
_HAS_WRAM: Final = 1  # in the contents of a chunk of version 1


class _Chunk(NamedTuple):
    """A complete chunk. `layout` is `None` in a delta of version 2, which uses the layout of the previous frame."""

    key: bool
    frame: int
    layout: Layout | None
    payload: bytes
    raster: bytes
    end: int  # offset in the file


class RecordingReader:
    """Reads a recording: `len(reader)`, `reader[i]` (any order; in sequence is fastest) and iteration.

    Args:
        path: The file.

    Raises:
        UsageError: It cannot be opened.
        FormatError: It is not a recording, its header is damaged, or it was written by a newer Halscope.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb", buffering=_READ_AHEAD)
        except OSError as error:
            raise UsageError(f"{path}: cannot be opened as a recording: {error.strerror or error}") from error
        try:
            self._size = self._file.seek(0, 2)
            self._version, self._document, start = self._read_header()
            index = self._read_index(start)
            self.complete = index is not None
            """Whether the file has an index; if not, the index was rebuilt up to the last complete frame."""
            # The end: of the frames and what follows them.
            self._index, self._end = self._scan(start) if index is None else index
        except BaseException:
            self._file.close()
            raise
        self._playback = Playback(self._document.names, self.rom)
        self._played = -1
        """Position of the frame that playback is at, or -1; `_frame` is its frame number."""
        self._frame = 0

    @property
    def emulator(self) -> str:
        """Source of the snapshots, for users."""
        return self._document.emulator

    @property
    def rom(self) -> RomIdentity | None:
        """The ROM of the recording."""
        return self._document.rom

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Snapshot]:
        for position in range(len(self)):
            yield self[position]

    def __getitem__(self, position: int) -> Snapshot:
        """Return the frame at a position from 0 to len - 1, or negative to count from the end.

        Raises:
            IndexError: There is no such frame.
            FormatError: The frame, or one between it and its keyframe, is damaged.
        """
        if not -len(self) <= position < len(self):
            raise IndexError(f"{self._path}: no frame {position}; the recording has {len(self)}")
        position %= len(self)
        start = self.keyframe(position)
        if start <= self._played <= position:
            start = self._played + 1
        self._played = -1  # invalid until all of this has succeeded
        for at in range(start, position + 1):
            self._frame = self._advance(self._playback, at)
        try:
            snapshot = self._playback.snapshot(self._frame)
        except FormatError as error:
            raise self._fault(self._index[position] & ~KEY_IN_INDEX, str(error)) from error
        self._played = position
        return snapshot

    def walk(self, first: int, end: int) -> Iterator[PassedFrame]:
        """Pass the frames from one position up to another one (exclusive), which must be of the recording. Each is
        unpacked once, and no snapshot is made that nobody asks for. Raises FormatError as `reader[i]` does."""
        playback = Playback(self._document.names, self.rom)
        for position in range(self.keyframe(first) if first < end else first, end):
            frame = self._advance(playback, position)
            if position >= first:
                yield PassedFrame(position, frame, playback, first=position == first)

    def keyframe(self, position: int) -> int:
        """Return the position of the keyframe that a frame is unpacked from."""
        while not self._index[position] & KEY_IN_INDEX:
            position -= 1
        return position

    def _advance(self, playback: Playback, position: int) -> int:
        """Advance to a frame, which follows the one that the playback is at or is a keyframe; return its number."""
        chunk = self._chunk(position)
        try:
            playback.advance(chunk.layout, chunk.payload, chunk.raster, key=chunk.key)
        except FormatError as error:
            raise self._fault(self._index[position] & ~KEY_IN_INDEX, str(error)) from error
        return chunk.frame

    def touches(self, position: int) -> list[Touched]:
        """Return what the game was seen reading before the frame behind this one, oldest first.

        Raises:
            IndexError: There is no frame at this position.
            FormatError: The frame, or what was recorded of its touches, is damaged.
        """
        if not 0 <= position < len(self):
            raise IndexError(f"{self._path}: no frame {position}; the recording has {len(self)}")
        at = self._chunk(position).end
        last = position + 1 == len(self)
        end = self._end if last else self._index[position + 1] & ~KEY_IN_INDEX
        touches: list[Touched] = []
        while at < end:
            data = self._touches_at(at, end)
            try:
                touches += parse_touches(data)
            except FormatError as error:
                raise self._fault(at, str(error)) from error
            at += len(data)
        return touches

    def sections(self) -> frozenset[str]:
        """Return the sections that occur in any frame ("vram", "wram", "cpu" …). Only keyframes need to be read.

        Damaged keyframes are skipped.
        """
        names: set[str] = set()
        for position, entry in enumerate(self._index):
            if not entry & KEY_IN_INDEX:
                continue
            try:
                layout = self._chunk(position).layout
            except FormatError:
                continue  # reading this frame reports the damage
            if layout is not None:
                names.update(name for name, _, _ in layout.spans)
        return frozenset(names)

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

    def _read_header(self) -> tuple[int, _file.Document, int]:
        """Return the version, the validated document, and the offset of the first chunk."""
        head = self._read(0, HEADER.size)
        if len(head) < HEADER.size or not head.startswith(_file.MAGIC):
            start = f"it begins with {head[:8].hex(' ')}" if head else "the file is empty"
            raise self._fault(0, f"not a Halscope recording: {start}")
        _, version, _, length, crc = HEADER.unpack(head)
        if version > _file.VERSION:
            raise self._fault(
                8,
                f"recording version {version}; this Halscope reads versions 1 to {_file.VERSION}: "
                "update Halscope to read it",
            )
        text = self._read(HEADER.size, length) if length <= _file.MOST_DOCUMENT else b""
        if version < 1 or len(text) != length or _file.header_crc(version, text) != crc:
            raise self._fault(HEADER.size, "the header is damaged")
        try:
            return version, _file.parse_document(version, text), HEADER.size + length
        except FormatError as error:
            raise self._fault(HEADER.size, str(error)) from error

    def _read_index(self, start: int) -> tuple[list[int], int] | None:
        """Return the index at the end of the file and its offset; `None` if it is missing or cannot be trusted."""
        at = self._size - TRAILER.size
        if at < start:
            return None
        trailer = self._read(at, TRAILER.size)
        place = _file.index_place(trailer, at, start)
        if place is None:
            return None
        index = _file.parse_index(self._read(place, at - place), trailer, start)
        return None if index is None else (index, place)

    def _scan(self, start: int) -> tuple[list[int], int]:
        """Rebuild the index from the chunks themselves, up to the first incomplete one; also return where that is."""
        index: list[int] = []
        at = start
        while True:
            try:
                if index and self._read(at, len(_file.TAG)) != _file.TAG:
                    data = self._touches_at(at, self._size)
                    parse_touches(data)
                    at += len(data)
                    continue
                chunk = self._chunk_at(at)
            except FormatError:
                return index, at
            if not index and not chunk.key:
                return index, at
            index.append(at | (KEY_IN_INDEX if chunk.key else 0))
            at = chunk.end

    def _chunk(self, position: int) -> _Chunk:
        return self._chunk_at(self._index[position] & ~KEY_IN_INDEX)

    def _chunk_at(self, at: int) -> _Chunk:
        """Return the chunk at this offset after all checks that are possible without unpacking it."""
        head = self._read(at, CHUNK.size)
        if len(head) < CHUNK.size or not head.startswith(_file.TAG):
            raise self._fault(at, "no frame begins here")
        if self._version == 1:
            _, kind, contents, height, width, _, length, frame, crc = CHUNK_1.unpack(head)
            raster_length = 0
        else:
            _, kind, length, raster_length, frame, crc = CHUNK.unpack(head)
            contents = height = width = 0
        end = at + CHUNK.size + length + raster_length
        data = self._read(at + CHUNK.size, length + raster_length) if end <= self._size else b""
        if kind not in (KEY, DELTA) or end > self._size or _file.chunk_crc(head, data) != crc:
            raise self._fault(at, "the frame is damaged or truncated")
        payload, raster = data[:length], data[length:]
        layout = None
        if self._version == 1:
            layout = self._layout_of_version_1(at, contents, height, width)
        elif kind == KEY:
            try:
                layout, payload = parse_layout(self._document.sections, payload)
            except FormatError as error:
                raise self._fault(at, str(error)) from error
        return _Chunk(kind == KEY, frame, layout, payload, raster, end)

    def _touches_at(self, at: int, end: int) -> bytes:
        """Return the chunk of touches at this offset, which must end before `end`."""
        length = touches_length(self._read(at, CHUNK.size))
        if length is None or at + length > end:
            raise self._fault(at, "neither a frame nor touches begin here")
        return self._read(at, length)

    def _layout_of_version_1(self, at: int, contents: int, height: int, width: int) -> Layout:
        if max(height, width) > MOST_PICTURE_SIDE:
            raise self._fault(at, f"the picture would have {width}×{height} pixels")
        registers = len(self._document.names.ppu)
        return layout_of_version_1(registers, wram=bool(contents & _HAS_WRAM), height=height, width=width)
