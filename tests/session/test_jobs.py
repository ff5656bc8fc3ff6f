"""Jobs: each has its own result, its end is reported once, and nothing is left behind."""

from __future__ import annotations

import contextlib
import gc
import math
import threading
import traceback
import weakref
from collections.abc import Iterator

import pytest
from halscope.session import CancelToken, InlinePool, Job, JobContext, JobState, JobTimeoutError, Pool, Priority
from halscope_hooks import CancelledError, UsageError
from support.interrupts import AtLine, interrupt
from support.pool_work import Gate, until_cancelled


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool("test", 2) as pool:
        yield pool


class Thing:
    """Something that can be seen to die."""


@pytest.mark.slow
def test_results_never_cross_in_a_storm_from_several_threads(pool: Pool) -> None:
    crossed, asked = list[tuple[int, int]](), 4 * 1500

    def ask(first: int) -> None:
        numbers = range(first, asked, 4)
        jobs = [(n, pool.submit(f"job {n}", lambda _, n=n: n * n, priority=Priority(n % 3))) for n in numbers]  # type: ignore[misc]
        crossed.extend((n, job.result(60)) for n, job in jobs if job.result(30) != n * n)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert crossed == []
    assert pool.stats().done >= asked - 2  # the last ones may be on their way into the count


def test_numbers_are_unique_across_pools(pool: Pool) -> None:
    jobs = [executor.submit("x", lambda _: None) for executor in (pool, InlinePool(), pool)]
    assert len({job.id for job in jobs}) == 3


def test_an_error_comes_out_with_the_traceback_of_the_work_however_often_it_is_asked_for(pool: Pool) -> None:
    def fails(_context: JobContext) -> None:
        raise ValueError("broken")

    job = pool.submit("fails", fails)
    lengths = set()
    for _ in range(3):
        with pytest.raises(ValueError, match="broken") as caught:
            job.result(60)
        frames = traceback.extract_tb(caught.value.__traceback__)
        assert frames[-1].name == "fails"
        lengths.add(len(frames))
    assert len(lengths) == 1
    assert job.state is JobState.FAILED
    assert "in fails" in job.traceback
    assert "ValueError: broken" in job.traceback


def test_waiting_has_an_end(pool: Pool) -> None:
    job = pool.submit("long", until_cancelled)
    with pytest.raises(JobTimeoutError, match=r"'long' has not ended within 0\.01 s"):
        job.result(0.01)
    with pytest.raises(TimeoutError):
        job.exception(0)
    with pytest.raises(UsageError, match="number of seconds"):
        job.result(math.nan)
    assert job.cancel("enough")
    assert job.wait(math.inf)


def test_a_cancelled_job_says_why_and_its_late_result_is_dropped(pool: Pool) -> None:
    gate = Gate()
    job = pool.submit("late", lambda _: gate.pass_through("late result"))
    gate.reached(10)
    assert job.cancel("not wanted any more")
    assert not job.cancel("again")
    gate.open()
    with pytest.raises(CancelledError, match="not wanted any more"):
        job.result(60)
    assert job.state is JobState.CANCELLED


def test_a_cancel_that_ctrl_c_cuts_short_either_did_nothing_or_has_its_reason(pool: Pool) -> None:
    line, lines = 0, 1
    while line < lines:
        line += 1
        gate, at = Gate(), AtLine(line, interrupt)
        job = pool.submit("late", gate.pass_through)
        gate.reached(10)
        with contextlib.suppress(KeyboardInterrupt), at:
            job.cancel("enough")
        gate.open()
        assert job.wait(60)
        lines = max(lines, at.lines + 1)
        assert job.token.reason == ("enough" if job.state is JobState.CANCELLED else None), f"line {line}, {at.where}"
    assert lines > 10


def test_a_queued_job_ends_at_once_when_it_is_cancelled_and_never_runs() -> None:
    gate, ran = Gate(), list[int]()
    with Pool("one", 1) as pool:
        pool.submit("blocks", lambda _: gate.pass_through())
        gate.reached(10)
        job = pool.submit("waits", lambda _: ran.append(1))
        assert job.cancel("no")
        assert job.ended
        assert pool.stats().queued["SCAN"] == 0
        gate.open()
    assert ran == []


def test_an_ended_job_cannot_be_cancelled(pool: Pool) -> None:
    job = pool.submit("quick", lambda _: 7)
    assert job.result(60) == 7
    assert not job.cancel("too late")
    assert job.result(0) == 7
    assert not job.token.cancelled


def test_work_that_ends_with_a_cancelled_error_of_its_own_is_cancelled_with_its_reason(pool: Pool) -> None:
    def gives_up(_context: JobContext) -> None:
        raise CancelledError("the part that it waited for was cancelled")

    job = pool.submit("gives up", gives_up)
    assert str(job.exception(10)) == "the part that it waited for was cancelled"
    assert job.token.reason == "the part that it waited for was cancelled"


