"""A session's life cycle: from any thread, repeatedly, inside callbacks, with a host that is freed; nothing leaks."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from halscope.session import JobContext, JobTimeoutError, Session, State, StopReport
from halscope_hooks import (
    Attached,
    CancelledError,
    Detached,
    Event,
    HostError,
    JobFailed,
    Patch,
    PatchReady,
    Update,
    UsageError,
    Write,
)
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot, session_threads

PATCH = Patch("0" * 64, (), (Write("vram", 0, b"x"),))


def live(host: MadeHost, *, owns_host: bool = False) -> Session:
    return Session(host, threads=True, workers=2, owns_host=owns_host)


def state_of(session: Session) -> State:  # a function, or the type checker takes the state for what it was before
    return session.state


def test_start_pause_resume_stop_and_close_are_idempotent_and_leave_no_thread() -> None:
    host = MadeHost()
    session = live(host)
    assert state_of(session) is State.NEW
    for _ in range(2):
        session.start()
    assert state_of(session) is State.RUNNING
    for _ in range(2):
        session.pause()
    assert state_of(session) is State.PAUSED
    for _ in range(2):
        session.resume()
    for _ in range(2):
        report = session.stop()
    assert report.abandoned == ()
    assert state_of(session) is State.STOPPED
    for _ in range(2):
        session.close()
    assert state_of(session) is State.CLOSED
    assert session_threads() == []
    with pytest.raises(HostError, match="closed"):
        session.start()
    with pytest.raises(HostError, match="closed"):
        session.tick()


def test_a_pause_that_a_resume_overtakes_leaves_a_session_that_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MadeHost()
    with Session(host) as session:
        lane = session._engine.live
        pause = lane.pause

        def pause_late() -> None:
            monkeypatch.undo()
            session.resume()  # as another thread does here
            pause()

        monkeypatch.setattr(lane, "pause", pause_late)
        session.pause()
        assert state_of(session) is State.RUNNING
        session.submit(made_snapshot(1))
        assert session.stats().decoded == 1


@pytest.mark.parametrize("method", [Session.tick, Session.step, Session.advance])
def test_a_stopped_session_takes_no_snapshots_from_its_host(method: Callable[[Session], object]) -> None:
    host = MadeHost()
    with live(host) as session:
        tap = session.collect(lambda _snapshot: None)
        session.stop()
        with pytest.raises(HostError, match="stopped"):
            method(session)
        assert host.frame == 0
        assert tap.stats().waiting == 0


def test_a_stopped_session_says_so_and_starts_again() -> None:
    host = MadeHost()
    session = live(host)
    frames: list[int] = []

    def note(event: Event) -> None:
        assert isinstance(event, Update)
        frames.append(frame_in(event.frame.snapshot))

    handle = session.subscribe(note, Update, delivery="own")
    for frame in (1, 2):
        session.start()
        session.submit(made_snapshot(frame))
        assert eventually(lambda: len(frames) == session.stats().seen)
        session.stop()
        session.submit(made_snapshot(99))
        with pytest.raises(HostError, match="start"):
            session.run("x", lambda _context: None)
        with pytest.raises(HostError, match="start"):
            session.feed(made_snapshot(99))
    assert frames == [1, 2]
    assert session.stats().seen == 2
    session.close()
    assert handle.closed


def test_a_pause_decodes_nothing_and_keeps_the_newest() -> None:
    host = MadeHost()
    with live(host) as session:
        frames: list[int] = []
        handle = session.subscribe(
            lambda event: frames.append(frame_in(event.frame.snapshot)) if isinstance(event, Update) else None
        )
        session.pause()
        for frame in (1, 2, 3):
            session.submit(made_snapshot(frame))
        assert session.run("after", lambda _context: 7).result(WAIT) == 7, "jobs go on"
        session.pump(1)
        assert (frames, session.stats().waiting) == ([], 1)
        session.resume()
        assert eventually(lambda: session.stats().decoded == 1)
        session.pump(1)
        assert frames == [3]
        assert not handle.closed


def test_a_session_ends_with_its_with_block_and_says_why() -> None:
    reasons: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Detached):
            reasons.append(event.reason)

    host = MadeHost()
    with live(host) as session:
        first = session.subscribe(note)
    session = live(host)
    second = session.subscribe(note)
    with pytest.raises(KeyError), session:
        raise KeyError("lost")
    assert reasons == ["closed", "KeyError: 'lost'"]
    assert first.closed
    assert second.closed
    assert session_threads() == []


@pytest.mark.parametrize("action", ["stop", "close"])
def test_many_threads_may_end_it_at_once(action: str) -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    job = session.run("long", lambda context: context.token.wait(WAIT))
    ready = threading.Barrier(8)
    ended: list[str] = []

    def end() -> None:
        ready.wait(WAIT)
        getattr(session, action)()
        ended.append(session.state.value)

    threads = [threading.Thread(target=end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(ended) == 8
    assert session_threads() == []
    with pytest.raises(CancelledError):
        job.result(0)
    session.close()


@pytest.mark.parametrize("where", ["host", "own", "tap", "job", "done", "preview"])
def test_it_may_be_closed_inside_a_callback(where: str) -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    reports: list[StopReport] = []
    told: list[Event] = []
    handle = session.subscribe(told.append, Detached, delivery="own")

    def close(*_: object) -> None:
        if not reports:
            reports.append(session.close(where))

    kept: list[object] = []
    match where:
        case "host":
            kept.append(session.subscribe(close))
        case "own":
            kept.append(session.subscribe(close, delivery="own"))
        case "tap":
            kept.append(session.collect(close))
        case "job":
            session.run("closes", lambda _context: close())
        case "done":
            session.run("x", lambda _context: None).add_done_callback(close)
        case _:
            session.preview("closes", lambda _context: close(), key=1)
    session.submit(made_snapshot(1))
    assert eventually(lambda: session.pump(1) or reports)
    assert eventually(lambda: reports)
    assert reports[0].abandoned == ()
    assert eventually(lambda: session.state is State.CLOSED)
    assert eventually(lambda: session_threads() == [])
    assert eventually(lambda: [event for event in told if isinstance(event, Detached)])
    assert handle.closed


def test_it_may_be_closed_inside_an_inline_callback() -> None:
    host = MadeHost()
    session = Session(host)
    heard: list[type[Event]] = []

    def close(event: Event) -> None:
        heard.append(type(event))
        if isinstance(event, Update):
            session.close("enough")

    handle = session.subscribe(close)
    session.step()
    assert heard == [Attached, Update, Detached]
    assert handle.closed


def test_it_ends_while_jobs_fail_and_names_those_that_do_not_answer() -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    go_on = threading.Event()

    def failing(_context: JobContext) -> None:
        raise ValueError("no")

    for number in range(50):
        session.run(f"fails {number}", failing)
    deaf = session.run("deaf", lambda _context: go_on.wait(WAIT))
    assert eventually(lambda: deaf.state.value == "running")
    report = session.stop(0.01, 0.05, 0.01)
    assert any("deaf" in name for name in report.abandoned)
    go_on.set()
    assert eventually(lambda: session_threads() == [])
    session.close()


def test_a_subscriber_that_does_not_return_is_named_and_left_behind() -> None:
    host = MadeHost()
    session = live(host)
    inside, go_on = threading.Event(), threading.Event()

    def stuck(_event: Event) -> None:
        inside.set()
        go_on.wait(WAIT)

    handle = session.subscribe(stuck, Update, delivery="own", name="stuck one")
    session.submit(made_snapshot(1))
    assert inside.wait(WAIT)
    report = session.stop(0.01, 0.05, 0.01)
    assert any("stuck one" in name for name in report.abandoned)
    go_on.set()
    assert eventually(lambda: session_threads() == [])
    session.close()
    assert handle.closed


def test_the_host_may_disappear() -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    own: list[Event] = []
    pumped: list[Event] = []
    handles = [session.subscribe(own.append, delivery="own"), session.subscribe(pumped.append)]
    session.tick()
    gone = weakref.ref(host)
    del host
    assert gone() is None, "the session keeps the host"
    assert eventually(lambda: session.state is State.CLOSED)
    assert eventually(lambda: own and isinstance(own[-1], Detached))
    assert isinstance(own[-1], Detached)
    assert own[-1].reason == "the host is gone"
    session.pump(1)
    assert isinstance(pumped[-1], Detached)
    assert eventually(lambda: session_threads() == [])
    with pytest.raises(HostError, match="gone"):
        _ = session.host
    assert session.info.name == "made"
    assert all(handle.closed for handle in handles)


def test_without_threads_a_gone_host_is_noticed_at_the_next_call() -> None:
    host = MadeHost()
    session = Session(host)
    heard: list[Event] = []
    handle = session.subscribe(heard.append)
    del host
    assert session.pump() == 0
    assert [type(event) for event in heard] == [Detached]
    assert session.state is State.CLOSED
    assert handle.closed


def test_an_owned_host_lives_as_long_as_the_session_and_is_closed_with_it() -> None:
    session = Session(host := MadeHost(), owns_host=True, threads=True)
    closings, gone = host.closings, weakref.ref(host)
    del host
    session.start()
    session.tick()
    assert gone() is not None
    session.close()
    session.close()
    assert closings == [threading.get_ident()]


def test_an_owned_host_is_closed_on_its_own_thread_also_where_another_closes_the_session() -> None:
    host = MadeHost()
    session = live(host, owns_host=True)
    session.start()
    session.tick()
    closer = threading.Thread(target=session.close)
    closer.start()
    closer.join(WAIT)
    assert host.closings == [], "the host's thread may be in the middle of a frame"
    with pytest.raises(HostError):
        session.tick()
    assert host.closings == [threading.get_ident()]


def test_an_owned_host_whose_thread_has_ended_is_closed_by_who_closes_the_session() -> None:
    host = MadeHost()
    session = live(host, owns_host=True)

    def play() -> None:
        session.start()
        session.tick()

    player = threading.Thread(target=play)
    player.start()
    player.join(WAIT)
    session.close()
    assert len(host.closings) == 1


def test_a_host_that_goes_with_its_session_is_not_reported_as_gone(caplog: pytest.LogCaptureFixture) -> None:
    session = live(MadeHost(), owns_host=True)  # only the session keeps the host
    session.start()
    session.tick()
    with caplog.at_level(logging.WARNING, "halscope.session"):
        session.close()
        assert eventually(lambda: not session_threads())
    assert caplog.text == ""


def test_a_host_that_cannot_be_held_weakly_is_refused_unless_it_is_owned() -> None:
    class Slotted(MadeHost):
        __slots__ = ()

    class Bare:
        __slots__ = ("info",)

        def __init__(self) -> None:
            self.info = MadeHost().info

        step = write = close = MadeHost.close

    Session(Slotted()).close()
    with pytest.raises(UsageError, match="owns_host"):
        Session(Bare())  # type: ignore[arg-type]  # its methods are of no use here


def test_a_dropped_session_ends_its_threads_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    host = MadeHost()
    heard: list[Event] = []
    session = live(host)
    session.start()
    handle = session.subscribe(heard.append, delivery="own")
    for _ in range(10):
        session.tick()
    gone = weakref.ref(session)
    del session
    assert gone() is None, "a thread keeps the session"
    assert eventually(lambda: session_threads() == [])
    assert isinstance(heard[-1], Detached)
    assert handle.closed
    assert "without close()" in caplog.text


def test_a_plugin_that_keeps_the_session_does_not_keep_it_from_being_collected() -> None:
    class Keeper:
        session: object = None

        def __call__(self, _hook: str, /, **arguments: object) -> None:
            self.session = arguments.get("session") or self.session

        def hooked(self, _hook: str) -> bool:
            return True

    host = MadeHost()

    def play() -> weakref.ref[Session]:
        keeper = Keeper()
        session = Session(host, threads=True, dispatch=keeper, hooked=keeper.hooked)
        session.start()
        session.tick()
        assert keeper.session is session
        return weakref.ref(session)

    gone = play()
    gc.collect()
    assert eventually(lambda: gone() is None)
    assert eventually(lambda: session_threads() == [])


def test_plugins_hear_of_the_beginning_on_the_hosts_thread() -> None:
    host = MadeHost()
    hooks: list[tuple[str, int]] = []
    session = Session(host, threads=True, dispatch=lambda hook, /, **_: hooks.append((hook, threading.get_ident())))
    starter = threading.Thread(target=session.start)
    starter.start()
    starter.join(WAIT)
    assert hooks == []
    session.pump(1)
    assert hooks == [("halscope_attached", threading.get_ident())]
    session.close()
    assert hooks[-1] == ("halscope_detached", threading.get_ident())


def test_the_first_use_starts_it() -> None:
    host = MadeHost()
    heard: list[Event] = []
    session = live(host)
    handle = session.subscribe(heard.append)
    session.submit(made_snapshot(1))
    assert session.state is State.RUNNING
    assert eventually(lambda: session.stats().decoded == 1)
    session.pump(1)
    assert [type(event) for event in heard] == [Attached, Update]
    session.close()
    assert handle.closed


def test_a_write_on_the_hosts_thread_comes_after_those_that_wait() -> None:
    host = MadeHost()
    with live(host) as session:
        first = Patch("0" * 64, (), (Write("vram", 0, b"1", b"\0"),))
        second = Patch("0" * 64, (), (Write("vram", 0, b"2", b"1"),))
        applier = threading.Thread(target=session.apply, args=[first])
        applier.start()
        applier.join(WAIT)
        session.apply(second).result(0)
        assert host.memory[:1] == b"2"


def test_an_inline_session_is_closed_by_a_coroutine_on_its_own_thread() -> None:
    host = MadeHost()
    session = Session(host, owns_host=True)
    callers: list[int] = []
    tap = session.collect(lambda _snapshot: callers.append(threading.get_ident()))
    kept = session.subscribe(lambda _event: callers.append(threading.get_ident()), Detached)
    asyncio.run(session.aclose())
    assert tap.ended
    assert callers == host.closings == [threading.get_ident()]
    assert kept.closed


@pytest.mark.parametrize("wrong", [False, True])
def test_a_patch_from_another_thread_is_written_at_the_next_pump(wrong: bool) -> None:
    host = MadeHost()
    with live(host) as session:
        heard: list[Event] = []
        handle = session.subscribe(heard.append)
        jobs = []
        patch = Patch("0" * 64, (), (Write("vram", 0, b"x", b"y" if wrong else b"\0"),))
        applier = threading.Thread(target=lambda: jobs.append(session.apply(patch)))
        applier.start()
        applier.join(WAIT)
        with pytest.raises(JobTimeoutError):
            jobs[0].result(0.01)
        assert host.writers == []
        assert session.stats().host_calls == 1
        session.pump(1)
        if wrong:
            with pytest.raises(HostError, match="expected bytes"):
                jobs[0].result(0)
            assert [type(event) for event in heard] == [JobFailed]
        else:
            jobs[0].result(0)
            assert host.writers == [threading.get_ident()]
            assert [type(event) for event in heard] == [PatchReady]
        assert not handle.closed


def test_a_patch_that_still_waits_when_the_session_is_closed_is_cancelled() -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    jobs = []
    applier = threading.Thread(target=lambda: jobs.append(session.apply(PATCH)))
    applier.start()
    applier.join(WAIT)
    session.close("enough")
    with pytest.raises(CancelledError, match="enough"):
        jobs[0].result(0)
    session.pump(1)
    assert host.writers == []
    with pytest.raises(HostError, match="closed"):
        session.apply(PATCH)


def test_on_the_hosts_thread_a_patch_is_written_at_once_and_a_refusal_is_raised() -> None:
    host = MadeHost()
    with live(host) as session:
        session.apply(PATCH).result(0)
        assert host.memory[0] == ord("x")
        with pytest.raises(HostError, match="not writable"):
            session.apply(Patch("0" * 64, (), (Write("wram", 0, b"x"),)))


def test_step_decodes_this_very_frame_also_with_threads() -> None:
    host = MadeHost(frames=20)
    with live(host) as session:
        seen = 0
        while (update := session.step()) is not None:
            seen += 1
            assert frame_in(update.snapshot) == seen
        assert seen == 20


def count_threads_and_memory(cycle: Callable[[], None], cycles: int) -> tuple[int, int]:
    """Threads left, and growth of this process in KiB, over so many cycles after a few to warm up."""
    for _ in range(30):
        cycle()
    gc.collect()
    before = resident_kib()
    for _ in range(cycles):
        cycle()
    gc.collect()
    assert eventually(lambda: session_threads() == [])
    return len(session_threads()), resident_kib() - before


def resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts handles in /proc")
def test_many_lives_under_load_leave_nothing_behind(tmp_path: Path) -> None:
    """A short run of what the benchmarks do a thousand times."""
    hosts: list[weakref.ref[MadeHost]] = []
    engines: list[weakref.ref[object]] = []
    snapshots = [made_snapshot(frame) for frame in range(5)]

    def cycle() -> None:
        host = MadeHost()
        session = live(host)
        hosts.append(weakref.ref(host))
        engines.append(weakref.ref(session._engine))
        with session:
            handle = session.subscribe(lambda _event: None, delivery="own")
            session.record(tmp_path / "run.hrec")
            job = session.run("scan", lambda context: context.token.wait(WAIT))
            for snapshot in snapshots:
                session.submit(snapshot)
                session.pump()
        assert handle.closed
        assert job.ended

    files = len(list(Path("/proc/self/fd").iterdir()))
    threads, growth = count_threads_and_memory(cycle, 150)
    assert threads == 0
    assert len(list(Path("/proc/self/fd").iterdir())) <= files
    assert [host for host in hosts if host() is not None] == []
    assert [engine for engine in engines if engine() is not None] == []
    assert growth < 2048, f"{growth} KiB more"


def test_work_that_is_stopped_before_it_began_is_cancelled_not_lost() -> None:
    host = MadeHost()
    session = live(host)
    session.start()
    jobs = [session.run(str(number), lambda context: context.token.wait(WAIT)) for number in range(20)]
    session.stop()
    for job in jobs:
        assert job.ended
        with pytest.raises(CancelledError):
            job.result(0)
    session.close()


def test_snapshots_are_decoded_dropped_or_waiting_and_nothing_else() -> None:
    host = MadeHost()
    session = live(host)
    for round_ in range(20):
        session.start()
        for frame in range(50):
            session.submit(made_snapshot(frame))
            if frame % 7 == round_ % 7:
                time.sleep(0.0005)
        session.stop()
        stats = session.stats()
        assert stats.seen == stats.decoded + stats.dropped + stats.waiting
    assert session.stats().seen == 1000
    session.close()
