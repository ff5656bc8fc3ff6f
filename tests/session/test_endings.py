"""Endings with external causes: forks, signals, hosts and callbacks that fail or hang, interpreter exit."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from halscope.formats.recording import RecordingReader
from halscope.session import CancelToken, Job, JobContext, Pool, Priority, Session, State, StopReport
from halscope_hooks import Detached, Event, JobFailed, PpuRegisters, Snapshot
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot, session_threads

TESTS = Path(__file__).parents[1]


class BadHost(MadeHost):
    """It cannot be closed."""

    def close(self) -> None:
        super().close()
        raise OSError("the core does not let go")


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own."""
    head = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", head + script, *arguments], capture_output=True, text=True, timeout=3 * WAIT, check=False
    )


def undecodable(frame: int) -> Snapshot:
    snapshot = made_snapshot(frame)
    ppu = PpuRegisters(obsel=0x63)
    object.__setattr__(ppu, "obsel", -1)  # past every check: decoding is what fails
    object.__setattr__(snapshot, "ppu", ppu)
    return snapshot


# A right is not lost.


@pytest.mark.slow
def test_the_live_lane_survives_decoding_that_raises_in_feed_while_another_thread_submits() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=2) as session:
        over = threading.Event()

        def submit() -> None:
            frame = 0
            while not over.is_set():
                session.submit(made_snapshot(frame := frame + 1))

        other = threading.Thread(target=submit)
        other.start()
        for _ in range(300):
            with pytest.raises((TypeError, ValueError)):
                session.feed(undecodable(0), WAIT)
        over.set()
        other.join(WAIT)
        before = session.stats().decoded
        session.submit(made_snapshot(1))
        assert eventually(lambda: session.stats().decoded > before)


# Signals.


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_a_token_may_be_cancelled_by_a_signal_handler_that_interrupts_its_wait() -> None:
    tokens: list[CancelToken] = []
    old = signal.signal(signal.SIGALRM, lambda *_: tokens[-1].cancel("signal"))
    try:
        for number in range(3000):
            tokens[:] = [CancelToken()]
            signal.setitimer(signal.ITIMER_REAL, 0.00001 + number % 60 * 0.000001)
            while not tokens[0].wait(0.0002):
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_a_signal_handler_may_close_a_session_whatever_it_interrupts() -> None:
    for number in range(100):
        host = MadeHost()
        session = Session(host, threads=True, workers=2)
        kept = session.subscribe(lambda _event: None)
        session.start()
        reports: list[StopReport] = []

        def close(*_: object, session: Session = session, reports: list[StopReport] = reports) -> None:
            reports.append(session._engine.close("signal", WAIT, WAIT, WAIT))  # as Session.close does, with more time

        old = signal.signal(signal.SIGALRM, close)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005 + number * 0.00004)
            while not reports:
                session.submit(made_snapshot(1))
                session.pump()
            assert reports[0].seconds.total < WAIT, "the handler waited for what it had interrupted"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        session.close()
        assert session.state is State.CLOSED
        assert kept.closed
    assert eventually(lambda: not session_threads())


# Forks.

FORK = """
import os, time
from pathlib import Path
from halscope.session import Session
from halscope_hooks import HostError
from support.made_host import MadeHost
path, heard = Path(sys.argv[1]), []
host = MadeHost()
session = Session(host, threads=True, owns_host=True)
told = session.subscribe(lambda event: heard.append(type(event).__name__), delivery="own")
pumped = session.subscribe(lambda event: heard.append(type(event).__name__))
recording = session.record(path)
pull = session.pull()
for _ in range(100):
    session.tick()
while recording.taken < 100:
    time.sleep(0.001)
child = os.fork()
if child == 0:
    del heard[:]
    for use in (session.tick, session.start, lambda: session.submit(host.step()) or session.feed(host.step())):
        try:
            use()
        except HostError as error:
            assert "forked" in str(error), error
        else:
            raise AssertionError("a forked session was used")
    assert session.state.value == "closed"
    assert session.pump() == 0
    session.stats()
    session.stop()
    session.close()
    assert pull.take(0) is None
    told.close()
    recording.close(0)
    assert heard == [], heard
    assert host.closings == []
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
for _ in range(100):
    session.tick()
session.close()
assert heard[-1] == "Detached"
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_that_ends_leaves_its_parents_session_alone(tmp_path: Path) -> None:
    done = run(FORK, str(tmp_path / "run.hrec"))
    assert done.returncode == 0, done.stderr
    assert "AssertionError" not in done.stderr, done.stderr
    with RecordingReader(tmp_path / "run.hrec") as reader:
        assert reader.complete
        assert [frame_in(snapshot) for snapshot in reader] == list(range(1, 201))


# Hosts that fail.


@pytest.mark.parametrize("threads", [False, True])
def test_a_host_whose_close_raises_is_reported_and_the_session_is_closed(
    threads: bool, caplog: pytest.LogCaptureFixture
) -> None:
    session = Session(host := BadHost(), threads=threads, owns_host=True)
    heard: list[Event] = []
    kept = session.subscribe(heard.append, Detached)
    session.tick()
    report = session.close()
    assert session.state is State.CLOSED
    assert len(host.closings) == 1
    assert report.errors == ("made: the host could not be closed: OSError: the core does not let go",)
    assert "does not let go" in caplog.text
    assert len(heard) == 1
    assert kept.closed
    session.close()
    assert len(host.closings) == 1


AT_EXIT = """
import threading, time
from pathlib import Path
from halscope.session import Session
from support.made_host import MadeHost