def test_a_parent_token_cancels_queued_and_running_jobs() -> None:
    parent, gate = CancelToken(), Gate()
    with Pool("one", 1) as pool:
        running = pool.submit("running", until_cancelled, parent=parent)
        queued = pool.submit("queued", lambda _: gate.pass_through(), parent=parent)
        parent.cancel("all of it")
        assert [str(job.exception(10)) for job in (running, queued)] == ["all of it"] * 2
        assert str(pool.submit("too late", lambda _: 1, parent=parent).exception(10)) == "all of it"


def test_a_deadline_cancels_with_a_reason_that_names_it() -> None:
    with Pool("one", 1) as pool:
        running = pool.submit("running", until_cancelled, deadline=0.05)
        queued = pool.submit("queued", lambda _: None, deadline=0.02)
        assert str(queued.exception(10)) == "the deadline of 0.02 s for 'queued' is over"
        assert str(running.exception(10)) == "the deadline of 0.05 s for 'running' is over"
        in_time = pool.submit("in time", lambda _: 1, deadline=30)
        assert in_time.result(60) == 1
        with pytest.raises(UsageError, match="deadline"):
            pool.submit("never", lambda _: 1, deadline=math.nan)


def test_a_job_that_does_not_answer_its_deadline_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    with Pool("one", 1) as pool:
        pool._workers._watch._patience = 0.01
        job = pool.submit("stubborn", lambda _: gate.pass_through(), deadline=0.01)
        gate.reached(10)
        for _ in range(1000):
            if "'stubborn'" in caplog.text:
                break
            CancelToken().wait(0.01)
        assert "has not answered its cancel (the deadline of 0.01 s for 'stubborn' is over)" in caplog.text
        gate.open()
        assert job.wait(60)


def test_progress_is_rate_limited_and_the_last_is_always_told() -> None:
    told = list[tuple[int, int, str]]()

    def note(job: Job[object]) -> None:
        told.append((job.progress.done, job.progress.total, job.progress.text))

    def work(context: JobContext) -> None:
        for done in range(20_001):
            context.report(done, 20_000, "counting")

    with Pool("one", 1, on_progress=note) as pool:
        job = pool.submit("counts", work)
        job.result(60)
        assert told[0] == (0, 20_000, "counting")
        assert told[-1] == (20_000, 20_000, "counting")
        assert told == sorted(set(told))
        assert len(told) < 2_000
        assert job.progress.done == 20_000


@pytest.mark.parametrize("ends", ["fails", "is cancelled"])
def test_the_last_progress_is_told_before_the_end_however_it_ends(ends: str) -> None:
    order = list[object]()

    def work(context: JobContext) -> None:
        context.report(1, 3)
        context.report(2, 3)
        if ends == "fails":
            raise ValueError
        context.token.cancel()
        context.checkpoint()

    with Pool("one", 1, on_progress=lambda job: order.append(job.progress.done)) as pool:
        job = pool.submit("ends early", work)
        job.add_done_callback(lambda job: order.append(job.state))
        job.wait(60)
    assert order[:2] == [1, 2]
    assert order[2:] in ([], [JobState.FAILED], [JobState.CANCELLED])


def test_a_scan_stands_at_a_checkpoint_while_it_is_paused() -> None:
    steps, at_step, go = list[int](), threading.Semaphore(0), threading.Semaphore(0)

    def work(context: JobContext) -> str:
        for step in range(3):
            steps.append(step)
            at_step.release()
            assert go.acquire(timeout=60)
            context.checkpoint()
        return "done"

    with Pool("two", 2) as pool:
        job = pool.submit("long", work)
        assert at_step.acquire(timeout=60)
        assert job.pause()
        go.release(3)
        reaches(job, JobState.PAUSED)
        assert not at_step.acquire(timeout=0.05)
        assert pool.submit("a frame", lambda _: 1, priority=Priority.LIVE).result(60) == 1
        assert job.resume()
        assert job.result(60) == "done"
        assert not job.pause()
        assert not job.resume()
    assert steps == [0, 1, 2]


def test_a_cancel_ends_a_pause() -> None:
    at_checkpoint = threading.Event()

    def work(context: JobContext) -> None:
        at_checkpoint.set()
        while True:
            context.checkpoint()

    with Pool("two", 2) as pool:
        job = pool.submit("long", work)
        assert at_checkpoint.wait(60)
        job.pause()
        reaches(job, JobState.PAUSED)
        job.cancel("changed my mind")
        assert str(job.exception(10)) == "changed my mind"


def test_what_is_paused_in_the_queue_does_not_begin_and_lets_others_pass() -> None:
    gate, ran = Gate(), list[str]()
    with Pool("one", 1) as pool:
        pool.submit("blocks", lambda _: gate.pass_through())
        gate.reached(10)
        paused, cancelled = (pool.submit(name, lambda _, name=name: ran.append(name)) for name in ("first", "never"))  # type: ignore[misc]
        other = pool.submit("other", lambda _: ran.append("other"))
        assert paused.pause()
        assert cancelled.pause()
        assert paused.state is JobState.PAUSED
        assert cancelled.cancel("no")
        assert cancelled.ended
        gate.open()
        other.result(60)
        assert ran == ["other"]
        paused.resume()
        paused.result(60)
        left = pool.submit("left", lambda _: ran.append("left"))
        left.pause()
    assert ran[:2] == ["other", "first"]
    assert left.ended


