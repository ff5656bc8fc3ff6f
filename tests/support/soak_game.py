"""The game of a soak: numbered snapshots of numbered ROMs, some of which cannot be decoded, and what is found out.

Every snapshot carries its number and its ROM's in its memory, so that whoever gets another's would see it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from halscope import decode_frame
from halscope.ppu import FrameDecoder
from halscope_hooks import Frame, Origin, PpuRegisters, RomIdentity, Snapshot, VramOrigins
from numpy.typing import NDArray

REGISTERS: Final = PpuRegisters(obsel=0x63, bgmode=1)
NOWHERE: Final = ((),) * 2047
CALLED_IN_CHILD: Final = 77  # exit code of a forked child in which its parent's subscriber was called
MARK: Final = 8  # the VRAM byte that says whether a snapshot can be decoded
ROM: Final = 9  # the VRAM byte that says of which ROM it is
BEFORE, AFTER = 1, 2  # marks: decoding raises at its beginning, or once all is decoded


class MadeError(Exception):
    """What everything that fails on purpose raises."""


@dataclass(slots=True)
class Findings:
    """What a soak counts, and the breaches that it found; any thread writes, and any signal handler."""

    breaches: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _process: int = field(default_factory=os.getpid)

    def breach(self, what: str) -> None:
        """Note that a rule was broken, and say so at once: what follows may take so long that the soak is ended."""
        with self._lock:
            self.breaches.append(what)
        print(f"breach: {what}", file=sys.stderr, flush=True)

    def count(self, what: str, more: int = 1) -> None:
        """Count something."""
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + more

    def check_process(self) -> None:
        """Called by whoever is told anything: in a forked child nobody is. Ends the child, which its parent notes."""
        if os.getpid() != self._process:
            os._exit(CALLED_IN_CHILD)


class Game:
    """Makes numbered snapshots of which each changes a few bytes of the one before.

    Args:
        seed: All of it follows from this.
        marks: How likely a snapshot begins a run of those that cannot be decoded.
    """

    def __init__(self, seed: int, marks: float = 0.0) -> None:
        self._rng = np.random.default_rng(seed)
        self._vram = self._rng.integers(0, 256, 0x10000, np.uint8)
        self._oam = self._rng.integers(0, 256, 544, np.uint8)
        self._cgram = self._rng.integers(0, 0x8000, 256, np.uint16)
        self._marks, self._marked = marks, 0
        self._touched: list[tuple[frozenset[int], int]] = [(frozenset(), 0)]
        self.made = 0
        self.rom = 1
        self.restarts = 0
        """How often everything may be told as changed: whatever was decoded last, or told last, is not known."""

    def snapshot(self) -> Snapshot:
        """The next one."""
        self.made += 1
        rng, vram = self._rng, self._vram
        if not self._marked and rng.random() < self._marks:
            self._marked = int(rng.integers(1, 8))
        vram[:8] = np.frombuffer(self.made.to_bytes(8, "little"), np.uint8)
        vram[MARK] = int(rng.integers(BEFORE, AFTER + 1)) if self._marked else 0
        vram[ROM] = self.rom & 0xFF
        self.restarts += self._marked > 0
        self._marked -= self._marked > 0
        at, colour = int(rng.integers(16, 0x10000 - 40)), int(rng.integers(256))
        vram[at : at + 40] += 1
        self._oam[0] = self.made & 0xFF
        self._oam[int(rng.integers(1, 512))] ^= 1 << int(rng.integers(8))
        self._cgram[colour] ^= 1
        self._touched.append((frozenset((0, *range(at // 32, (at + 39) // 32 + 1))), colour // 16))
        return Snapshot(vram=vram, cgram=self._cgram, oam=self._oam, ppu=REGISTERS, frame=self.made)

    def touched(self, after: int, last: int) -> tuple[set[int], set[int]]:
        """The tiles and the rows of colours that frames after one, up to another, have changed."""
        steps = self._touched[after + 1 : last + 1]
        return set().union(*(tiles for tiles, _ in steps)), {row for _, row in steps}


def rom_in(snapshot: Snapshot) -> int:
    """The ROM that the memory itself names."""
    return int(snapshot.vram[ROM])


def identity(rom: int) -> RomIdentity:
    """What a host says of this ROM."""
    return RomIdentity(path=f"{rom & 0xFF}")


def number_of(rom: RomIdentity) -> int:
    """The reverse of `identity`."""
    return int(rom.path or -1)


def lookup_in(rom: int) -> Callable[[NDArray[np.uint8]], VramOrigins]:
    """Origins that say in which ROM and for which snapshot they were looked up: their offsets are the two numbers."""

    def locate(vram: NDArray[np.uint8]) -> VramOrigins:
        number = int.from_bytes(vram[:8].tobytes(), "little")
        return VramOrigins(((Origin("raw", number, rom & 0xFF, "content"),), *NOWHERE), np.ones(2048, np.bool_))

    return locate


def failing_lookup(_vram: NDArray[np.uint8]) -> VramOrigins:
    """A lookup that never succeeds."""
    raise MadeError("a lookup")


class Refusals:
    """How many snapshots could not be decoded so far."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have sessions fail to decode marked snapshots meanwhile: the decoder itself never does."""
        decode = FrameDecoder.decode

        def refusing(self_: Any, snapshot: Snapshot, **options: Any) -> Frame:
            mark = snapshot.vram[MARK]
            if mark != BEFORE:
                frame = decode(self_, snapshot, **options)
            if mark:
                with self._lock:
                    self.count += 1
                raise MadeError("cannot be decoded")
            return frame

        FrameDecoder.decode = refusing  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            FrameDecoder.decode = decode  # type: ignore[method-assign]


def check_frame(frame: Frame, findings: Findings, who: str) -> None:
    """A frame holds what a fresh decoding of its snapshot gives."""
    fresh = decode_frame(frame.snapshot)
    same = all(
        (ours.x, ours.y, ours.palette) == (theirs.x, theirs.y, theirs.palette)
        and np.array_equal(ours.pixels, theirs.pixels)
        for ours, theirs in zip(frame.sprites, fresh.sprites, strict=True)
    )
    if not same or not np.array_equal(frame.palettes, fresh.palettes):
        findings.breach(f"{who}: frame {frame.snapshot.frame} differs from a fresh decoding")
