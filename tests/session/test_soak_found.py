"""Regression tests of faults that the soak has found."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from halscope.session import Session, State, Tap, _threads
from halscope.session._mailbox import Mailbox
from halscope.session._tap_list import Taps
from halscope.session._taps import Reel
from halscope.session._threads import OurThread, OwnThread
from halscope_hooks import Event, HostError, JobFailed, Update, VramOrigins, Write, WriteReceipt
from numpy.typing import NDArray
from support.interrupts import PATCH
from support.made_host import WAIT, MadeHost, eventually, made_snapshot, session_threads


def live(host: MadeHost) -> Session:
    return Session(host, threads=True, workers=2)


def origins(_vram: NDArray[np.uint8]) -> VramOrigins:
    return VramOrigins(((),) * 2048, np.ones(2048, np.bool_))


def elsewhere(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(WAIT)
    assert not thread.is_alive()


def test_who_was_called_for_an_item_that_was_dropped_does_not_work_beside_another() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.drop()  # a stop; but the job for it is on its way
    box.put(2)
    with box.claim() as mine:
        assert mine
        assert box.take() == 2
        box.put(3)
        late: list[object] = []

        def come_late() -> None:
            with box.claim() as mine:
                late.append(mine)

        elsewhere(come_late)
        assert late == [False]
        assert box.take() == 3


def test_a_frame_that_is_decoded_here_and_now_leaves_out_an_older_one_that_waits() -> None:
    host = MadeHost()
    with live(host) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append, Update, delivery="own")
        session.pause()
        session.submit(made_snapshot(1))
        session.feed(made_snapshot(2))
        session.resume()
        assert eventually(lambda: session.stats().waiting == 0)  # an older one would be taken up now
        session.submit(made_snapshot(3))
        assert eventually(lambda: heard and heard[-1].frame.snapshot.frame == 3)  # type: ignore[union-attr]
        numbers = [event.frame.snapshot.frame for event in heard if isinstance(event, Update)]
        assert numbers == sorted(numbers)
        stats = session.stats()
        assert (stats.seen, stats.decoded, stats.dropped) == (3, 2, 1)
        assert not kept.closed


def test_origins_of_an_older_frame_do_not_come_after_those_of_a_newer_one() -> None:
    host = MadeHost()
    with live(host) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append)  # before the first pump
        session.feed(made_snapshot(1))
        session.set_locate(origins)  # the first frame is located again, and replaces itself
        assert eventually(lambda: kept.dropped == 1)
        session.feed(made_snapshot(2))
        while session.pump():
            pass
        found = [event.frame.snapshot.frame for event in heard if isinstance(event, Update)]
        assert found == [2]
        assert kept.dropped == 2


def test_a_snapshot_that_cannot_be_decoded_is_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MadeHost()
    with live(host) as session:

        def broken(*_arguments: Any, **_options: Any) -> None:
            raise ValueError("a decoder's mistake")

        monkeypatch.setattr("halscope.session._decoding.FrameDecoder.decode", broken)
        session.submit(made_snapshot(1))
        assert eventually(lambda: session.stats().undecoded == 1)
        monkeypatch.undo()
        session.feed(made_snapshot(2))
        stats = session.stats()
        assert (stats.seen, stats.decoded, stats.failures) == (2, 1, 1)


def test_a_failure_that_was_told_does_not_keep_a_dropped_session() -> None:
    host = MadeHost()
    session = live(host)
    session.start()

    def fail(_event: Event) -> None:
        try:
            raise KeyError("inside")
        except KeyError as error:
            raise ValueError("on the host's thread") from error

    heard: list[Event] = []
    kept = (session.subscribe(fail), session.subscribe(heard.append, JobFailed))
    session.feed(made_snapshot(1))
    while session.pump():
        pass
    assert isinstance(event := heard[0], JobFailed)
    assert "in fail" in event.traceback
    assert str(event.error) == "on the host's thread"
    del session
    assert eventually(lambda: session_threads() == []), "the error's frames lead to the session"
    assert len(kept) == 2


def test_an_error_that_the_caller_gets_too_does_not_keep_a_dropped_session() -> None:
    class Refusing(MadeHost):
        def write(self, writes: Sequence[Write]) -> WriteReceipt:
            raise HostError("not writable just now")

    host = Refusing()
    session = live(host)
    session.start()
    waiting = session.subscribe(print, JobFailed)  # nobody pumps any more: the failure stays in the queue
    with contextlib.suppress(HostError):  # each raise adds this frame, and with it the session, to the traceback
        session.apply(PATCH)
    del session
    gc.collect()
    assert eventually(lambda: session_threads() == []), "the frames of the error lead to the session"
    assert not waiting.closed


def test_a_tap_that_its_own_session_leads_to_is_freed() -> None:
    def make() -> tuple[weakref.ref[Tap], weakref.ref[Reel]]:
        kept: list[Tap] = []  # as the frames of an error keep it
        reel = Reel("a tap", 9, 9, 9, lambda *_: kept.clear())
        kept.append(Tap(reel, print))
        return weakref.ref(kept[0]), weakref.ref(reel)

    tap, queue = make()
    gc.collect()
    assert (tap(), queue()) == (None, None)


def test_a_closed_session_keeps_no_lookup() -> None:
    session = live(MadeHost())
    session.close()
    gone = weakref.ref(session)
    session.set_locate(lambda vram, kept=session: origins(vram))  # type: ignore[misc]  # a default
    del session
    gc.collect()
    assert gone() is None


def test_work_that_comes_while_another_thread_stops_is_refused_as_after_the_stop() -> None:
    host = MadeHost()
    with live(host) as session:
        assert session._engine.pools is not None
        session._engine.pools[0].stop()  # as far as the stop has come
        with pytest.raises(HostError):
            session.run("late", lambda _: None)


@pytest.mark.parametrize("action", ["stop", "close"])
def test_an_end_that_comes_during_a_start_ends_all_that_the_start_has_begun(
    action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = MadeHost()
    session = live(host)
    kept = session.collect(lambda _: None)
    seen = session.subscribe(lambda _: None, delivery="own")
    half_way, ending = threading.Event(), threading.Event()
    start = Taps.start

    def slowly(taps: Taps) -> None:
        half_way.set()
        ending.wait(0.2)
        start(taps)

    monkeypatch.setattr(Taps, "start", slowly)
    starter = threading.Thread(target=session.start)
    starter.start()
    assert half_way.wait(WAIT)
    getattr(session, action)()
    ending.set()
    starter.join(WAIT)
    assert session.state is (State.STOPPED if action == "stop" else State.CLOSED)
    session.submit(made_snapshot(1))
    assert eventually(lambda: session_threads() == [])
    assert session._engine.taps._running is False
    session.close()
    assert kept.closed
    assert seen.closed


def test_a_closed_session_that_its_engine_leads_to_is_freed() -> None:
    session = live(MadeHost())
    pull = session.pull(JobFailed)
    session.report_failure("a lookup", HostError(session), "")  # as an error's frames keep it
    session.close()
    gone = weakref.ref(session)
    del session, pull
    gc.collect()
    assert gone() is None


def test_a_thread_that_is_just_starting_can_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its ident, but `Thread.join` refuses to wait for it: a rival's stop came between."""
    begun, may_go_on = threading.Event(), threading.Event()

    class Slow(OurThread):
        def _set_native_id(self) -> None:  # called by the new thread before it counts as started
            begun.set()
            assert may_go_on.wait(WAIT)
            super()._set_native_id()  # type: ignore[misc]  # of the standard library

    monkeypatch.setattr(_threads, "OurThread", Slow)
    done: list[bool] = []
    own = OwnThread("slow", lambda: done.append(True))
    starter = threading.Thread(target=own.wake)
    starter.start()
    try:
        assert begun.wait(WAIT)
        assert not own.join(0.01)
    finally:
        may_go_on.set()
        own.end()
    assert own.join(WAIT)
    assert done
    starter.join(WAIT)
