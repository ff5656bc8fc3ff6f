"""The NWA host against a strict server of our own with a real core behind it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.hosts.nwa import NwaHost, _discovery, find_emulators
from halscope.hosts.nwa import host as nwa_host
from halscope.ppu import decode_frame, with_match, with_raster
from halscope_hooks import HostAbsentError, HostError, HostGoneError, Snapshot, Write, capability
from support.demo_game import DemoGame
from support.lab_variants import Variant
from support.nwa_server import LOCKED
from support.same_moment import (
    SETTLED,
    go_to,
    moment_of,
    poll_until,
    variable,
    write_all,
)
from support.server_process import ServerProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

MEADOW = next(scene for scene in truth()["scenes"] if scene["name"] == "meadow")
OBSEL = MEADOW["obsel"]
FLAVOURS = ["snes9x", "plus"]
one_flavour = pytest.mark.parametrize("emulator", FLAVOURS[1:], indirect=True)
"""For tests of what does not depend on the memories and states that an emulator offers."""


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


@pytest.fixture(autouse=True)
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine may do other things, and a test attaches only once."""
    for module in (_discovery, nwa_host):
        monkeypatch.setattr(module, "INTRODUCTION_WAIT", 30.0)


@pytest.fixture(params=FLAVOURS)
def emulator(request: pytest.FixtureRequest, rom: Path) -> Iterator[ServerProcess]:
    with ServerProcess("nwa_server", rom, available_cores()[0].name, request.param) as server:
        yield server


@pytest.fixture
def host(emulator: ServerProcess) -> Iterator[NwaHost]:
    with NwaHost(emulator.address, obsel=OBSEL) as host:
        yield host


def test_it_says_what_the_emulator_offers(host: NwaHost, emulator: ServerProcess, rom: Path) -> None:
    (found,) = find_emulators(emulator.address)
    assert (found.address, found.game, found.problem) == (emulator.address, rom.name, "")
    assert found.name == host.info.emulator
    assert host.info.rom.path == str(rom)
    with DemoGame(available_cores()[0].name) as game:
        assert host.info.rom.sha256 == game.host.info.rom.sha256
    assert {"vram", "cgram", "oam", "wram", "ppu", "rom"} <= host.info.readable
    snes9x = "Snes9x" in host.info.emulator
    assert host.info.writable == {"rom", "vram", "wram"} | (set() if snes9x else {"cgram"})
    assert (capability(host, "stateful") is not None) == snes9x
    assert capability(host, "paced") is not None


def test_a_write_into_vram_is_drawn_although_the_core_keeps_decoded_tiles(rom: Path) -> None:
    blocks = {block["name"]: block["kind"] for block in truth()["blocks"]}
    piece = next(piece for piece in MEADOW["vram"] if blocks.get(piece["block"]) == "tiles")
    area = slice(piece["vram_byte"], piece["vram_byte"] + piece["size"])
    with (
        ServerProcess("nwa_server", rom, available_cores()[0].name, "snes9x") as emulator,
        NwaHost(emulator.address) as host,
    ):
        before = go_to(host, MEADOW["id"], SETTLED)
        write_all(host, Write("vram", area.start, bytes(255 - byte for byte in before.vram[area].tolist())))
        loads = variable(before, "scene_frame")
        last = poll_until(host, lambda snapshot: variable(snapshot, "scene_frame") > loads + 4)
        host.pause()
        picture = host._connection.ask("TEST_PICTURE", most=1 << 20).block
        assert picture is not None
        shown = np.frombuffer(picture, np.uint8).reshape(-1, 256, 3)

        def is_its_picture(snapshot: Snapshot) -> bool:
            return bool(with_match(decode_frame(with_raster(replace(snapshot, picture=shown)))).matches)

        last = last if is_its_picture(last) else poll_until(host, is_its_picture)  # frames may be on their way
    assert np.array_equal(last.vram[area], 255 - before.vram[area])


