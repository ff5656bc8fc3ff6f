"""A game that unpacks blocks of a ROM with known truth, and the first touches of pages that a host would see.

It is a model, so that what a host sees can be chosen: how much is unpacked in a frame, what else is read, which pages
are not watched (because they are hot, or at times), and which memories the host can read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot, Touched
from numpy.typing import NDArray

PAGE = 0x1000
HOT = 60  # frames


def steps(stream: bytes) -> list[tuple[int, int]]:
    """Return for each command of a HAL stream, terminator included: bytes read, and bytes unpacked, up to its end."""
    found, at, out = [], 0, 0
    while stream[at] != 0xFF:
        command, count = stream[at] >> 5, (stream[at] & 0x1F) + 1
        at += 1
        if command == 7:
            command, count = stream[at - 1] >> 2 & 7, ((stream[at - 1] & 3) << 8 | stream[at]) + 1
            at += 1
        at += {0: count, 1: 1, 2: 2, 3: 1}.get(command, 2)
        out += count * (2 if command == 2 else 1)
        found.append((at, out))
    return [*found, (at + 1, out)]


@dataclass
class WatchedGame:
    """The game.

    Args:
        image: The ROM.
        rng: Makes its choices.
        lead: File offset of the first page's edge modulo the page's size: the host's copy begins anywhere.
        speed: Packed bytes that are read in a frame.
        others: Chance that a frame also reads something else, anywhere, before it unpacks.
        wram: Whether the host reads WRAM.
        hot: Whether pages that were touched in many frames are not watched any more.
        blind: Chance that a page is not watched in a frame.
        moves: Whether a page is watched again as soon as another one is touched, so that it is touched several times.
    """

    image: bytes
    rng: np.random.Generator
    lead: int = 0x10
    speed: int = 400
    others: float = 0.3
    wram: bool = True
    hot: bool = True
    blind: float = 0.0
    moves: bool = False
    frame: int = 100
    vram: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0x10000, np.uint8))
    work: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0x20000, np.uint8))
    heat: dict[int, int] = field(default_factory=dict)
    _touched: list[tuple[int, int]] = field(default_factory=list)  # page and offset of this frame's touches
    _open: set[int] = field(default_factory=set)
    _at: int = 0

    def idle(self, frames: int = 1) -> Iterator[tuple[Snapshot, list[Touched]]]:
        """Run frames that load nothing."""
        for _ in range(frames):
            self._read_others()
            yield self._end_frame()

    def load(
        self, offset: int, packed_size: int, data: bytes, *, buffer: int = 0x2000, skip: int = 0, pieces: int = 1
    ) -> Iterator[tuple[Snapshot, list[Touched]]]:
        """Unpack a block to WRAM, and copy it to VRAM in the frame that completes it.

        Args:
            offset: File offset of the stream.
            packed_size: Its bytes.
            data: What it unpacks to.
            buffer: Where in WRAM.
            skip: Bytes that are not copied to VRAM.
            pieces: Number of places in VRAM that it is split over.
        """
        done, read = 0, 0
        plan = steps(self.image[offset : offset + packed_size])
        self._read_others()
        while read < packed_size:
            until = min(read + self.speed, packed_size)
            interrupt = int(self.rng.integers(read, until))
            for place in range(read, until):
                self.touch(offset + place)
                if place == interrupt:
                    self.touch(0x400)
            read = until
            unpacked = max([out for at, out in plan if at <= read], default=0)
            self.work[buffer + done : buffer + unpacked] = np.frombuffer(data[done:unpacked], np.uint8)
            done = unpacked
            if read == packed_size:
                self._copy(data[skip:], pieces)
            yield self._end_frame()
            if read < packed_size:
                self._read_others()

    def touch(self, offset: int) -> None:
        """Read a byte of the ROM."""
        page = (offset - self.lead) // PAGE * PAGE + self.lead
        if page not in self._open:
            self._open = {page} if self.moves else self._open | {page}
            self._touched.append((page, offset))

    def _read_others(self) -> None:
        self.touch(0x400)  # code that runs in each frame
        if self.rng.random() < self.others:
            self.touch(int(self.rng.integers(0, len(self.image))))

    def _copy(self, data: bytes, pieces: int) -> None:
        size = -(-len(data) // pieces // 32) * 32
        for first in range(0, len(data), size):
            part = data[first : first + size]
            room = -(-len(part) // 32) * 32
            if self._at + room > len(self.vram):
                self._at = 0
            self.vram[self._at : self._at + len(part)] = np.frombuffer(part, np.uint8)
            self._at += room + (0x100 if pieces > 1 else 0)

    def _end_frame(self) -> tuple[Snapshot, list[Touched]]:
        self.frame += 1
        touches = []
        for page in dict(self._touched):
            self.heat[page] = self.heat.get(page, 0) + 1
        for page, offset in self._touched:
            if (self.heat[page] <= HOT or not self.hot) and (not self.blind or self.rng.random() >= self.blind):
                touches.append(Touched(self.frame, offset, page))
        self._touched, self._open = [], set()
        snapshot = Snapshot(
            vram=self.vram.copy(),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
            ppu=PpuRegisters(),
            frame=self.frame,
            wram=self.work.copy() if self.wram else None,
        )
        return snapshot, touches


def shuffled[T](rng: np.random.Generator, values: Sequence[T]) -> list[T]:
    """Return the values in another order."""
    return [values[n] for n in rng.permutation(len(values)).tolist()]
