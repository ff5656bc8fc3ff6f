"""Packing and unpacking of frames, each as a keyframe or as a delta to the previous frame."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, final

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    FormatError,
    RasterWrites,
    RomIdentity,
    Snapshot,
    UsageError,
)
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.formats.recording._file import ABSENT
from halscope.formats.recording._sections import (
    MOST_RASTER_ROWS,
    NAMES,
    Decoder,
    Names,
    from_snapshot,
    pack_raster,
    section_sizes,
    unpack_raster,
)

PAGE: Final = 64
_NEEDED: Final = frozenset({"vram", "cgram", "oam"})
_MOST_FRAME: Final = 1 << 24  # bytes; ours have 3.6 MB at most
_MOST_RASTER: Final = 4 + 4 * MOST_RASTER_ROWS  # bytes
_SECTIONS: Final = tuple(section_sizes(NAMES))


class Layout(NamedTuple):
    """The layout of a frame's sections.

    Args:
        spans: Name, start and end (exclusive) in bytes of every section in the frame.
        size: Size of the frame in bytes, a multiple of the page size.
        picture: Height and width of the picture, in version 1.
    """

    spans: tuple[tuple[str, int, int], ...]
    size: int
    picture: tuple[int, int] | None = None

    def edges(self) -> NDArray[np.int64]:
        """The first page of each section and the first one after it. A shared page belongs to both sections."""
        return np.array([edge for _, begin, end in self.spans for edge in (begin // PAGE, -(-end // PAGE))])


def _lay_out(sizes: Iterable[tuple[str, int]], align: int) -> Layout:
    spans, end = [], 0
    for name, size in sizes:
        begin = -(-end // align) * align
        end = begin + size
        spans.append((name, begin, end))
    return Layout(tuple(spans), -(-end // PAGE) * PAGE)


def parse_layout(sections: Sequence[tuple[str, int | None]], payload: bytes) -> tuple[Layout, bytes]:
    """Return the layout at the start of a keyframe's payload, and the rest of the payload. Raises FormatError."""
    table = 4 * len(sections)
    if len(payload) < table:
        raise FormatError("the keyframe has no layout")
    present = []
    for (name, expected), size in zip(sections, struct.unpack_from(f"<{len(sections)}I", payload), strict=True):
        if size == ABSENT:
            continue
        if expected not in (None, size):
            raise FormatError(f"the section {name} has {size} bytes, expected {expected}")
        present.append((name, size))
    layout = _lay_out(present, PAGE)
    if layout.size > _MOST_FRAME:
        raise FormatError(f"the frame would have {layout.size} bytes")
    if missing := _NEEDED - {name for name, _ in present}:
        raise FormatError(f"the frame has no {', '.join(sorted(missing))}")
    return layout, payload[table:]


def layout_of_version_1(registers: int, *, wram: bool, height: int, width: int) -> Layout:
    """Return the layout of a frame of version 1, whose sections are contiguous."""
    sizes = [("vram", VRAM_BYTES), ("cgram", CGRAM_BYTES), ("oam", OAM_BYTES), ("registers", 3 * registers + 1)]
    if wram:
        sizes.append(("wram", WRAM_BYTES))
    if height * width:
        sizes.append(("picture", height * width * 3))
    return _lay_out(sizes, 1)._replace(picture=(height, width))


class Packed(NamedTuple):
    """A frame as stored in a chunk."""

    key: bool
    payload: bytes
    raster: bytes


class Packer:
    """Packs snapshots, each as a delta to the previous one."""

    def __init__(self) -> None:
        self._sizes: tuple[int, ...] = ()
        self._layout = Layout((), 0)
        self._state = self._spare = np.empty(0, np.uint8)
        self._raster: RasterWrites | None = None
        self._raster_bytes = b""

    def pack(self, snapshot: Snapshot, *, key: bool) -> Packed:
        """Pack a snapshot as a delta, or as a keyframe if `key` is set or it does not hold the same parts as the last.

        Raises UsageError, before any state changes, if a part of it is too large for a recording.
        """
        parts = from_snapshot(snapshot)
        raster_bytes = self._raster_bytes if snapshot.raster is self._raster else pack_raster(snapshot.raster)
        sizes = tuple([ABSENT if part is None else part.size for part in parts])
        if sizes != self._sizes:
            key = True
            self._sizes = sizes
            present = zip(_SECTIONS, sizes, strict=True)
            self._layout = _lay_out(((name, size) for name, size in present if size != ABSENT), PAGE)
            self._state, self._spare = (np.zeros(self._layout.size, np.uint8) for _ in range(2))
        state, before = self._spare, self._state
        present_parts = [part for part in parts if part is not None]
        for (_, begin, end), part in zip(self._layout.spans, present_parts, strict=True):
            state[begin:end] = part
        if key:
            payload = struct.pack(f"<{len(sizes)}I", *sizes) + zlib.compress(state, 1)
            raster = _deflate(raster_bytes) if raster_bytes else b""
        else:
            difference = _codec.snes_page_difference(before, state, PAGE)
            payload = zlib.compress(difference, 1) if difference else b""
            raster = b"" if raster_bytes == self._raster_bytes else _deflate(raster_bytes, self._raster_bytes)
        self._state, self._spare = state, before
        self._raster, self._raster_bytes = snapshot.raster, raster_bytes
        return Packed(key, payload, raster)


