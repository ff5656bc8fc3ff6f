"""ReplayHost: plays a recording back like a running emulator."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from halscope_hooks import (
    HostError,
    HostInfo,
    RomIdentity,
    Snapshot,
    Touched,
    Write,
    WriteReceipt,
    capabilities_of,
)

from halscope.formats.recording import RecordingReader

_MEMORIES: Final = frozenset({"vram", "cgram", "oam", "wram", "bwram", "iram", "cpu", "picture"})


class ReplayHost:
    """A Host (see `halscope_hooks.Host`) that steps through a recording; driven and tracing.

    It reports the reads that were recorded, all of them until `watch_rom` is called.

    Args:
        path: The recording.

    Raises:
        UsageError: The file cannot be opened.
        FormatError: It is not a recording, or its beginning is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = RecordingReader(path)
        self._position = 0
        self._touched: deque[int] = deque()  # frames whose touches were not taken yet
        self._ranges: tuple[tuple[int, int], ...] | None = None
        try:
            readable = self._readable()
        except BaseException:
            self._reader.close()
            raise
        self._info = HostInfo(
            name="recording",
            emulator=f"recording of {self._reader.emulator or 'an emulator'}",
            readable=readable,
            rom=self._reader.rom or RomIdentity(),
            capabilities=capabilities_of(self),
        )

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def info(self) -> HostInfo:
        """What was recorded; nothing is writable."""
        return self._info

    @property
    def complete(self) -> bool:
        """Whether the recording was closed properly; if not, its end is missing."""
        return self._reader.complete

    def step(self) -> Snapshot | None:
        """Return the next frame, or `None` at the end. Raises FormatError if it is damaged."""
        if self._position >= len(self._reader):
            return None
        snapshot = self._reader[self._position]
        self._touched.append(self._position)
        self._position += 1
        return snapshot

    def seek(self, position: int) -> None:
        """Make `step` return this frame next: 0 is the first, `len` the end. Raises HostError outside of these."""
        if not 0 <= position <= len(self._reader):
            raise HostError(f"{self._path}: no frame {position}; the recording has {len(self._reader)}")
        self._position = position

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Report only recorded reads of these file offset ranges (end exclusive)."""
        self._ranges = tuple(ranges)

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads recorded with the frames that were stepped since the last call, oldest first.

        Raises FormatError if they are damaged.
        """
        touches = []
        while self._touched:
            touches += self._reader.touches(self._touched[0])
            self._touched.popleft()
        ranges = self._ranges
        if ranges is None:
            return touches
        return [one for one in touches if any(begin <= one.rom_offset < end for begin, end in ranges)]

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Raise HostError: a recording cannot change."""
        raise HostError(f"{self._path}: a recording cannot be written into ({len(writes)} writes); attach an emulator")

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _readable(self) -> frozenset[str]:
        if not len(self._reader):
            return frozenset()
        readable = set(self._reader.sections() & _MEMORIES)
        if self._reader[0].ppu.obsel is not None:
            readable.add("ppu")
        return frozenset(readable)
