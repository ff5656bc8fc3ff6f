"""The Mesen host: its snapshots are those of the core behind the stand-in, and its writes reach the game."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.demo import truth
from halscope.hosts.mesen2 import MesenHost
from halscope.ppu import decode_frame
from halscope_hooks import HostError, HostGoneError, Outline, Snapshot, Write, capability
from support.mesen import StandIn, needs_lua
from support.mesen_demo import attached, is_ready, run_both, until

pytestmark = needs_lua

_TRUTH: dict[str, Any] = truth()


UNTIL_WRITTEN = ("wbglog", "wobjlog", "cgwsel")  # unknown until the game writes them while the script runs


def same_state(snapshot: Snapshot, core: Snapshot) -> None:
    """Check that a snapshot is the core's own state; a register may be unknown, but not wrong."""
    for name in ("vram", "cgram", "oam"):
        different = np.flatnonzero(getattr(snapshot, name) != getattr(core, name))
        assert not different.size, f"{name}: {different[:5]}"
    for field in dataclasses.fields(core.ppu):
        mine, theirs = getattr(snapshot.ppu, field.name), getattr(core.ppu, field.name)
        assert mine == theirs or (mine is None and field.name in UNTIL_WRITTEN), field.name
    assert snapshot.cpu == core.cpu


def test_every_frame_is_seen_as_the_core_has_it(emulator: StandIn, host: MesenHost) -> None:
    core, snapshot = until(emulator, host, is_ready(0))
    for _ in range(10):
        same_state(snapshot, core)
        core, snapshot = run_both(emulator, host)


@pytest.mark.slow
def test_a_streamed_frame_is_in_the_snapshot_of_its_own_frame(emulator: StandIn, host: MesenHost) -> None:
    core, snapshot = until(emulator, host, is_ready(0))
    changes = 0
    for _ in range(60):
        before = core.vram
        core, snapshot = run_both(emulator, host)
        changes += int((core.vram != before).any())
        assert np.array_equal(snapshot.vram, core.vram)
        assert "vram" not in snapshot.ages
    assert changes > 5


@pytest.mark.slow
def test_what_nothing_announced_is_found_within_a_second(emulator: StandIn, host: MesenHost) -> None:
    until(emulator, host, is_ready(0))
    for _ in range(33):  # the game runs on, and no callback is fired
        core = emulator.run_frame()
        snapshot = host.poll(60)
    assert snapshot is not None
    behind = (snapshot.vram != core.vram).reshape(256, 256).any(axis=1).sum()
    emulator.host.write([Write("vram", 0xFF00, bytes(range(256)))])
    for _ in range(32):
        emulator.run_frame()
        snapshot = host.poll(60)
        assert snapshot is not None
        if snapshot.vram[0xFF00:].tobytes() == bytes(range(256)):
            break
    else:
        pytest.fail("not found in 32 frames")
    assert behind < 20  # only what the game streams each frame


@pytest.mark.slow
def test_wram_comes_in_rounds_and_says_its_age(emulator: StandIn, host: MesenHost) -> None:
    wrams = 0
    for _ in range(80):
        core, snapshot = run_both(emulator, host)
        if snapshot.wram is not None:
            wrams += 1
            assert snapshot.ages["wram"] == 31
    assert wrams > 40
    assert core.wram is not None
    assert snapshot.wram is not None
    assert (core.wram == snapshot.wram).mean() > 0.99


def test_the_rom_is_identified_by_the_file_that_the_emulator_names(host: MesenHost, demo: Path) -> None:
    assert host.info.rom.path == str(demo)
    assert host.info.rom.sha256 == hashlib.sha256(demo.read_bytes()).hexdigest()


def test_a_rom_with_a_copier_header_has_the_identity_of_its_image(demo: Path, tmp_path: Path) -> None:
    headered = tmp_path / "headered.smc"
    headered.write_bytes(bytes(512) + demo.read_bytes())
    with StandIn(headered) as emulator, attached(emulator) as host:
        assert host.info.rom.sha256 == hashlib.sha256(demo.read_bytes()).hexdigest()


