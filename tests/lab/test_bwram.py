"""Graphics and colours that a game stages in the SA-1's BW-RAM, in the lab's SA-1 variant on cores that run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.codecs.hal import HAL
from halscope.formats.recording import RecordingReader
from halscope.formats.snes9x import parse_state
from halscope.hosts.libretro import available_cores
from halscope.inject import EditedSheet, live_writes, sheet_from_block
from halscope.session import Session
from halscope_hooks import HostError, Snapshot, Write
from support import lab_truth
from support.lab_game import LabGame
from support.lab_variants import Variant
from support.planning import plan_edit

pytestmark = pytest.mark.slow
CORES = [core.name for core in available_cores() if core.name == "snes9x" or core.name.endswith("performance")]
BANK = 0x10000  # decoded blocks are at $41:0000


@pytest.fixture(scope="module")
def variant(lab_variant: Callable[[str], Variant]) -> Variant:
    return lab_variant("sa1")


def bwram_of(snapshot: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    assert snapshot.bwram is not None
    return snapshot.bwram


@pytest.mark.parametrize("core", CORES)
def test_snapshots_hold_what_the_game_stages_in_bwram(variant: Variant, core: str) -> None:
    path, truth = variant
    scene = next(scene for scene in truth["scenes"] if scene["name"] == "embers")
    mirror = scene["mirror"]
    with LabGame(core, path) as game:
        snapshot = game.go_to("embers")
        bwram = bwram_of(snapshot)
        assert bwram.size == 0x20000
        assert {"bwram"} <= game.host.info.readable & game.host.info.writable
        for kept in scene["wram"]:
            data = lab_truth.sources()[kept["block"]]
            assert bwram[kept["bwram_offset"] :][: len(data)].tobytes() == data, kept
        buffer = bwram[mirror["bwram_offset"] :][: mirror["size"]].view("<u2") & 0x7FFF  # CGRAM has no bit 15
        first, count = mirror["cycle"]["cgram_byte"] // 2, mirror["cycle"]["size"] // 2
        still = np.r_[0:first, first + count : 256]
        assert np.array_equal(buffer[still], snapshot.cgram[still])
        assert snapshot.wram is not None
        assert lab_truth.sources()["fires"] not in snapshot.wram.tobytes()
        assert lab_truth.sources()["fires"] in bwram.tobytes(), "the block that was decoded last"


@pytest.mark.parametrize("core", CORES)
def test_a_colour_written_to_bwram_reaches_the_screen(variant: Variant, core: str) -> None:
    path, truth = variant
    mirror = next(scene for scene in truth["scenes"] if scene["name"] == "embers")["mirror"]
    with LabGame(core, path) as game:
        game.go_to("embers")
        host = game.host
        host.write([Write("bwram", mirror["bwram_offset"] + 2 * 5, b"\x1f\x7c")])
        host.step()
        assert host.step().cgram[5] == 0x7C1F
        with pytest.raises(HostError, match="bwram 0x1ffff to 0x20001 is outside its 0x20000 bytes"):
            host.write([Write("bwram", 0x1FFFF, b"\0\0")])


@pytest.mark.parametrize("core", CORES)
def test_a_live_edit_finds_the_copy_in_bwram(variant: Variant, core: str) -> None:
    path, _ = variant
    rom = Workspace.open(path).rom
    truth = next(block for block in variant[1]["blocks"] if block["name"] == "fires")
    sheet = sheet_from_block(rom, HAL, truth["offset"], start="pointer")
    pixels = sheet.compose().pixels
    cell = next(cell for cell in sheet.cells if len(set(cell.tile)) > 8)
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = pixels[cell.y : cell.y + 8, cell.x : cell.x + 8][::-1]
    plan = plan_edit(rom, [HAL], EditedSheet(sheet, pixels))
    with LabGame(core, path) as game:
        snapshot = game.go_to("embers")
        writes = live_writes(plan, snapshot)
        assert cell.origin is not None
        at = BANK + cell.origin.byte_offset
        assert ("bwram", at) in {(write.space, write.offset) for write in writes}
        assert not {write.space for write in writes} - {"vram", "bwram"}
        game.host.write(writes)
        after = bwram_of(game.host.step())
        assert after[at : at + 32].tobytes() == plan.blocks[0].new_data[cell.origin.byte_offset :][:32]


def test_iram_is_shown_and_written_where_the_core_has_it(variant: Variant) -> None:
    path, _ = variant
    with LabGame("snes9x", path) as game:
        host = game.host
        assert "iram" in host.info.readable & host.info.writable
        snapshot = host.step()
        assert snapshot.iram is not None
        assert snapshot.iram.size == 0x800
        host.write([Write("iram", 0x123, b"Halscope")])
        after = host.step().iram
        assert after is not None
        assert after[0x123:0x12B].tobytes() == b"Halscope"
        fields = parse_state(host.save_state())
        assert fields.iram is not None
        assert np.array_equal(fields.iram, after)
        assert fields.bwram is not None
        assert np.array_equal(fields.bwram, bwram_of(host.step())[: fields.bwram.size])


def test_a_cartridge_without_an_sa1_has_neither() -> None:
    with LabGame("snes9x") as game:
        snapshot = game.host.step()
        assert snapshot.bwram is None
        assert snapshot.iram is None
        assert not {"bwram", "iram"} & (game.host.info.readable | game.host.info.writable)
        with pytest.raises(HostError, match="bwram is not writable"):
            game.host.write([Write("bwram", 0, b"\0")])


def test_recordings_keep_the_memories_with_wram_alone(variant: Variant, tmp_path: Path) -> None:
    path, _ = variant
    with LabGame("snes9x", path) as game:
        game.go_to("embers")
        with Session(game.host) as session:
            session.record(tmp_path / "with.hrec")
            session.record(tmp_path / "without.hrec", wram=False)
            snapshot = session.tick()
    assert snapshot is not None
    with RecordingReader(tmp_path / "with.hrec") as reader:
        kept = reader[0]
        assert np.array_equal(bwram_of(kept), bwram_of(snapshot))
        assert kept.iram is not None
    with RecordingReader(tmp_path / "without.hrec") as reader:
        assert reader[0].bwram is None
        assert reader[0].iram is None
