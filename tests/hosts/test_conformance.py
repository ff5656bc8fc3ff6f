"""Every host, and every kind of file, shows the same moment of the demo game byte by byte, also after an injection.

A moment is `load_count`, `scene` and `scene_frame` with `ready` = 1. The game's frame counter would not do: it counts
NMIs, and a scene takes a different number of them to load on each core.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.demo import rom_path, truth
from halscope.ppu import decode_frame, with_match, with_raster
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import TILE_BYTES, CpuRegisters, HostInfo, Snapshot, Sprite
from numpy.typing import NDArray
from support.conformance import CORES, REGISTERS, ROWS, SCENE, Row, reference
from support.same_moment import SETTLED

MANIFEST = json.loads((Path(__file__).parents[2] / "manifest.json").read_text("utf-8"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORES, reason="no libretro core is installed"),
]


@cache
def index() -> VramTracker:
    with rom_path() as path:
        return VramTracker(Workspace.open(path).index())


@cache
def rests() -> NDArray[np.bool_]:
    """Which bytes of VRAM are rests of the scene before: the frame of an animation that it happened to show last."""
    old = np.zeros(0x10000, np.bool_)
    scenes = truth()["scenes"]
    for other in (*(one for one in scenes if one["id"] != SCENE["id"]), SCENE):
        for slot in other["slots"]:
            for row in range(slot["rows"]):
                at = slot["vram_byte"] + row * slot["vram_row_stride"]
                old[at : at + slot["row_bytes"]] = other["id"] != SCENE["id"]
    for piece in SCENE["vram"]:
        old[piece["vram_byte"] : piece["vram_byte"] + piece["size"]] = False
    return old


def plain(sprite: Sprite) -> tuple[object, ...]:
    """Everything of a sprite, as a value that can be compared."""
    place = (sprite.index, sprite.x, sprite.y, sprite.width, sprite.height)
    return (*place, sprite.palette, sprite.priority, sprite.hflip, sprite.vflip, sprite.pixels.tobytes())


def check_memories(snapshot: Snapshot, expected: Snapshot) -> None:
    differs = (snapshot.vram != expected.vram) & ~rests()
    assert not differs.any(), f"vram differs at {np.flatnonzero(differs)[:8]}"
    assert np.array_equal(snapshot.cgram, expected.cgram)
    assert np.array_equal(snapshot.oam, expected.oam)


def check_registers(row: Row, snapshot: Snapshot, expected: Snapshot) -> None:
    for name in REGISTERS:
        value = None if name in row.unknown else getattr(expected.ppu, name)
        assert getattr(snapshot.ppu, name) == value, name
    for part in ("wram", "picture", "cpu"):
        assert (getattr(snapshot, part) is not None) == (part in row.parts), part
    if snapshot.cpu is not None:
        assert interrupts(snapshot.cpu) == interrupts(expected.cpu)


def check_info(info: HostInfo | None, snapshot: Snapshot) -> None:
    """What the host says that it reads is what its snapshots have, and nothing that the manifest does not say."""
    if info is None:
        return
    optional = ("wram", "bwram", "iram", "picture", "cpu")
    has = {"vram", "cgram", "oam"} | {part for part in optional if getattr(snapshot, part) is not None}
    has |= {"ppu"} if snapshot.ppu.obsel is not None else set()
    assert info.readable - {"rom"} == has
    (known,) = [host for host in MANIFEST["hosts"] if host["id"] == info.name]
    assert info.readable <= set(known["memory"])
    assert info.writable <= set(known["writes"])


def interrupts(cpu: CpuRegisters | None) -> tuple[object, ...]:
    assert cpu is not None
    return cpu.nmitimen, cpu.hdmaen, cpu.htime, cpu.vtime


def check_pixels(row: Row, snapshot: Snapshot, expected: Snapshot) -> None:
    """The sprites' pixels, and those of the screen: the host's own picture, and the one that its state composes to."""
    assert [*map(plain, decode_frame(snapshot).sprites)] == [*map(plain, decode_frame(expected).sprites)]
    if expected.picture is None:
        return
    if snapshot.picture is not None:
        assert np.array_equal(snapshot.picture, expected.picture)
    if not row.unknown:
        composed = with_match(decode_frame(with_raster(replace(snapshot, picture=expected.picture))))
        assert composed.matches


def check_origins(snapshot: Snapshot, expected: Snapshot) -> None:
    """Every tile that the build knows has the same origins, best first, and there are some."""
    ours, theirs = index().update(snapshot.vram), index().update(expected.vram)
    for tile in np.flatnonzero(~rests()[::TILE_BYTES]).tolist():
        assert ours.origins[tile] == theirs.origins[tile]
    assert theirs.located > 100


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


def test_an_injection_is_seen_on_the_screen_and_lasts() -> None:
    """The reference itself: the game leaves the written tiles alone, and they are drawn."""
    known = reference()
    assert len(known.edited_moments) > 30
    for moment in known.edited_moments:
        snapshot, before = known.edited(moment), known.plain(moment).picture
        for write in known.writes:
            assert snapshot.vram[write.offset : write.offset + TILE_BYTES].tobytes() == write.data
        assert before is not None
        assert snapshot.picture is not None
        assert (before != snapshot.picture).any(axis=2).sum() > 200


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_same_moment_is_the_same_on_every_host_and_in_every_file(row: Row, tmp_path: Path, rom: Path) -> None:
    if row.why_not:
        pytest.skip(row.why_not)
    known = reference()  # before a row opens the same core in this process
    with row.open(tmp_path, rom) as view:
        snapshot = view.before()
        moment = view.moment(snapshot)
        assert (moment.loads, moment.scene) == (2, SCENE["id"])
        assert moment.frame >= SETTLED
        expected = known.plain(moment)
        check_memories(snapshot, expected)
        check_registers(row, snapshot, expected)
        check_info(view.info, snapshot)
        check_pixels(row, snapshot, expected)
        check_origins(snapshot, expected)
        if view.after is None:
            return
        snapshot = view.after(known.writes)
        expected = known.edited(view.moment(snapshot))
        check_memories(snapshot, expected)
        check_registers(row, snapshot, expected)
        check_pixels(row, snapshot, expected)
