"""What comes over a session in a soak: signals, Ctrl-C, forks, programs that end, rivals."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from halscope.formats.recording import RecordingReader
from halscope.session import Job, Session, State
from halscope_hooks import HalscopeError, HostError
from support.interrupts import ROOM, AtLine
from support.made_host import WAIT, MadeHost, frame_in, made_snapshot
from support.pool_work import until_cancelled
from support.soak_game import Findings, MadeError

FINALISERS = weakref.__file__
CHILD_BREACH = 78  # exit code of a forked child in which something else was wrong
CHILD_STUCK = 20  # seconds, after which a child is ended
STUCK = 120.0  # seconds without a new life, after which it is a deadlock


def interrupts_finaliser(frame: FrameType | None) -> bool:
    """Whether an exception here would be printed and lost: it is in a finaliser, as real ones may be."""
    while frame is not None:
        if frame.f_code.co_filename == FINALISERS:
            return True
        frame = frame.f_back
    return False


def no_alarm(*_: object) -> None:
    """Handler for an alarm that comes late: Python reports one that meets SIG_IGN as an error."""


class Interrupts:
    """Ctrl-C while the session's own code runs, before a random line of it or at a random moment."""

    def __init__(self, rng: random.Random, findings: Findings) -> None:
        self._rng = random.Random(rng.random())
        self._findings = findings
        self._armed = False

    def during(self, work: Callable[[], object]) -> bool:
        """Do it; returns whether it was interrupted. What else it raises comes out."""
        try:
            if self._rng.random() < 0.5:
                with AtLine(self._rng.randrange(1, self._rng.choice((30, 300, 1500))), self._interrupt):
                    work()
            else:
                self._at_a_moment(work)
        except KeyboardInterrupt:
            self._findings.count("interrupts")
            return True
        return False

    def _interrupt(self) -> None:
        if not interrupts_finaliser(sys._getframe()):
            raise KeyboardInterrupt

    def _at_a_moment(self, work: Callable[[], object]) -> None:
        old = signal.signal(signal.SIGALRM, self._ring)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + self._rng.random() * self._rng.choice((0.0002, 0.003)))
        try:
            work()
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        if frame is not None and frame.f_code.co_filename.startswith(ROOM) and not interrupts_finaliser(frame):
            self._armed = False
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.00005)


class Alarms:
    """A signal handler that uses the session, at random moments of the main thread.

    Args:
        session: Which one.
        rng: When, and how, follow from this.
        findings: Where it counts.
        stops: Whether it may stop the session and start it again.
    """

    def __init__(self, session: Session, rng: random.Random, findings: Findings, *, stops: bool) -> None:
        self._session: Session | None = session
        self._rng = random.Random(rng.random())
        self._findings = findings
        self._stops = stops
        self._jobs: list[Job[None]] = []
        self._old: object = None

    def begin(self) -> None:
        """From now on."""
        signal.signal(signal.SIGALRM, self._ring)
        self._arm()

    def quiet(self) -> None:
        """Not until the next `begin`."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, no_alarm)

    def end(self) -> None:
        """Nevermore."""
        self.quiet()
        self._session = None
        self._jobs.clear()

    def _arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0001 + self._rng.random() * 0.03)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        session = self._session
        if session is None:
            return
        self._findings.count("signals handled")
        with contextlib.suppress(HalscopeError):  # it is stopped, or ends
            self._use(session)
        self._arm()

    def _use(self, session: Session) -> None:
        match self._rng.randrange(9 if self._stops else 8):
            case 0:
                session.stats()
            case 1:
                session.pause()
                session.resume()
            case 2 | 3:
                self._jobs.append(session.run("of a signal", until_cancelled, deadline=self._rng.random() * 0.05))
            case 4 | 5:
                for job in self._jobs:
                    job.cancel("a signal")
                self._jobs.clear()
            case 6:
                session.report_failure("a signal", MadeError("reported"))
            case 7:
                session.pump()
            case _:
                session.stop()
                session.start()


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


class Children:
    """Processes that a life has begun, by a fork or anew; each ends in the ordinary way, and its recording is whole."""

    def __init__(self, findings: Findings, folder: Path) -> None:
        self._findings = findings
        self._folder = folder
        self._running: list[tuple[int, Path | None]] = []
        self._programs: list[tuple[subprocess.Popen[str], Path]] = []
        self._number = 0

    def fork(self, session: Session, rng: random.Random) -> None:
        """Fork; the child uses what it got, maybe a session of its own, and leaves by the interpreter's end."""
        own = self._path() if rng.random() < 0.5 else None
        # A child that ends would wait for the parent's watchdog for ever.
        faulthandler.cancel_dump_traceback_later()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads: just so
            child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(CHILD_STUCK)
            live_in_child(session, own)
            raise SystemExit(0)
        faulthandler.dump_traceback_later(STUCK, exit=True)
        self._findings.count("forks")
        self._running.append((child, own))

    def begin_program(self) -> None:
        """A program that opens sessions and ends with them open."""
        path = self._path()
        command = [sys.executable, "-m", "support.soak_trouble", str(path)]
        program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        self._programs.append((program, path))
        self._findings.count("programs")

    def settle(self) -> None:
        """Wait for all of them, and check."""
        for child, path in self._running:
            code = self._wait(child)
            if code != 0:
                self._findings.breach(f"a forked child ended with {code}")
            self._check(path)
        self._running.clear()
        for program, path in self._programs:
            _, errors = program.communicate(timeout=3 * WAIT)
            if program.returncode != 0 or errors:
                self._findings.breach(f"a program with open sessions ended with {program.returncode}: {errors}")
            self._check(path)
        self._programs.clear()

    def _path(self) -> Path:
        self._number += 1
        return self._folder / f"child {self._number}.hrec"

    def _wait(self, child: int) -> int | None:
        until = time.monotonic() + 2 * CHILD_STUCK
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None

    def _check(self, path: Path | None) -> None:
        if path is None:
            return
        with RecordingReader(path) as reader:
            numbers = [frame_in(snapshot) for snapshot in reader]
            if not reader.complete or numbers != list(range(1, len(numbers) + 1)) or len(numbers) < 20:
                self._findings.breach(f"a child's recording holds {len(numbers)} frames, {reader.complete=}")


def live_in_child(session: Session, own: Path | None) -> None:
    """What a forked child does: the parent's session is of no use, one of its own works."""
    uses: tuple[Callable[[], object], ...] = (
        session.tick,
        session.start,
        session.pull,
        lambda: session.feed(made_snapshot(1)),
        lambda: session.run("in a child", lambda _context: None),
    )
    for use in uses:
        try:
            use()
        except HostError:
            continue
        os._exit(CHILD_BREACH)
    session.submit(made_snapshot(1))
    session.stop()
    session.close()
    if session.pump() or session.state is not State.CLOSED:
        os._exit(CHILD_BREACH)
    if own is not None:
        leave_open(own)


KEPT: list[object] = []


def leave_open(path: Path) -> None:
    """Open a session, record, and leave both open: the interpreter's end closes them."""
    host = MadeHost()
    session = Session(host, threads=True, workers=2)
    recording = session.record(path)
    KEPT.extend((host, session, recording, session.subscribe(lambda _event: None, delivery="own"), session.pull()))
    session.run("for ever", until_cancelled)
    for _ in range(20):
        session.tick()


if __name__ == "__main__":
    leave_open(Path(sys.argv[1]))
    leave_open(Path(sys.argv[1]).with_suffix(".second.hrec"))
