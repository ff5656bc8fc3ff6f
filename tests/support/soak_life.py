"""One life in a soak: a host, a session, and everybody who comes and goes, until it ends in one way or another."""

from __future__ import annotations

import contextlib
import math
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from halscope.app import Plugins
from halscope.session import JobTimeoutError, Session, State
from halscope_hooks import HostError, Patch, Write
from support.made_host import eventually, session_threads
from support.soak_company import Company
from support.soak_endings import Ending, make_it_end, who_keeps
from support.soak_game import Findings, Game, MadeError, Refusals, failing_lookup, lookup_in, number_of
from support.soak_hosts import SoakHost, SoakRemote, Way
from support.soak_jobs import Jobs
from support.soak_people import Moody, Plugin
from support.soak_trouble import Alarms, Children, Interrupts, Rival

WAYS: tuple[Way, ...] = ("asked", "asked", "handed in", "pushed")


@dataclass(frozen=True, slots=True)
class World:
    """What all lives of a soak share."""

    rng: random.Random
    findings: Findings
    folder: Path
    refusals: Refusals


class Life:
    """One host, one session, and everybody who looks at it.

    Args:
        world: What it shares with others.
        rival: Whether another thread stops, starts and pauses the session all the time.
    """

    def __init__(self, world: World, *, rival: bool) -> None:
        rng, findings = world.rng, world.findings
        self.rng, self.findings = rng, findings
        self.way = rng.choice(WAYS)
        self.game = Game(rng.randrange(1 << 30), marks=rng.choice((0.0, 0.003)))
        kind = SoakRemote if self.way == "pushed" else SoakHost
        host = kind(self.game, self.way, rng, findings)
        self.host: SoakHost | None = host
        self.plugins = Plugins([Plugin(findings, Moody(rng, 0.05, 0.02))])
        self.owned = rng.random() < 0.5
        self.session: Session | None = Session(
            host,
            threads=True,
            workers=rng.choice((None, 2, 3, 5)),
            owns_host=self.owned,
            locate=lookup_in(self.game.rom) if rng.random() < 0.5 else None,
            dispatch=self.plugins.dispatch,
            slow=60,
        )
        self.jobs = Jobs(self.session, rng.random(), findings)
        self.company = Company(self.session, self.game, rng, findings, world.folder)
        self.children = Children(findings, world.folder)
        self.interrupts = Interrupts(rng, findings)
        self.interrupted = 0
        """How many snapshots Ctrl-C, or a step that could not wait, may have kept from the decoder, at most."""
        self.advanced = 0
        self.patches = 0
        self._refusals, self._refused = world.refusals, world.refusals.count
        self.rival = Rival(self.session, rng.random()) if rival else None
        stops = rng.random() < 0.3
        self.alarms = Alarms(self.session, rng, findings, stops=stops) if rng.random() < 0.4 else None
        self.loose = rival or (self.alarms is not None and stops)
        """Whether snapshots may come while the session is stopped, for it takes none then."""
        host.moods = rng.choice((0.0, 0.01))
        self.session.start()

    def run(self, snapshots: int, ending: Ending) -> None:
        """Live through so many snapshots, and end."""
        if self.rival is not None:
            self.rival.start()
        pace, rng, until = 0.0, self.rng, self.game.made + snapshots
        if rng.random() < 0.3:
            self.children.begin_program()
        self._alarms_on()
        while self.game.made < until:
            self.take()
            dice = rng.random()
            if dice < 0.5 and self.way == "handed in":
                self.now.pump(rng.choice((0.0, 0.002, math.inf)))
            if dice < pace:
                time.sleep(rng.random() * 0.002)
            if dice > 0.97:
                self.act(rng.randrange(24))
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

    @property
    def emulator(self) -> SoakHost:
        """The host, which is still there."""
        assert self.host is not None
        return self.host

    def take(self) -> None:
        """One frame of the game."""
        session, host = self.now, self.emulator
        try:
            if self.way == "handed in":
                session.submit(host.make())
            else:
                if isinstance(host, SoakRemote):
                    host.send()
                session.tick(self.rng.choice((0.0, 0.002)), wait=0.0005)
        except (MadeError, HostError):  # of a step or a poll; or the session is closed, which is looked at elsewhere
            pass

    def act(self, what: int) -> None:
        """Do one of the things that happen now and then."""
        rng, session, company, alone = self.rng, self.now, self.company, self.rival is None
        match what:
            case 0 | 1:
                company.subscribe()
            case 2:
                company.unsubscribe()
            case 3:
                company.stop_pulling()
            case 4 | 5:
                company.pull()
            case 6 | 7:
                self.jobs.storm(rng.choice((3, 20, 200)))
            case 8 if alone:
                company.collect()
            case 9 if alone:
                company.end_taps(1)
            case 10 if alone:
                session.pause()
                for _ in range(rng.randrange(1, 20)):
                    self.take()
                self.step()
                self.balanced("paused")
                session.resume()
            case 11 if alone:
                self.rest()
                session.start()
                self._alarms_on()
            case 12 if alone:
                self.step()
            case 13:
                self.look_up()
            case 14 if alone:
                company.record()
            case 15 | 16 | 21 | 22:
                self.interrupt()
            case 17 if rng.random() < 0.3:
                self.children.fork(session, rng)
            case 18 | 19:
                self.apply()
            case 20:
                self.emulator.load_rom()
                if rng.random() < 0.5:  # else nobody notices before the next frame is there
                    self.take()
                    self.look_up()
            case _:
                self.plugins.enable("Plugin-1", "halscope_update")
                company.switch_on()

    def step(self) -> None:
        """Have one frame decoded at once."""
        if self.way != "handed in":
            try:
                if self.rng.random() < 0.7:
                    self.now.step(0.01)
                elif self.now.advance(1, 0.01) is not None:
                    self.advanced += 1
            except (MadeError, HostError):  # it cannot be decoded, or cannot be made
                pass
            except JobTimeoutError:  # another was being decoded all the time
                self.interrupted += 1

    def look_up(self) -> None:
        """Another lookup: in the ROM that the session knows of."""
        lookup = lookup_in(number_of(self.now.info.rom))
        self.now.set_locate(self.rng.choice((lookup, lookup, None, failing_lookup)))

    def apply(self) -> None:
        """An edit is written into the game."""
        self.patches += 1
        writes = (Write("vram", 0, bytes(8)),)
        with contextlib.suppress(HostError):  # the emulator takes none, or the session is stopped
            self.jobs.keep(self.now.apply(Patch("00", (), writes, str(self.patches))), self.patches)

    def interrupt(self) -> None:
        """Ctrl-C, after which the session goes on."""
        rng, session, company = self.rng, self.now, self.company
        works: list[Callable[[], object]] = [
            session.pump,
            company.subscribe,
            company.pull,
            session.stop,
            self.apply,
            self.look_up,
        ]
        works.append(lambda: self.jobs.storm(3))
        if self.way != "handed in":  # of those the caller does not know what has become of a snapshot
            works += [self.take, self.take, self.take]
            works += [self.step, self.step] if self.rival is None else []  # it has no use for one while it is stopped
        self._alarms_off()
        self.game.restarts += 1
        if self.interrupts.during(rng.choice(works)):
            self.interrupted += 1
        session.start()
        session.resume()
        self.take()
        self._alarms_on()

    def balanced(self, when: str) -> None:
        """Once nobody is decoding, every snapshot was decoded, is a counted drop, or waits."""
        stats = self.now.stats
        if not eventually(lambda: (s := stats()).seen == s.decoded + s.undecoded + s.dropped + s.waiting):
            self.findings.breach(f"{when}: the snapshots do not add up: {stats()}")

    def rest(self) -> None:
        """Stop, and check that everything adds up."""
        self._alarms_off()
        session, company, breach = self.now, self.company, self.findings.breach
        session.start()  # where the rival has stopped it: what was told since is delivered
        report = session.stop()
        if report.abandoned:
            breach(f"a stop left behind {report.abandoned}")
        stats = session.stats()
        if stats.seen != stats.decoded + stats.undecoded + stats.dropped + stats.waiting:
            breach(f"stopped: the snapshots do not add up: {stats}")
        made = self.emulator.made - self.advanced
        if not self.loose and not made - self.interrupted <= stats.seen <= made:
            breach(f"{made} snapshots were made ({self.interrupted} interrupts), {stats.seen} seen")
        kept = company.keeper.numbers
        if not 0 <= len(kept) - self.advanced - stats.seen <= self.interrupted or sorted(set(kept)) != kept:
            breach(f"the keeper took {len(kept)} of {stats.seen} snapshots ({self.interrupted} interrupts)")
        refused = self._refusals.count - self._refused
        # A step that Ctrl-C ends while it decodes counts as one that could not be decoded.
        if not refused - self.interrupted <= stats.undecoded <= refused + self.interrupted:
            breach(f"{refused} snapshots could not be decoded ({self.interrupted} interrupts), {stats.undecoded} told")
        # A subscriber that fails when the clerk's thread has ended already is told to it at the next start.
        if not eventually(self.clerk_heard_all):
            breach(f"of {session.stats().failures} failures the clerk heard {company.clerk.failures}")
        self.jobs.settle(rest=True)
        if untold := self.jobs.faults - company.clerk.faults:
            breach(f"nobody was told of the failures of {sorted(untold)[:5]}")
        self.children.settle()

    def clerk_heard_all(self) -> bool:
        """Whether every failure that was told has reached the clerk, or waits for it; an event loop runs on."""
        stats, clerk = self.now.stats(), self.company.clerk
        waiting = next(lane.waiting for lane in stats.subscriptions if lane.name == clerk.name)
        return clerk.failures == stats.failures if not waiting else clerk.failures < stats.failures

    def end(self, ending: Ending) -> None:
        """End the session in one way or another; after it nothing comes, no thread is left, and all were told."""
        self.now.start()
        self._alarms_on()
        for _ in range(20):
            self.take()
        self._alarms_off()
        self.jobs.storm(20)
        self.company.end_taps()
        stats = self.now.stats()
        for name in ("seen", "decoded", "dropped", "undecoded", "delivered"):
            self.findings.count(name, getattr(stats, name))
        engine = self.now._engine
        if self.alarms is not None:
            self.alarms.end()
        make_it_end(self, ending)
        if not eventually(lambda: engine.state is State.CLOSED):
            self.findings.breach(f"{ending}: the session does not end, kept by {who_keeps()}")
        engine.pump(math.inf)
        self.company.end(ending)
        self.jobs.settle(rest=True)
        if self.host is not None and self.host.closings != self.owned:
            self.findings.breach(f"{ending}: the host was closed {self.host.closings} times, {self.owned=}")
        if untold := self.jobs.written - set(self.company.clerk.patches):
            self.findings.breach(f"{ending}: nobody was told that {sorted(untold)[:5]} were written")
        self.findings.count("lives")
        self.findings.count(f"ended: {ending}")
        if not eventually(lambda: not session_threads()):
            self.findings.breach(f"{ending}: left running: {stacks(session_threads())}")

    def let_go(self) -> None:
        """Hold the session no more."""
        self.session = self.rival = self.alarms = None
        self.jobs.leave()
        self.company.leave()

    def _alarms_on(self) -> None:
        if self.alarms is not None:
            self.alarms.begin()

    def _alarms_off(self) -> None:
        if self.alarms is not None:
            self.alarms.quiet()


def stacks(threads: list[threading.Thread]) -> str:
    """What these threads are doing."""
    frames = sys._current_frames()
    return "\n".join(
        f"{thread.name}:\n" + "".join(traceback.format_stack(frames.get(thread.ident or 0))) for thread in threads
    )