def test_a_rom_whose_file_is_not_here_has_no_identity(demo: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.sfc"
    moved.write_bytes(demo.read_bytes())
    with StandIn(moved) as emulator:
        emulator.path = demo.parent / "not here.sfc"
        emulator.sha1 = "0" * 40
        with attached(emulator) as host:
            assert host.info.rom.sha256 is None
            assert host.info.rom.sha1 is None


def test_a_file_that_changed_after_the_emulator_read_it_is_not_the_running_rom(demo: Path, tmp_path: Path) -> None:
    rebuilt = tmp_path / "rebuilt.sfc"
    rebuilt.write_bytes(demo.read_bytes())
    with StandIn(rebuilt) as emulator:
        emulator.sha1 = "0" * 40
        with attached(emulator) as host:
            assert host.info.rom.path is None
            assert host.info.rom.sha256 is None


def test_another_rom_is_reported(emulator: StandIn, host: MesenHost, tmp_path: Path) -> None:
    run_both(emulator, host)
    other = tmp_path / "other.sfc"
    image = bytearray(emulator.path.read_bytes())
    image[0x7FDC:0x7FE0] = b"\x12\x34\xed\xcb"
    other.write_bytes(image)
    emulator.path = other
    emulator.rom[:] = np.frombuffer(image, np.uint8)
    previous = host.info
    for _ in range(130):
        emulator.run_frame()
        host.poll(0.0)
        if host.info is not previous:
            break
    assert host.info.rom.path == str(other)
    assert host.info.rom.sha256 == hashlib.sha256(image).hexdigest()


def test_writes_are_answered_once_the_emulator_has_made_them(emulator: StandIn, host: MesenHost) -> None:
    until(emulator, host, is_ready(0))
    receipt = host.write(
        [
            Write("vram", 0xFE01, bytes(range(1, 255))),
            Write("cgram", 2, b"\xe0\xff"),
            Write("oam", 543, b"\x55"),
            Write("wram", 0x1FFF0, b"halscope"),
            Write("rom", 0x7FFF, b"\x42", expected=emulator.rom[0x7FFF:0x8000].tobytes()),
        ]
    )
    assert not receipt.done
    emulator.run_frame()
    snapshot = host.poll(60)
    assert snapshot is not None
    assert receipt.done
    assert receipt.error is None
    assert snapshot.vram[0xFE01:0xFEFF].tobytes() == bytes(range(1, 255))
    assert snapshot.cgram[1] == 0x7FE0  # the emulator keeps 15 bits
    assert snapshot.oam[543] == 0x55
    assert emulator.rom[0x7FFF] == 0x42
    for _ in range(3):
        core, snapshot = run_both(emulator, host)
    assert core.vram[0xFE01:0xFEFF].tobytes() == bytes(range(1, 255))  # in the core too, not in the stand-in alone


def test_a_write_whose_bytes_have_changed_writes_nothing(emulator: StandIn, host: MesenHost) -> None:
    before = emulator.memories["snesVideoRam"][:16].tobytes()
    receipt = host.write([Write("vram", 0, b"halscope"), Write("wram", 0x1FFF0, b"x", expected=b"\x99")])
    emulator.run_frame()
    host.poll(60)
    assert receipt.done
    assert "write 2" in str(receipt.error)
    assert emulator.memories["snesVideoRam"][:16].tobytes() == before


def test_a_write_outside_of_a_memory_is_refused_here(host: MesenHost) -> None:
    for bad in (
        Write("vram", 0xFFFF, b"xx"),
        Write("vram", -1, b"x"),
        Write("cgram", 511, b"xx"),
        Write("rom", 0x100000, b"x"),
        Write("bwram", 0, b"x"),
        Write("iram", 0, b"x"),
    ):
        with pytest.raises(HostError, match=bad.space):
            host.write([Write("vram", 0, b"x"), bad])


def test_outlines_and_messages_appear_in_the_emulator(emulator: StandIn, host: MesenHost) -> None:
    overlay = capability(host, "overlay")
    assert overlay is not None
    overlay.show_message("saved")
    overlay.draw_outlines([Outline(-4, 10, 16, 32, 0xFF0000, "hal $12345"), Outline(0, 0, 8, 8)])
    run_both(emulator, host)
    assert "saved" in emulator.messages
    emulator.drawn.clear()
    run_both(emulator, host)
    # The picture begins at line 7 of Mesen's screen.
    assert ("rectangle", (-4, 17, 16, 32, 0xFF0000, False, 1, None)) in emulator.drawn
    assert [what for what, _ in emulator.drawn] == ["rectangle", "string", "rectangle"]
    overlay.draw_outlines([Outline(8, 8, 1 << 40, 8, label="é" * 200), Outline(1 << 40, -(1 << 40), 8, 8)])
    run_both(emulator, host)
    emulator.drawn.clear()
    run_both(emulator, host)
    (_, place), (_, label), (_, far) = emulator.drawn
    assert place[:4] == (8, 15, 0x3FFF - 8, 8)
    assert label[2].decode() == "é" * 127
    assert far[0] > 256
    overlay.draw_outlines([])
    run_both(emulator, host)
    emulator.drawn.clear()
    run_both(emulator, host)
    assert emulator.drawn == []


@pytest.mark.slow
def test_the_sprite_under_the_mouse_is_outlined_and_can_be_clicked(emulator: StandIn, host: MesenHost) -> None:
    core, _ = until(emulator, host, is_ready(0))
    sprite = next(one for one in decode_frame(core).sprites if 0 <= one.x < 200 and one.y < 200)
    host.label_sprites({sprite.index: "hal $2A000+64"})
    emulator.mouse |= {b"x": sprite.x + 1, b"y": sprite.y + 1 + 7}
    run_both(emulator, host)
    emulator.drawn.clear()
    core, _ = run_both(emulator, host)
    hovered = host.hovered
    assert hovered is not None
    shown = decode_frame(core).sprites[hovered]
    assert shown.index <= sprite.index or shown.index == hovered
    assert emulator.drawn[0][1][:4] == (shown.x, shown.y + 7, shown.width, shown.height)
    assert host.take_clicks() == []
    emulator.mouse |= {b"left": True}
    for _ in range(5):
        run_both(emulator, host)
    assert host.take_clicks() == [hovered]  # one click, however long the button is held
    emulator.mouse |= {b"x": -1, b"y": -1}
    run_both(emulator, host)
    assert host.hovered is None


def test_the_host_says_that_the_emulator_has_gone_and_fails_its_writes(emulator: StandIn, host: MesenHost) -> None:
    run_both(emulator, host)
    receipt = host.write([Write("vram", 0, b"x")])
    emulator.close()
    with pytest.raises(HostGoneError, match="closed"):
        host.poll(60)
    assert isinstance(receipt.error, HostGoneError)
