"""Who looks at the session in a soak: subscribers, collectors, a plugin. They fail, are slow, and check all they see.

Every snapshot carries its number in its memory, so that whoever gets another's would see it.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from halscope import decode_frame
from halscope.session import Session, Tap, TapOverflowError
from halscope_hooks import (
    Detached,
    Event,
    Frame,
    HalscopeError,
    JobFailed,
    JobProgress,
    Origin,
    PpuRegisters,
    Snapshot,
    Update,
    VramOrigins,
    hookimpl,
)
from numpy.typing import NDArray
from support.made_host import frame_in

LOOK_CLOSELY: Final = 40  # one frame in so many is decoded afresh and compared
REGISTERS: Final = PpuRegisters(obsel=0x63, bgmode=1)
NOWHERE: Final = ((),) * 2047


class MadeError(Exception):
    """What everything that fails on purpose raises."""


@dataclass(slots=True)
class Findings:
    """What a soak counts, and the breaches that it found; any thread writes."""

    breaches: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def breach(self, what: str) -> None:
        """Note that a rule was broken."""
        with self._lock:
            self.breaches.append(what)

    def count(self, what: str, more: int = 1) -> None:
        """Count something."""
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + more


class Game:
    """Makes numbered snapshots of which each changes a few bytes of the one before."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._vram = self._rng.integers(0, 256, 0x10000, np.uint8)
        self._oam = self._rng.integers(0, 256, 544, np.uint8)
        self._cgram = self._rng.integers(0, 0x8000, 256, np.uint16)
        self.made = 0

    def snapshot(self) -> Snapshot:
        """The next one."""
        self.made += 1
        rng = self._rng
        self._vram[:8] = np.frombuffer(self.made.to_bytes(8, "little"), np.uint8)
        at = int(rng.integers(8, 0x10000 - 40))
        self._vram[at : at + 40] += 1
        self._oam[0] = self.made & 0xFF
        self._oam[int(rng.integers(1, 512))] ^= 1 << int(rng.integers(8))
        self._cgram[int(rng.integers(256))] ^= 1
        return Snapshot(vram=self._vram, cgram=self._cgram, oam=self._oam, ppu=REGISTERS, frame=self.made)


def located(vram: NDArray[np.uint8]) -> VramOrigins:
    """Origins that say which snapshot they were looked up for: its number is the first tile's place."""
    number = int.from_bytes(vram[:8].tobytes(), "little")
    return VramOrigins(((Origin("raw", number, 0, "content"),), *NOWHERE), np.ones(2048, np.bool_))


class Moody:
    """Whoever is called: sometimes it raises, sometimes it takes its time."""

    def __init__(self, rng: random.Random, fails: float, slow: float, naps: float = 0.003) -> None:
        self._rng = random.Random(rng.random())
        self._fails, self._slow, self._naps = fails, slow, naps

    def be(self) -> None:
        """Be in one mood or another."""
        mood = self._rng.random()
        if mood < self._fails:
            raise MadeError("on purpose")
        if mood < self._fails + self._slow:
            time.sleep(self._rng.random() * self._naps)


