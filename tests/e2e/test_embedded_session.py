"""A session on a core in a process of its own: Ctrl-C loses no frame, and a crash ends it with the reason."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.demo import rom_path
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import available_cores
from halscope.session import Session
from halscope_hooks import Detached, HostGoneError, Patch, Snapshot, Write
from support import probe_rom, small_core, tiny_rom

pytestmark = [
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
    pytest.mark.slow,
]


@pytest.mark.parametrize("threads", [False, True])
def test_a_crash_ends_the_session_with_its_reason(tmp_path: Path, threads: bool) -> None:
    core = small_core.build(tmp_path, ON_RUN="if (frame == 5) abort()")
    host = EmbeddedHost(probe_rom.build(), core)
    session = Session(host, threads=threads, owns_host=True)
    ends = session.pull(Detached)
    with pytest.raises(HostGoneError, match=r"crashed \(SIGABRT\) when it ran frame 4"):
        list(map(Session.tick, [session] * 10))
    end = ends.take(60)
    assert isinstance(end, Detached)
    assert "SIGABRT" in end.reason
    assert session.ended
    assert not Path(f"/proc/{host.pid}").exists()


def test_ctrl_c_at_any_moment_loses_no_frame() -> None:
    frames: list[int] = []

    def keep(snapshot: Snapshot) -> None:
        frames.append(snapshot.frame)

    with Session(EmbeddedHost(probe_rom.build(animate=["oam"])), threads=True, owns_host=True) as session:
        tap = session.collect(keep)
        interrupts = 0
        while interrupts < 20:
            session.tick()  # one frame at least for each interrupt, however slow the machine is
            interrupt = threading.Timer(0.005 + 0.0013 * interrupts, os.kill, (os.getpid(), signal.SIGINT))
            try:
                interrupt.start()
                while True:
                    session.tick()
            except KeyboardInterrupt:
                interrupts += 1
        for _ in range(3):
            session.tick()
        assert tap.close()
    gaps = [(one, other) for one, other in itertools.pairwise(frames) if other != one + 1]
    assert len(frames) > 20
    assert gaps == []


def test_a_write_of_another_thread_reaches_the_core() -> None:
    with Session(EmbeddedHost(probe_rom.build()), threads=True, owns_host=True) as session:
        for _ in range(12):
            session.tick()
        jobs = []
        patch = Patch("0" * 64, (), (Write("wram", 0x1FFF0, b"halscope"),))
        thread = threading.Thread(target=lambda: jobs.append(session.apply(patch)))
        thread.start()
        thread.join()
        snapshot = None
        until = time.monotonic() + 30
        while not jobs[0].ended and time.monotonic() < until:
            snapshot = session.tick()
        jobs[0].result(60)
        snapshot = session.tick()
        assert snapshot is not None
        assert snapshot.wram is not None
        assert snapshot.wram[0x1FFF0:0x1FFF8].tobytes() == b"halscope"


def test_play_ends_with_one_line_when_the_program_stops_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mercury = [core.name for core in available_cores() if core.name.startswith("bsnes-mercury")]
    if not mercury:
        pytest.skip("no bsnes-mercury core is installed")
    defaults = EmbeddedHost.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "patience", 0.4)  # instead of 5 s of processor time
    rom = tmp_path / "stp.sfc"
    rom.write_bytes(tiny_rom.build(tiny_rom.STOPPED))
    assert main(["play", str(rom), "--frames", "5", "--json", "--core", mercury[0]]) == 1
    out, errors = capsys.readouterr()
    assert out == ""
    assert "has not returned for 0.4 s" in errors.splitlines()[-1]


def test_the_demo_prints_json_alone_whatever_its_core_prints(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ON_LOAD='puts("Map_LoROMMap")', ON_RUN='puts("runs")')
    with rom_path() as rom:
        command = [sys.executable, "-m", "halscope", "play", str(rom), "--frames", "2", "--json", "--core", str(core)]
        for host in ("embedded", "libretro"):
            done = subprocess.run([*command, "--host", host], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stderr
            assert [line[:10] for line in done.stdout.splitlines()] == ['{"frame": '] * 2
