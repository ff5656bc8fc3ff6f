"""The embedded core by its own clock: paced, held, paused at any moment, and gone whatever dies first."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.embedded import EmbeddedHost, LiveEmbeddedHost
from halscope.hosts.embedded._clock import LATE, Clock
from halscope_hooks import HostError, HostGoneError, Snapshot, Write, capability
from support import probe_rom, small_core
from support.cores import installed_cores
from support.interrupts import AtLine, interrupt
from support.processes import gone_within, runs

CORE = installed_cores()[0]
PATIENCE = 60.0
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="there is no /proc")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, which must be empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def next_of(host: LiveEmbeddedHost) -> Snapshot:
    snapshot = host.poll(PATIENCE)
    assert snapshot is not None
    return snapshot


def polled_for_ever(host: LiveEmbeddedHost, timeout: float = PATIENCE) -> None:
    while True:
        host.poll(timeout)


def drained(host: LiveEmbeddedHost) -> list[int]:
    """The numbers of the frames that are there."""
    return [snapshot.frame for snapshot in iter(lambda: host.poll(0), None)]


class TestClock:
    def test_frames_are_due_at_the_console_s_speed_however_long_each_takes(self) -> None:
        clock = Clock(50)
        assert clock.rest(7) == float("inf")
        clock.start(7)
        assert clock.rest(7) == 0
        clock.ran(7.015)
        assert clock.rest(7.015) == pytest.approx(0.005)
        clock.ran(7.041)  # late
        assert clock.rest(7.041) == 0
        clock.ran(7.042)
        assert clock.rest(7.042) == pytest.approx(0.018), "the lost millisecond is caught up"

    def test_time_that_was_lost_at_a_stop_is_not_caught_up(self) -> None:
        clock = Clock(50)
        clock.start(0)
        clock.ran(10 * LATE)
        clock.ran(10 * LATE)
        assert clock.rest(10 * LATE) == pytest.approx(0.02)

    def test_a_speed_counts_at_once(self) -> None:
        clock = Clock(50)
        clock.set_speed(0.1, 0)
        clock.start(0)
        clock.ran(0)
        assert clock.rest(0) == pytest.approx(0.2)
        clock.set_speed(2, 0)
        assert clock.rest(0) == pytest.approx(0.01)
        clock.set_speed(0, 0)
        assert clock.rest(0) == 0
        clock.ran(0.001)
        assert clock.rest(0.001) == 0


def test_it_says_what_it_can_do_and_shows_the_frames_of_a_driven_core(temporary: Path) -> None:
    rom = probe_rom.build(animate=["oam", "vram", "cgram", "scroll"])
    with EmbeddedHost(rom, CORE) as driven, LiveEmbeddedHost(rom, CORE) as live:
        assert live.info.capabilities == driven.info.capabilities - {"driven"} | {"pushing", "paced"}
        assert capability(live, "driven") is None
        assert list(temporary.glob("*/*.ring")) == [], "a killed process would leave it behind"
        live.set_speed(0.25)  # so that none is lost, however busy this machine is
        expected = {snapshot.frame: snapshot for snapshot in (driven.step() for _ in range(12))}
        seen = [next_of(live) for _ in range(8)]
        for one in seen:
            if one.frame in expected:
                other = expected[one.frame]
                for name in ("vram", "cgram", "oam", "wram", "picture"):
                    assert np.array_equal(getattr(one, name), getattr(other, name)), name
                    assert not getattr(one, name).flags.writeable
                assert (one.ppu, one.cpu, one.field, one.rom) == (other.ppu, other.cpu, other.field, other.rom)
        assert seen[0].frame == 0


def test_pause_step_resume_and_speed(temporary: Path) -> None:
    with LiveEmbeddedHost(probe_rom.build(), CORE) as host:
        host.pause()
        host.pause()
        assert host.poll(0.05) is None, "it begins paused if that is said before the first poll"
        host.step_frame()
        host.step_frame()
        assert drained(host) == [0, 1]
        for factor in (-1.0, float("nan"), float("inf")):
            with pytest.raises(HostError, match="a speed of"):
                host.set_speed(factor)
        host.set_speed(0)
        host.resume()
        with pytest.raises(HostError, match="pause it before"):
            host.step_frame()
        last = [next_of(host).frame for _ in range(30)]
        assert last == sorted(last)
        assert last[0] == 2
        host.pause()
        last += drained(host)
        host.step_frame()
        assert drained(host) == [last[-1] + 1]


def test_many_quick_pauses_lose_and_double_no_frame(temporary: Path) -> None:
    with LiveEmbeddedHost(probe_rom.build(), CORE) as host:
        host.set_speed(0)
        frames = []
        for _ in range(100):
            host.resume()
            frames += [next_of(host).frame]
            host.pause()
            frames += drained(host)
        assert frames == sorted(set(frames))
        assert len(frames) + host.missed == frames[-1] + 1


def test_buttons_states_writes_and_reset_reach_a_running_game() -> None:
    with LiveEmbeddedHost(probe_rom.build(), CORE) as host:
        for _ in range(5):
            next_of(host)
        host.press({"a", "start"})
        host.press({"a", "start"})
        with pytest.raises(HostError, match="turbo"):
            host.press({"turbo"})
        assert host.write([Write("wram", 0x1FFF0, b"halscope")]).done
        state = host.save_state()
        host.write([Write("wram", 0x1FFF0, b"........")])
        host.load_state(state)
        host.pause()
        drained(host)
        host.step_frame()
        wram = next_of(host).wram
        assert wram is not None
        assert wram[0x1FFF0:0x1FFF8].tobytes() == b"halscope"
        with pytest.raises(HostError):
            host.load_state(b"no state")
        host.reset()
        host.resume()
        next_of(host)


def test_a_game_that_nobody_looks_at_stands_still(temporary: Path) -> None:
    with LiveEmbeddedHost(probe_rom.build(), CORE) as host:
        host.set_speed(0)
        next_of(host)
        before = time.clock_gettime(~host.pid << 3 | 2) if sys.platform == "linux" else 0.0
        time.sleep(2.6)
        stood = time.clock_gettime(~host.pid << 3 | 2) if sys.platform == "linux" else 0.0
        time.sleep(0.5)
        if sys.platform == "linux":
            assert time.clock_gettime(~host.pid << 3 | 2) - stood < 0.1
            assert stood >= before
        next_of(host)
        drained(host)
        assert next_of(host).frame > 0, "and goes on when somebody does"


@needs_proc
@pytest.mark.parametrize("how", ["abort()", "_exit(3)"], ids=["abort", "exit"])
def test_a_core_that_crashes_is_named_with_its_last_words(tmp_path: Path, temporary: Path, how: str) -> None:
    core = small_core.build(tmp_path, ON_RUN=f'if (frame == 3) {{ puts("table 7 is bad"); {how}; }}')
    host = LiveEmbeddedHost(probe_rom.build(), core)
    with pytest.raises(HostGoneError, match=r"when it ran frame \d; the last it printed: table 7"):
        polled_for_ever(host)
    with pytest.raises(HostGoneError, match="table 7"):
        host.poll(1)
    assert not runs(host.pid)
    host.close()


@needs_proc
def test_a_core_that_hangs_is_ended(tmp_path: Path, temporary: Path) -> None:
    core = small_core.build(tmp_path, ON_RUN="if (frame == 3) sleep(1000)")
    host = LiveEmbeddedHost(probe_rom.build(), core, patience=0.3)
    began = time.monotonic()
    with pytest.raises(HostGoneError, match=r"ran frame 2 and has not returned for 0\.3 s.*STP"):
        polled_for_ever(host, 0.1)
    assert time.monotonic() - began < 500, "the core sleeps for 1000 seconds"
    assert not runs(host.pid)


@needs_proc
def test_a_child_that_is_killed_is_noticed_at_once(temporary: Path) -> None:
    host = LiveEmbeddedHost(probe_rom.build(), CORE)
    next_of(host)
    threading.Timer(0.1, os.kill, (host.pid, signal.SIGKILL)).start()
    with pytest.raises(HostGoneError, match=r"crashed \(SIGKILL\)"):
        polled_for_ever(host)
    assert not runs(host.pid)


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_core_does_not_outlive_a_parent_that_polls(tmp_path: Path, how: signal.Signals) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build())
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    code = (
        "import sys; from pathlib import Path; from halscope.hosts.embedded import LiveEmbeddedHost\n"
        "host = LiveEmbeddedHost(Path(sys.argv[1]), sys.argv[2]); host.poll(9)\n"
        "print(host.pid, flush=True)\n"
        "while True: host.poll(1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(rom), CORE],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readlines(1)[0])
        parent.send_signal(how)
    assert gone_within(pid, 60)
    assert list(temporary.iterdir()) == []


@needs_proc
def test_a_fork_leaves_the_running_game_to_its_parent(temporary: Path) -> None:
    with LiveEmbeddedHost(probe_rom.build(), CORE) as host:
        next_of(host)
        child = os.fork()
        if not child:
            try:
                host.poll(1)
            except HostError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        next_of(host)


@pytest.mark.slow
def test_ctrl_c_at_any_line_leaves_a_host_that_goes_on(temporary: Path) -> None:
    room = str(Path(sys.modules[LiveEmbeddedHost.__module__].__file__ or "").parent)
    with LiveEmbeddedHost(probe_rom.build(animate=["oam"]), CORE) as host:
        host.set_speed(0)
        state = host.save_state()
        for number in range(1, 2000, 3):
            at = AtLine(number, interrupt, room)
            with at, contextlib.suppress(KeyboardInterrupt):
                host.press({"start"} if number % 2 else ())
                host.resume()
                host.poll(PATIENCE)
                host.pause()
                host.step_frame()
                host.load_state(state)
            host.pause()
            drained(host)
            host.step_frame()
            first = next_of(host).frame
            host.step_frame()
            assert next_of(host).frame == first + 1, at.where
            if not at.where:
                break
        else:
            pytest.fail("the lines do not end")
        assert number > 100


@needs_proc
@pytest.mark.slow
def test_a_close_at_any_line_of_a_poll_leaves_nothing(temporary: Path) -> None:
    room = str(Path(sys.modules[LiveEmbeddedHost.__module__].__file__ or "").parent)
    for number in range(1, 400, 17):
        host = LiveEmbeddedHost(probe_rom.build(), CORE)
        at = AtLine(number, host.close, room)
        with at, contextlib.suppress(HostError):
            host.poll(PATIENCE)
        host.close()
        assert not runs(host.pid), at.where
        assert list(temporary.iterdir()) == [], at.where
        if not at.where:
            break
