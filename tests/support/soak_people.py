"""Who looks at a session in a soak: subscribers, collectors, a plugin. They fail, are slow, and check what they see."""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

import numpy as np
from halscope.session import Session, Tap, TapOverflowError
from halscope_hooks import (
    Attached,
    Detached,
    Event,
    Frame,
    HalscopeError,
    HostChanged,
    JobFailed,
    JobProgress,
    PatchReady,
    Snapshot,
    Touched,
    Update,
    hookimpl,
)
from support.made_host import frame_in
from support.soak_game import Findings, Game, MadeError, check_frame, number_of, rom_in

LOOK_CLOSELY: Final = 40  # one frame in so many is decoded afresh and compared


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


class Ledger:
    """All that one subscriber is told, callback or pull: order, identity and content are checked.

    Args:
        name: For breaches.
        findings: Where they are noted.
        game: What is played.
        rom: The ROM that the session knows of.
        early: Whether it has subscribed before the session began, and so hears `Attached`.
    """

    def __init__(self, name: str, findings: Findings, game: Game, rom: int, *, early: bool = False) -> None:
        self.name = name
        self.detached = False
        self.failures = 0
        self.faults: set[object] = set()
        self.patches: list[int] = []
        self._findings = findings
        self._game = game
        self._rom: int | None = rom
        self._early = early
        self._events = 0
        self._last: Frame | None = None
        self._progress: dict[int, int] = {}
        self._touched: int | None = None
        self._seen = self._whole = 0

    @property
    def roms(self) -> int:
        """How many ROMs the game has had."""
        return self._game.rom

    def skip(self) -> None:
        """It has missed what was told for a while."""
        self._rom = self._touched = None

    def breach(self, what: str) -> None:
        """Note one."""
        self._findings.breach(f"{self.name}: {what}")

    def note(self, event: Event) -> None:
        """Look at the next event."""
        self._findings.check_process()
        if self.detached:
            self.breach(f"{type(event).__name__} after Detached")
        if isinstance(event, Attached) != (self._early and not self._events):
            self.breach(f"{type(event).__name__} as event {self._events} of one that came {self._early=}")
        self._events += 1
        match event:
            case Update():
                self._update(event)
            case HostChanged(previous=previous, host=host):
                before, now = number_of(previous.rom), number_of(host.rom)
                if self._rom not in (None, before) or before == now:
                    self.breach(f"ROM {previous.rom.path} became {host.rom.path}, where ROM {self._rom} ran")
                self._rom = now
            case JobProgress(job_id=job, done=done):
                if done < self._progress.get(job, 0):
                    self.breach(f"progress of {event.job} went back to {done}")
                self._progress[job] = done
            case JobFailed(error=error, count=count):
                self.failures += count
                self.faults.update(error.args)
            case Touched(rom_offset=number):
                if self._touched is not None and number != self._touched + 1:
                    self.breach(f"touch {number} after {self._touched}")
                self._touched = number
            case PatchReady(patch=patch, written=written):
                number = int(patch.summary)
                if written != patch.live or (self.patches and number <= self.patches[-1]):
                    self.breach(f"patch {number} after {self.patches[-1:]}")
                self.patches.append(number)
            case Detached():
                self.detached = True

    def _update(self, update: Update) -> None:
        frame, snapshot, last = update.frame, update.snapshot, self._last
        if not 0 < snapshot.frame == frame_in(snapshot) <= self._game.made or snapshot.oam[0] != snapshot.frame & 0xFF:
            self.breach(f"frame {snapshot.frame} holds the memory of another")
        # A frame comes once more where its origins are known later.
        if last is not None and snapshot.frame < last.snapshot.frame + (update.origins is None):
            self.breach(f"frame {snapshot.frame} after {last.snapshot.frame}")
        if update.origins is not None:
            origin = update.origins.origins[0][0]
            if origin.block_offset != snapshot.frame:
                self.breach(f"origins of another frame than {snapshot.frame}")
            if origin.byte_offset != rom_in(snapshot) or self._rom not in (None, origin.byte_offset):
                self.breach(
                    f"origins in ROM {origin.byte_offset} for a frame of ROM {rom_in(snapshot)} where {self._rom} runs"
                )
        self._changes(update, last)
        self._last = frame
        self._seen += 1
        if self._seen % LOOK_CLOSELY == 1:
            self._findings.count("frames compared")
            check_frame(frame, self._findings, self.name)

    def _changes(self, update: Update, last: Frame | None) -> None:
        changes, snapshot = update.changes, update.snapshot
        tiles, rows = set(changes.tiles.tolist()), set(changes.palettes.tolist())
        if len(tiles) == 2048:  # everything; only where what was told before is not known
            self._whole += 1
            if self._whole > 1 + self._game.restarts:
                self.breach(f"frame {snapshot.frame} is all new, the {self._whole}th in {self._game.restarts} restarts")
            return
        if last is None:
            self.breach(f"the first update, frame {snapshot.frame}, is not all new")
            return
        before = last.snapshot
        most_tiles, most_rows = self._game.touched(before.frame, snapshot.frame)
        new_tiles = np.flatnonzero((before.vram != snapshot.vram).reshape(2048, 32).any(1)).tolist()
        new_rows = np.flatnonzero((before.cgram != snapshot.cgram).reshape(16, 16).any(1)).tolist()
        # What has changed there and back may be told or not.
        if not set(new_tiles) <= tiles <= most_tiles or not set(new_rows) <= rows <= most_rows:
            self.breach(f"the changes from frame {before.frame} to {snapshot.frame} are not those that were told")
        sprites = set(changes.sprites.tolist())
        for old, new in zip(last.sprites, update.frame.sprites, strict=True):
            if old is not new and new.index not in sprites:
                self.breach(f"sprite {new.index} has changed from frame {before.frame} to {snapshot.frame}")


