"""Stopping a pool: three phases, from any thread, repeatedly, and nothing is left running."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from halscope.codecs import hal
from halscope.rom.index import RomIndex
from halscope.session import Job, JobContext, JobState, Pool, PoolStoppedError, Priority, StopReport
from halscope.session._pool import _ALIVE
from halscope.session._threads import PREFIX
from support.pool_work import Gate, until_cancelled
from support.truth_rom import TruthRom, make_truth_rom


@cache
def truth() -> TruthRom:
    return make_truth_rom(7, size=0x100000, blocks=60)


def ended_soon(condition: Callable[[], bool]) -> bool:
    for _ in range(2000):
        if condition():
            return True
        threading.Event().wait(0.005)
    return False


def test_a_stop_cancels_what_runs_and_what_waits_and_ends_the_threads() -> None:
    before = set(threading.enumerate())
    pool, began = Pool("full", 2), threading.Semaphore(0)

    def work(context: JobContext) -> None:
        began.release()
        until_cancelled(context)

    running = [pool.submit("frame", work, priority=Priority.LIVE) for _ in range(2)]
    for _ in running:
        assert began.acquire(timeout=60)
    waiting = [pool.submit("scan", work) for _ in range(100)]
    report = pool.stop(drain=20)
    assert (report.drained, report.cancelled, report.abandoned) == (2, 100, ())
    assert {str(job.exception(0)) for job in running + waiting} == {"the pool 'full' was stopped"}
    assert set(threading.enumerate()) <= before
    again = pool.stop()
    assert (again.drained, again.cancelled, again.abandoned) == (2, 100, ())


@pytest.mark.slow
def test_a_stop_ends_index_builds_in_c_plus_plus() -> None:
    rom, began = truth().rom, threading.Semaphore(0)

    def build(context: JobContext) -> None:
        began.release()
        while True:
            RomIndex.build(rom, [hal.HAL], cancel=context.token.native)

    with Pool("builds", 3) as pool:
        jobs = [pool.submit(f"build {n}", build) for n in range(2)]
        for _ in jobs:
            assert began.acquire(timeout=60)
        assert pool.stop(drain=20).abandoned == ()
    assert all(job.state is JobState.CANCELLED for job in jobs)


def test_what_does_not_answer_is_named_and_left_behind_and_its_late_result_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate, told = Gate(), list[JobState]()
    pool = Pool("stubborn", 1)
    job = pool.submit("does not listen", lambda _: gate.pass_through("late"))
    job.add_done_callback(lambda job: told.append(job.state))
    gate.reached(10)
    queued = pool.submit("behind it", lambda _: 1)
    queued.add_done_callback(lambda job: told.append(job.state))
    report = pool.stop(signal=0.01, drain=0.01, abandon=0.01)
    assert report.abandoned == (f"the job 'does not listen' ({job.id}) on 'stubborn 1'",)
    assert "leaves behind: the job 'does not listen'" in caplog.text
    assert job.state is queued.state is JobState.CANCELLED
    assert told == [JobState.CANCELLED] * 2
    assert min(report.seconds.signal, report.seconds.drain, report.seconds.abandon) > 0
    caplog.clear()
    assert pool.stop(signal=0, drain=0, abandon=0).abandoned == report.abandoned
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]  # named once
    gate.open()
    assert ended_soon(lambda: not pool._workers.alive)
    assert str(job.exception(0)) == "the pool 'stubborn' was stopped"
    assert pool.stop().abandoned == ()


def waits(pool: Pool, key: int) -> Job[object]:
    return pool.submit("waits", lambda _: key, replaces=key)


def test_a_pool_that_was_left_behind_keeps_no_job_and_is_forgotten_once_its_threads_have_ended() -> None:
    gate = Gate()
    pool = Pool("left behind", 1)
    stuck: Job[object] = pool.submit("does not listen", lambda _: gate.pass_through("late"), replaces="stuck")
    gate.reached(10)
    jobs: list[weakref.ref[Job[object]]] = [weakref.ref(stuck)]
    jobs += [weakref.ref(waits(pool, n)) for n in range(20)]
    assert pool.stop(signal=0.01, drain=0.01, abandon=0.01).abandoned
    workers = pool._workers
    del pool, stuck
    helper = f"{PREFIX}drops a pool"
    assert ended_soon(lambda: helper not in [thread.name for thread in threading.enumerate()])  # it has given up, too
    gate.open()
    assert ended_soon(lambda: not workers.alive)
    gc.collect()
    assert [job() for job in jobs] == [None] * 21
    with Pool("the next one", 1):
        assert workers not in _ALIVE


def test_a_callback_that_hangs_does_not_hold_a_stop_up() -> None:
    gate = Gate()
    pool = Pool("hung callback", 1)
    job = pool.submit("quick", lambda _: 1)
    job.add_done_callback(lambda _: gate.pass_through())
    job.add_done_callback(lambda _: gate.pass_through())
    gate.reached(10)
    assert len(pool.stop(signal=0.01, drain=0.01, abandon=0.01).abandoned) == 1
    assert job.result(0) == 1
    gate.open()
    assert ended_soon(lambda: not pool._workers.alive)


def test_any_number_of_threads_may_stop_it_at_a_time() -> None:
    def stop(pool: Pool, reports: list[StopReport]) -> None:
        reports.append(pool.stop(drain=20))

    for _ in range(20):
        pool, reports = Pool("stopped by many", 2), list[StopReport]()
        jobs = [pool.submit("scan", until_cancelled) for _ in range(20)]
        threads = [threading.Thread(target=stop, args=(pool, reports)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [report.abandoned for report in reports] == [()] * 6
        assert all(job.ended for job in jobs)
        assert not pool._workers.alive


@pytest.mark.slow
def test_a_stop_while_others_submit_loses_no_job() -> None:
    for _ in range(20):
        pool, jobs, stopped = Pool("busy", 2), list[Job[int]](), threading.Event()

        def submit(pool: Pool = pool, jobs: list[Job[int]] = jobs, stopped: threading.Event = stopped) -> None:
            try:
                while True:
                    jobs.append(pool.submit("x", lambda _: 1))
            except Exception:
                stopped.set()

        thread = threading.Thread(target=submit)
        thread.start()
        ended_soon(lambda jobs=jobs: len(jobs) > 5)  # type: ignore[misc]
        assert pool.stop(drain=20).abandoned == ()
        thread.join(60)
        assert stopped.is_set()
        assert all(job.ended for job in jobs)


@pytest.mark.parametrize("where", ["work", "callback", "token", "on_failed", "on_progress"])
def test_a_stop_from_the_pools_own_threads_signals_and_does_not_wait(where: str) -> None:
    reports, stopped = list[StopReport](), threading.Event()

    def stop(*_: object) -> None:
        reports.append(pool.stop(drain=20))
        stopped.set()

    def work(context: JobContext) -> None:
        if where == "work":
            stop()
        if where == "on_progress":
            context.report(1)
        if where == "on_failed":
            raise ValueError
        if where == "token":
            until_cancelled(context)

    pool = Pool("stops itself", 2, on_failed=stop, on_progress=stop)
    other = pool.submit("other", until_cancelled)
    gate = Gate()

    def gated(context: JobContext) -> None:
        gate.pass_through()
        work(context)

    job = pool.submit("stops", gated, priority=Priority.LIVE)
    if where == "callback":
        job.add_done_callback(stop)
    if where == "token":
        job.token.add_callback(stop)
    gate.open()
    if where == "token":
        threading.Thread(target=job.cancel).start()
    assert stopped.wait(60)
    assert str(other.exception(10)) == "the pool 'stops itself' was stopped"
    assert pool.stop(drain=20).abandoned == ()
    assert reports[0].abandoned == ()
    assert not pool._workers.alive


def test_a_deadline_whose_callback_stops_the_pool_does_not_wait_for_itself() -> None:
    stopped = threading.Event()
    pool = Pool("stopped by its watch", 1)
    job = pool.submit("over", until_cancelled, deadline=0.2)

    def stop() -> None:
        pool.stop(drain=20)
        stopped.set()

    job.token.add_callback(stop)
    assert stopped.wait(60)
    assert pool.stop(drain=20).abandoned == ()


def test_with_stops_also_when_the_body_fails() -> None:
    pool = Pool("body", 2)
    job = pool.submit("scan", until_cancelled)
    with pytest.raises(KeyboardInterrupt), pool:
        raise KeyboardInterrupt
    assert job.ended
    assert not pool._workers.alive


@pytest.mark.slow
def test_a_signal_handler_may_stop_a_pool_whatever_it_interrupts() -> None:
    if not hasattr(signal, "setitimer"):
        pytest.skip("no interval timer here")
    jobs = list[Job[int]]()

    def submit_until_it_stops(pool: Pool) -> None:
        while True:
            jobs.append(pool.submit("x", lambda _: 1))

    for _ in range(10):
        with Pool("interrupted", 2) as pool:
            stop = partial(stop_when_called, pool)
            old = signal.signal(signal.SIGALRM, stop)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                with pytest.raises(PoolStoppedError, match="was stopped"):
                    submit_until_it_stops(pool)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, old)
        assert ended_soon(lambda: all(job.ended for job in jobs))
        assert not pool._workers.alive


def stop_when_called(pool: Pool, *_signal: object) -> None:
    pool.stop()


def test_a_pool_that_is_dropped_stops_itself_also_from_its_own_worker() -> None:
    before = set(threading.enumerate())
    job = Pool("dropped", 2).submit("scan", until_cancelled)
    assert str(job.exception(10)) == "its pool was dropped"

    gate = Gate()
    held = [Pool("dropped inside", 2)]

    def drop(_context: JobContext) -> None:
        gate.pass_through()
        held.clear()

    inside = held[0].submit("drops its pool", drop)
    gate.open()
    inside.wait(60)
    assert ended_soon(lambda: set(threading.enumerate()) <= before)


@pytest.mark.slow
def test_a_thousand_pools_leave_no_thread_no_handle_and_no_object() -> None:
    def cycle() -> None:
        with Pool("short", 2) as pool:
            pool.submit("done", lambda _: 1, deadline=60)
            pool.submit("cancelled", until_cancelled)
            pool.submit("never begins", until_cancelled, replaces="key")

    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0

    for _ in range(20):
        cycle()
    gc.collect()
    threads, objects, open_handles = set(threading.enumerate()), len(gc.get_objects()), handles()
    for _ in range(1000):
        cycle()
    assert set(threading.enumerate()) <= threads
    assert handles() == open_handles
    gc.collect()
    assert len(gc.get_objects()) - objects < 200
