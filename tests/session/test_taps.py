"""Taps receive every snapshot; a tap that cannot keep up is stopped, reports it, and has everything up to there."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingReader
from halscope.session import Session, Tap, TapOverflowError
from halscope.session._queue import Taken
from halscope.session._taps import Reel
from halscope_hooks import Event, HostError, JobFailed, Snapshot, UsageError
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot, session_threads


@pytest.fixture
def host() -> MadeHost:
    return MadeHost()


@pytest.fixture
def session(host: MadeHost) -> Iterator[Session]:
    with Session(host, threads=True, workers=2) as session:
        yield session


class Hold:
    """A collector that blocks until it may continue."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.inside, self.go_on = threading.Event(), threading.Event()

    def __call__(self, snapshot: Snapshot) -> None:
        self.inside.set()
        assert self.go_on.wait(WAIT)
        self.seen.append(frame_in(snapshot))


class Ends(Tap):
    """A tap that notes which frames it had when it was ended."""

    def __init__(self, reel: Reel) -> None:
        self.had: list[int] = []
        self.at_end: list[list[int]] = []
        super().__init__(reel, lambda snapshot: self.had.append(frame_in(snapshot)))

    def _end(self) -> None:
        self.at_end.append([*self.had])


class Failures:
    """Records failures."""

    def __init__(self, session: Session) -> None:
        self.seen: list[JobFailed] = []
        self._handle = session.subscribe(self._note, JobFailed, delivery="own")

    def _note(self, event: Event) -> None:
        assert isinstance(event, JobFailed)
        self.seen.append(event)


def test_a_collector_sees_every_snapshot_in_order_though_frames_are_dropped(session: Session) -> None:
    hold = Hold()
    session.pause()  # nothing is decoded, so that all but the newest are dropped
    tap = session.collect(hold, name="all")
    for frame in range(200):
        session.submit(made_snapshot(frame))
    hold.go_on.set()
    assert tap.close(WAIT)
    assert hold.seen == list(range(200))
    assert session.stats().dropped == 199
    assert tap.taken == 200
    assert tap.error is None


def test_a_snapshot_that_comes_just_before_the_end_is_taken_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reel = Reel("late", 10, 1 << 20, 3, lambda *_: None)
    tap = Ends(reel)
    take = Reel.take

    def take_too_early(reel: Reel) -> Taken[Snapshot] | None:
        taken = take(reel)
        if taken is None and not reel.finished:  # here another thread submits a snapshot, and closes the tap
            reel.offer(made_snapshot(7))
            reel.finish()
        return taken

    monkeypatch.setattr(Reel, "take", take_too_early)
    reel.drain()
    assert tap.at_end == [[7]]


def test_snapshots_that_are_gathered_wake_the_tap_together_and_at_its_end() -> None:
    reel = Reel("gathered", 10, 1 << 30, 3, lambda *_: None, gathered=3)
    seen: list[int] = []
    tap = Tap(reel, lambda snapshot: seen.append(frame_in(snapshot)))
    woken: list[int] = []
    reel.wake = lambda: woken.append(len(reel))
    for number in range(4):
        reel.offer(made_snapshot(number))
    assert woken == [3, 4], "until they are taken, each more wakes it again"
    reel.drain()
    reel.offer(made_snapshot(4))
    assert woken == [3, 4]
    reel.finish()
    assert woken == [3, 4, 1]
    reel.drain()
    assert seen == [0, 1, 2, 3, 4]
    assert tap.ended


def test_a_collector_that_cannot_keep_up_is_stopped_and_it_is_said(session: Session) -> None:
    hold = Hold()
    failures = Failures(session)
    tap = session.collect(hold, name="slow one", most=10)
    for frame in range(100):
        session.submit(made_snapshot(frame))
        if frame == 0:
            assert hold.inside.wait(WAIT)
    assert tap.closed
    assert eventually(lambda: failures.seen)
    (failure,) = failures.seen
    assert failure.job == "tap slow one"
    assert isinstance(failure.error, TapOverflowError)
    assert "10 snapshots" in str(failure.error)
    assert "frame 11" in str(failure.error)
    hold.go_on.set()
    assert tap.close(WAIT)
    assert hold.seen == list(range(11)), "what came in before is taken, to the last one"


def test_the_bytes_that_wait_are_bounded_too(session: Session) -> None:
    hold = Hold()
    tap = session.collect(hold, most_bytes=3 * 70_000)
    session.submit(made_snapshot(0))
    assert hold.inside.wait(WAIT)
    for frame in range(1, 10):
        session.submit(made_snapshot(frame))
    assert "MiB" in str(tap.error)
    hold.go_on.set()
    assert tap.close(WAIT)
    assert hold.seen == [0, 1, 2, 3]


def test_every_memory_of_a_snapshot_counts_towards_the_bytes_that_may_wait(session: Session) -> None:
    hold = Hold()
    bwram = np.zeros(0x40000, np.uint8)
    tap = session.collect(hold, name="all", most_bytes=500_000)
    for frame in range(3):  # one is processed, one waits, and two together would be too large
        session.submit(replace(made_snapshot(frame), bwram=bwram))
        assert hold.inside.wait(WAIT)
    hold.go_on.set()
    assert tap.close(WAIT)
    assert isinstance(tap.error, TapOverflowError)
    assert hold.seen == [0, 1]


