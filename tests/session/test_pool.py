"""Pools: the order of jobs, and requests that replace older ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache

import pytest
from halscope.codecs import hal
from halscope.rom.index import RomIndex
from halscope.session import (
    InlinePool,
    Job,
    JobContext,
    JobState,
    Latencies,
    Pool,
    PoolStoppedError,
    Priority,
    StopReport,
)
from halscope_hooks import HalscopeError, UsageError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.examples import examples
from support.pool_work import Gate, until_cancelled
from support.truth_rom import TruthRom, make_truth_rom


@cache
def truth() -> TruthRom:
    return make_truth_rom(7, size=0x100000, blocks=60)


@pytest.mark.parametrize("priority", [Priority.LIVE, Priority.PREVIEW])
@pytest.mark.parametrize("workers", [2, 3])
def test_frames_and_previews_never_wait_behind_scans(workers: int, priority: Priority) -> None:
    with Pool("full of scans", workers) as pool:
        scans = [pool.submit(f"scan {n}", until_cancelled) for n in range(10)]
        for _ in range(50):
            assert pool.submit("a frame", lambda _: 1, priority=priority).result(60) == 1
        assert pool.stats().running["SCAN"] == workers - 1
        assert not any(scan.ended for scan in scans)


def test_a_larger_reserve_keeps_more_workers_from_scans() -> None:
    barrier = threading.Barrier(2)
    with Pool("reserved", 3, live_reserve=2) as pool:
        for n in range(5):
            pool.submit(f"scan {n}", until_cancelled)
        frames = [pool.submit("a frame", lambda _: barrier.wait(60), priority=Priority.LIVE) for _ in range(2)]
        assert sorted(frame.result(60) for frame in frames) == [0, 1]  # both at a time
        assert pool.stats().running["SCAN"] == 1


def test_without_scans_every_worker_serves_frames() -> None:
    barrier = threading.Barrier(3)
    with Pool("frames", 3) as pool:
        frames = [pool.submit("a frame", lambda _: barrier.wait(60), priority=Priority.LIVE) for _ in range(3)]
        assert sorted(frame.result(60) for frame in frames) == [0, 1, 2]


def test_the_limit_of_scans_lets_the_next_one_in_when_one_ends() -> None:
    with Pool("scans", 2) as pool:
        jobs = [pool.submit(f"scan {n}", lambda _, n=n: n) for n in range(200)]  # type: ignore[misc]
        assert [job.result(60) for job in jobs] == list(range(200))


def test_what_waits_is_served_by_priority_and_then_by_age() -> None:
    gate, order = Gate(), list[str]()
    with Pool("one", 1) as pool:
        pool.submit("blocks", lambda _: gate.pass_through())
        gate.reached(10)
        jobs = [
            pool.submit(name, lambda _, name=name: order.append(name), priority=priority)  # type: ignore[misc]
            for name, priority in (
                ("scan 1", Priority.SCAN),
                ("preview 1", Priority.PREVIEW),
                ("scan 2", Priority.SCAN),
                ("live 1", Priority.LIVE),
                ("preview 2", Priority.PREVIEW),
                ("live 2", Priority.LIVE),
            )
        ]
        gate.open()
        for job in jobs:
            job.result(60)
    assert order == ["live 1", "live 2", "preview 1", "preview 2", "scan 1", "scan 2"]


def test_the_newest_of_a_key_cancels_the_older_one_queued_or_running() -> None:
    gate = Gate()
    with Pool("previews", 1) as pool:
        running = pool.submit("1", lambda _: gate.pass_through(1), priority=Priority.PREVIEW, replaces="sheet")
        gate.reached(10)
        queued = pool.submit("2", lambda _: 2, priority=Priority.PREVIEW, replaces="sheet")
        newest = pool.submit("3", lambda _: 3, priority=Priority.PREVIEW, replaces="sheet")
        other = pool.submit("other", lambda _: 4, priority=Priority.PREVIEW, replaces="another sheet")
        assert queued.ended
        gate.open()
        assert newest.result(60) == 3
        assert other.result(60) == 4
        assert [str(job.exception(10)) for job in (running, queued)] == ["replaced by a newer request"] * 2


def test_of_a_storm_of_one_key_the_last_is_done_and_no_other_waits() -> None:
    with Pool("previews", 2) as pool:
        jobs = [pool.submit(str(n), lambda _, n=n: n, replaces="key") for n in range(500)]  # type: ignore[misc]
        assert jobs[-1].result(60) == 499
        assert all(job.wait(60) for job in jobs)
        assert all(job.state is JobState.CANCELLED or job.result(0) == n for n, job in enumerate(jobs))
        assert {key for key, _ in pool._workers._state.value.newest} <= {"key"}


def test_a_cancel_reaches_an_index_build_in_c_plus_plus() -> None:
    rom, built = truth().rom, threading.Event()

    def build(context: JobContext) -> None:
        while True:
            RomIndex.build(rom, [hal.HAL], progress=context.report, cancel=context.token.native)
            built.set()

    with Pool("builds", 2) as pool:
        job = pool.submit("build", build)
        assert built.wait(60)
        assert job.cancel("the game was changed")
        assert str(job.exception(10)) == "the game was changed"


def test_a_pool_after_its_stop_says_so() -> None:
    pool = Pool("stopped", 1)
    pool.stop()
    with pytest.raises(PoolStoppedError, match="takes no 'late': the pool 'stopped' was stopped") as caught:
        pool.submit("late", lambda _: 1)
    assert isinstance(caught.value, HalscopeError)


@pytest.mark.parametrize(("workers", "reserve"), [(0, None), (65, None), (2, 2), (2, -1), (1, 1)])
def test_numbers_out_of_range_are_refused(workers: int, reserve: int | None) -> None:
    with pytest.raises(UsageError, match="the pool 'odd'"):
        Pool("odd", workers, live_reserve=reserve)


def test_no_lock_is_held_while_anything_foreign_is_called() -> None:
    """Each callback lets another thread use everything; a lock held meanwhile would make it wait."""
    refused = list[str]()

    class Nosy:
        """Work and key in one object, with a destructor, which is third-party code too."""

        def __init__(self, look: Callable[[str], None]) -> None:
            self.look = look

        def __call__(self, context: JobContext) -> None:
            context.report(1)
            self.look("the work")

        def __del__(self) -> None:
            self.look("a destructor")

    with Pool(
        "looked at", 2, on_failed=lambda *_: look("on_failed"), on_progress=lambda _: look("on_progress")
    ) as pool:

        def look(where: str) -> None:
            def use() -> None:
                pool.stats()
                for job in jobs:
                    job.pause()
                    job.resume()
                pool.submit("another", lambda _: None).cancel()

            thread = threading.Thread(target=use)
            thread.start()
            thread.join(60)
            if thread.is_alive():
                refused.append(where)

        jobs = list[Job[None]]()
        jobs.append(pool.submit("works", Nosy(look)))
        jobs[0].add_done_callback(lambda _: look("a callback of a job"))
        jobs[0].token.add_callback(lambda: look("a callback of a token"))
        jobs[0].wait(60)
        assert isinstance(pool.submit("fails", lambda _: 1 / 0).exception(10), ZeroDivisionError)
        gate = Gate()
        for _ in range(2):
            pool.submit("blocks", lambda _: gate.pass_through(), priority=Priority.LIVE)
            gate.reached(10)
        jobs.append(pool.submit("never begins", Nosy(look), replaces="key"))
        jobs.append(pool.submit("neither", Nosy(look), replaces="key"))
        jobs[2].cancel()
        gate.open()
    assert refused == []


def test_statistics_add_up() -> None:
    with Pool("counted", 2) as pool:
        jobs = [pool.submit("ok", lambda _: 1) for _ in range(5)] + [pool.submit("no", lambda _: 1 // 0)]
        for job in jobs:
            job.wait(60)
        pool.submit("cancelled", until_cancelled).cancel()
    stats = pool.stats()
    assert (stats.done, stats.failed, stats.cancelled) == (5, 1, 1)
    assert sum(stats.running.values()) == sum(stats.queued.values()) == 0
    assert 6 <= stats.started.times <= 7
    assert stats.started.p50 <= stats.started.p90 <= stats.started.p99 <= stats.started.worst
    assert 0 < stats.use <= 1


def test_percentiles_are_those_of_the_last_4096() -> None:
    latencies = Latencies()
    assert latencies.percentiles() == (0, 0, 0, 0, 0)
    latencies.add(9)
    assert latencies.percentiles() == (9, 9, 9, 9, 1)
    for n in range(4096):
        latencies.add(n / 4096)
    p50, p90, p99, worst, times = latencies.percentiles()
    assert (round(p50, 3), round(p90, 3), round(p99, 3), worst, times) == (0.5, 0.9, 0.99, 9, 4097)


class TestInline:
    def test_the_work_is_done_when_submit_returns_on_the_same_thread(self) -> None:
        pool = InlinePool()
        job = pool.submit("here", lambda _: threading.get_ident())
        assert job.state is JobState.DONE
        assert job.result(0) == threading.get_ident()

    def test_errors_belong_to_the_job_and_are_told(self) -> None:
        failed = list[str]()
        pool = InlinePool(on_failed=lambda job, error, text: failed.append(text))
        job = pool.submit("fails", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            job.result(0)
        assert "ZeroDivisionError" in failed[0]

    def test_ctrl_c_comes_out(self) -> None:
        def interrupted(_context: JobContext) -> None:
            raise KeyboardInterrupt

        pool = InlinePool()
        with pytest.raises(KeyboardInterrupt):
            pool.submit("interrupted", interrupted)
        assert pool.stats().failed == 1

    def test_a_deadline_is_felt_at_a_checkpoint(self) -> None:
        def work(context: JobContext) -> None:
            while True:
                context.checkpoint()

        job = InlinePool().submit("long", work, deadline=0.01)
        assert str(job.exception(0)) == "the deadline of 0.01 s for 'long' is over"

    def test_work_can_submit_work_replace_itself_and_stop_its_pool(self) -> None:
        pool = InlinePool()
        inner = list[Job[str]]()

        def outer(_context: JobContext) -> str:
            inner.append(pool.submit("inner", lambda _: "inner", replaces="key"))
            assert pool.stop().abandoned == ()
            return "outer"

        job = pool.submit("outer", outer, replaces="key")
        assert inner[0].result(0) == "inner"
        assert str(job.exception(0)) == "replaced by a newer request"
        with pytest.raises(PoolStoppedError, match="it was stopped"):
            pool.submit("late", lambda _: 1)

    def test_a_stop_from_another_thread_waits_for_the_work_and_names_what_does_not_end(self) -> None:
        pool, gate, reports = InlinePool(), Gate(), list[StopReport]()

        def stop() -> None:
            gate.reached(10)
            reports.append(pool.stop(signal=0, drain=0.01, abandon=0))
            gate.open()

        thread = threading.Thread(target=stop)
        thread.start()
        job = pool.submit("stubborn", lambda _: gate.pass_through(1))
        thread.join(60)
        assert reports[0].abandoned == (f"the job 'stubborn' ({job.id})",)
        assert job.state is JobState.CANCELLED


class PoolMachine(RuleBasedStateMachine):
    """Any sequence of requests, cancels, pauses and a stop: each job ends once, as itself, and nothing is left."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool("any", 2)
        self.jobs = list[Job[int]]()
        self.expected = list[int]()
        self.ends = dict[int, int]()
        self.cancelled = set[int]()
        self.stopped = False

    def keep(self, job: Job[int], expected: int) -> None:
        self.jobs.append(job)
        self.expected.append(expected)
        job.add_done_callback(self.ended)

    def ended(self, job: Job[int]) -> None:
        self.ends[job.id] = self.ends.get(job.id, 0) + 1

    @precondition(lambda self: not self.stopped)
    @rule(value=st.integers(), priority=st.sampled_from(Priority), key=st.none() | st.integers(0, 2))
    def quick(self, value: int, priority: Priority, key: int | None) -> None:
        self.keep(self.pool.submit("quick", lambda _: value, priority=priority, replaces=key), value)

    @precondition(lambda self: not self.stopped)
    @rule(priority=st.sampled_from(Priority), key=st.none() | st.integers(0, 2), deadline=st.sampled_from([0, 0.01]))
    def endless(self, priority: Priority, key: int | None, deadline: float) -> None:
        def work(context: JobContext) -> int:
            until_cancelled(context)
            return -1

        self.keep(self.pool.submit("endless", work, priority=priority, replaces=key, deadline=deadline), -1)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), what=st.sampled_from(["cancel", "pause", "resume"]))
    def change(self, data: st.DataObject, what: str) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        if getattr(job, what)() and what == "cancel":
            self.cancelled.add(job.id)

    @rule()
    def stop(self) -> None:
        assert self.pool.stop(drain=20).abandoned == ()
        self.stopped = True

    @invariant()
    def no_job_ends_twice_or_as_another(self) -> None:
        assert all(count == 1 for count in self.ends.copy().values())
        for job, expected in zip(self.jobs, self.expected, strict=True):
            if job.state is JobState.DONE:
                assert job.result(0) == expected
                assert job.id not in self.cancelled

    def teardown(self) -> None:
        report = self.pool.stop(drain=20)
        assert report.abandoned == ()
        assert all(job.ended for job in self.jobs)
        assert self.ends == {job.id: 1 for job in self.jobs}
        assert not self.pool._workers.alive
        stats = self.pool.stats()
        assert stats.done + stats.failed + stats.cancelled == len(self.jobs)


PoolMachine.TestCase.settings = examples(40, stateful_step_count=25)
TestAnySequence = PoolMachine.TestCase
