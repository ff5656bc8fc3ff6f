"""The core in a process of its own: it steps like one in process, and nothing that it does harms the parent."""

from __future__ import annotations

import gc
import logging
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
from halscope.hosts.embedded import EmbeddedHost, _process
from halscope.hosts.embedded._channel import Call, Channel
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope_hooks import HostError, HostGoneError, RomError, Snapshot, UsageError
from support import probe_rom, small_core, tiny_rom
from support.cores import two_cores
from support.made_host import eventually
from support.processes import gone_within, runs

on_two_cores = pytest.mark.parametrize("core", two_cores())
MERCURY = [core.name for core in available_cores() if core.name.startswith("bsnes-mercury")]
CORE_SLEEPS = 1000  # seconds
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="there is no /proc")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, which must be empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def same(one: Snapshot, other: Snapshot) -> bool:
    arrays = ("vram", "cgram", "oam", "wram", "picture")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.slow
@on_two_cores
def test_snapshots_are_those_of_a_core_in_process(core: str, temporary: Path) -> None:
    rom = probe_rom.build(animate=["oam", "vram", "cgram", "scroll"])
    with LibretroHost(rom, core) as inside, EmbeddedHost(rom, core) as apart:
        assert apart.info.name == "embedded"
        assert apart.info.emulator == inside.info.emulator
        assert apart.info.writable == inside.info.writable | {"rom"}
        assert apart.info.readable == inside.info.readable
        assert apart.info.rom == inside.info.rom
        for frame in range(20):
            one, other = inside.step(), apart.step()
            assert other.frame == frame
            assert same(one, other)
            assert (one.ppu, one.rom) == (other.ppu, other.rom)


@pytest.mark.slow
def test_a_snapshot_stays_as_it_is_while_the_game_goes_on() -> None:
    with EmbeddedHost(probe_rom.build(animate=["oam"])) as host:
        for _ in range(10):
            first = host.step()
        oam = first.oam.copy()
        second = host.step()
        assert not np.array_equal(second.oam, oam)
        assert np.array_equal(first.oam, oam)
        for array in (first.vram, first.cgram, first.oam, first.wram, first.picture):
            assert array is not None
            assert not array.flags.writeable


def test_the_parts_that_nobody_asks_for_stay_out() -> None:
    with EmbeddedHost(probe_rom.build(), registers=False, wram=False, picture=False) as host:
        snapshot = host.step()
    assert snapshot.wram is None
    assert snapshot.picture is None
    assert snapshot.ppu.obsel is None