def test_a_recording_holds_every_frame_and_ends_with_its_handle(session: Session, tmp_path: Path) -> None:
    recording = session.record(tmp_path / "all.hrec")
    for frame in range(100):
        session.submit(made_snapshot(frame))
    assert recording.close(WAIT)
    session.submit(made_snapshot(100))
    with RecordingReader(tmp_path / "all.hrec") as reader:
        assert reader.complete
        assert reader.emulator == "a made game"
        assert [frame_in(snapshot) for snapshot in reader] == list(range(100))


def test_closing_the_session_ends_its_recordings_whole(host: MadeHost, tmp_path: Path) -> None:
    with Session(host, threads=True) as session:
        session.record(tmp_path / "all.hrec")  # the handle is not needed: the session keeps it
        gc.collect()
        for frame in range(150):
            session.submit(made_snapshot(frame))
    with RecordingReader(tmp_path / "all.hrec") as reader:
        assert reader.complete
        assert len(reader) == 150


def test_a_recording_that_cannot_keep_up_is_a_good_file_up_to_there(host: MadeHost, tmp_path: Path) -> None:
    with Session(host, threads=True) as session:
        failures = Failures(session)
        recording = session.record(tmp_path / "some.hrec", most=5, picture=False, wram=False)
        fed = 0
        while not recording.closed:  # faster than any disk: sooner or later five wait
            session.submit(made_snapshot(fed))
            fed += 1
        assert recording.close(WAIT)
        assert eventually(lambda: failures.seen)
        assert failures.seen[0].job == "tap recording some.hrec"
    with RecordingReader(tmp_path / "some.hrec") as reader:
        assert reader.complete
        assert [frame_in(snapshot) for snapshot in reader] == list(range(len(reader)))
        assert len(reader) == recording.taken


def test_a_failing_write_stops_the_recording_and_nothing_else(session: Session, tmp_path: Path) -> None:
    failures = Failures(session)
    recording = session.record(tmp_path / "run.hrec")
    session.submit(made_snapshot(0))
    assert eventually(lambda: recording.taken == 1)
    recording._writer.close()  # as when the disk is full: the next append is refused
    session.submit(made_snapshot(1))
    assert eventually(lambda: recording.closed)
    assert isinstance(recording.error, UsageError)
    assert eventually(lambda: [failure.job for failure in failures.seen] == ["tap recording run.hrec"])
    assert "Traceback" in failures.seen[0].traceback
    before = session.stats().decoded
    session.submit(made_snapshot(2))
    assert eventually(lambda: session.stats().decoded > before)


def test_a_file_that_cannot_be_made_is_refused_at_once(session: Session, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        session.record(tmp_path / "no folder" / "run.hrec")


def test_a_collector_that_fails_three_times_in_a_row_is_stopped(session: Session) -> None:
    failures = Failures(session)

    def failing(snapshot: Snapshot) -> None:
        if frame_in(snapshot) != 2:
            raise ValueError("no")

    tap = session.collect(failing, name="failing")
    for frame in range(10):
        session.submit(made_snapshot(frame))
    assert eventually(lambda: tap.closed)
    assert eventually(lambda: sum(failure.count for failure in failures.seen) == 5), "0, 1, then 3, 4 and 5"
    assert tap.close(WAIT)
    assert tap.stats().stopped == "no"


def test_a_dropped_tap_sees_no_more_and_its_thread_ends(session: Session) -> None:
    seen: list[Snapshot] = []
    tap = session.collect(seen.append, name="dropped")
    session.submit(made_snapshot(0))
    assert eventually(lambda: len(seen) == 1)
    del tap
    session.submit(made_snapshot(1))
    assert eventually(lambda: not [thread for thread in session_threads() if "dropped" in thread.name])
    assert len(seen) == 1
    assert session.stats().taps == ()


def test_plugins_see_every_snapshot_though_they_are_told_of_the_newest_frames_only(host: MadeHost) -> None:
    seen: list[int] = []
    threads: set[int] = set()

    def dispatch(hook: str, /, **arguments: object) -> None:
        if hook == "halscope_snapshot":
            snapshot = arguments["snapshot"]
            assert isinstance(snapshot, Snapshot)
            seen.append(frame_in(snapshot))
            threads.add(threading.get_ident())

    with Session(host, threads=True, dispatch=dispatch) as session:
        for _ in range(100):
            session.tick()
    assert seen == list(range(1, 101))
    assert threads != {threading.get_ident()}


@pytest.mark.parametrize("threads", [False, True])
def test_hooks_that_no_plugin_has_are_not_called_and_wake_no_thread(host: MadeHost, threads: bool) -> None:
    called: list[str] = []
    hooks = {"halscope_snapshot"}

    def dispatch(hook: str, /, **_: object) -> None:
        called.append(hook)

    with Session(host, threads=threads, dispatch=dispatch, hooked=hooks.__contains__) as session:
        session.tick()
        hooks.clear()
        for _ in range(5):
            session.tick()
        hooks.add("halscope_snapshot")  # a plugin may come at any time
        session.tick()
        (tap,) = session.stats().taps
    assert called.count("halscope_snapshot") == 2
    assert tap.taken + tap.waiting <= 2
    assert set(called) == {"halscope_attached", "halscope_snapshot"}


def test_inline_taps_are_called_by_who_hands_in(host: MadeHost, tmp_path: Path) -> None:
    threads: set[int] = set()
    with Session(host) as session:
        tap = session.collect(lambda _snapshot: threads.add(threading.get_ident()))
        recording = session.record(tmp_path / "run.hrec")
        session.advance(3)
        assert (tap.taken, recording.taken) == (3, 3)
        assert recording.close(0)
        assert session_threads() == []
    assert threads == {threading.get_ident()}
    with pytest.raises(HostError, match="closed"):
        session.collect(lambda _snapshot: None)
