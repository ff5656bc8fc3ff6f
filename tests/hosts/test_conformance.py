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
from halscope.hosts.usb2snes import Usb2snesHost
from halscope.ppu import decode_frame, with_match, with_raster
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import TILE_BYTES, CpuRegisters, DmaChannel, HostInfo, Snapshot, Sprite, Write
from numpy.typing import NDArray
from support.conformance import CORES, REGISTERS, ROWS, SCENE, Row, reference
from support.demo_game import DemoGame
from support.same_moment import SETTLED, Moment, in_process, moment_of, poll_until, write_all
from support.server_process import ServerProcess
from support.usb2snes_hand import Hand, settled

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
def rests(scene: int = SCENE["id"]) -> NDArray[np.bool_]:
    """Which bytes of VRAM are rests of the scene before: the frame of an animation that it happened to show last."""
    old = np.zeros(0x10000, np.bool_)
    scenes = truth()["scenes"]
    shown = scenes[scene]
    for other in (*(one for one in scenes if one["id"] != scene), shown):
        for slot in other["slots"]:
            for row in range(slot["rows"]):
                at = slot["vram_byte"] + row * slot["vram_row_stride"]
                old[at : at + slot["row_bytes"]] = other["id"] != scene
    for piece in shown["vram"]:
        old[piece["vram_byte"] : piece["vram_byte"] + piece["size"]] = False
    return old


def plain(sprite: Sprite) -> tuple[object, ...]:
    """Everything of a sprite, as a value that can be compared."""
    place = (sprite.index, sprite.x, sprite.y, sprite.width, sprite.height)
    return (*place, sprite.palette, sprite.priority, sprite.hflip, sprite.vflip, sprite.pixels.tobytes())


def check_memories(snapshot: Snapshot, expected: Snapshot, scene: int = SCENE["id"]) -> None:
    differs = (snapshot.vram != expected.vram) & ~rests(scene)
    assert not differs.any(), f"vram differs at {np.flatnonzero(differs)[:8]}"
    assert np.array_equal(snapshot.cgram, expected.cgram)
    assert np.array_equal(snapshot.oam, expected.oam)


def check_registers(row: Row, snapshot: Snapshot, expected: Snapshot) -> None:
    for name in REGISTERS:
        value = None if name in row.unknown else getattr(expected.ppu, name)
        assert getattr(snapshot.ppu, name) == value, name
    for part in ("wram", "picture", "cpu"):
        assert (getattr(snapshot, part) is not None) == (part in row.parts), part
    assert (snapshot.field is not None) == ("field" in row.parts)
    assert (snapshot.cpu is not None and len(snapshot.cpu.dma) > 0) == ("dma" in row.parts)
    if snapshot.cpu is not None:
        assert interrupts(snapshot.cpu) == interrupts(expected.cpu)
        assert channels(snapshot.cpu) == channels(expected.cpu) or not snapshot.cpu.dma


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


def channels(cpu: CpuRegisters | None) -> list[DmaChannel]:
    """The channels; where a table stands, only of those that do HDMA: cores power the others up each in its own way."""
    assert cpu is not None
    assert cpu.hdmaen is not None
    return [one if cpu.hdmaen >> number & 1 else replace(one, a2a=0) for number, one in enumerate(cpu.dma)]


def check_fields(row: Row, first: tuple[Moment, Snapshot], then: tuple[Moment, Snapshot]) -> None:
    """The field changes with each frame. Which of the two a moment has depends on how long the loads before took."""
    if "field" in row.parts:
        passed = then[0].frame - first[0].frame
        assert first[1].field is not None
        assert then[1].field == first[1].field ^ passed & 1, passed


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
        first = moment, snapshot
        snapshot = view.after(known.writes)
        check_fields(row, first, (view.moment(snapshot), snapshot))
        expected = known.edited(view.moment(snapshot))
        check_memories(snapshot, expected)
        check_registers(row, snapshot, expected)
        check_pixels(row, snapshot, expected)


def test_what_is_written_into_a_consoles_rom_is_on_its_screen_from_the_next_load_on(rom: Path) -> None:
    """usb2snes has no other injection: a console's VRAM cannot be written from outside."""
    known = truth()
    raw = next(one for one in known["raw"] if one["name"] == "boss")
    scene = next(one["id"] for one in known["scenes"] if one["name"] == "keep")
    image = rom.read_bytes()
    old = image[raw["offset"] : raw["offset"] + raw["size"]]
    new = bytes(255 - byte for byte in old)
    with (
        ServerProcess("usb2snes_server", rom, CORES[0], "qusb2snes") as console,
        Usb2snesHost(console.address) as host,
        Hand(console) as hand,
    ):
        first = poll_until(host, lambda _: True)
        write_all(host, Write("rom", raw["offset"], new, old))
        hand.go_to(scene, SETTLED)
        snapshot = settled(host)
        moment = moment_of(replace(snapshot, wram=hand.wram()))
    assert moment is not None
    edited = image[: raw["offset"]] + new + image[raw["offset"] + raw["size"] :]
    with DemoGame(CORES[0], edited) as game:
        expected = in_process(game, moment)
    assert (first.vram != snapshot.vram).any()
    check_memories(snapshot, expected, scene)
    assert [*map(plain, decode_frame(snapshot).sprites)] == [*map(plain, decode_frame(expected).sprites)]
    tiles = {new[at : at + TILE_BYTES] for at in range(0, len(new), TILE_BYTES)}
    drawn = [at for sprite in decode_frame(snapshot).sprites for at in sprite.cells.flat]
    assert sum(snapshot.vram[at : at + TILE_BYTES].tobytes() in tiles for at in drawn) > 8
