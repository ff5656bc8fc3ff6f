"""The jobs of a soak: each gives back a token of its own, and many are cancelled, replaced, paused or too late."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.session import Job, JobContext, JobState, Priority, Session
from halscope_hooks import HostError
from support.pool_work import until_cancelled
from support.soak_game import Findings, MadeError
from support.truth_rom import make_truth_rom

NUMBERS = itertools.count(1)


@cache
def small_rom() -> Rom:
    """A ROM whose index takes some milliseconds."""
    return make_truth_rom(3, size=0x40000, blocks=12).rom


@dataclass(slots=True)
class Asked:
    """A job, what it must give back, and the reason if we asked it to stop."""

    job: Job[object]
    token: str
    reason: str | None = None


class Jobs:
    """Submits jobs to a session and checks what became of each.

    Args:
        session: Where they run.
        seed: All of it follows from this.
        findings: Where breaches are noted.
    """

    def __init__(self, session: Session, seed: float, findings: Findings) -> None:
        self._session: Session | None = session
        self._rng = random.Random(seed)
        self._findings = findings
        self._asked: list[Asked] = []
        self.faults: set[str] = set()
        self.written: set[int] = set()
        """The numbers of the patches that have been written for sure."""
        self._writes: list[tuple[Job[None], int]] = []

    def storm(self, most: int) -> None:
        """Submit up to so many jobs, and cancel, pause and resume some of them."""
        rng = self._rng
        mine = []
        for _ in range(rng.randrange(1, most + 1)):
            try:
                mine.append(self._ask())
            except HostError:  # the session ends, or is stopped, just now
                break
        self._asked += mine
        rng.shuffle(mine)
        for asked in mine:
            match rng.randrange(6):
                case 0 | 1 | 2:
                    reason = f"no use for {asked.token}"
                    if asked.job.cancel(reason):
                        asked.reason = reason
                case 3:
                    asked.job.pause()
                    asked.job.resume()
        if len(self._asked) > 3000:
            self.settle(rest=False)

    def keep(self, write: Job[None], number: int) -> None:
        """Watch a patch being written."""
        self._writes.append((write, number))

    def settle(self, *, rest: bool) -> None:
        """Check those that have ended; at rest all must have, but for writes that an emulator does not answer."""
        self.written |= {number for job, number in self._writes if job.state is JobState.DONE}
        self._writes = [(job, number) for job, number in self._writes if not job.ended]
        for asked in self._asked:
            if asked.job.ended:
                self._check(asked)
            elif rest:
                self._findings.breach(f"{asked.job} has not ended though its session has")
        self._asked = [asked for asked in self._asked if not asked.job.ended and not rest]

    def leave(self) -> None:
        """Let go of the session; nothing is submitted after this."""
        self._session = None

    def _ask(self) -> Asked:
        session = self._session
        assert session is not None
        rng, token = self._rng, f"token {next(NUMBERS)}"
        key = f"key {rng.randrange(3)}" if rng.random() < 0.3 else None
        priority = rng.choice((Priority.LIVE, Priority.PREVIEW, Priority.SCAN, Priority.SCAN, Priority.SCAN))
        work = self._work(token, priority)
        if priority is Priority.PREVIEW:
            return Asked(session.preview(token, work, key=key or token), token)
        deadline = rng.random() * 0.02 if rng.random() < 0.2 else None
        return Asked(session.run(token, work, priority=priority, deadline=deadline, replaces=key), token)

    def _work(self, token: str, priority: Priority) -> Callable[[JobContext], object]:
        def fail(_context: JobContext) -> object:
            raise MadeError(token)

        def wait(context: JobContext) -> object:
            until_cancelled(context)
            return token

        def build(context: JobContext) -> object:
            RomIndex.build(small_rom(), [hal.HAL], cancel=context.token.native)
            return token

        def report(context: JobContext) -> object:
            for done in range(50):
                context.report(done, 50)
                context.checkpoint()
            return token

        if priority is Priority.SCAN and self._rng.random() < 0.005:
            return wait  # it holds a worker until the session is stopped, and frames need one
        return self._rng.choices(((lambda _: token), fail, build, report), (50, 10, 3, 20))[0]

    def _check(self, asked: Asked) -> None:
        job, token = asked.job, asked.token
        self._findings.count(f"jobs {job.state.value}")
        if job.name != token:
            self._findings.breach(f"{job} is not the one that was asked for: {token}")
        # Work that was asked to stop may fail on its way out: an error is never swallowed.
        if asked.reason is not None and (job.state is JobState.DONE or job.token.reason != asked.reason):
            self._findings.breach(f"{job} was cancelled for another reason, or done: {job.token.reason}")
        match job.state:
            case JobState.DONE if job.result(0) is not token:
                self._findings.breach(f"{job} gave back {job.result(0)!r}, not {token!r}")
            case JobState.FAILED:
                error = job.exception(0)
                if not isinstance(error, MadeError) or error.args != (token,):
                    self._findings.breach(f"{job} failed with {error!r}")
                self.faults.add(token)
            case JobState.CANCELLED if not job.token.reason:
                self._findings.breach(f"{job} was cancelled without a reason")