@pytest.mark.slow
def test_a_file_that_cannot_be_run_is_refused_as_in_process(tmp_path: Path, temporary: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.sfc: no such file"):
        EmbeddedHost(tmp_path / "none.sfc")
    with pytest.raises(RomError, match="16 bytes"):
        EmbeddedHost(bytes(16))
    with pytest.raises(HostError, match="nowhere"):
        EmbeddedHost(probe_rom.build(), "/nowhere")


@needs_proc
@on_two_cores
def test_the_process_ends_with_the_host(core: str, temporary: Path) -> None:
    host = EmbeddedHost(probe_rom.build(), core)
    host.step()
    pid = host.pid
    host.close()
    host.close()
    assert not runs(pid)
    with pytest.raises(HostError, match="the host is closed"):
        host.step()


@pytest.mark.slow
@needs_proc
def test_a_host_that_is_forgotten_ends_its_process(temporary: Path) -> None:
    host: EmbeddedHost | None = EmbeddedHost(probe_rom.build())
    assert host is not None
    pid = host.pid
    host = None
    gc.collect()
    assert not runs(pid)


@pytest.mark.slow
def test_two_hosts_run_the_same_core_side_by_side() -> None:
    with EmbeddedHost(probe_rom.build()) as one, EmbeddedHost(probe_rom.build()) as other:
        assert same(one.step(), other.step())


CRASHES = {
    "abort": ("abort()", r"crashed \(SIGABRT\)"),
    "null": ("*(volatile int *)0 = 1", r"crashed \(SIGSEGV\)"),
    "exit": ("_exit(3)", r"ended its process \(exit code 0x3\)"),
}


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("how", CRASHES)
@pytest.mark.parametrize("when", ["load", "run"])
def test_a_core_that_crashes_takes_down_its_own_process_alone(
    tmp_path: Path, temporary: Path, when: str, how: str
) -> None:
    code, message = CRASHES[how]
    act = f'do {{ puts("table 7 is bad"); {"" if when == "load" else "if (frame == 3)"} {code}; }} while (0)'
    core = small_core.build(tmp_path, **{f"ON_{when.upper()}": act})
    if when == "load":
        with pytest.raises(HostGoneError, match=rf"small_libretro\.so: the core {message}.*loaded.*table 7 is bad"):
            EmbeddedHost(probe_rom.build(), core)
        return
    host = EmbeddedHost(probe_rom.build(), core)
    host.step()
    host.step()
    with pytest.raises(HostGoneError, match=rf"the core {message} when it ran frame 2; the last it printed: table 7"):
        host.step()
    with pytest.raises(HostGoneError, match="ran frame 2"):
        host.step()
    assert not runs(host.pid)
    host.close()


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("when", ["run", "close"])
def test_a_core_that_does_not_return_is_ended(tmp_path: Path, temporary: Path, when: str) -> None:
    core = small_core.build(tmp_path, **{f"ON_{when.upper()}": "sleep(1000)"})
    host = EmbeddedHost(probe_rom.build(), core, patience=0.3)
    began = time.monotonic()
    if when == "run":
        with pytest.raises(HostGoneError, match=r"ran frame 0 and has not returned for 0\.3 s.*STP"):
            host.step()
    host.close()
    assert time.monotonic() - began < CORE_SLEEPS / 2
    assert not runs(host.pid)


@pytest.mark.slow
def test_a_core_that_does_not_come_back_from_loading_is_ended(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halscope.hosts.embedded.host._START_PATIENCE", 3.0)
    core = small_core.build(tmp_path, ON_LOAD="sleep(1000)")
    with pytest.raises(HostGoneError, match=r"loaded the game and has not returned for 3 s.*choose another core"):
        EmbeddedHost(probe_rom.build(), core, patience=1)


# Each way to stop, and each profile, once; all three profiles hang with both.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "program"),
    [
        pytest.param(core, (tiny_rom.STOPPED, tiny_rom.WAITS_FOR_EVER)[at % 2], id=f"{core}-{('stp', 'wai')[at % 2]}")
        for at, core in enumerate(MERCURY)
    ],
)
def test_a_program_that_stops_the_processor_does_not_hang_the_caller(
    core: str, program: bytes, temporary: Path
) -> None:
    host = EmbeddedHost(tiny_rom.build(program), core, patience=0.4)
    with pytest.raises(HostGoneError, match=r"has not returned for 0\.4 s, so it was ended.*snes9x"):
        list(map(EmbeddedHost.step, [host] * 5))
    assert not runs(host.pid)


@pytest.mark.slow
@pytest.mark.skipif(not MERCURY, reason="bsnes-mercury is not installed")
def test_a_program_that_does_nothing_is_not_taken_for_a_stopped_one() -> None:
    with EmbeddedHost(tiny_rom.build(tiny_rom.LOOPS), MERCURY[0], patience=1) as host:
        for _ in range(5):
            host.step()


@pytest.mark.slow
def test_what_a_core_prints_reaches_the_log_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    core = small_core.build(
        tmp_path,
        ON_LOAD='puts("loads")',
        ON_RUN=r'printf("runs\n"); fprintf(stderr, "warns\n")',
        ON_CLOSE='puts("ends")',
    )
    with caplog.at_level(logging.DEBUG, "halscope.hosts.embedded"), EmbeddedHost(probe_rom.build(), core) as host:
        host.step()
        host.step()
    assert tuple(capfd.readouterr()) == ("", "")
    for word in ("loads", "runs", "warns", "ends"):
        assert word in caplog.text


@pytest.mark.slow
def test_a_core_that_prints_without_end_is_not_held_up(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ON_RUN=r'for (int n = 0; n < 40000; n++) printf("line %d\n", n)')
    with EmbeddedHost(probe_rom.build(), core) as host:
        for _ in range(3):
            host.step()


@pytest.mark.slow
def test_ctrl_c_works_while_a_core_hangs_and_a_close_is_quick_then(tmp_path: Path, temporary: Path) -> None:
    core = small_core.build(tmp_path, ON_RUN="kill(getppid(), SIGINT); sleep(1000)")
    host = EmbeddedHost(probe_rom.build(), core, patience=CORE_SLEEPS)
    with pytest.raises(KeyboardInterrupt):
        host.step()
    began = time.monotonic()
    host.close()
    assert time.monotonic() - began < CORE_SLEEPS / 2


@pytest.mark.slow
def test_a_step_that_ctrl_c_interrupts_is_not_lost(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ON_RUN="if (frame == 2) { kill(getppid(), SIGINT); usleep(300000); }")
    with EmbeddedHost(probe_rom.build(), core, patience=60) as host:
        assert host.step().frame == 0
        with pytest.raises(KeyboardInterrupt):
            host.step()
        host.reset()  # waits for the step
        assert [host.step().frame for _ in range(3)] == [1, 2, 3]


@pytest.mark.slow
@needs_proc
def test_a_signal_handler_may_close_the_host_while_its_core_runs(tmp_path: Path, temporary: Path) -> None:
    core = small_core.build(tmp_path, ON_RUN="kill(getppid(), SIGUSR1); sleep(1000)")
    host = EmbeddedHost(probe_rom.build(), core, patience=CORE_SLEEPS)
    before = signal.signal(signal.SIGUSR1, lambda *_: host.close())
    try:
        with pytest.raises(HostError, match="the host is closed"):
            host.step()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not runs(host.pid)


@pytest.mark.slow
@needs_proc
def test_another_thread_may_close_the_host_while_its_core_runs(tmp_path: Path, temporary: Path) -> None:
    running = tmp_path / "running"
    core = small_core.build(tmp_path, ON_RUN=f'fclose(fopen("{running}", "w")); sleep(1000)')
    host = EmbeddedHost(probe_rom.build(), core, patience=CORE_SLEEPS)

    def close() -> None:
        eventually(running.exists)
        host.close()

    threading.Thread(target=close).start()
    with pytest.raises(HostError, match="the host is closed"):
        host.step()
    assert gone_within(host.pid, 60)


@pytest.mark.slow
def test_a_second_thread_is_refused_while_a_call_is_under_way(tmp_path: Path) -> None:
    running, go_on = tmp_path / "running", tmp_path / "go on"
    wait = f'fclose(fopen("{running}", "w")); while (access("{go_on}", F_OK)) usleep(1000)'
    core = small_core.build(tmp_path, ON_RUN=wait)
    with EmbeddedHost(probe_rom.build(), core, patience=60) as host:
        thread = threading.Thread(target=host.step)
        thread.start()
        assert eventually(running.exists)
        with pytest.raises(HostError, match="another thread"):
            host.step()
        go_on.touch()
        thread.join()
        assert host.step().frame == 1


PARENT = """
import os, sys, time
from pathlib import Path
from halscope.hosts.embedded import EmbeddedHost
host = EmbeddedHost(Path(sys.argv[1]), sys.argv[2] or None, patience=600)
print(host.pid, flush=True)
{}
"""


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "hangs"])
def test_the_core_does_not_outlive_a_parent_that_is_killed(tmp_path: Path, busy: bool) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build())
    core = small_core.build(tmp_path, ON_RUN="sleep(1000)")
    code = PARENT.format("host.step()" if busy else "time.sleep(600)")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(rom), str(core)],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)  # into the step
        parent.kill()
    assert gone_within(pid, 60)
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
@needs_proc
def test_a_program_may_end_without_closing_its_host(tmp_path: Path) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build())
    code = PARENT.format("host.step()")
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(rom), ""], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert gone_within(int(result.stdout), 60)