def test_frames_previews_and_inline_jobs_do_not_pause(pool: Pool) -> None:
    for priority in (Priority.LIVE, Priority.PREVIEW):
        job = pool.submit("short", until_cancelled, priority=priority)
        assert not job.pause()
        job.cancel()
    paused = list[bool]()
    inline = InlinePool(on_progress=lambda job: paused.append(job.pause()))
    inline.submit("inline", lambda context: context.report(1))
    assert paused == [False]


def test_callbacks_come_once_in_order_and_at_once_when_it_has_ended(pool: Pool) -> None:
    gate, order = Gate(), list[int]()
    job = pool.submit("watched", lambda _: gate.pass_through())
    for number in range(3):
        job.add_done_callback(lambda job, number=number: order.append(number))  # type: ignore[misc]
    gate.open()
    job.result(60)
    pool.stop()
    job.add_done_callback(lambda job: order.append(3))
    assert order == [0, 1, 2, 3]


def test_a_callback_that_fails_is_told_and_stops_neither_the_others_nor_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed, called, gate = list[tuple[str, str, str]](), list[str](), Gate()

    def broken_callback(_job: Job[object]) -> None:
        raise SystemExit("a callback")

    with Pool(
        "one", 1, on_failed=lambda job, error, text: failed.append((job.name, type(error).__name__, text))
    ) as pool:
        job = pool.submit("watched", lambda _: gate.pass_through())
        job.add_done_callback(broken_callback)
        job.add_done_callback(lambda _: called.append("second"))
        gate.open()
        assert pool.submit("next", lambda _: 1).result(60) == 1
    assert called == ["second"]
    assert [(name, kind) for name, kind, _ in failed] == [("watched", "SystemExit")]
    assert "in broken_callback" in failed[0][2]
    assert "broken_callback" in caplog.text


def test_a_failed_job_reaches_on_failed_with_its_traceback_even_if_that_fails_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = list[tuple[str, str]]()

    def note(job: Job[object], error: BaseException, text: str) -> None:
        failed.append((job.name, text))
        raise RuntimeError("the one who listens is broken")

    with Pool("one", 1, on_failed=note) as pool:
        jobs = [pool.submit(f"fails {n}", lambda _: 1 / 0) for n in range(2)]
        assert all(isinstance(job.exception(10), ZeroDivisionError) for job in jobs)
    assert [name for name, _ in failed] == ["fails 0", "fails 1"]
    assert all("ZeroDivisionError" in text for _, text in failed)
    assert "the one who listens is broken" in caplog.text


def test_a_dropped_handle_frees_result_and_work_and_idle_workers_keep_nothing() -> None:
    seen, ended = list[weakref.ref[object]](), threading.Event()

    def submit(pool: Pool) -> None:
        used, key = Thing(), Thing()
        seen.append(weakref.ref(used))

        def work(_context: JobContext) -> Thing:
            made = Thing()
            seen.append(weakref.ref(made))
            assert used is not None
            return made

        job = pool.submit("makes a thing", work, replaces=key)
        job.add_done_callback(lambda _: ended.set())
        assert isinstance(job.result(60), Thing)
        seen.extend((weakref.ref(job), weakref.ref(key)))

    gc.collect()
    gc.disable()
    try:
        with Pool("two", 2) as pool:
            submit(pool)
            assert ended.wait(60)
            for _ in range(1000):  # the worker is on its way to its rest
                if not any(reference() for reference in seen):
                    break
                CancelToken().wait(0.005)
            assert not any(reference() for reference in seen)
    finally:
        gc.enable()


def test_a_kept_handle_keeps_the_result_but_not_the_work(pool: Pool) -> None:
    used = Thing()
    work_lives = weakref.ref(used)
    job = pool.submit("uses a thing", lambda _, used=used: 1)  # type: ignore[misc]
    del used
    job.result(60)
    pool.stop()
    gc.collect()
    assert work_lives() is None


def test_a_failed_job_is_freed_without_the_collector() -> None:
    gone = list[weakref.ref[Job[float]]]()

    def submit(pool: Pool) -> None:
        job = pool.submit("fails", lambda _: 1 / 0)
        job.wait(60)
        gone.append(weakref.ref(job))

    gc.collect()
    gc.disable()
    try:
        with Pool("one", 1) as pool:
            submit(pool)
        assert gone[0]() is None
    finally:
        gc.enable()


def reaches(job: Job[str] | Job[None], state: JobState) -> None:
    for _ in range(2000):
        if job.state is state:
            return
        CancelToken().wait(0.005)
    raise AssertionError(f"{job} does not become {state}")
