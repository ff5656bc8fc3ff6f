"""Savestates and reset: asked for by the host, made by the emulator at its next instruction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from halscope.hosts.mesen2 import MesenHost
from halscope_hooks import HostError, Write, capability
from support.mesen import StandIn, needs_lua
from support.mesen_demo import is_ready, run_both, until

pytestmark = [needs_lua, pytest.mark.slow]


@pytest.fixture
def running(emulator: StandIn) -> Iterator[Callable[[], None]]:
    """Let the emulator run by itself while the host waits for an answer; returns what stops it."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            emulator.run_frame()

    thread = threading.Thread(target=run)

    def end() -> None:
        stop.set()
        if thread.is_alive():
            thread.join()

    def begin() -> Callable[[], None]:
        thread.start()
        return end

    yield begin  # type: ignore[misc]
    end()


def test_a_state_brings_the_game_back(
    emulator: StandIn, host: MesenHost, running: Callable[[], Callable[[], None]]
) -> None:
    _, before = until(emulator, host, is_ready(0))
    console = capability(host, "stateful")
    assert console is not None
    end = running()
    state = console.save_state()
    receipt = host.write([Write("vram", 0, bytes(0x4000))])
    while not receipt.done:
        host.poll(1.0)
    console.load_state(state)
    with pytest.raises(HostError, match="refused"):
        console.load_state(b"rubbish")
    end()
    while host.poll(0.1) is not None:  # frames that came meanwhile are not lost
        pass
    for _ in range(4):
        core, snapshot = run_both(emulator, host)
    assert np.array_equal(snapshot.vram[:0x4000], core.vram[:0x4000])
    assert (snapshot.vram[:0x4000] == before.vram[:0x4000]).mean() > 0.9


def test_frames_that_arrive_while_an_answer_is_waited_for_are_kept(
    emulator: StandIn, host: MesenHost, running: Callable[[], Callable[[], None]]
) -> None:
    _, snapshot = run_both(emulator, host)
    end = running()
    host.save_state()
    end()
    frames = []
    while (following := host.poll(0.2)) is not None:
        frames.append(following.frame)
    assert frames == list(range(snapshot.frame + 1, snapshot.frame + 1 + len(frames)))


def test_instructions_are_watched_no_longer_than_a_frame(emulator: StandIn, host: MesenHost) -> None:
    before = len(emulator._callbacks)
    host._wire.post(b"S", bytes([1, 0, 0, 0]))
    for _ in range(3):
        run_both(emulator, host)
    assert len(emulator._callbacks) == before


def test_reset_restarts_the_game(emulator: StandIn, host: MesenHost) -> None:
    until(emulator, host, is_ready(0))
    console = capability(host, "stateful")
    assert console is not None
    console.reset()
    until(emulator, host, lambda core: not is_ready(0)(core))


def test_a_paused_emulator_gives_no_state(host: MesenHost) -> None:
    with pytest.raises(HostError, match="paused"):
        host.save_state()
