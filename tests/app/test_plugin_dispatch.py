"""Hook calls are isolated: guarded, timed, counted, switched off after repeated failures, with no lock held."""

from __future__ import annotations

import gc
import logging
import re
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from halscope.app import Plugins
from halscope.plugins import FAILURES_IN_A_ROW, SLOW_SECONDS
from halscope.ppu import decode_frame
from halscope.session import Session
from halscope_hooks import (
    Frame,
    GameProfile,
    HostInfo,
    PpuRegisters,
    SessionApi,
    Snapshot,
    Write,
    WriteReceipt,
    hookimpl,
)
from hypothesis import given
from hypothesis import strategies as st

FRAME = decode_frame(
    Snapshot(
        vram=np.zeros(0x10000, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(obsel=0),
        frame=7,
    )
)


class Watcher:
    """Records every failure reported to it."""

    def __init__(self) -> None:
        self.frames = 0
        self.failures: list[tuple[str, BaseException, str, str]] = []

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        self.frames += 1

    @hookimpl
    def halscope_job_failed(self, job: str, error: BaseException, traceback: str, plugin: str) -> None:
        self.failures.append((job, error, traceback, plugin))


class Doing:
    """Does something at each frame."""

    def __init__(self, what: Callable[[], object]) -> None:
        self.what = what
        self.calls = 0

    @hookimpl
    def halscope_update(self) -> None:
        self.calls += 1
        self.what()


def fail() -> None:
    raise RuntimeError("cannot look")


def tell(plugins: Plugins, times: int = 1) -> None:
    for _ in range(times):
        plugins.dispatch("halscope_update", frame=FRAME)


def report(plugins: Plugins, plugin: str) -> Any:
    return next(hook for hook in plugins.hooks if hook.plugin == plugin and hook.hook == "halscope_update")


def test_a_failure_reaches_job_failed_with_traceback_and_plugin() -> None:
    for order in (0, 1):
        watcher, failing = Watcher(), Doing(fail)
        tell(Plugins([watcher, failing] if order else [failing, watcher]))
        assert watcher.frames == 1
        ((job, error, traceback, plugin),) = watcher.failures
        assert plugin == f"Doing-{2 if order else 1}"
        assert job == f"plugin {plugin}: halscope_update"
        assert str(error) == "cannot look"
        assert "in fail" in traceback


def test_the_third_failure_in_a_row_switches_the_hook_off_with_a_message(caplog: pytest.LogCaptureFixture) -> None:
    watcher, failing = Watcher(), Doing(fail)
    plugins = Plugins([watcher, failing])
    with caplog.at_level(logging.ERROR, "halscope.plugins"):
        tell(plugins, FAILURES_IN_A_ROW + 5)
    assert failing.calls == FAILURES_IN_A_ROW
    assert watcher.frames == FAILURES_IN_A_ROW + 5
    assert len(watcher.failures) == FAILURES_IN_A_ROW + 1
    assert "is switched off after 3 failures in a row" in str(watcher.failures[-1][1])
    assert "Plugins.enable('Doing-2', 'halscope_update')" in caplog.text
    assert report(plugins, "Doing-2").switched_off


def test_a_hook_that_was_switched_off_can_be_switched_on_again() -> None:
    failing = Doing(fail)
    plugins = Plugins([failing])
    assert not plugins.enable("Doing-1", "halscope_update")
    tell(plugins, FAILURES_IN_A_ROW)
    assert plugins.enable("Doing-1", "halscope_update")
    failing.what = lambda: None
    tell(plugins, 2)
    assert failing.calls == FAILURES_IN_A_ROW + 2
    assert not report(plugins, "Doing-1").switched_off
    failing.what = fail
    tell(plugins, FAILURES_IN_A_ROW + 1)
    assert report(plugins, "Doing-1").switched_off, "it may fail as often as before, and no more"


def test_failures_that_are_not_in_a_row_switch_nothing_off() -> None:
    turns = iter([True, True, False] * 4)
    failing = Doing(lambda: fail() if next(turns) else None)
    plugins = Plugins([failing])
    tell(plugins, 12)
    assert (failing.calls, report(plugins, "Doing-1").failures) == (12, 8)


@given(st.lists(st.booleans(), max_size=20), st.sets(st.integers(0, 19), max_size=3))
def test_it_is_off_from_the_third_failure_in_a_row_until_it_is_switched_on(good: list[bool], enabled: set[int]) -> None:
    state = {"good": True}
    doing = Doing(lambda: None if state["good"] else fail())
    plugins = Plugins([doing])
    in_a_row = expected = 0
    for turn, state["good"] in enumerate(good):
        if turn in enabled:
            assert plugins.enable("Doing-1", "halscope_update") == (in_a_row >= FAILURES_IN_A_ROW)
            in_a_row = 0
        if in_a_row < FAILURES_IN_A_ROW:
            expected += 1
            in_a_row = 0 if state["good"] else in_a_row + 1
        tell(plugins)
        assert doing.calls == expected


def test_only_that_hook_of_that_plugin_is_switched_off() -> None:
    class Two(Doing):
        seen = 0

        @hookimpl
        def halscope_snapshot(self) -> None:
            self.seen += 1

    two, other = Two(fail), Watcher()
    plugins = Plugins([two, other])
    tell(plugins, 5)
    plugins.dispatch("halscope_snapshot", snapshot=FRAME.snapshot)
    assert (two.seen, other.frames) == (1, 5)


def test_a_failure_of_the_failure_hook_does_not_go_round_for_ever() -> None:
    class Hopeless(Doing):
        @hookimpl
        def halscope_job_failed(self, job: str) -> None:
            raise RuntimeError(job)

    watcher = Watcher()
    tell(Plugins([Hopeless(fail), watcher]), 5)
    assert len(watcher.failures) == FAILURES_IN_A_ROW + 1


def test_an_error_that_cannot_even_say_itself_is_told_like_any_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

        __repr__ = __str__

    def mute() -> None:
        raise MuteError

    monkeypatch.setenv("HALSCOPE_TRACE_HOOKS", "1")
    watcher = Watcher()
    plugins = Plugins([watcher, Doing(mute)])
    with caplog.at_level(logging.INFO):
        tell(plugins, FAILURES_IN_A_ROW)
    assert watcher.frames == FAILURES_IN_A_ROW
    assert len(watcher.failures) == FAILURES_IN_A_ROW + 1
    assert "MuteError: <exception str() failed>" in caplog.text


def test_ctrl_c_passes() -> None:
    def end() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tell(Plugins([Doing(end)]))


def test_a_plugins_exit_is_a_failure_like_any_other() -> None:
    watcher = Watcher()
    tell(Plugins([Doing(partial(sys.exit, 3)), watcher]))
    assert watcher.frames == 1
    ((_, error, _, plugin),) = watcher.failures
    assert ("it called sys.exit(3)" in str(error), plugin) == (True, "Doing-1")


@pytest.mark.parametrize("handler", ["function", "method", "partial", "object"])
def test_the_exit_of_a_signal_handler_passes_through_the_hook_that_it_interrupts(handler: str) -> None:
    class Handler:
        def __call__(self, number: int, frame: object) -> None:
            sys.exit(9)

        method = __call__

    def function(number: int, frame: object) -> None:
        sys.exit(9)

    handlers: dict[str, Any] = {
        "function": function,
        "method": Handler().method,
        "partial": partial(lambda extra, number, frame: sys.exit(9), "extra"),
        "object": Handler(),
    }
    before = signal.signal(signal.SIGUSR1, handlers[handler])
    try:
        with pytest.raises(SystemExit, match="9"):
            tell(Plugins([Doing(lambda: signal.raise_signal(signal.SIGUSR1))]))
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_slow_hook_before_a_game_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """On a busy machine our own profiles take longer than three frames to load."""

    class Slow:
        @hookimpl
        def halscope_games(self) -> list[GameProfile]:
            time.sleep(2 * SLOW_SECONDS)
            return []

    plugins = Plugins([Slow()])
    assert max(one.slowest for one in plugins.hooks if one.hook == "halscope_games") > SLOW_SECONDS
    assert "took" not in caplog.text


def test_a_slow_hook_is_named_in_the_log_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    plugins = Plugins([Doing(lambda: time.sleep(SLOW_SECONDS * 1.2))])
    with caplog.at_level(logging.WARNING, "halscope.plugins"):
        tell(plugins, 5)
    said = [message for message in caplog.messages if "plugin Doing-1: halscope_update took" in message]
    assert len(said) == 3, "the first, the second and the fourth time"
    assert report(plugins, "Doing-1").slowest > SLOW_SECONDS


def test_the_trace_says_plugin_hook_arguments_duration_and_result(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HALSCOPE_TRACE_HOOKS", "1")
    with caplog.at_level(logging.INFO, "halscope.hooks"):
        tell(Plugins([Watcher(), Doing(fail)]))
    text = caplog.text
    assert re.search(
        r"Watcher-1: halscope_update\(frame=<Frame 7>\) returned None, \d+\.\d{3} ms, thread MainThread", text
    )
    assert "Doing-2: halscope_update() raised <RuntimeError: cannot look>" in text
    assert "halscope-codecs: halscope_codecs() returned <" in text
    monkeypatch.setenv("HALSCOPE_TRACE_HOOKS", "0")
    caplog.clear()
    tell(Plugins([Watcher()]))
    assert "Watcher-1" not in caplog.text


def test_no_lock_is_held_while_a_hook_runs() -> None:
    def everything() -> None:
        plugins.dispatch("halscope_snapshot", snapshot=FRAME.snapshot)
        assert plugins.hooks
        plugins.enable("Doing-1", "halscope_update")
        plugins.codecs()
        plugins.group_sprites(FRAME)
        plugins.session_for("Doing-1")
        other = threading.Thread(target=plugins.dispatch, args=("halscope_snapshot",), kwargs={"snapshot": FRAME})
        other.start()
        other.join(60)
        assert not other.is_alive(), "another thread waits for a lock that the hook's caller holds"

    doing, watcher = Doing(everything), Watcher()
    plugins = Plugins([doing, watcher])
    tell(plugins)
    assert (doing.calls, watcher.failures) == (1, [])


def test_many_threads_may_dispatch_at_once() -> None:
    turn = threading.Barrier(8, timeout=60)
    plugins = Plugins([Doing(lambda: None)])

    def run() -> None:
        turn.wait()
        tell(plugins, 200)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert report(plugins, "Doing-1").calls == 8 * 200


class HookedHost:
    """A host that implements the hook for frames itself."""

    def __init__(self) -> None:
        self.frames = 0

    @property
    def info(self) -> HostInfo:
        return HostInfo("hooked", "a test", capabilities=frozenset({"driven"}))

    def step(self) -> Snapshot | None:
        return None

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        return WriteReceipt(done=True)

    def close(self) -> None: ...

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        self.frames += frame.snapshot.frame


def test_a_host_with_hooks_is_held_weakly() -> None:
    class Running:
        def __init__(self, host: HookedHost) -> None:
            self.host = host

    host = HookedHost()
    running = Running(host)
    plugins = Plugins()
    plugins.join(running)  # type: ignore[arg-type]  # a session with nothing but its host
    tell(plugins)
    assert host.frames == 7
    gone = weakref.ref(host)
    del host, running
    gc.collect()
    assert gone() is None
    tell(plugins)
    assert all(hook.failures == 0 for hook in plugins.hooks)


def test_plugins_that_are_dropped_are_gone_without_the_collector() -> None:
    class Keeper:
        @hookimpl
        def halscope_attached(self, session: SessionApi) -> None:
            self.session = session

    class Bringer:
        @hookimpl
        def halscope_exporters(self) -> list[object]:
            return [object()]

    gc.collect()
    gc.disable()
    try:
        host, keeper = HookedHost(), Keeper()
        plugins = Plugins([keeper, Bringer()])
        with Session(host, dispatch=plugins.dispatch, hooked=plugins.hooked) as session:
            assert keeper.session.info.name == "hooked"
        gone = weakref.ref(plugins), weakref.ref(session), weakref.ref(host)
        del plugins, session, host
        assert [reference() for reference in gone] == [None, None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("lock", ["_dispatcher", "_registry"])
def test_a_signal_handler_may_call_hooks_whatever_line_it_interrupts(lock: str) -> None:
    watcher = Watcher()
    plugins = Plugins([watcher])

    def interrupted() -> None:
        with getattr(plugins, lock)._lock:  # where a handler on the same thread interrupts
            tell(plugins)

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "the handler waits for the line that it interrupted"
    assert watcher.frames == 1
