"""The SA-1's memories through the script, in the lab's SA-1 variant: what a game stages there, edits, and the cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from halscope.hosts.mesen2 import MesenHost
from halscope_hooks import HostError, Snapshot, Write
from support import lab_truth
from support.lab_variants import Variant
from support.mesen import StandIn, needs_lua
from support.mesen_cost import cost
from support.mesen_demo import attached, run_both

pytestmark = [needs_lua, pytest.mark.slow]
ROUND = 56  # frames in which all of BW-RAM is read
UNUSED = 0x1F000  # where the game has nothing


@pytest.fixture
def emulator(lab_variant: Callable[[str], Variant]) -> Iterator[StandIn]:
    """With a scene that stages graphics and colours in BW-RAM."""
    path, truth = lab_variant("sa1")
    ready, scene = (truth["symbols"][name] for name in ("ready", "scene"))
    number = next(scene["id"] for scene in truth["scenes"] if scene["name"] == "embers")

    def shows(snapshot: Snapshot) -> bool:
        assert snapshot.wram is not None
        return bool(snapshot.wram[ready] == 1 and snapshot.wram[scene] == number)

    with StandIn(path) as running:
        for _ in range(30):
            running.run_frame()
        running.host.write([Write("wram", truth["symbols"]["next_scene"], bytes([number]))])
        while not shows(running.run_frame()):
            pass
        yield running


@pytest.fixture
def host(emulator: StandIn) -> Iterator[MesenHost]:
    with attached(emulator) as running:
        for _ in range(ROUND):
            run_both(emulator, running)
        yield running


def test_snapshots_have_what_is_staged_and_say_how_old_it_is(
    emulator: StandIn, host: MesenHost, lab_variant: Callable[[str], Variant]
) -> None:
    scene = next(scene for scene in lab_variant("sa1")[1]["scenes"] if scene["name"] == "embers")
    assert {"bwram", "iram"} <= host.info.readable & host.info.writable
    core, snapshot = run_both(emulator, host)
    assert snapshot.bwram is not None
    assert snapshot.iram is not None
    assert core.bwram is not None
    assert snapshot.bwram.size == core.bwram.size
    for kept in scene["wram"]:
        data = lab_truth.sources()[kept["block"]]
        assert snapshot.bwram[kept["bwram_offset"] :][: len(data)].tobytes() == data, kept
    assert snapshot.ages["bwram"] == 51  # 512 chunks, 10 a frame
    assert snapshot.ages["iram"] == 7


def test_what_dma_takes_from_bwram_is_of_the_same_frame(emulator: StandIn, host: MesenHost) -> None:
    for bank, offset in ((0x41, 0x1F000), (0x40, 0x02000)):

        def stage(bank: int = bank, offset: int = offset) -> None:
            emulator.memories["snesSaveRam"][offset : offset + 0x400] ^= 0x5A
            emulator.transfer(0x4000, 0x400, source=bank << 16 | offset & 0xFFFF)

        emulator.run_frame(stage)
        snapshot = host.poll(60)
        assert snapshot is not None
        assert snapshot.bwram is not None
        there = emulator.memories["snesSaveRam"]
        assert np.array_equal(snapshot.bwram[offset : offset + 0x400], there[offset : offset + 0x400])


def test_writes_reach_the_game_and_are_taken_back_at_the_end(emulator: StandIn, host: MesenHost) -> None:
    before = emulator.memories["snesSaveRam"][UNUSED : UNUSED + 8].tobytes()
    receipt = host.write([Write("bwram", UNUSED, b"Halscope"), Write("iram", 0x123, b"Halscope")])
    for _ in range(2):
        core, snapshot = run_both(emulator, host)
    assert receipt.error is None, receipt.error
    for one in (core, snapshot):
        assert one.bwram is not None
        assert one.iram is not None
        assert one.bwram[UNUSED : UNUSED + 8].tobytes() == b"Halscope" != before
        assert one.iram[0x123:0x12B].tobytes() == b"Halscope"
    with pytest.raises(HostError, match="outside"):
        host.write([Write("iram", 0x7FF, b"12")])
    host.write([Write("bwram", UNUSED + 1, b"ALSCOP")])
    run_both(emulator, host)
    host.close()
    for _ in range(3):
        emulator.run_frame()
    assert emulator.memories["snesSaveRam"][UNUSED : UNUSED + 8].tobytes() == before  # it is the save file


def test_a_script_that_ends_takes_edits_back(emulator: StandIn, host: MesenHost) -> None:
    before = emulator.memories["snesSaveRam"][UNUSED : UNUSED + 8].tobytes()
    for text in (b"Halscope", b"HALSCOPE"):
        host.write([Write("bwram", UNUSED, text)])
        run_both(emulator, host)
    emulator.memories["snesSaveRam"][UNUSED] = 0x21  # the game writes
    emulator.fire("scriptEnded")
    assert emulator.memories["snesSaveRam"][UNUSED : UNUSED + 8].tobytes() == b"\x21" + before[1:]


def test_a_frame_stays_in_its_budget(emulator: StandIn, host: MesenHost) -> None:
    costs = []
    for frame in range(100):
        emulator.calls.clear()
        if frame == 50:
            emulator.lua.execute(b"collectgarbage()")
            emulator.transfer(0, 0, source=0x410000)
        run_both(emulator, host)
        costs.append(cost(emulator))
    assert np.mean(costs) < 2.0
    assert max(costs) < 5.0
    print(f"mean {np.mean(costs):.2f} ms, most {max(costs):.2f} ms")