class Watcher(Ledger):
    """A subscriber that is called: by one thread at a time, on the right one, and never after the end."""

    def __init__(
        self,
        name: str,
        findings: Findings,
        mood: Moody,
        game: Game,
        rom: int,
        *,
        thread: int | None = None,
        early: bool = False,
    ) -> None:
        super().__init__(name, findings, game, rom, early=early)
        self.ended = False  # set once `close` has returned True: from then on a call is a breach
        self.again: Callable[[], object] | None = None
        self._mood = mood
        self._thread = thread
        self._inside = threading.Lock()

    def __call__(self, event: Event) -> None:
        kind = type(event).__name__
        self._findings.check_process()
        if self.ended:
            self.breach(f"{kind} after close()")
        if self._thread is not None and threading.get_ident() != self._thread:
            self.breach(f"{kind} on another thread than the host's")
        if not self._inside.acquire(blocking=False):
            self.breach("called by two threads at a time")
            return
        try:
            self.note(event)
        finally:
            self._inside.release()
        if self.again is not None:
            self.again()
        if not isinstance(event, Detached):
            self._mood.be()


class Collector:
    """Behind a tap: every snapshot comes, in order and once, unless the tap says that it was stopped."""

    def __init__(self, name: str, findings: Findings, mood: Moody) -> None:
        self.name = name
        self.numbers: list[int] = []
        self._findings = findings
        self._mood = mood

    def __call__(self, snapshot: Snapshot) -> None:
        self._findings.check_process()
        if frame_in(snapshot) != snapshot.frame:
            self._findings.breach(f"{self.name}: snapshot {snapshot.frame} holds the memory of another")
        self.numbers.append(snapshot.frame)
        self._mood.be()

    def check(self, tap: Tap, expected: list[int]) -> None:
        """After its end: it took these, all of them, or says why not and took all up to there."""
        if self.numbers != expected[: len(self.numbers)]:
            self._findings.breach(f"{self.name}: snapshots are missing or out of order")
        if isinstance(tap.error, TapOverflowError):
            self._findings.count("taps stopped because they could not keep up")
        elif tap.error is not None and not isinstance(tap.error, MadeError):
            self._findings.breach(f"{self.name}: {tap.error!r}")
        elif tap.error is None and len(self.numbers) != len(expected):
            self._findings.breach(f"{self.name}: took {len(self.numbers)} of {len(expected)} and says nothing")


class Plugin:
    """A third party's plugin with moods, on the host's thread."""

    def __init__(self, findings: Findings, mood: Moody) -> None:
        self._findings = findings
        self._mood = mood
        self._last = self._seen = 0

    @hookimpl
    def halscope_snapshot(self, snapshot: Snapshot) -> None:
        """See every snapshot, on the tap's thread."""
        self._findings.check_process()
        if snapshot.frame <= self._seen:
            self._findings.breach(f"plugin: snapshot {snapshot.frame} after {self._seen}")
        self._seen = snapshot.frame

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        """See the newest frame."""
        self._findings.check_process()
        if frame.snapshot.frame < self._last:  # the same comes again where its origins are known later
            self._findings.breach(f"plugin: frame {frame.snapshot.frame} after {self._last}")
        self._last = frame.snapshot.frame
        self._mood.be()


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
