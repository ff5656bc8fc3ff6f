"""One life in a soak: a host, a session, and everybody who comes and goes, until it ends in one way or another."""

from __future__ import annotations

import gc
import math
import random
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from halscope.app import Plugins
from halscope.formats.recording import RecordingReader
from halscope.session import Session, State, Subscription, Tap
from halscope_hooks import Detached, HostInfo, JobFailed, Snapshot, VramOrigins, Write, WriteReceipt
from numpy.typing import NDArray
from support.made_host import eventually, frame_in, session_threads
from support.soak_jobs import Jobs
from support.soak_people import (
    Collector,
    Findings,
    Game,
    LoopThread,
    MadeError,
    Moody,
    Plugin,
    Watcher,
    located,
    meddle,
)

ENDINGS = ("closed", "closed by many", "host gone", "session dropped", "left by an error")


class SoakHost:
    """A host that steps through the game."""

    def __init__(self, game: Game) -> None:
        self.info = HostInfo(
            "soak",
            "a made game",
            readable=frozenset({"vram"}),
            writable=frozenset({"vram"}),
            capabilities=frozenset({"driven"}),
        )
        self._game = game

    def step(self) -> Snapshot | None:
        return self._game.snapshot()

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Everything is taken, and nothing is kept."""
        return WriteReceipt(done=True)

    def close(self) -> None:
        """Nothing is held."""


class Life:
    """One host, one session, and everybody who looks at it.

    Args:
        rng: All of it follows from this, as far as threads let it.
        findings: Where breaches and counts go.
        folder: For recordings.
        rival: Whether another thread stops, starts and pauses the session all the time.
    """

    def __init__(self, rng: random.Random, findings: Findings, folder: Path, *, rival: bool) -> None:
        self.rng, self.findings, self.folder = rng, findings, folder
        self.game = Game(rng.randrange(1 << 30))
        host = SoakHost(self.game)
        self.host: SoakHost | None = host
        self.thread = threading.get_ident()
        self.plugins = Plugins([Plugin(findings, Moody(rng, 0.05, 0.02))])
        self.session: Session | None = Session(
            host,
            threads=True,
            workers=rng.choice((None, 2, 3, 5)),
            owns_host=rng.random() < 0.3,
            locate=located if rng.random() < 0.5 else None,
            dispatch=self.plugins.dispatch,
            slow=60,
        )
        self.owned = self.session._engine.host.owned
        self.jobs = Jobs(self.session, rng.random(), findings)
        self.loop = LoopThread()
        self.watchers: list[tuple[Watcher, Subscription]] = []
        self.taps: list[tuple[Collector, Tap, int]] = []
        self.clerk = Watcher("the clerk", findings, Moody(rng, 0, 0), self.game, None)
        self.clerks = self.session.subscribe(self.clerk, JobFailed, Detached, delivery="own", name="the clerk")
        self.keeper = Collector("the keeper", findings, Moody(rng, 0, 0))
        self.kept = self.session.collect(self.keeper, name="the keeper", most=1 << 30, most_bytes=1 << 40)
        self.handed = 0
        self.rival = Rival(self.session, rng.random()) if rival else None
        self.session.start()

    def run(self, snapshots: int, ending: str) -> None:
        """Live through so many snapshots, and end."""
        if self.rival is not None:
            self.rival.start()
        pace, rng = 0.0, self.rng
        for _ in range(snapshots):
            self.submit()
            dice = rng.random()
            if dice < 0.5:
                self.now.pump(rng.choice((0.0, 0.002, math.inf)))
            if dice < pace:
                time.sleep(rng.random() * 0.002)
            if dice > 0.96:
                self.act(rng.randrange(14))
            if dice > 0.998:
                pace = rng.choice((0.0, 0.0, 0.1, 0.5))
        if self.rival is not None:
            self.rival.end()
        self.rest()
        self.end(ending)

    @property
    def now(self) -> Session:
        """The session, which is still there."""
        assert self.session is not None
        return self.session

    def submit(self) -> None:
        """Hand in the next snapshot."""
        self.handed += 1
        self.now.submit(self.game.snapshot())

    def act(self, what: int) -> None:
        """Do one of the things that happen now and then."""
        rng, session = self.rng, self.now
        match what:
            case 0 | 1:
                self.come()
            case 2 | 3:
                self.go()
            case 4 | 5 | 6:
                self.jobs.storm(rng.choice((3, 20, 200)))
            case 7 if self.rival is None:
                self.tap()
            case 8 if self.rival is None and self.taps:
                self.untap(self.taps.pop(rng.randrange(len(self.taps))))
            case 9 if self.rival is None:
                session.pause()
                for _ in range(rng.randrange(1, 20)):
                    self.submit()
                if rng.random() < 0.3:
                    self.handed += 1
                    session.step()
                self.balanced("paused")
                session.resume()
            case 10 if self.rival is None:
                self.rest()
                session.start()
            case 11 if self.rival is None:
                self.handed += 1
                session.step()
            case 12:
                session.set_locate(rng.choice((located, None, fails)))
            case 13 if self.rival is None and rng.random() < 0.3:
                self.record()
            case _:
                self.plugins.enable("Plugin-1", "halscope_update")
                for _watcher, handle in self.watchers:
                    handle.switch_on()

    def come(self) -> None:
        """A new subscriber."""
        rng = self.rng
        kind = rng.choice(("host", "own", "loop"))
        mood = Moody(rng, rng.choice((0, 0, 0.05)), rng.choice((0, 0.05, 0.3)))
        name = f"{kind} {len(self.watchers)}"
        watcher = Watcher(name, self.findings, mood, self.game, self.thread if kind == "host" else None)
        if rng.random() < 0.3:
            watcher.again = meddle(self.now, random.Random(rng.random()), self.thread)
        handle = self.now.subscribe(
            watcher,
            delivery="own" if kind == "own" else "host",
            loop=self.loop.loop if kind == "loop" else None,
            name=name,
        )
        self.findings.count("subscribers")
        self.watchers.append((watcher, handle))

    def go(self) -> None:
        """A subscriber closes its handle, or drops it."""
        if self.watchers:
            watcher, handle = self.watchers.pop(self.rng.randrange(len(self.watchers)))
            if handle.close():
                watcher.ended = True
            else:
                self.findings.breach(f"{watcher.name}: close() waited in vain")

    def tap(self) -> None:
        """A collector comes; some are too slow for their queue."""
        slow = self.rng.random() < 0.4
        mood = Moody(self.rng, 0, 0.5, 0.02) if slow else Moody(self.rng, 0, 0.01)
        collector = Collector(f"tap from {self.game.made}", self.findings, mood)
        tap = self.now.collect(collector, name=collector.name, most=8 if slow else 100_000)
        self.taps.append((collector, tap, self.game.made + 1))

    def untap(self, there: tuple[Collector, Tap, int]) -> None:
        """A collector goes, and must have seen everything, or have said that it did not."""
        collector, tap, first = there
        if not tap.close(30):
            self.findings.breach(f"{collector.name}: close() waited in vain")
        collector.check(tap, first, self.game.made)

    def record(self) -> None:
        """Record a stretch and read it again."""
        first = self.game.made + 1
        path = self.folder / "soak.hrec"
        with self.now.record(path, most=1000) as recording:
            for _ in range(self.rng.randrange(1, 100)):
                self.submit()
            recording.close(30)
        with RecordingReader(path) as reader:
            numbers = [(frame_in(snapshot), snapshot.frame) for snapshot in reader]
        if numbers != [(number, number) for number in range(first, self.game.made + 1)]:
            self.findings.breach(f"a recording from {first} to {self.game.made} holds {len(numbers)} others")
        self.findings.count("recordings")

    def balanced(self, when: str) -> None:
        """Once nobody is decoding, every snapshot was decoded, is a counted drop, or waits."""
        stats = self.now.stats
        if not eventually(lambda: (s := stats()).seen == s.decoded + s.undecoded + s.dropped + s.waiting):
            self.findings.breach(f"{when}: the snapshots do not add up: {stats()}")

    def rest(self) -> None:
        """Stop, and check that everything adds up."""
        session = self.now
        session.start()  # where the rival has stopped it: what was told since is delivered
        report = session.stop()
        if report.abandoned:
            self.findings.breach(f"a stop left behind {report.abandoned}")
        stats = session.stats()
        if stats.seen != stats.decoded + stats.undecoded + stats.dropped + stats.waiting:
            self.findings.breach(f"stopped: the snapshots do not add up: {stats}")
        if self.rival is None and stats.seen != self.handed:
            self.findings.breach(f"{self.handed} snapshots were handed in, {stats.seen} seen")
        if len(self.keeper.numbers) != stats.seen or sorted(set(self.keeper.numbers)) != self.keeper.numbers:
            self.findings.breach(f"the keeper took {len(self.keeper.numbers)} of {stats.seen} snapshots")
        # A subscriber that fails when the clerk's thread has ended already is told to it at the next start.
        if not eventually(self.clerk_heard_all):
            self.findings.breach(f"of {session.stats().failures} failures the clerk heard {self.clerk.failures}")
        if stats.undecoded:
            self.findings.breach(f"{stats.undecoded} snapshots were not decoded")
        self.jobs.settle(rest=True)
        if untold := self.jobs.faults - self.clerk.faults:
            self.findings.breach(f"nobody was told of the failures of {sorted(untold)[:5]}")

    def clerk_heard_all(self) -> bool:
        """Whether every failure that was told has reached the clerk, or waits for it; an event loop runs on."""
        stats = self.now.stats()
        waiting = next(lane.waiting for lane in stats.subscriptions if lane.name == "the clerk")
        return self.clerk.failures + waiting == stats.failures

    def end(self, ending: str) -> None:
        """End the session in one way or another; after it nothing comes, no thread is left, and all were told."""
        self.now.start()
        for _ in range(20):
            self.submit()
        self.jobs.storm(20)
        for there in self.taps:
            self.untap(there)
        stats = self.now.stats()
        for name in ("seen", "decoded", "dropped", "delivered"):
            self.findings.count(name, getattr(stats, name))
        engine = self.now._engine
        self.make_it_end(ending)
        if not eventually(lambda: engine.state is State.CLOSED):
            self.findings.breach(f"{ending}: the session does not end")
        engine.pump(math.inf)
        for watcher, handle in [*self.watchers, (self.clerk, self.clerks)]:
            if not handle.switched_off and not eventually(lambda seen=watcher: seen.detached):  # type: ignore[misc]
                self.findings.breach(f"{watcher.name} was not told of the end ({ending})")
            handle.close()
            watcher.ended = True
        self.jobs.settle(rest=True)
        self.loop.end()
        self.findings.count("lives")
        if not eventually(lambda: not session_threads()):
            self.findings.breach(f"{ending}: left running: {[thread.name for thread in session_threads()]}")

    def make_it_end(self, ending: str) -> None:
        """End the session."""
        session = self.now
        match ending:
            case "closed by many":
                closers = [threading.Thread(target=partial(session.close, f"closer {k}")) for k in range(4)]
                for closer in closers:
                    closer.start()
                for closer in closers:
                    closer.join()
            case "host gone" if not self.owned:
                self.host = None
                gc.collect()
            case "session dropped":
                del session
                self.session = None
                self.jobs.leave()
                self.rival = None
                gc.collect()
            case "left by an error":
                try:
                    with session:
                        raise MadeError("inside with")
                except MadeError:
                    pass
            case _:
                session.close()


class Rival(threading.Thread):
    """Stops, starts, pauses and resumes a session from another thread, all the time."""

    def __init__(self, session: Session, seed: float) -> None:
        super().__init__(name="soak's rival", daemon=True)
        self._session = session
        self._rng = random.Random(seed)
        self._over = threading.Event()

    def run(self) -> None:
        session = self._session
        while not self._over.wait(self._rng.random() * 0.02):
            self._rng.choice((session.stop, session.start, session.start, session.pause, session.resume))()
        session.resume()

    def end(self) -> None:
        """Have it stop; the session may be stopped or running then."""
        self._over.set()
        self.join()


def fails(_vram: NDArray[np.uint8]) -> VramOrigins:
    """A lookup that never succeeds."""
    raise MadeError("a lookup")
