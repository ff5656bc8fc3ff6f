"""An error that is kept (by a job, a receipt, an event, a tap, a log) does not keep the session that it passed through.

A traceback's frames refer to their callers, so the error of a host refers to `Session.tick` and to the session. While
something keeps it, dropping the session ends nothing: its threads go on, and its subscribers wait for `Detached`.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import sys
from collections.abc import Callable, Sequence

import pytest
from halscope.hosts._receipts import OpenReceipts
from halscope.session import CancelToken, InlinePool, Job, JobContext, Session, Tap, WriteTimeoutError, _host_call
from halscope.session._errors import forget_frames, told_error
from halscope.session._taps import Reel
from halscope_hooks import Detached, Event, HostError, HostGoneError, JobFailed, Snapshot, Write, WriteReceipt
from support.interrupts import PATCH, AtLine, interrupt
from support.made_host import WAIT, MadeHost, MadeRemote, eventually, made_snapshot, session_threads


class Refusing(MadeHost):
    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        raise HostError("not writable just now")


def opened(host: MadeHost) -> Session:
    session = Session(host, threads=True, workers=2, owns_host=True)
    session.start()
    return session


def ends_once_it_is_dropped() -> bool:
    gc.collect()
    return eventually(lambda: session_threads() == [])


def asked_elsewhere(session: Session) -> Job[None]:
    """A patch that another thread has asked for: the next pump writes it."""
    asked: list[Job[None]] = []
    session.run("elsewhere", lambda _: asked.append(session.apply(PATCH))).result(WAIT)
    return asked[0]


def fail(_context: JobContext) -> None:
    raise ValueError("no good")


@pytest.mark.parametrize("wait", [60.0, 0.0], ids=["answered with an error", "not answered in time"])
def test_the_job_of_a_write_that_fails_later_does_not_keep_a_dropped_session(
    wait: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_host_call, "ANSWER_WAIT", wait)
    host = MadeRemote()
    session = Session(host, threads=True, workers=2, owns_host=True)
    heard: list[Event] = []
    told = session.subscribe(heard.append, Detached, delivery="own")
    session.start()
    job = session.apply(PATCH)
    if wait:
        host.answer(HostError("the emulator is in a menu"))
    session.tick(wait=0)
    assert isinstance(job.exception(0), HostError)
    del session
    assert ends_once_it_is_dropped(), "the frames of the job's error lead to the session"
    assert [type(event) for event in heard] == [Detached]
    assert told.closed


def test_the_event_of_a_write_that_was_not_answered_does_not_keep_a_dropped_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_host_call, "ANSWER_WAIT", 0.0)
    host = MadeRemote()
    session = Session(host, threads=True, workers=2, owns_host=True)
    told = session.pull(JobFailed)
    session.apply(PATCH)
    session.tick(wait=0)
    event = told.take(WAIT)
    assert isinstance(event, JobFailed)
    assert isinstance(event.error, WriteTimeoutError)
    assert event.error.receipt is host.asked[0][1]
    del session
    assert ends_once_it_is_dropped(), "the frames of the event's error lead to the session"


def test_the_job_of_a_write_that_fails_at_the_next_pump_does_not_keep_a_dropped_session() -> None:
    session = opened(Refusing())
    job = asked_elsewhere(session)
    session.tick()
    assert "in write" in job.traceback
    del session
    assert ends_once_it_is_dropped(), "the frames of the job's error lead to the session"
    assert isinstance(job.exception(0), HostError)


def test_a_job_whose_error_was_raised_does_not_keep_the_session_of_who_caught_it() -> None:
    def catch() -> Job[None]:
        session = opened(MadeHost())
        job = session.run("fails", fail)
        for _ in range(2):
            with pytest.raises(ValueError, match="no good") as caught:
                job.result(WAIT)
            assert caught.traceback[-1].name == "fail"
        return job

    job = catch()
    assert ends_once_it_is_dropped(), "a raise has added the caller's frame to the job's own error"
    assert isinstance(job.exception(0), ValueError)


@pytest.mark.slow
def test_a_write_that_fails_while_ctrl_c_comes_does_not_keep_a_dropped_session() -> None:
    for line in itertools.count(1):
        session = opened(Refusing())
        job = asked_elsewhere(session)
        with contextlib.suppress(KeyboardInterrupt), AtLine(line, interrupt) as at:
            session.pump()
        assert sys.exception() is None, "left behind by a trace function, not by a signal"
        del session
        assert ends_once_it_is_dropped(), f"line {line}, {at.where}"
        assert job.id
        if not at.where:
            break
    assert line > 50


def test_the_receipts_of_a_link_that_has_ended_keep_no_frames() -> None:
    receipts = OpenReceipts()
    kept = [receipts.new(), receipts.new()]
    with pytest.raises(HostGoneError) as gone, receipts.while_linked():
        raise HostGoneError("the emulator has gone")
    assert gone.value.__traceback__ is not None
    for receipt in kept:
        assert isinstance(receipt.error, HostGoneError)
        assert str(receipt.error) == "the emulator has gone"
        assert receipt.error.__traceback__ is None


def test_a_tap_that_an_error_has_stopped_keeps_no_frames() -> None:
    told: list[str] = []
    reel = Reel("a tap", 9, 1 << 30, 1, lambda _name, _error, text: told.append(text))

    def look(_snapshot: Snapshot) -> None:
        raise ValueError("no good")

    tap = Tap(reel, look)
    reel.offer(made_snapshot(1))
    tap.close()
    assert isinstance(tap.error, ValueError)
    assert tap.error.__traceback__ is None
    assert "in look" in told[0]


class TwoPartsError(Exception):
    """As many are: what it is made of is not what `args` holds."""

    def __init__(self, what: str, where: int) -> None:
        super().__init__(f"{what} at {where:#x}")
        self.where = where


def raised(error: BaseException) -> BaseException:
    with contextlib.suppress(type(error)):
        raise error
    assert error.__traceback__ is not None
    return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("plain"),
        OSError(2, "No such file", "a file"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "not ASCII"),
        TwoPartsError("nothing", 0x10),
        WriteTimeoutError("no answer", WriteReceipt()),
        ExceptionGroup("two", [TwoPartsError("one", 1), ExceptionGroup("inner", [ValueError("two")])]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_told_as_a_copy_that_holds_everything_but_frames(error: Exception) -> None:
    def all_in(one: BaseException) -> list[BaseException]:
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        return [one, *itertools.chain.from_iterable(map(all_in, inner))]

    for one in all_in(error):
        raised(one)
    error.add_note("a note")
    told = told_error(error)
    for one, copied in zip(all_in(error), all_in(told), strict=True):
        assert type(copied) is type(one)
        assert copied is not one
        assert str(copied) == str(one)
        assert vars(copied) == vars(one)
        assert copied.__traceback__ is None
        assert one.__traceback__ is not None
    forget_frames(error)
    assert [one.__traceback__ for one in all_in(error)] == [None] * len(all_in(error))


def raising(*_: object) -> None:
    raise ValueError("no good")


def cancel_with_a_bad_callback() -> None:
    token = CancelToken()
    token.add_callback(raising)
    token.cancel()


def report_to_a_bad_callback() -> None:
    InlinePool(on_failed=raising).submit("fails", fail)


@pytest.mark.parametrize("work", [cancel_with_a_bad_callback, report_to_a_bad_callback])
def test_what_is_logged_keeps_no_frames(work: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "halscope"):
        work()
    [record] = [record for record in caplog.records if "in raising" in record.getMessage()]
    assert record.exc_info is None