class Watcher:
    """A subscriber: checks order, identity and content of all that it is told, and that nothing comes after the end."""

    def __init__(self, name: str, findings: Findings, mood: Moody, game: Game, thread: int | None) -> None:
        self.name = name
        self.ended = False  # set once `close` has returned True: from then on a call is a breach
        self.detached = False
        self.failures = 0
        self.faults: set[object] = set()
        self.again: Callable[[], object] | None = None
        self._findings = findings
        self._mood = mood
        self._game = game
        self._thread = thread
        self._inside = threading.Lock()
        self._last: dict[type[Event], int] = {}
        self._progress: dict[str, int] = {}
        self._seen = 0

    def __call__(self, event: Event) -> None:
        kind = type(event).__name__
        if self.ended:
            self._findings.breach(f"{self.name}: {kind} after close()")
        if self.detached:
            self._findings.breach(f"{self.name}: {kind} after detached")
        if self._thread is not None and threading.get_ident() != self._thread:
            self._findings.breach(f"{self.name}: {kind} on another thread than the host's")
        if not self._inside.acquire(blocking=False):
            self._findings.breach(f"{self.name}: called by two threads at a time")
            return
        try:
            self._look(event)
        finally:
            self._inside.release()
        if self.again is not None:
            self.again()
        if not isinstance(event, Detached):
            self._mood.be()

    def _look(self, event: Event) -> None:
        match event:
            case Update(frame, origins):
                # A frame comes once more where its origins are known later.
                self._frame(Update, frame, strictly=origins is None)
                if origins is not None and origins.origins[0][0].block_offset != frame.snapshot.frame:
                    self._findings.breach(f"{self.name}: origins of another frame than {frame.snapshot.frame}")
            case JobProgress(job, done):
                if done < self._progress.get(job, 0):
                    self._findings.breach(f"{self.name}: progress of {job} went back to {done}")
                self._progress[job] = done
            case JobFailed(error=error, count=count):
                self.failures += count
                self.faults.update(error.args)
            case Detached():
                self.detached = True

    def _frame(self, kind: type[Event], frame: Frame, *, strictly: bool) -> None:
        snapshot = frame.snapshot
        if not 0 < snapshot.frame == frame_in(snapshot) <= self._game.made or snapshot.oam[0] != snapshot.frame & 0xFF:
            self._findings.breach(f"{self.name}: frame {snapshot.frame} holds the memory of another")
        if snapshot.frame < self._last.get(kind, 0) + strictly:
            self._findings.breach(f"{self.name}: {kind.__name__} {snapshot.frame} after {self._last[kind]}")
        self._last[kind] = snapshot.frame
        self._seen += 1
        if self._seen % LOOK_CLOSELY == 1:
            self._findings.count("frames compared")
            check_frame(frame, self._findings, self.name)


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


class Collector:
    """Behind a tap: every snapshot comes, in order and once, unless the tap says that it was stopped."""

    def __init__(self, name: str, findings: Findings, mood: Moody) -> None:
        self.name = name
        self.numbers: list[int] = []
        self._findings = findings
        self._mood = mood

    def __call__(self, snapshot: Snapshot) -> None:
        if frame_in(snapshot) != snapshot.frame:
            self._findings.breach(f"{self.name}: snapshot {snapshot.frame} holds the memory of another")
        self.numbers.append(snapshot.frame)
        self._mood.be()

    def check(self, tap: Tap, first: int, last: int) -> None:
        """After its end: it took all from `first` to `last`, or says why not and took all up to there."""
        expected = list(range(first, first + len(self.numbers)))
        if self.numbers != expected:
            self._findings.breach(f"{self.name}: snapshots are missing or out of order")
        if isinstance(tap.error, TapOverflowError):
            self._findings.count("taps stopped because they could not keep up")
        elif tap.error is not None and not isinstance(tap.error, MadeError):
            self._findings.breach(f"{self.name}: {tap.error!r}")
        elif tap.error is None and len(self.numbers) != last - first + 1:
            self._findings.breach(f"{self.name}: took {len(self.numbers)} of {last - first + 1} and says nothing")


class Plugin:
    """A third party's plugin with moods, on the host's thread."""

    def __init__(self, findings: Findings, mood: Moody) -> None:
        self._findings = findings
        self._mood = mood
        self._last = self._seen = 0

    @hookimpl
    def halscope_snapshot(self, snapshot: Snapshot) -> None:
        """See every snapshot, on the tap's thread."""
        if snapshot.frame <= self._seen:
            self._findings.breach(f"plugin: snapshot {snapshot.frame} after {self._seen}")
        self._seen = snapshot.frame

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        """See the newest frame."""
        if frame.snapshot.frame <= self._last:
            self._findings.breach(f"plugin: frame {frame.snapshot.frame} after {self._last}")
        self._last = frame.snapshot.frame
        self._mood.be()


class LoopThread:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="soak's event loop", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop and close it."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


def meddle(session: Session, rng: random.Random, host_thread: int) -> Callable[[], object]:
    """What a callback that calls its session does, now and then. It does not keep the session."""
    reference = weakref.ref(session)

    def call() -> None:
        session = reference()
        if session is None:
            return
        try:
            match rng.randrange(60):
                case 0:
                    session.stats()
                case 1:
                    session.pause()
                    session.resume()
                case 2:
                    session.run("from a callback", lambda _: None)
                case 3:
                    if threading.get_ident() == host_thread:
                        session.pump()
                case 4:
                    session.report_failure("a callback", MadeError("reported"))
        except HalscopeError:  # it ends just now
            pass

    return call
