"""Each hook runs on the thread and with the delivery that its specification states, in a session with threads.

`@holds` names what a test proves; a test over the specifications fails where a hook has none, or another one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from halscope.app import Plugins
from halscope.ppu import decode_frame
from halscope.session import JobContext, Session
from halscope_hooks import (
    Changes,
    Frame,
    HalscopeError,
    HostInfo,
    JobFailed,
    Origin,
    Patch,
    PpuRegisters,
    RomIdentity,
    SessionApi,
    Snapshot,
    Touched,
    Update,
    VramOrigins,
    Write,
    WriteReceipt,
    hookimpl,
    hookspecs,
)
from numpy.typing import NDArray

FIRST = Snapshot(
    vram=np.zeros(0x10000, np.uint8),
    cgram=np.zeros(256, np.uint16),
    oam=np.zeros(544, np.uint8),
    ppu=PpuRegisters(obsel=0),
)
TIMEOUT = 60.0
FRAMES = 40


def holds[Test: Callable[..., None]](hook: str, *, thread: str, delivery: str) -> Callable[[Test], Test]:
    """Say which statement of a hookspec a test proves."""
    line = getattr(hookspecs, hook).__doc__
    assert f"Thread: {thread}. Delivery: {delivery}." in line

    def mark(test: Test) -> Test:
        return test

    return mark


class Host:
    """A host that is listened to."""

    def __init__(self) -> None:
        self.written: list[Write] = []
        self.touches: list[Touched] = []
        self.now = HostInfo(
            "made", "a test", writable=frozenset({"vram"}), capabilities=frozenset({"driven", "tracing"})
        )

    @property
    def info(self) -> HostInfo:
        return self.now

    def step(self) -> Snapshot | None:
        return None

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None: ...

    def take_touches(self) -> Sequence[Touched]:
        taken, self.touches = self.touches, []
        return taken

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        self.written += writes
        return WriteReceipt(done=True)

    def close(self) -> None: ...


class Listener:
    """Notes every call with its thread."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, dict[str, Any]]] = []
        self.session: SessionApi | None = None
        self.in_snapshot = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def note(self, hook: str, **arguments: Any) -> None:
        self.calls.append((hook, threading.get_ident(), arguments))

    def of(self, hook: str) -> list[dict[str, Any]]:
        return [arguments for name, _, arguments in list(self.calls) if name == hook]

    def threads(self, hook: str) -> set[int]:
        return {thread for name, thread, _ in list(self.calls) if name == hook}

    @hookimpl
    def halscope_attached(self, host: HostInfo, session: SessionApi) -> None:
        self.session = session
        self.note("halscope_attached", host=host)

    @hookimpl
    def halscope_snapshot(self, snapshot: Snapshot) -> None:
        self.in_snapshot.set()
        assert self.go_on.wait(TIMEOUT)
        self.note("halscope_snapshot", frame=snapshot.frame)

    @hookimpl
    def halscope_update(self, frame: Frame, origins: VramOrigins | None, changes: Changes) -> None:
        self.note("halscope_update", frame=frame.snapshot.frame, origins=origins, changes=changes)

    @hookimpl
    def halscope_host_changed(self, previous: HostInfo, host: HostInfo) -> None:
        self.note("halscope_host_changed", previous=previous, host=host)

    @hookimpl
    def halscope_touched(self, frame: int, rom_offset: int, page: int | None, codec: str) -> None:
        self.note("halscope_touched", frame=frame, rom_offset=rom_offset, page=page, codec=codec)

    @hookimpl
    def halscope_patch_ready(self, patch: Patch, written: Sequence[Write]) -> None:
        self.note("halscope_patch_ready", patch=patch, written=written)

    @hookimpl
    def halscope_progress(self, job: str, done: int, total: int, text: str, job_id: int) -> None:
        self.note("halscope_progress", job=job, done=done, total=total, text=text, job_id=job_id)

    @hookimpl
    def halscope_job_failed(
        self, job: str, error: BaseException, traceback: str, plugin: str, job_id: int | None, count: int
    ) -> None:
        told = {"job": job, "error": error, "traceback": traceback, "plugin": plugin, "job_id": job_id, "count": count}
        self.note("halscope_job_failed", **told)

    @hookimpl
    def halscope_detached(self, host: HostInfo, reason: str) -> None:
        self.note("halscope_detached", host=host, reason=reason)


