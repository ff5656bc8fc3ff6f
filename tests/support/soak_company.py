"""Everybody who looks at a session in a soak, and how they come and go."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from halscope.formats.recording import RecordingReader
from halscope.session import Recording, Session, Subscription, Tap
from halscope_hooks import Detached, HostChanged, JobFailed, PatchReady, Update
from support.made_host import eventually, frame_in
from support.soak_game import Findings, Game, number_of
from support.soak_people import Collector, Ledger, Moody, Watcher, meddle
from support.soak_pulls import Kind, LoopThread, Puller

PULLS: tuple[Kind, ...] = ("takes", "iterates", "async", "stalls")


class Company:
    """Subscribers, pullers, collectors and recordings of one session.

    Args:
        session: Which one.
        game: What it plays.
        rng: All of it follows from this.
        findings: Where breaches and counts go.
        folder: For recordings.
    """

    def __init__(self, session: Session, game: Game, rng: random.Random, findings: Findings, folder: Path) -> None:
        self._session: Session | None = session
        self._game, self._rng, self._findings, self._folder = game, rng, findings, folder
        self._thread = threading.get_ident()
        self.loop = LoopThread()
        self._watchers: list[tuple[Watcher, Subscription]] = []
        self._pullers: list[Puller] = []
        self._taps: list[tuple[Collector, Tap, int]] = []
        self._recordings: list[tuple[Recording, int]] = []
        self._number = 0
        self.clerk = Watcher("the clerk", findings, Moody(rng, 0, 0), game, game.rom)
        self.clerk_handle = session.subscribe(
            self.clerk, JobFailed, PatchReady, HostChanged, Detached, delivery="own", name="the clerk"
        )
        self.keeper = Collector("the keeper", findings, Moody(rng, 0, 0))
        self.kept = session.collect(self.keeper, name="the keeper", most=1 << 30, most_bytes=1 << 40)
        for _ in range(rng.randrange(4)):
            self.subscribe(early=True)
            self.pull(early=True)

    @property
    def now(self) -> Session:
        """The session, which is still there."""
        assert self._session is not None
        return self._session

    def leave(self) -> None:
        """Let go of the session; nobody comes after this."""
        self._session = None

    def subscribe(self, *, early: bool = False) -> None:
        """A new subscriber."""
        rng = self._rng
        kind = rng.choice(("host", "own", "loop"))
        mood = Moody(rng, rng.choice((0, 0, 0.05)), rng.choice((0, 0.05, 0.3)))
        watcher = Watcher(
            self._name(kind),
            self._findings,
            mood,
            self._game,
            number_of(self.now.info.rom),
            thread=self._thread if kind == "host" else None,
            early=early,
        )
        if rng.random() < 0.3:
            watcher.again = meddle(self.now, random.Random(rng.random()), self._thread)
        handle = self.now.subscribe(
            watcher,
            delivery="own" if kind == "own" else "host",
            loop=self.loop.loop if kind == "loop" else None,
            name=watcher.name,
        )
        self._findings.count("subscribers")
        self._watchers.append((watcher, handle))

    def unsubscribe(self) -> None:
        """A subscriber closes its handle, or drops it."""
        if not self._watchers:
            return
        watcher, handle = self._watchers.pop(self._rng.randrange(len(self._watchers)))
        if self._rng.random() < 0.3:
            del handle  # a call may still be under way
        elif handle.close():
            watcher.ended = True
        else:
            watcher.breach("close() waited in vain")

    def pull(self, *, early: bool = False) -> None:
        """Somebody new who pulls."""
        rng, kind = self._rng, self._rng.choice(PULLS)
        stalls = kind == "stalls"
        ledger = Ledger(
            self._name(kind), self._findings, self._game, number_of(self.now.info.rom), early=early and not stalls
        )
        pull = self.now.pull(*((Update, HostChanged, Detached) if stalls else ()), name=ledger.name)
        mood = Moody(rng, 0, rng.choice((0, 0.05, 0.3)), rng.choice((0.003, 0.05)))
        self._pullers.append(Puller(kind, pull, ledger, mood, rng.random()))
        self._findings.count("pullers")

    def stop_pulling(self) -> None:
        """One of them has enough."""
        if self._pullers:
            self._pullers.pop(self._rng.randrange(len(self._pullers))).leave(drop=self._rng.random() < 0.5)

    def switch_on(self) -> None:
        """Those that have failed too often are called again; what was told meanwhile they have missed."""
        for watcher, handle in self._watchers:
            if handle.switched_off:
                watcher.skip()
                self._game.restarts += 1
                handle.switch_on()

    def collect(self) -> None:
        """A collector comes; some are too slow for their queue."""
        slow = self._rng.random() < 0.4
        mood = Moody(self._rng, 0, 0.5, 0.02) if slow else Moody(self._rng, 0, 0.01)
        collector = Collector(f"tap from {self._game.made}", self._findings, mood)
        tap = self.now.collect(collector, name=collector.name, most=8 if slow else 100_000)
        self._taps.append((collector, tap, len(self.keeper_saw())))

    def record(self) -> None:
        """A recording begins."""
        path = self._folder / f"soak {len(self._recordings)}.hrec"
        self._recordings.append((self.now.record(path, most=100_000), len(self.keeper_saw())))
        self._findings.count("recordings")

    def end_taps(self, most: int = 1000) -> None:
        """Some collectors and recordings go, and must have seen everything, or have said that they did not."""
        while self._taps and most:
            collector, tap, first = self._taps.pop(self._rng.randrange(len(self._taps)))
            if not tap.close(30):
                self._findings.breach(f"{collector.name}: close() waited in vain")
            collector.check(tap, self.keeper_saw()[first:])
            most -= 1
        while self._recordings and most:
            recording, first = self._recordings.pop()
            if not recording.close(30):
                self._findings.breach(f"{recording.name}: close() waited in vain")
            self._check(recording, self.keeper_saw()[first:])
            most -= 1

    def keeper_saw(self) -> list[int]:
        """All that the keeper has taken, once it has taken all."""
        reel = self.kept._reel
        if not eventually(lambda: not reel.pending and not reel._right.held):
            self._findings.breach("the keeper is stuck")
        return self.keeper.numbers

    def end(self, ending: str) -> None:
        """After the session's end: all were told."""
        for watcher, handle in [*self._watchers, (self.clerk, self.clerk_handle)]:
            if not handle.switched_off and not eventually(lambda seen=watcher: seen.detached):  # type: ignore[misc]
                watcher.breach(f"was not told of the end ({ending})")
            handle.close()
            watcher.ended = True
        for puller in self._pullers:
            puller.end()
        self._watchers.clear()
        self._pullers.clear()
        self.loop.end()

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind} {self._number}"

    def _check(self, recording: Recording, expected: list[int]) -> None:
        with RecordingReader(recording.path) as reader:
            numbers = [frame_in(snapshot) for snapshot in reader]
            if not reader.complete or numbers != expected or [snapshot.frame for snapshot in reader] != expected:
                self._findings.breach(
                    f"{recording.name} of {expected[:1]} to {expected[-1:]}, {len(expected)} frames, holds "
                    f"{len(numbers)}, {numbers[:1]} to {numbers[-1:]}; {reader.complete=}, {recording.error=}"
                )
        recording.path.unlink()