def test_without_a_state_obsel_is_not_made_up(emulator: ServerProcess) -> None:
    with NwaHost(emulator.address) as host:
        snapshot = poll_until(host, lambda _: True)
        snes9x = "Snes9x" in host.info.emulator
        assert (snapshot.ppu.obsel is None) == (not snes9x)
        assert ("ppu" in host.info.readable) == snes9x


def test_writes_are_checked_done_and_seen(host: NwaHost) -> None:
    snapshot = go_to(host, MEADOW["id"])
    at = int(np.flatnonzero(snapshot.vram)[0]) // 32 * 32
    old = snapshot.vram[at : at + 32].tobytes()
    new = bytes(255 - byte for byte in old)
    with pytest.raises(HostError, match="does not hold the expected bytes"):
        write_all(host, Write("vram", at, new, bytes(32)), Write("vram", at + 32, bytes(32)))
    assert poll_until(host, lambda _: True).vram[at : at + 32].tobytes() == old
    write_all(host, Write("vram", at, new, old))
    write_all(host, Write("vram", at, new, old))  # what is already there counts as expected
    assert poll_until(host, lambda _: True).vram[at : at + 32].tobytes() == new
    with pytest.raises(HostError, match="outside"):
        host.write([Write("vram", 0xFFFF, b"12")])
    with pytest.raises(HostError, match="bwram is not writable"):
        host.write([Write("bwram", 0, b"1")])


def test_a_refused_part_undoes_the_whole_write(host: NwaHost) -> None:
    before = poll_until(host, lambda _: True)
    with pytest.raises(HostError, match="refuses to write WRAM: not_allowed: busy"):
        write_all(host, Write("vram", 0xFFE0, bytes([9] * 32)), Write("wram", LOCKED, b"1"), Write("wram", 1, b""))
    # A frame that was asked for in between may still show the write.
    poll_until(host, lambda after: np.array_equal(after.vram[0xFFE0:], before.vram[0xFFE0:]))
    assert before.vram[0xFFE0:].tobytes() != bytes([9] * 32)


@one_flavour
def test_many_ranges_of_several_memories_are_one_write(host: NwaHost) -> None:
    snapshot = go_to(host, MEADOW["id"])
    assert snapshot.wram is not None
    free = 0x1E000  # the game does not use the end of $7F
    writes = [Write("wram", free + 64 * number, bytes([number + 1] * 16)) for number in range(40)]
    writes += [Write("vram", 0xFF00 + 2 * number, bytes([number, 1])) for number in range(20)]
    write_all(host, *writes)
    after = poll_until(host, lambda _: True)
    assert after.wram is not None
    for write in writes:
        memory = after.wram if write.space == "wram" else after.vram
        assert memory[write.offset : write.offset + len(write.data)].tobytes() == write.data