class Stage:
    """A session with threads, a host, and a plugin that listens; this thread is the host's."""

    def __init__(self, plugin: Listener) -> None:
        self.host = Host()
        self.plugin = plugin
        self.me = threading.get_ident()
        self.plugins = Plugins([plugin])
        self.session = Session(self.host, threads=True, workers=2, dispatch=self.plugins.dispatch, locate=nowhere)
        self.session.start()

    def submit(self, frames: int) -> None:
        for frame in range(1, frames + 1):
            self.session.submit(replace(FIRST, frame=frame))

    def pump_until(self, there: Callable[[], object]) -> None:
        until = time.monotonic() + TIMEOUT
        while not there():
            assert time.monotonic() < until, "it never came"
            self.session.pump()
            time.sleep(0.001)

    def decoded(self, frame: int) -> bool:
        return any(call["frame"] == frame for call in self.plugin.of("halscope_update"))


def nowhere(vram: NDArray[np.uint8]) -> VramOrigins:
    empty: tuple[Origin, ...] = ()
    return VramOrigins((empty,) * 2048, np.zeros(2048, np.bool_))


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage(Listener())
    yield stage
    stage.plugin.go_on.set()
    stage.session.close()


@holds("halscope_attached", thread="host", delivery="every")
def test_attached_comes_first_on_the_hosts_thread_with_the_plugins_own_session(stage: Stage) -> None:
    stage.submit(1)
    stage.pump_until(lambda: stage.decoded(1))
    assert stage.plugin.threads("halscope_attached") == {stage.me}
    told = [name for name, _, _ in stage.plugin.calls if name != "halscope_snapshot"]
    assert told.count("halscope_attached") == 1
    assert told[0] == "halscope_attached"
    assert stage.plugin.session is not None
    assert stage.plugin.session.info.name == "made"
    assert stage.plugin.session.stats()


@holds("halscope_snapshot", thread="tap", delivery="every")
def test_every_snapshot_is_seen_in_order_on_a_thread_that_is_not_the_hosts(stage: Stage) -> None:
    stage.plugin.go_on.clear()
    stage.submit(FRAMES)  # returns though the plugin stands still
    assert stage.plugin.in_snapshot.wait(TIMEOUT)
    assert stage.plugin.of("halscope_snapshot") == []
    stage.plugin.go_on.set()
    stage.pump_until(lambda: len(stage.plugin.of("halscope_snapshot")) == FRAMES)
    assert [call["frame"] for call in stage.plugin.of("halscope_snapshot")] == list(range(1, FRAMES + 1))
    threads = stage.plugin.threads("halscope_snapshot")
    assert len(threads) == 1
    assert stage.me not in threads


def decode_without_pumping(stage: Stage, frames: int) -> None:
    """Let each of these frames be decoded for sure, while nothing is delivered on this thread."""
    decoded = threading.Semaphore(0)
    with stage.session.subscribe(lambda _event: decoded.release(), Update, delivery="own"):
        for frame in range(1, frames + 1):
            stage.session.submit(replace(FIRST, frame=frame))
            assert decoded.acquire(timeout=TIMEOUT)


@holds("halscope_update", thread="host", delivery="newest")
def test_of_updates_that_wait_the_newest_is_told_on_the_hosts_thread(stage: Stage) -> None:
    decode_without_pumping(stage, 5)
    assert stage.plugin.of("halscope_update") == []
    stage.pump_until(lambda: stage.decoded(5))
    (call,) = stage.plugin.of("halscope_update")
    assert call["frame"] == 5
    assert len(call["origins"].origins) == 2048
    assert len(call["changes"].tiles) == 2048, "its first update: everything is new"
    assert stage.plugin.threads("halscope_update") == {stage.me}


@holds("halscope_host_changed", thread="host", delivery="every")
def test_every_change_of_the_host_is_told_on_the_hosts_thread(stage: Stage) -> None:
    names = ["first.sfc", "second.sfc", "third.sfc"]
    for name in names:
        stage.host.now = replace(stage.host.now, rom=RomIdentity(path=name))
        stage.session.tick()
    stage.pump_until(lambda: len(stage.plugin.of("halscope_host_changed")) == len(names))
    calls = stage.plugin.of("halscope_host_changed")
    assert [call["host"].rom.path for call in calls] == names
    assert [call["previous"].rom.path for call in calls] == [None, *names[:-1]]
    assert stage.plugin.threads("halscope_host_changed") == {stage.me}