@pytest.mark.slow
@needs_proc
def test_a_forked_child_leaves_the_core_to_its_parent(tmp_path: Path) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build())
    code = PARENT.format(
        "child = os.fork()\n"
        "if not child:\n"
        "    try:\n        host.step()\n"
        "    except Exception as error:\n        print(error, flush=True)\n"
        "    host.close()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(host.step().frame, flush=True)\n"
        "host.close()\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(rom), ""], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    pid, refusal, frame = result.stdout.splitlines()
    assert "the host is closed" in refusal
    assert frame == "0"
    assert gone_within(int(pid), 60)


@pytest.mark.slow
@needs_proc
def test_a_forked_child_that_lives_on_does_not_keep_the_core_alive(tmp_path: Path) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build())
    code = PARENT.format(
        "child = os.fork()\n"
        "if not child:\n"
        "    os.close(1)\n"
        "    time.sleep(600)\n"
        "print(child, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    result = subprocess.run([sys.executable, "-c", code, str(rom), ""], stdout=subprocess.PIPE, text=True, check=False)
    core, child = map(int, result.stdout.split())
    try:
        assert gone_within(core, 60)
        assert runs(child)
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.slow
def test_a_module_in_the_current_folder_is_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "libretro", "numpy", "halscope"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('another module')")
    monkeypatch.chdir(tmp_path)
    with EmbeddedHost(probe_rom.build()) as host:
        host.step()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the processor time of a child is not known")
@pytest.mark.parametrize("pause", [4.0, None], ids=["for-a-while", "for-ever"])
def test_a_child_that_gets_no_processor_time_is_not_hung(pause: float | None) -> None:
    # On a busy machine the timer may be seconds late: there is room for that.
    with EmbeddedHost(probe_rom.build(), patience=0.3 if pause is None else 3.0) as host:
        host.step()
        os.kill(host.pid, signal.SIGSTOP)
        if pause is not None:
            threading.Timer(pause, os.kill, (host.pid, signal.SIGCONT)).start()
            assert host.step().frame == 1
            return
        start = time.monotonic()
        with pytest.raises(HostGoneError, match="ran frame 1 and has not returned"):
            host.step()
        assert time.monotonic() - start > 1.45


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the processor time of a child is not known")
@pytest.mark.parametrize(
    ("used", "waits"),
    [((0.97,), [1.0]), ((0.1, 0.2, 0.38, 0.41), [1.0, 0.3, 0.2, 0.1])],
    ids=["all-the-time", "a-tenth-of-it"],
)
def test_a_child_that_computes_without_end_is_ended_once_it_had_time_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: tuple[float, ...], waits: list[float]
) -> None:
    patience = 0.2
    seconds = iter([0.0, *used])
    answer, asked = Channel.answer, list[float]()

    def noted(channel: Channel, call: Call, timeout: float) -> None:
        asked.append(timeout / patience)
        answer(channel, call, timeout)

    host = EmbeddedHost(probe_rom.build(), small_core.build(tmp_path, ON_RUN="for (;;);"), patience=patience)
    monkeypatch.setattr(_process, "cpu_seconds", lambda pid: patience * next(seconds))
    monkeypatch.setattr(Channel, "answer", noted)
    with pytest.raises(HostGoneError, match="ran frame 0 and has not returned"):
        host.step()
    assert asked == pytest.approx(waits)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.usefixtures("temporary")
def test_a_limit_on_the_size_of_files_is_reported_and_leaves_nothing_open() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    descriptors = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else None
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, before[1]))
    try:
        with pytest.raises(HostError, match=r"memory to share .*File too large; .*ulimit -f"):
            EmbeddedHost(probe_rom.build())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    if descriptors is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_missing_temporary_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(HostError, match="no temporary folder can be created"):
        EmbeddedHost(probe_rom.build())