@one_flavour
def test_a_write_to_the_rom_comes_with_the_next_load(host: NwaHost) -> None:
    go_to(host, MEADOW["id"])
    raw = next(one for one in truth()["raw"] if one["name"] == "boss")
    keep = next(scene for scene in truth()["scenes"] if scene["name"] == "keep")
    slot = next(slot for slot in keep["slots"] if slot["frames"][0]["block"] == "boss")
    write_all(host, Write("rom", raw["offset"], bytes(range(32)) * (raw["size"] // 32)))
    snapshot = go_to(host, keep["id"])
    assert snapshot.vram[slot["vram_byte"] :][:32].tobytes() == bytes(range(32))


def test_a_paused_emulator_sends_one_frame_and_takes_writes(host: NwaHost) -> None:
    go_to(host, MEADOW["id"])
    host.pause()
    host.pause()
    while host.poll(0.5) is not None:
        pass
    write_all(host, Write("vram", 0xFFE0, bytes([7] * 32)))
    snapshot = poll_until(host, lambda _: True)
    assert snapshot.vram[0xFFE0:].tobytes() == bytes([7] * 32)
    assert host.poll(0.5) is None
    with pytest.raises(HostError, match="single frame"):
        host.step_frame()
    with pytest.raises(HostError, match="speed"):
        host.set_speed(2)
    host.resume()
    stood_at = variable(snapshot, "frame_counter")
    poll_until(
        host, lambda one: variable(one, "frame_counter") > stood_at
    )  # in a frame that takes long it stands still


@one_flavour
def test_a_reset_starts_the_game_again(host: NwaHost) -> None:
    go_to(host, MEADOW["id"])
    host.reset()
    poll_until(host, lambda snapshot: variable(snapshot, "load_count") <= 1)


def test_states_are_those_of_the_emulator(host: NwaHost) -> None:
    if capability(host, "stateful") is None:
        with pytest.raises(HostError, match="does not implement"):
            host.load_state(b"")
        return
    first = go_to(host, MEADOW["id"])
    state = host.save_state()
    go_to(host, 0)
    host.load_state(state)
    assert variable(poll_until(host, lambda _: True), "load_count") == variable(first, "load_count")


@one_flavour
def test_the_emulators_end_is_noticed_and_another_start_is_attached(emulator: ServerProcess, rom: Path) -> None:
    with NwaHost(emulator.address) as host:
        poll_until(host, lambda _: True)
        emulator.kill()
        receipt = host.write([Write("vram", 0, b"1")])
        with pytest.raises(HostGoneError, match="attach again"):
            poll_until(host, lambda _: False)
        assert isinstance(receipt.error, HostGoneError)
        with pytest.raises(HostGoneError, match="attach again"):
            host.poll(0)
    with pytest.raises(HostAbsentError, match="no emulator answers"):
        NwaHost(emulator.address)
    with (
        ServerProcess("nwa_server", rom, available_cores()[0].name, "plus", port=emulator.port) as again,
        NwaHost(again.address) as host,
    ):
        poll_until(host, lambda _: True)


@one_flavour
def test_a_second_halscope_and_a_second_emulator_work(emulator: ServerProcess, rom: Path) -> None:
    with (
        ServerProcess("nwa_server", rom, available_cores()[0].name, "plus") as other,
        NwaHost(emulator.address) as first,
        NwaHost(emulator.address) as second,
        NwaHost(other.address) as third,
    ):
        for host in (first, second, third):
            poll_until(host, moment_of)


@one_flavour
def test_another_game_is_told(emulator: ServerProcess, tmp_path: Path) -> None:
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    image[-1] ^= 1
    (tmp_path / "other.sfc").write_bytes(image)
    with NwaHost(emulator.address) as host:
        before = host.info
        poll_until(host, lambda _: True)
        host._connection.ask(f"LOAD_GAME {tmp_path / 'other.sfc'}")
        poll_until(host, lambda _: host.info is not before)
        assert host.info.rom.path == str(tmp_path / "other.sfc")
        assert host.info.rom.sha256 != before.rom.sha256
        assert poll_until(host, lambda _: True).rom == host.info.rom


@one_flavour
def test_the_same_file_loaded_again_is_told_once_it_was_rebuilt(emulator: ServerProcess, rom: Path) -> None:
    with NwaHost(emulator.address, rom=rom) as host:
        before = host.info
        poll_until(host, lambda _: True)
        image = bytearray(rom.read_bytes())
        image[0x7FDC:0x7FE0] = b"\x12\x34\xed\xcb"  # as a build does that corrects the checksum
        image[-1] ^= 1
        rom.write_bytes(image)
        host._connection.ask(f"LOAD_GAME {rom}")
        poll_until(host, lambda _: host.info is not before)
        assert host.info.rom.sha256 == hashlib.sha256(image).hexdigest()


@one_flavour
def test_the_same_file_loaded_again_without_the_edits_is_attached_to_again(emulator: ServerProcess, rom: Path) -> None:
    with NwaHost(emulator.address) as host:
        before = host.info
        poll_until(host, lambda _: True)
        write_all(host, Write("rom", 0x7F000, bytes(range(256))))
        with NwaHost(emulator.address) as other:
            write_all(other, Write("rom", 0x7FC0, b"EDITED"))
        frames = poll_until(host, lambda _: True).frame
        poll_until(host, lambda one: one.frame > frames + 60)  # neither its own write nor another's is a reason
        assert host.info is before
        host._connection.ask(f"LOAD_GAME {rom}")
        with pytest.raises(HostGoneError, match="without the edits; attach again"):
            poll_until(host, lambda _: False)


@one_flavour
def test_without_a_game_nothing_comes_and_the_next_game_is_looked_at(emulator: ServerProcess) -> None:
    with NwaHost(emulator.address) as host:
        poll_until(host, lambda _: True)
        host._connection.ask("EMULATION_STOP")
        while host.poll(0.1) is not None:  # a frame may be on its way
            pass
        with pytest.raises(HostAbsentError, match="has no game; load one"):
            NwaHost(emulator.address)
        with pytest.raises(HostError, match="no game"):
            write_all(host, Write("vram", 0, b"1"))
        host._connection.ask("EMULATION_RELOAD")
        poll_until(host, moment_of)


@one_flavour
def test_a_rom_that_holds_edits_of_an_earlier_session_is_still_the_files(emulator: ServerProcess, rom: Path) -> None:
    with NwaHost(emulator.address) as host:
        own = host.info.rom.sha256
        write_all(host, Write("rom", 0x7F000, bytes(range(256))))
    with NwaHost(emulator.address) as host:
        assert host.info.rom.sha256 != own
    with NwaHost(emulator.address, rom=rom) as host:
        assert host.info.rom.sha256 == own
        assert host.info.rom.path == str(rom)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_sa1s_memory_is_read_and_never_written(lab_variant: Callable[[str], Variant], flavour: str) -> None:
    """As the emulator's SRAM, or from its states; it is the save file too."""
    path, about = lab_variant("sa1")
    address = about["symbols"]["next_scene"]
    number = next(scene["id"] for scene in about["scenes"] if scene["name"] == "embers")
    with (
        ServerProcess("nwa_server", path, available_cores()[0].name, flavour) as server,
        NwaHost(server.address) as host,
    ):
        write_all(host, Write("wram", address, bytes([number])))
        snapshot = poll_until(host, lambda one: one.bwram is not None and one.bwram.any())
        host.pause()
        block = host._connection.ask("CORE_READ SRAM", most=1 << 18).block
        assert block is not None

        def holds_it(one: Snapshot) -> bool:
            return one.bwram is not None and one.bwram.tobytes()[: len(block)] == block

        snapshot = snapshot if holds_it(snapshot) else poll_until(host, holds_it)  # frames may be on their way
        assert "bwram" in host.info.readable
        assert "bwram" not in host.info.writable
        with pytest.raises(HostError, match="bwram is not writable"):
            host.write([Write("bwram", 0, b"1")])
    assert holds_it(snapshot)


@one_flavour
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_emulator_goes_on_when_halscope_is_killed(emulator: ServerProcess) -> None:
    command = [sys.executable, "-m", "halscope", "attach", "nwa", "--address", emulator.address, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
    with NwaHost(emulator.address) as host:
        first = poll_until(host, lambda _: True)
        poll_until(host, lambda snapshot: variable(snapshot, "frame_counter") != variable(first, "frame_counter"))


def test_an_emulator_that_shows_too_little_is_refused_with_the_reason(rom: Path) -> None:
    with ServerProcess("nwa_server", rom, available_cores()[0].name, "bare") as server:
        with pytest.raises(HostError, match="does not offer CGRAM, OAM, and it sends no savestates") as refusal:
            NwaHost(server.address)
        (found,) = find_emulators(server.address)
    assert not isinstance(refusal.value, HostAbsentError)
    assert found.problem == str(refusal.value)