@holds("halscope_touched", thread="host", delivery="every")
def test_every_read_of_the_rom_is_told_in_order_on_the_hosts_thread(stage: Stage) -> None:
    places = [0x8000, 0x10000, 0x8000]
    for frame, place in enumerate(places):
        stage.host.touches = [Touched(frame, place, page=place - 0x10)]
        stage.session.tick()
    stage.pump_until(lambda: len(stage.plugin.of("halscope_touched")) == len(places))
    told = [(call["rom_offset"], call["page"], call["codec"]) for call in stage.plugin.of("halscope_touched")]
    assert told == [(place, place - 0x10, "") for place in places]
    assert stage.plugin.threads("halscope_touched") == {stage.me}


@holds("halscope_patch_ready", thread="host", delivery="every")
def test_every_patch_of_another_thread_is_told_in_order_on_the_hosts_thread(stage: Stage) -> None:
    stage.pump_until(lambda: stage.plugin.session)
    patches = [Patch("", (), (Write("vram", number, b"x"),)) for number in range(10)]

    def hand_in() -> None:
        assert stage.plugin.session is not None
        for patch in patches:
            stage.plugin.session.apply(patch)

    other = threading.Thread(target=hand_in)
    other.start()
    other.join(TIMEOUT)
    assert stage.host.written == [], "the host is touched on its own thread alone"
    stage.pump_until(lambda: len(stage.plugin.of("halscope_patch_ready")) == 10)
    assert [call["patch"] for call in stage.plugin.of("halscope_patch_ready")] == patches
    assert [call["written"] for call in stage.plugin.of("halscope_patch_ready")] == [patch.live for patch in patches]
    assert stage.plugin.threads("halscope_patch_ready") == {stage.me}
    assert [write.offset for write in stage.host.written] == list(range(10))


@holds("halscope_progress", thread="host", delivery="newest")
def test_of_progress_that_waits_the_newest_is_told_on_the_hosts_thread(stage: Stage) -> None:
    def work(job: JobContext) -> None:
        for done in range(1, 101):
            job.report(done, 100, f"step {done}")

    job = stage.session.run("count", work)
    job.result(TIMEOUT)
    stage.pump_until(lambda: stage.plugin.of("halscope_progress"))
    (progress,) = stage.plugin.of("halscope_progress")
    assert progress == {"job": "count", "done": 100, "total": 100, "text": "step 100", "job_id": job.id}
    assert stage.plugin.threads("halscope_progress") == {stage.me}


@holds("halscope_job_failed", thread="host", delivery="every")
def test_every_failure_is_told_in_order_on_the_hosts_thread(stage: Stage) -> None:
    def work(job: JobContext) -> None:
        raise ValueError("no good")

    jobs = []
    for number in range(10):
        jobs.append(stage.session.run(f"job {number}", work))
        assert jobs[-1].exception(TIMEOUT)
    stage.pump_until(lambda: len(stage.plugin.of("halscope_job_failed")) == 10)
    failures = stage.plugin.of("halscope_job_failed")
    assert [(call["job"], call["job_id"]) for call in failures] == [(job.name, job.id) for job in jobs]
    assert {call["count"] for call in failures} == {1}
    assert all("in work" in call["traceback"] and call["plugin"] == "" for call in failures)
    assert stage.plugin.threads("halscope_job_failed") == {stage.me}


def test_a_failing_hook_is_told_to_plugins_and_to_every_other_subscriber() -> None:
    class Failing(Listener):
        @hookimpl
        def halscope_update(self, frame: Frame, origins: object, changes: object) -> None:
            raise ValueError("no good")

    stage = Stage(Failing())
    heard: list[Any] = []
    with stage.session, stage.session.subscribe(heard.append, JobFailed):
        stage.submit(1)
        stage.pump_until(lambda: heard and stage.plugin.of("halscope_job_failed"))
    (failure,) = stage.plugin.of("halscope_job_failed")
    assert (failure["plugin"], str(failure["error"])) == ("Failing-1", "no good")
    assert heard[0].plugin == "Failing-1"
    assert "halscope_update" in heard[0].traceback


