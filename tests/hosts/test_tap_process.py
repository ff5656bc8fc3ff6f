"""Frontends in processes of their own: found, chosen, killed at any moment, and attached to again."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.hosts._ring import find_rings
from halscope.hosts.libretro import available_cores
from halscope.hosts.retroarch import find_taps, open_tap
from halscope_hooks import FoundEmulator, HostAbsentError, HostError, HostGoneError, UsageError, Write
from support import taps
from support.made_host import eventually
from support.stately_game import stately_game
from support.taps import TapProcess

rings = taps.rings
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("rings"),
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]


@pytest.fixture
def core() -> str:
    return available_cores()[0].name


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    path = tmp_path / "game.sfc"
    path.write_bytes(stately_game(["vram"]))
    return path


@pytest.fixture
def emulator(core: str, rom: Path) -> Iterator[TapProcess]:
    with TapProcess(core, rom) as process:
        yield process


def test_running_games_are_listed_and_chosen_by_their_process(core: str, rom: Path, emulator: TapProcess) -> None:
    with TapProcess(core, rom) as second:
        first_found, second_found = find_taps()
        assert (first_found.address, second_found.address) == (str(emulator.pid), str(second.pid))
        assert isinstance(first_found, FoundEmulator)
        assert find_taps(str(second.pid)) == [second_found]
        with open_tap(str(emulator.pid)) as one, open_tap() as other:  # the newest that is free
            assert (one.pid, other.pid) == (emulator.pid, second.pid)
            assert one.poll(60) is not None
            assert other.poll(60) is not None
            assert all("another Halscope" in found.problem for found in find_taps())
            with pytest.raises(HostError, match="another Halscope"):
                open_tap(str(second.pid))
    with pytest.raises(UsageError, match="process id"):
        find_taps("localhost:1")


def test_a_closed_game_and_a_missing_one_are_told_apart(emulator: TapProcess) -> None:
    with open_tap() as host:
        assert host.poll(60) is not None
        emulator.close()
        with pytest.raises(HostGoneError, match="closed the game"):
            taps.drain(host)
    with pytest.raises(HostAbsentError, match="no game runs"):
        open_tap()
    with pytest.raises(HostAbsentError, match="in process 1"):
        open_tap("1")


def test_an_emulator_killed_at_any_moment_is_noticed_and_leaves_nothing(core: str, rom: Path, rings: Path) -> None:
    random_times = random.Random(3)
    for _ in range(4):
        with TapProcess(core, rom, fps=0) as emulator, open_tap() as host:
            until = time.monotonic() + random_times.uniform(0.02, 0.2)
            while time.monotonic() < until:
                host.poll(0.01)
            emulator.kill()
            receipt = host.write([Write("vram", 0, b"1")])
            with pytest.raises(HostGoneError):
                taps.drain(host)
            assert isinstance(receipt.error, HostGoneError)
        assert find_rings() == []
        assert list(rings.iterdir()) == []


def catches_faults(emulator: TapProcess) -> bool:
    """Whether the emulator's process has a handler of SIGSEGV, as a tap has that watches the ROM."""
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{emulator.pid}/status").read_text(), re.MULTILINE)
    assert caught is not None
    return bool(int(caught[1], 16) >> (signal.SIGSEGV - 1) & 1)


def test_a_halscope_killed_at_any_moment_leaves_the_game_running(emulator: TapProcess) -> None:
    code = (
        "from halscope.hosts.retroarch import open_tap as o; h = o(); h.watch_rom([(0, 0x8000)])\n"
        "while not h.take_touches(): h.poll(1)\nprint('on', flush=True)\nwhile 1: h.poll(1)"
    )
    assert not catches_faults(emulator)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"on\n"
        with pytest.raises(HostError, match=rf"process {other.pid}\)"):
            open_tap()
        assert catches_faults(emulator)
        other.kill()
    assert eventually(lambda: not catches_faults(emulator)), "a killed reader is forgotten after two seconds"
    with open_tap() as host:
        first, second = host.poll(60), host.poll(60)
        assert first is not None
        assert second is not None
        assert second.frame > first.frame
    assert emulator.running
