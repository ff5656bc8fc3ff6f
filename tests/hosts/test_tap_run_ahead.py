"""The tap under run-ahead and netplay: hidden runs are not published, and no state is saved for Halscope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.hosts._ring import NETPLAY, RUN_AHEAD
from halscope.hosts.libretro import LibretroHost
from halscope.hosts.libretro.api import AvEnableFlags
from halscope.hosts.retroarch import RetroArchHost
from halscope_hooks import HostError, Write
from libretro.api.savestate import SavestateContext
from support import taps
from support.cores import two_cores
from support.stately_game import stately_game

rings = taps.rings
pytestmark = [pytest.mark.parametrize("core", two_cores()), pytest.mark.usefixtures("rings")]


class Frontend:
    """RetroArch's way to run ahead by one frame with one instance, on libretro.py."""

    def __init__(self, host: LibretroHost) -> None:
        self._machine = host._machine
        self._session: Any = host._machine._session

    def says(self, context: SavestateContext) -> None:
        self._session.savestate_context = context

    def run(self, *, shown: bool = True) -> None:
        both = AvEnableFlags.VIDEO | AvEnableFlags.AUDIO
        self._session.av_enable = both if shown else AvEnableFlags(0)
        self._machine.run()

    def run_ahead(self) -> int:
        """One displayed frame. Returns the game's counter in the state that the frontend saved."""
        self.run(shown=False)
        state = bytes(self._machine.state())
        counter = self.counter()
        self.run()
        self._machine.load(state)
        return counter

    def counter(self) -> int:
        return int(self._machine.vram.view("<u2")[0])


@pytest.fixture
def inside(core: str, rings: Path) -> Iterator[LibretroHost]:
    with taps.tapped(core, stately_game(["vram", "cgram", "oam"])) as running:
        yield running


@pytest.fixture
def host(inside: LibretroHost) -> Iterator[RetroArchHost]:
    with taps.attached() as host:
        yield host


def numbers_of(host: RetroArchHost) -> list[int]:
    found = []
    while (snapshot := host.poll(0)) is not None:
        found.append(int(snapshot.vram.view("<u2")[0]))
    return found


def test_only_the_shown_frames_of_run_ahead_are_published(inside: LibretroHost, host: RetroArchHost) -> None:
    frontend = Frontend(inside)
    for _ in range(20):
        frontend.run()
    numbers_of(host)
    frontend.says(SavestateContext.RUNAHEAD_SAME_INSTANCE)
    host.watch_rom([(0, 0x8000)])
    for _ in range(10):
        counter = frontend.run_ahead()
        (published,) = numbers_of(host)
        assert published == counter + 1  # the frame that is ahead
        assert len({touch.frame for touch in host.take_touches()}) == 1


def test_run_ahead_reads_the_states_that_the_frontend_saves(inside: LibretroHost, host: RetroArchHost) -> None:
    frontend = Frontend(inside)
    for _ in range(20):
        frontend.run()
        host.poll(0)
    frontend.says(SavestateContext.RUNAHEAD_SAME_INSTANCE)
    for _ in range(5):
        frontend.run_ahead()
        snapshot = host.poll(0)
        assert snapshot is not None
        assert host._ring.context & RUN_AHEAD
        assert snapshot.ages["ppu"] == 1  # a state that the tap had saved itself would be of this frame
        assert snapshot.ppu.bgmode == 1


def test_oam_and_cgram_are_of_the_frame_where_no_state_is_saved(inside: LibretroHost, host: RetroArchHost) -> None:
    """As with a second instance: RetroArch saves a state when a button is pressed."""
    frontend = Frontend(inside)
    frontend.says(SavestateContext.RUNAHEAD_SAME_BINARY)
    for _ in range(20):
        frontend.run()
    assert numbers_of(host) == []  # nothing is known of OAM yet
    inside._machine.state()
    snapshots = []
    for _ in range(4):
        frontend.run()
        snapshots.append(host.poll(0))
    last, before = snapshots[-1], snapshots[-2]
    assert last is not None
    assert before is not None
    assert not np.array_equal(last.oam, before.oam)
    assert not np.array_equal(last.cgram, before.cgram)
    video = inside._reader.read(registers=False)
    assert np.array_equal(last.oam, video.oam)
    assert np.array_equal(last.cgram, video.cgram)
    assert not {"oam", "cgram"} & set(last.ages)
    assert last.ppu.obsel is None or last.ages["ppu"] == 4


def test_a_write_during_run_ahead_lasts(inside: LibretroHost, host: RetroArchHost) -> None:
    frontend = Frontend(inside)
    for _ in range(20):
        frontend.run()
    frontend.says(SavestateContext.RUNAHEAD_SAME_INSTANCE)
    frontend.run_ahead()
    host.poll(0)
    receipt = host.write([Write("vram", 0x4000, b"halscope")])
    for _ in range(3):
        frontend.run_ahead()
    numbers_of(host)
    assert receipt.done
    assert receipt.error is None
    assert inside._machine.vram[0x4000:0x4008].tobytes() == b"halscope"


def test_netplay_refuses_writes_and_saves_no_state(inside: LibretroHost, host: RetroArchHost) -> None:
    frontend = Frontend(inside)
    for _ in range(20):
        frontend.run()
        host.poll(0)
    frontend.says(SavestateContext.ROLLBACK_NETPLAY)
    before = inside._machine.vram.copy()
    receipt = host.write([Write("vram", 0x4000, b"halscope")])
    frontend.run()
    snapshot = host.poll(0)
    assert isinstance(receipt.error, HostError)
    assert "network" in str(receipt.error)
    assert np.array_equal(inside._machine.vram[0x4000:], before[0x4000:])
    assert host._ring.context & NETPLAY
    if snapshot is not None:  # bsnes-mercury's OAM and CGRAM are read from its memory
        assert snapshot.ppu.obsel is None or snapshot.ages["ppu"] > 0