class Bad(MadeHost):
    def close(self):
        raise OSError("the core does not let go")

kept = []
for number in range(4):
    session = Session(Bad(), threads=True, owns_host=True)
    session.record(Path(sys.argv[1]) / f"{number}.hrec")
    for _ in range(5):
        session.tick()
    kept.append(session)
"""


def test_at_exit_a_host_whose_close_raises_keeps_no_other_session_from_closing(tmp_path: Path) -> None:
    done = run(AT_EXIT, str(tmp_path))
    assert done.returncode == 0, done.stderr
    for number in range(4):
        with RecordingReader(tmp_path / f"{number}.hrec") as reader:
            assert reader.complete
            assert len(reader) == 5


STUCK_AT_EXIT = """
import threading, time
from halscope.session import Session
from support.made_host import MadeHost

never, kept = threading.Event(), []
for _ in range(20):
    host = MadeHost()
    session = Session(host, threads=True, workers=2)
    session.start()
    session.run("stuck", lambda context: never.wait(60))
    session.preview("stuck", lambda context: never.wait(60), key=1)
    kept += [host, session, session.collect(lambda snapshot: never.wait(60))]
    kept.append(session.subscribe(lambda event: never.wait(60), delivery="own"))
    session.tick()
time.sleep(0.3)
print(time.time(), flush=True)
"""


@pytest.mark.slow
def test_at_exit_stuck_sessions_share_one_deadline() -> None:
    done = run(STUCK_AT_EXIT)
    took = time.time() - float(done.stdout)
    assert took < 20 * 1.5, f"{took:.1f} s: the 20 sessions waited one after the other"


# One deadline for all parts.


@pytest.mark.slow
def test_a_stop_of_a_session_whose_every_part_is_stuck_takes_no_longer_than_it_was_given() -> None:
    host = MadeHost()
    session = Session(host, threads=True, workers=2)
    session.start()
    go_on = threading.Event()
    stuck = [session.run("a", lambda _: go_on.wait(WAIT)), session.preview("b", lambda _: go_on.wait(WAIT), key=1)]
    parts = 20
    kept = [session.collect(lambda _: wait_for(go_on)) for _ in range(parts)]
    heard = [session.subscribe(lambda _: wait_for(go_on), delivery="own") for _ in range(parts)]
    session.tick()
    assert eventually(lambda: all(job.state.value == "running" for job in stuck) and session.stats().decoded)
    began = time.monotonic()
    report = session.stop(0.1, 0.4, 0.3)
    took = time.monotonic() - began
    go_on.set()
    assert took < parts * 0.8, "each part was given the time of all"
    assert len(report.abandoned) == 2 + 2 * parts, report.abandoned
    assert report.seconds.total <= took + 0.01
    assert eventually(lambda: not session_threads())
    session.close()
    assert len(kept) == len(heard)


def wait_for(event: threading.Event) -> None:
    event.wait(WAIT)


# Failures.


def test_undecodable_frames_are_told_three_times_and_keep_no_snapshot(caplog: pytest.LogCaptureFixture) -> None:
    host = MadeHost()
    with caplog.at_level(logging.CRITICAL), Session(host, threads=True, workers=2) as session:
        heard: list[JobFailed] = []

        def note(event: Event) -> None:
            assert isinstance(event, JobFailed)
            heard.append(event)

        kept = session.subscribe(note, JobFailed)
        for frame in range(60):
            session.submit(undecodable(1))
            assert eventually(lambda frame=frame: session.stats().undecoded == frame + 1)  # type: ignore[misc]
        assert session.stats().subscriptions[0].waiting == 2, "three equal ones are one, and the end of patience"
        while session.pump():
            pass
        first, last = heard
        assert (first.count, first.job_id, last.count) == (3, None, 1)
        assert "only counted" in str(last.error)
        assert "_decode" in first.traceback
        assert first.error.__traceback__ is None, "its frames hold a snapshot"
        session.feed(made_snapshot(1))
        session.submit(made_snapshot(2))
        assert eventually(lambda: session.stats().decoded == 2)
        session.submit(undecodable(61))
        assert eventually(lambda: session.pump() and len(heard) == 3), "a frame was decoded, so it is told again"
        assert not kept.closed


def test_the_error_of_a_job_that_was_told_keeps_no_frames_and_names_the_job() -> None:
    host = MadeHost()
    with Session(host, threads=True) as session:
        heard: list[Any] = []
        kept = [session.subscribe(heard.append, JobFailed), session.collect(fails)]
        job = session.run("fails", fails)
        assert job.wait(WAIT)
        session.submit(made_snapshot(1))
        assert eventually(lambda: session.pump() is None or len(heard) == 2)
        assert all(event.error.__traceback__ is None for event in heard)
        assert all("in fails" in event.traceback for event in heard)
        assert {event.job: event.job_id for event in heard} == {"fails": job.id, "tap fails": None}
        with pytest.raises(ValueError, match="no good"):
            job.result(0)
        assert len(kept) == 2


def fails(_: object) -> None:
    raise ValueError("no good")


# Who waits for whom.


def test_a_tokens_callback_that_blocks_does_not_hold_up_the_deadlines_of_its_pool() -> None:
    go_on = threading.Event()

    def until_cancelled(context: JobContext) -> None:
        context.token.wait(WAIT)

    with Pool("watched", 3) as pool:
        first = pool.submit("first", until_cancelled, deadline=0.05, priority=Priority.LIVE)
        first.token.add_callback(lambda: go_on.wait(WAIT))
        second = pool.submit("second", until_cancelled, deadline=0.2, priority=Priority.LIVE)
        assert second.wait(60), "its deadline was not looked at"
        assert first.wait(60)
        go_on.set()


def test_a_thread_of_the_users_with_a_name_like_ours_waits_for_a_stop() -> None:
    host = MadeHost()
    session = Session(host, threads=True)
    session.start()
    job: Job[None] = session.run("slow", lambda _: time.sleep(0.3))
    assert eventually(lambda: job.state.value == "running")
    ended: list[bool] = []

    def stop() -> None:
        session.stop()
        ended.append(job.ended)

    stoppers = [threading.Thread(target=stop, name=name) for name in ("mine", "halscope of my own")]
    for stopper in stoppers:
        stopper.start()
        time.sleep(0.05)  # the first one stops the session, the second one waits for that
    for stopper in stoppers:
        stopper.join(WAIT)
    assert ended == [True, True]
    session.close()


def test_state_and_figures_close_nothing_and_call_nobody() -> None:
    host = MadeHost()
    session = Session(host)
    heard: list[Event] = []
    kept = session.subscribe(heard.append)
    session.step()
    before = len(heard)
    del host
    assert session.state.value == "running"
    session.stats()
    assert len(heard) == before
    session.pump()
    assert isinstance(heard[-1], Detached)
    assert session.state.value == "closed"
    assert kept.closed


def test_the_number_of_delivered_events_never_goes_back() -> None:
    host = MadeHost()
    with Session(host) as session:
        kept = session.subscribe(lambda _event: None)
        session.step()
        before = session.stats().delivered
        kept.close()
        kept = session.subscribe(lambda _event: None)
        session.step()
        assert session.stats().delivered > before > 0
        assert not kept.closed


def test_a_users_own_live_jobs_leave_a_worker_for_frames() -> None:
    host = MadeHost()
    go_on = threading.Event()
    with Session(host, threads=True, workers=2) as session:
        for number in range(8):
            session.run(f"{number}", lambda _: go_on.wait(3 * WAIT), priority=Priority.LIVE)
            session.run(f"{number}", lambda _: go_on.wait(3 * WAIT))
        session.submit(made_snapshot(1))
        assert eventually(lambda: session.stats().decoded == 1)
        go_on.set()