class Playback:
    """Plays back the frames of a recording in order. A part that a delta does not change keeps the same array, so that
    consumers can tell by identity that it did not change.

    Args:
        names: Names from the header.
        rom: ROM of the recording.
    """

    def __init__(self, names: Names, rom: RomIdentity | None) -> None:
        self._decoder = Decoder(names, rom)
        self._rom = rom
        self._layout = Layout((), 0)
        self._state: NDArray[np.uint8] | None = None
        self._edges = np.empty(0, np.int64)
        self._stale: list[bool] = []
        self._raster_bytes = b""
        self._fields: dict[str, Any] = {}
        self.changed: frozenset[str] = frozenset()
        """Names of the sections that the last advance may have changed."""

    def advance(self, layout: Layout | None, payload: bytes, raster: bytes, *, key: bool) -> None:
        """Advance to the next frame.

        Args:
            layout: Layout of the frame; `None` for a delta of version 2, which does not store it.
            payload: The packed frame.
            raster: The packed raster writes.
            key: Whether it is a keyframe.

        Raises:
            FormatError: The frame is damaged or does not continue the previous one. Restart from a keyframe.
        """
        state, self._state = self._state, None  # if this fails, playback must not continue from here
        if key:
            assert layout is not None
            state = np.frombuffer(bytearray(inflate(payload, layout.size, layout.size)), np.uint8)
            self._edges = layout.edges()
            self._layout = layout
            self._stale = [True] * len(layout.spans)
            self._fields = {"rom": self._rom, "raster": None}
            self._raster_bytes = b""
            self.changed = frozenset(name for name, _, _ in layout.spans)
        elif state is None or layout not in (None, self._layout):
            raise FormatError("the frame does not continue the previous one")
        elif payload:
            self._apply(state, payload)
        else:
            self.changed = frozenset()
        if raster:
            self._raster_bytes = inflate(raster, _MOST_RASTER, dictionary=self._raster_bytes)
            self._fields["raster"] = unpack_raster(self._raster_bytes)
        self._state = state

    def _apply(self, state: NDArray[np.uint8], payload: bytes) -> None:
        try:
            difference = inflate(payload, -(-len(state) // PAGE // 8) + len(state))
            pages = _codec.snes_apply_difference(state, difference, PAGE)
        except ValueError as error:
            raise FormatError("the frame unpacks to another size than it should") from error
        first = pages.searchsorted(self._edges).tolist()
        changed = []
        for section, (name, _, _) in enumerate(self._layout.spans):
            if first[2 * section] < first[2 * section + 1]:
                self._stale[section] = True
                changed.append(name)
        self.changed = frozenset(changed)

    def section(self, name: str) -> bytes:
        """Return the bytes of a section of the frame that it is at. Raises KeyError if the frame has none."""
        state = self._state
        assert state is not None  # `advance` must have been called
        spans = {one: (begin, end) for one, begin, end in self._layout.spans}
        begin, end = spans[name]
        return state[begin:end].tobytes()

    def register(self, name: str) -> int | None:
        """Return a register of the frame by its field of `PpuRegisters`; `None` if it is unknown."""
        try:
            return self._decoder.register(self.section("registers"), name)
        except (KeyError, struct.error):
            return None  # there is no such section, or it is damaged, which `snapshot` reports

    def snapshot(self, frame: int) -> Snapshot:
        """Return the frame as a snapshot.

        Raises:
            FormatError: The frame holds a value that is not valid in a snapshot.
        """
        state = self._state
        assert state is not None  # `advance` must have been called
        try:
            for section, (name, begin, end) in enumerate(self._layout.spans):
                if self._stale[section]:
                    part = state[begin:end].copy()
                    part.flags.writeable = False
                    self._fields |= self._decoder.fields(name, part, self._layout.picture)
                    self._stale[section] = False
            return Snapshot(**self._fields, frame=frame)
        except UsageError as error:
            raise FormatError(f"the frame holds a value that is not valid in a snapshot: {error}") from error


@final
class PassedFrame:
    """A frame that a walk through frames passes; valid until the walk goes on.

    Args:
        position: Its position.
        frame: The host's number of it.
        playback: What has just been advanced to it.
        first: Whether the walk passes none before it.
    """

    __slots__ = ("_first", "_frame", "_playback", "position")

    def __init__(self, position: int, frame: int, playback: Playback, *, first: bool) -> None:
        self.position: Final = position
        self._frame = frame
        self._playback = playback
        self._first = first

    def changed(self, name: str) -> bool:
        """Whether a section ("vram", "oam", "registers" …) may differ from that of the frame that was passed before."""
        return self._first or name in self._playback.changed

    def section(self, name: str) -> bytes:
        """Return the bytes of a section; every frame has "vram", "cgram" and "oam"."""
        return self._playback.section(name)

    def register(self, name: str) -> int | None:
        """Return a register by its field of `PpuRegisters`; `None` if it is unknown."""
        return self._playback.register(name)

    def snapshot(self) -> Snapshot:
        """Return the whole frame, which stays valid. Raises FormatError if it holds a value that is not valid."""
        return self._playback.snapshot(self._frame)


def _deflate(data: bytes, dictionary: bytes = b"") -> bytes:
    packer = zlib.compressobj(1, zdict=dictionary) if dictionary else zlib.compressobj(1)
    return packer.compress(data) + packer.flush()


def inflate(payload: bytes, most: int, least: int = 0, dictionary: bytes = b"") -> bytes:
    """Decompress zlib data to `least` to `most` bytes, whatever the data claims. Raises FormatError."""
    unpacker = zlib.decompressobj(zdict=dictionary) if dictionary else zlib.decompressobj()
    try:
        data = unpacker.decompress(payload, most + 1)  # one more byte, so that the end of the stream is reached
    except zlib.error as error:
        raise FormatError(f"the frame does not unpack: {error}") from error
    if not unpacker.eof or unpacker.unused_data or not least <= len(data) <= most:
        raise FormatError("the frame unpacks to another size than it should")
    return data