@holds("halscope_detached", thread="own", delivery="every")
def test_detached_comes_last_on_a_thread_that_the_hosts_thread_waits_for(stage: Stage) -> None:
    decode_without_pumping(stage, 3)
    other = threading.Thread(target=stage.session.close, args=("that is all",))
    other.start()
    other.join(TIMEOUT)
    assert stage.plugin.of("halscope_detached") == []
    stage.pump_until(lambda: stage.plugin.of("halscope_detached"))
    stage.session.submit(FIRST)
    stage.session.pump()
    told = [name for name, _, _ in stage.plugin.calls if name != "halscope_snapshot"]
    assert (told[0], told[-1]) == ("halscope_attached", "halscope_detached")
    assert told.count("halscope_detached") == 1
    assert stage.plugin.of("halscope_detached")[0]["reason"] == "that is all"
    assert len(stage.plugin.threads("halscope_detached") - {stage.me}) == 1
    session = stage.plugin.session
    assert session is not None
    with pytest.raises(HalscopeError):
        session.subscribe(print)


class Bringer:
    """Notes when it is asked for something."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def note(self, hook: str) -> list[Any]:
        self.asked.append((hook, threading.get_ident()))
        return []

    @hookimpl
    def halscope_hosts(self) -> list[Any]:
        return self.note("halscope_hosts")

    @hookimpl
    def halscope_codecs(self) -> list[Any]:
        return self.note("halscope_codecs")

    @hookimpl
    def halscope_exporters(self) -> list[Any]:
        return self.note("halscope_exporters")

    @hookimpl
    def halscope_games(self) -> list[Any]:
        return self.note("halscope_games")

    @hookimpl
    def halscope_group_sprites(self, frame: Frame) -> None:
        self.note("halscope_group_sprites")


def on_another_thread[T](work: Callable[[], T]) -> tuple[T, int]:
    """The result, and the thread."""
    results: list[tuple[T, int]] = []
    thread = threading.Thread(target=lambda: results.append((work(), threading.get_ident())))
    thread.start()
    thread.join(TIMEOUT)
    return results[0]


def asked_once_at_the_start(hook: str) -> bool:
    bringer = Bringer()
    plugins, start = on_another_thread(lambda: Plugins([bringer]))
    for _ in range(3):
        (plugins.codecs(), plugins.hosts(), plugins.exporters(), plugins.games())
        on_another_thread(plugins.codecs)
    return [call for call in bringer.asked if call[0] == hook] == [(hook, start)]


@holds("halscope_hosts", thread="start", delivery="once")
def test_hosts_are_asked_for_once_where_plugins_are_loaded() -> None:
    assert asked_once_at_the_start("halscope_hosts")


@holds("halscope_codecs", thread="start", delivery="once")
def test_codecs_are_asked_for_once_where_plugins_are_loaded() -> None:
    assert asked_once_at_the_start("halscope_codecs")


@holds("halscope_exporters", thread="start", delivery="once")
def test_exporters_are_asked_for_once_where_plugins_are_loaded() -> None:
    assert asked_once_at_the_start("halscope_exporters")


@holds("halscope_games", thread="start", delivery="once")
def test_games_are_asked_for_once_where_plugins_are_loaded() -> None:
    assert asked_once_at_the_start("halscope_games")


@holds("halscope_group_sprites", thread="any", delivery="every")
def test_each_grouping_is_asked_for_on_the_thread_that_wants_it() -> None:
    bringer = Bringer()
    plugins, frame = Plugins([bringer]), decode_frame(FIRST)
    bringer.asked.clear()
    plugins.group_sprites(frame)
    _, other = on_another_thread(lambda: plugins.group_sprites(frame))
    assert [thread for _, thread in bringer.asked] == [threading.get_ident(), other]


def test_an_inline_session_calls_every_hook_but_the_last_on_the_callers_thread() -> None:
    listener, host = Listener(), Host()
    with Session(host, dispatch=Plugins([listener]).dispatch, locate=nowhere) as session:
        session.submit(FIRST)
        session.apply(Patch("", (), (Write("vram", 0, b"x"),)))
        session.run("work", lambda job: job.report(1, 1))
        session.run("bad work", lambda job: 1 // 0).exception(TIMEOUT)
    assert {thread for name, thread, _ in listener.calls if name != "halscope_detached"} == {threading.get_ident()}
    hooks = list(dict.fromkeys(name for name, _, _ in listener.calls))
    assert hooks == [
        "halscope_attached",
        "halscope_snapshot",
        "halscope_update",
        "halscope_patch_ready",
        "halscope_progress",
        "halscope_job_failed",
        "halscope_detached",
    ]
