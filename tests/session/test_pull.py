"""Pull subscriptions: a consumer takes the newest event when it is ready, on a thread or an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from halscope.session import JobContext, Pull, Session
from halscope_hooks import Attached, Detached, Event, HostError, JobFailed, JobProgress, Update
from support.interrupts import AtLine, interrupt
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot, session_threads


@pytest.fixture
def host() -> MadeHost:
    return MadeHost()


@pytest.fixture
def session(host: MadeHost) -> Iterator[Session]:
    with Session(host, threads=True, workers=2) as session:
        yield session


def decode(session: Session, frames: range) -> None:
    for frame in frames:
        before = session.stats().decoded
        session.submit(made_snapshot(frame))
        assert eventually(lambda before=before: session.stats().decoded > before)  # type: ignore[misc]  # a default


def frame_of(event: Event | None) -> int:
    assert isinstance(event, Update)
    return frame_in(event.frame.snapshot)


def test_a_stalled_consumer_holds_one_frame_and_is_told_how_many_it_missed(session: Session) -> None:
    pull = session.pull(Update)
    decode(session, range(1, 11))
    assert pull.waiting == 1
    assert frame_of(pull.take(WAIT)) == 10
    assert pull.missed == 9
    assert pull.take(0) is None
    decode(session, range(11, 12))
    assert frame_of(pull.take(WAIT)) == 11
    assert pull.missed == 0
    assert not pull.closed


def test_progress_is_the_newest_of_each_job_and_failures_queue(session: Session) -> None:
    pull = session.pull(JobProgress, JobFailed)

    def count(context: JobContext) -> None:
        for done in range(51):
            context.report(done, 50)

    for name in "ab":
        session.run(name, count).result(WAIT)
    for number in range(3):
        session.report_failure(f"{number}", ValueError("no"))
    told = [pull.take(WAIT) for _ in range(5)]
    assert [(event.job, event.done) for event in told if isinstance(event, JobProgress)] == [("a", 50), ("b", 50)]
    assert [event.job for event in told if isinstance(event, JobFailed)] == list("012")
    assert pull.take(0) is None


def test_a_take_waits_for_an_event_and_no_longer_than_it_was_told(session: Session) -> None:
    pull = session.pull(Update)
    began = time.monotonic()
    assert pull.take(0.05) is None
    assert time.monotonic() - began >= 0.05
    late = threading.Timer(0.05, session.submit, [made_snapshot(1)])
    late.start()
    assert frame_of(pull.take(WAIT)) == 1
    late.join()


def test_the_end_comes_last_and_after_it_a_take_returns_at_once(host: MadeHost) -> None:
    session = Session(host, threads=True)
    pull = session.pull()
    session.start()
    decode(session, range(1, 4))
    session.close("enough")
    assert isinstance(pull.take(WAIT), Attached)
    assert not pull.closed
    last = pull.take(WAIT)
    assert isinstance(last, Detached), "a frame that was not taken gives way to the end"
    assert last.reason == "enough"
    assert pull.closed
    assert pull.take(WAIT) is None
    with pytest.raises(HostError, match="closed"):
        session.pull()


def test_it_is_iterated_until_the_end(session: Session) -> None:
    pull = session.pull(JobFailed, Detached)
    kinds: list[type[Event]] = []
    reader = threading.Thread(target=lambda: kinds.extend(type(event) for event in pull))
    reader.start()
    session.report_failure("x", ValueError("no"))
    session.close()
    reader.join(WAIT)
    assert kinds == [JobFailed, Detached]


def test_a_close_wakes_whoever_waits_and_drops_what_waits(session: Session) -> None:
    pull = session.pull(Update)
    taken: list[Event | None] = []
    taker = threading.Thread(target=lambda: taken.append(pull.take(WAIT)))
    taker.start()
    pull.close()
    taker.join(WAIT)
    assert taken == [None]
    decode(session, range(1, 2))
    assert pull.take(0) is None


def test_a_dropped_one_is_unsubscribed(session: Session) -> None:
    pull = session.pull(Update, name="dropped")
    assert [stats.name for stats in session.stats().subscriptions] == ["dropped"]
    assert session.stats().subscriptions[0].delivery == "pull"
    del pull
    gc.collect()
    assert session.stats().subscriptions == ()


def test_without_threads_it_holds_the_newest_too(host: MadeHost) -> None:
    with Session(host) as session, session.pull(Update) as pull:
        for _ in range(5):
            session.step()
        assert frame_of(pull.take(0)) == 5
        assert pull.missed == 4


def test_several_consumers_share_it_and_no_event_is_taken_twice(session: Session) -> None:
    pull = session.pull(JobFailed, Detached)
    taken: list[str] = []

    def consume() -> None:
        taken.extend(event.job for event in pull if isinstance(event, JobFailed))

    consumers = [threading.Thread(target=consume) for _ in range(3)]
    for consumer in consumers:
        consumer.start()
    for number in range(300):
        session.report_failure(str(number), ValueError())
    session.close()
    for consumer in consumers:
        consumer.join(WAIT)
        assert not consumer.is_alive()
    assert sorted(taken, key=int) == [str(number) for number in range(300)]


def test_a_coroutine_is_woken_and_costs_no_thread(session: Session) -> None:
    async def listen() -> list[int]:
        async with session.pull(Update, Detached) as pull:
            frames = []
            threads = len(session_threads())
            asyncio.get_running_loop().call_later(0.05, session.submit, made_snapshot(1))
            async for event in pull:
                if isinstance(event, Detached):
                    break
                frames.append(frame_of(event))
                assert len(session_threads()) == threads
                if len(frames) < 5:
                    session.submit(made_snapshot(len(frames) + 1))
                else:
                    await session.aclose()
            assert pull.closed
        return frames

    assert asyncio.run(listen()) == [1, 2, 3, 4, 5]


def test_a_stalled_coroutine_holds_one_frame(session: Session) -> None:
    async def stall() -> tuple[int, int]:
        pull = session.pull(Update)
        await asyncio.to_thread(decode, session, range(1, 31))
        waiting = pull.waiting
        async for event in pull:
            return waiting, frame_of(event)
        raise AssertionError("it ended")

    assert asyncio.run(stall()) == (1, 30)


@pytest.mark.slow
def test_an_async_iteration_ends_wherever_ctrl_c_comes_in_a_close(host: MadeHost) -> None:
    """It can come when the bell has taken a waiter and has not woken it yet: nobody would wake it any more."""

    async def closed_with_ctrl_c(pull: Pull, at: AtLine) -> None:
        consuming = asyncio.create_task(anext(pull, None))
        await asyncio.sleep(0)  # it waits now
        with at, contextlib.suppress(KeyboardInterrupt):
            pull.close()
        pull.close()
        assert await asyncio.wait_for(consuming, WAIT) is None

    with Session(host) as session:
        for line in itertools.count(1):
            at = AtLine(line, interrupt)
            asyncio.run(closed_with_ctrl_c(session.pull(Update), at))
            if not at.where:
                break
    assert line > 20


def test_a_cancelled_wait_leaves_nothing_behind(session: Session) -> None:
    pull = session.pull(Update)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(pull), 0.02)

    asyncio.run(give_up())
    assert not pull._lane.bell._waiting
    decode(session, range(1, 3))  # the loop is closed; nothing is called there
    assert frame_of(pull.take(0)) == 2


@pytest.mark.slow
def test_aclose_does_not_hold_up_the_event_loop(host: MadeHost) -> None:
    session = Session(host, threads=True, owns_host=True)
    session.start()
    go_on = threading.Event()  # set by the event loop, which cannot if it stands still
    job = session.run("slow", lambda _context: go_on.wait(WAIT))
    assert eventually(lambda: job.state.value == "running")
    heard: list[Event] = []
    kept = session.subscribe(heard.append, Detached)

    async def close() -> None:
        closing = asyncio.create_task(session.aclose("enough"))
        try:
            await asyncio.sleep(0)  # the task begins
            assert not closing.done(), "the event loop stood still"
        finally:
            go_on.set()
        await closing
        assert job.ended, "it waited for the job"

    asyncio.run(close())
    assert [type(event) for event in heard] == [Detached]
    assert host.closings == [threading.get_ident()], "on the host's thread"
    assert kept.closed
