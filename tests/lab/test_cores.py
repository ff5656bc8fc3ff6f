"""The truth file is true on every core: memories and registers of each scene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support import lab_truth
from support.cores import two_cores
from support.lab_game import LabGame
from support.lab_tour import LabTour

NAMES = [scene["name"] for scene in lab_truth.load_truth()["scenes"]]
# $21xx registers whose value a snapshot holds as it was written, by their name in PpuRegisters.
PLAIN = {
    0x2101: "obsel",
    0x2105: "bgmode",
    0x2106: "mosaic",
    0x2107: "bg1sc",
    0x2108: "bg2sc",
    0x2109: "bg3sc",
    0x210B: "bg12nba",
    0x210C: "bg34nba",
    0x211A: "m7sel",
    0x2123: "w12sel",
    0x2124: "w34sel",
    0x2125: "wobjsel",
    0x212A: "wbglog",
    0x212B: "wobjlog",
    0x212C: "tm",
    0x212D: "ts",
    0x212E: "tmw",
    0x212F: "tsw",
    0x2130: "cgwsel",
    0x2131: "cgadsub",
    0x2133: "setini",
}


@pytest.fixture(params=two_cores())
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tour(core: str, lab_tour: Callable[[str], LabTour]) -> LabTour:
    return lab_tour(core)


@pytest.mark.parametrize("name", NAMES)
def test_memories_and_registers_are_as_told(tour: LabTour, name: str) -> None:
    snapshot = tour.snapshot(name)
    assert np.array_equal(snapshot.vram, lab_truth.vram(name))
    assert np.array_equal(snapshot.oam, lab_truth.oam(name))
    scene = lab_truth.scene(name)
    assert snapshot.wram is not None
    for kept in scene["wram"]:
        data = lab_truth.sources()[kept["block"]]
        assert snapshot.wram[kept["wram_offset"] :][: len(data)].tobytes() == data, kept
    # A register that HDMA writes holds what the last row left in it.
    moving = {channel["bbad"] + 0x2100 for channel in scene["channels"]}
    step = LabGame.variable(snapshot, "cycle_shown")
    assert np.array_equal(snapshot.cgram, lab_truth.cgram(name, row=lab_truth.ROWS - 1, step=step))
    checked = 0
    for register, value in dict(scene["registers"]).items():
        if register in PLAIN and register not in moving:
            held = getattr(snapshot.ppu, PLAIN[register])
            assert held in (value, None), f"${register:04X}"
            checked += held is not None
    assert checked >= 3
    assert LabGame.variable(snapshot, "lag_frames") == 0


@pytest.mark.parametrize("name", [scene["name"] for scene in lab_truth.load_truth()["scenes"] if scene["channels"]])
def test_the_state_holds_the_channels_that_the_scene_set_up(tour: LabTour, name: str) -> None:
    scene, cpu = lab_truth.scene(name), tour.snapshot(name).cpu
    assert cpu is not None
    assert cpu.hdmaen == scene["hdmaen"]
    assert cpu.nmitimen == 0x81
    for channel in scene["channels"]:
        held = cpu.dma[channel["number"]]
        assert (held.dmap, held.bbad) == (channel["dmap"], channel["bbad"])
        if name != "swell":  # its tables take turns
            assert held.a1b << 16 | held.a1t == channel["table_address"]
        if channel["dmap"] & 0x40:
            assert held.dasb == channel["indirect_bank"]


def test_colours_go_round_in_the_buffer_and_follow_in_cgram(core: str) -> None:
    mirror, seen, ahead = lab_truth.scene("embers")["mirror"], set(), 0
    with LabGame(core) as game:
        snapshot = game.go_to("embers")
        for _ in range(60):
            step = game.variable(snapshot, "cycle_shown")
            seen.add(step)
            assert np.array_equal(snapshot.cgram, lab_truth.cgram("embers", step=step))
            assert snapshot.wram is not None
            buffer = snapshot.wram[mirror["wram_offset"] :][: mirror["size"]].view("<u2")
            prepared = game.variable(snapshot, "cycle_step")
            assert np.array_equal(buffer, lab_truth.cgram("embers", step=prepared))
            ahead += prepared != step
            snapshot = game.host.step()
    assert seen == set(range(7))
    assert ahead, "the main loop prepares the next colours before vblank sends them"
