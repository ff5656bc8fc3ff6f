"""Delivery: on the requested thread, in order, within the budget; which events may be dropped, and which never."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from halscope.session import JobContext, Session, Subscription
from halscope_hooks import (
    Detached,
    Event,
    HostError,
    JobFailed,
    JobProgress,
    Patch,
    PatchReady,
    Update,
    VramOrigins,
    Write,
)
from numpy.typing import NDArray
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot

PATCH = Patch("0" * 64, (), (Write("vram", 0, b"x"),))


@pytest.fixture
def host() -> MadeHost:
    return MadeHost()


@pytest.fixture
def session(host: MadeHost) -> Iterator[Session]:
    with Session(host, threads=True, workers=2) as session:
        yield session


def decode(session: Session, frame: int) -> None:
    """Hand in a frame and wait until it is decoded."""
    before = session.stats().decoded
    session.submit(made_snapshot(frame))
    assert eventually(lambda: session.stats().decoded > before)


def frames(events: list[Event]) -> list[int]:
    return [frame_in(event.frame.snapshot) for event in events if isinstance(event, Update)]


def test_host_delivery_happens_in_pump_alone_and_on_its_thread(session: Session) -> None:
    threads: list[int] = []
    handle = session.subscribe(lambda _event: threads.append(threading.get_ident()))
    decode(session, 1)
    assert threads == []
    assert session.pump(1) == 1
    assert threads == [threading.get_ident()]
    assert not handle.closed


def test_own_delivery_needs_no_pump(session: Session) -> None:
    threads: list[int] = []
    came = threading.Event()

    def look(_event: Event) -> None:
        threads.append(threading.get_ident())
        came.set()

    handle = session.subscribe(look, delivery="own")
    session.submit(made_snapshot(1))
    assert came.wait(WAIT), "nobody pumped, and nothing was delivered"
    assert threads[0] != threading.get_ident()
    handle.close()


def test_an_event_loop_is_told_on_its_own_thread(session: Session) -> None:
    async def listen() -> tuple[list[int], int]:
        loop = asyncio.get_running_loop()
        seen: list[int] = []
        done = asyncio.Event()

        def look(event: Event) -> None:
            seen.append(threading.get_ident())
            if isinstance(event, JobFailed):
                done.set()

        handle = session.subscribe(look, Update, JobFailed, loop=loop)
        await asyncio.to_thread(decode, session, 1)
        session.report_failure("made", ValueError("x"))
        await asyncio.wait_for(done.wait(), WAIT)
        handle.close()
        return seen, threading.get_ident()

    seen, loop_thread = asyncio.run(listen())
    assert seen == [loop_thread] * 2


def test_a_closed_event_loop_ends_its_subscription_and_nothing_else(session: Session) -> None:
    loop = asyncio.new_event_loop()
    handle = session.subscribe(lambda _event: None, loop=loop)
    loop.close()
    decode(session, 1)
    assert eventually(lambda: handle.closed)
    decode(session, 2)


def test_a_pump_keeps_to_its_budget_but_always_delivers_one(session: Session) -> None:
    heard: list[Event] = []

    def slow(event: Event) -> None:
        heard.append(event)
        time.sleep(0.005)

    handle = session.subscribe(slow, JobFailed)
    for number in range(5):
        session.report_failure(f"{number}", ValueError())
    for expected in range(1, 6):
        assert session.pump(0) == 1
        assert len(heard) == expected
    assert session.pump(0) == 0
    assert [event.job for event in heard if isinstance(event, JobFailed)] == list("01234")
    handle.close()


def test_with_no_budget_every_subscriber_has_its_turn(session: Session) -> None:
    turns: list[str] = []

    def listen(who: str) -> Subscription:
        return session.subscribe(lambda _event: turns.append(who), JobFailed)

    handles = [listen(who) for who in "abc"]
    for number in range(2):
        session.report_failure(f"{number}", ValueError())
    for _ in range(6):
        session.pump(0)
    assert sorted(turns[:3]) == sorted(turns[3:]) == ["a", "b", "c"]
    assert len(handles) == 3


def test_a_slow_subscriber_gets_the_newest_frame_and_the_others_are_counted(session: Session) -> None:
    heard: list[Event] = []
    handle = session.subscribe(heard.append, Update)
    for frame in range(1, 6):
        decode(session, frame)
    session.pump(1)
    assert frames(heard) == [5]
    assert handle.dropped == 4


def test_origins_come_with_their_own_frame_however_slow_the_subscriber(host: MadeHost) -> None:
    located_for: dict[int, VramOrigins] = {}

    def locate(vram: NDArray[np.uint8]) -> VramOrigins:
        return located_for.setdefault(id(vram), VramOrigins(((),) * 2048, np.zeros(2048, np.bool_)))

    with Session(host, threads=True, locate=locate) as session:
        heard: list[Event] = []
        handle = session.subscribe(heard.append)
        for frame in range(1, 10):
            decode(session, frame)
            if frame % 3 == 0:
                session.pump(0)
        updates = [event for event in heard if isinstance(event, Update)]
        assert len(updates) >= 3
        for update in updates:
            assert located_for[id(update.frame.snapshot.vram)] is update.origins
        assert not handle.closed


def test_progress_is_conflated_for_each_job_and_the_last_always_comes(session: Session) -> None:
    heard: list[JobProgress] = []

    def note(event: Event) -> None:
        assert isinstance(event, JobProgress)
        heard.append(event)

    handle = session.subscribe(note, JobProgress)

    def count(context: JobContext) -> None:
        for done in range(101):
            context.report(done, 100, "counting")

    for job in [session.run(name, count) for name in ("a", "b")]:
        job.result(WAIT)
    session.pump(1)
    assert sorted((event.job, event.done, event.total) for event in heard) == [("a", 100, 100), ("b", 100, 100)]
    assert not handle.closed


def test_failures_and_patches_are_never_left_out_and_keep_their_order(session: Session, host: MadeHost) -> None:
    heard: list[Event] = []
    handle = session.subscribe(heard.append)
    for number in range(200):
        session.report_failure(str(number), ValueError())
        session.apply(PATCH)
        if number % 20 == 0:
            decode(session, number + 1)
    session.pump(WAIT)
    assert [event.job for event in heard if isinstance(event, JobFailed)] == [str(n) for n in range(200)]
    assert sum(isinstance(event, PatchReady) for event in heard) == 200
    assert len(frames(heard)) == 1
    assert handle.dropped == 9


def test_a_slow_callback_is_named_in_the_log_once_in_a_while(host: MadeHost, caplog: pytest.LogCaptureFixture) -> None:
    session = Session(host, slow=0.001)
    handle = session.subscribe(lambda _event: time.sleep(0.003), JobFailed, name="the sleeper")
    with caplog.at_level(logging.WARNING, "halscope.session"):
        for _ in range(5):
            session.report_failure("x", ValueError())
    lines = [record.getMessage() for record in caplog.records if "the sleeper" in record.getMessage()]
    assert len(lines) == 1
    assert "JobFailed took" in lines[0]
    assert session.stats().subscriptions[0].slow == 5
    assert handle.name == "the sleeper"
    session.close()


def test_a_callback_that_raises_is_told_to_the_others_and_switched_off_after_three(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[JobFailed] = []
    calls = 0
    cured = False

    def failing(_event: Event) -> None:
        nonlocal calls
        calls += 1
        if not cured:
            raise ValueError("cannot look")

    def note(event: Event) -> None:
        assert isinstance(event, JobFailed)
        heard.append(event)

    bad = session.subscribe(failing, Update, name="bad")
    good = session.subscribe(note, JobFailed)
    for frame in range(1, 6):
        decode(session, frame)
        session.pump(1)
    assert calls == 3
    assert [(event.job, str(event.error)) for event in heard] == [("subscription bad", "cannot look")] * 3
    assert "in failing" in heard[0].traceback
    assert bad.switched_off
    assert "switched off" in caplog.text
    cured = True
    bad.switch_on()
    decode(session, 6)
    session.pump(1)
    assert calls == 4
    assert not good.closed


def test_a_failure_now_and_then_switches_nothing_off(session: Session) -> None:
    calls = 0

    def sometimes(_event: Event) -> None:
        nonlocal calls
        calls += 1
        if calls % 3:
            raise ValueError

    handle = session.subscribe(sometimes, Update)
    for frame in range(1, 13):
        decode(session, frame)
        session.pump(1)
    assert calls == 12
    assert not handle.switched_off


def test_two_that_fail_at_hearing_of_failures_do_not_go_round_for_ever(host: MadeHost) -> None:
    def hopeless(_event: Event) -> None:
        raise ValueError

    session = Session(host)
    handles = [session.subscribe(hopeless, JobFailed) for _ in range(2)]
    session.report_failure("x", ValueError())
    assert session.stats().failures == 1
    assert len(handles) == 2
    session.close()


def test_ctrl_c_in_a_callback_comes_out_of_pump_and_the_rest_is_delivered_later(session: Session) -> None:
    heard: list[str] = []

    def interrupted(event: Event) -> None:
        assert isinstance(event, JobFailed)
        heard.append(event.job)
        if event.job == "1":
            raise KeyboardInterrupt

    handle = session.subscribe(interrupted, JobFailed)
    for job in "123":
        session.report_failure(job, ValueError())
    with pytest.raises(KeyboardInterrupt):
        session.pump(1)
    session.pump(1)
    assert heard == ["1", "2", "3"]
    assert not handle.switched_off


def test_a_dropped_handle_is_unsubscribed_and_its_callback_is_free(session: Session) -> None:
    heard: list[Event] = []
    for delivery in ("host", "own"):
        handle = session.subscribe(heard.append, delivery=delivery)
        decode(session, 1)
        session.pump(1)
        assert eventually(lambda: heard)
        heard.clear()
        del handle
        decode(session, 2)
        session.pump(1)
        session.report_failure("x", ValueError())
        session.pump(1)
        assert heard == []
    gc.collect()
    assert session.stats().subscriptions == ()


def test_a_subscriber_that_holds_its_own_handle_can_still_be_collected(session: Session) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.seen = 0
            self.handle = session.subscribe(self.look, delivery="own")

        def look(self, _event: Event) -> None:
            self.seen += 1

    def watch() -> weakref.ref[Watcher]:
        watcher = Watcher()
        decode(session, 1)
        assert eventually(lambda: watcher.seen)
        return weakref.ref(watcher)

    gone = watch()
    gc.collect()
    assert eventually(lambda: gone() is None), "the thread of the subscription keeps the subscriber"


@pytest.mark.parametrize("delivery", ["host", "own"])
def test_after_close_nothing_comes_any_more(session: Session, delivery: str) -> None:
    heard: list[Event] = []
    handle = session.subscribe(heard.append, delivery="own" if delivery == "own" else "host")
    decode(session, 1)
    assert handle.close()
    count = len(heard)
    decode(session, 2)
    session.pump(1)
    session.close()
    assert len(heard) == count
    assert handle.closed
    assert handle.close(), "closing twice is closing once"


def test_close_waits_for_a_callback_that_runs_in_another_thread(session: Session) -> None:
    inside, go_on = threading.Event(), threading.Event()
    returned = False

    def slow(_event: Event) -> None:
        nonlocal returned
        inside.set()
        go_on.wait(WAIT)
        returned = True

    handle = session.subscribe(slow, delivery="own")
    session.submit(made_snapshot(1))
    assert inside.wait(WAIT)
    assert not handle.close(timeout=0.01), "the callback runs still"
    go_on.set()
    assert handle.close(WAIT)
    assert returned


def test_close_inside_the_own_callback_does_not_wait_for_itself(host: MadeHost) -> None:
    session = Session(host)
    heard: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        assert handle.close(WAIT)

    handle = session.subscribe(once, JobFailed)
    session.report_failure("1", ValueError())
    session.report_failure("2", ValueError())
    assert len(heard) == 1
    session.close()


def test_a_result_in_flight_when_the_session_is_closed_is_not_delivered(host: MadeHost) -> None:
    """The lookup waits at a barrier while the session closes; its result comes too late."""
    looking, go_on = threading.Event(), threading.Event()

    def locate(_vram: object) -> None:
        looking.set()
        go_on.wait(WAIT)
        raise HostError("too late, too")

    heard: list[Event] = []
    own: list[Event] = []
    session = Session(host, threads=True, locate=locate)  # type: ignore[arg-type]  # it never returns
    session.start()
    handles = [session.subscribe(heard.append), session.subscribe(own.append, delivery="own")]
    session.submit(made_snapshot(1))
    assert looking.wait(WAIT)
    report = session.stop(0.01, 0.01, 0.01)
    assert any("live frame" in name for name in report.abandoned)
    session.close("enough")
    assert [type(event) for event in heard] == [Detached]
    assert eventually(lambda: own)
    go_on.set()
    assert eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("halscope codec")])
    session.pump(1)
    assert [type(event) for event in heard] == [type(event) for event in own] == [Detached]
    assert all(handle.closed for handle in handles)


def test_a_result_that_comes_between_the_close_and_the_last_pump_is_left_out(host: MadeHost) -> None:
    looking, go_on = threading.Event(), threading.Event()

    def locate(_vram: object) -> VramOrigins:
        looking.set()
        go_on.wait(WAIT)
        return VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))

    heard: list[Event] = []
    session = Session(host, threads=True, locate=locate)
    session.start()
    handle = session.subscribe(heard.append)
    session.submit(made_snapshot(1))
    assert looking.wait(WAIT)
    session.stop(0.01, 0.01, 0.01)
    closer = threading.Thread(target=session.close)
    closer.start()
    closer.join(WAIT)
    go_on.set()
    assert eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("halscope codec")])
    session.pump(1)
    assert [type(event) for event in heard] == [Detached]
    assert handle.closed


def test_a_session_that_another_thread_closes_says_so_at_the_next_pump_and_then_is_silent(session: Session) -> None:
    heard: list[Event] = []
    handle = session.subscribe(heard.append)
    session.report_failure("before", ValueError())
    decode(session, 1)
    closer = threading.Thread(target=session.close, args=("elsewhere",))
    closer.start()
    closer.join(WAIT)
    assert heard == []
    session.pump(0)
    assert [type(event) for event in heard] == [JobFailed, Detached], "a late frame, or a failure left out"
    assert session.pump(1) == 0
    assert handle.closed
    with pytest.raises(HostError, match="closed"):
        session.subscribe(heard.append)


def test_what_no_plugin_is_told_is_not_queued_for_plugins(host: MadeHost) -> None:
    hooks = {"halscope_update"}
    told: list[str] = []

    def dispatch(hook: str, /, **_arguments: object) -> None:
        told.append(hook)

    with Session(host, dispatch=dispatch, hooked=hooks.__contains__) as session:
        session.step()
        hooks.clear()
        session.step()
        (plugins,) = [one for one in session.stats().subscriptions if one.name == "plugins"]
        assert plugins.delivered == len(told)
        assert told == ["halscope_attached", "halscope_update"]
