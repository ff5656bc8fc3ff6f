"""The usb2snes host against servers of our own with a real core behind them. Nothing here ran on a console."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.hosts.usb2snes import Usb2snesHost, find_devices
from halscope.hosts.usb2snes import host as host_module
from halscope_hooks import HostAbsentError, HostError, HostGoneError, RomIdentity, Write, capability
from support.demo_game import DemoGame
from support.same_moment import (
    SETTLED,
    poll_until,
    write_all,
)
from support.server_process import ServerProcess
from support.usb2snes_hand import Hand, settled
from websockets.exceptions import ConnectionClosed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

MEADOW = next(scene for scene in truth()["scenes"] if scene["name"] == "meadow")


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


def server(rom: Path, flavour: str, port: int = 0) -> ServerProcess:
    return ServerProcess("usb2snes_server", rom, available_cores()[0].name, flavour, port=port)


@pytest.fixture(params=["qusb2snes", "usb2snes", "sni"])
def console(request: pytest.FixtureRequest, rom: Path) -> Iterator[ServerProcess]:
    with server(rom, request.param) as running:
        yield running


@pytest.fixture
def cartridge(rom: Path) -> Iterator[ServerProcess]:
    with server(rom, "qusb2snes") as running:
        yield running


def test_the_cartridge_is_found_among_the_devices(console: ServerProcess, rom: Path) -> None:
    found = find_devices(console.address)
    (device,) = [one for one in found if not one.problem]
    assert device.game == "/games/game.sfc"
    assert [one.name for one in found if "only an FX Pak Pro" in one.problem] == (
        ["EMU SNES9x"] if len(found) == 2 else []
    )
    with Usb2snesHost(console.address, rom=rom) as host, Usb2snesHost(device.address) as named:
        assert host.info.emulator == named.info.emulator == f"{device.name} (firmware 1.11.0)"
        assert host.info.readable == {"vram", "cgram", "oam", "ppu", "cpu"}
        assert host.info.writable == (set() if "sni" in console_flavour(console) else {"rom"})
        assert host.info.rom.path == str(rom)
        assert named.info.rom == RomIdentity(path="/games/game.sfc")
        with DemoGame(available_cores()[0].name) as game:
            assert host.info.rom.sha256 == game.host.info.rom.sha256
        assert capability(host, "pushing") is not None
        assert poll_until(host, lambda _: True).ppu.obsel is not None  # each server sends its messages in other pieces


def console_flavour(console: ServerProcess) -> str:
    return str(console.arguments[-1])


def test_each_snapshot_has_a_new_slice_of_vram_and_says_how_old_the_rest_is(cartridge: ServerProcess) -> None:
    with Usb2snesHost(cartridge.address) as host:
        snapshots = [poll_until(host, lambda _: True) for _ in range(20)]
    frames = [snapshot.frame for snapshot in snapshots]
    assert frames == sorted(set(frames))
    ages = [snapshot.ages.get("vram", 0) for snapshot in snapshots[1:]]
    assert max(ages) > 0
    for before, after in itertools.pairwise(snapshots):
        differ = np.flatnonzero(before.vram != after.vram) // host_module.SLICE
        assert len(set(differ.tolist())) <= 1, "one slice at a time"


def test_an_edit_of_the_rom_shows_with_the_next_load(cartridge: ServerProcess, rom: Path) -> None:
    raw = next(one for one in truth()["raw"] if one["name"] == "boss")
    keep = next(scene for scene in truth()["scenes"] if scene["name"] == "keep")
    slot = next(slot for slot in keep["slots"] if slot["frames"][0]["block"] == "boss")
    old = rom.read_bytes()[raw["offset"] : raw["offset"] + raw["size"]]
    new = bytes(range(32)) * (raw["size"] // 32)
    with Usb2snesHost(cartridge.address, rom=rom) as host, Hand(cartridge) as hand:
        with pytest.raises(HostError, match="does not hold the expected bytes"):
            write_all(host, Write("rom", raw["offset"], new, bytes(raw["size"])))
        write_all(host, Write("rom", raw["offset"], new, old), Write("rom", raw["offset"], b""))
        write_all(host, Write("rom", raw["offset"], new, old))  # what is already there counts as expected
        hand.go_to(keep["id"], SETTLED)
        assert settled(host).vram[slot["vram_byte"] :][:32].tobytes() == new[:32]
    with Usb2snesHost(cartridge.address, rom=rom) as host:
        assert host.info.rom.path == str(rom), "the edited ROM is still the file's"


def test_the_old_servers_messages_of_1024_bytes_make_blocks_of_any_length(rom: Path) -> None:
    """It sends no longer ones, and closes the connection at one that is longer."""
    image = rom.read_bytes()
    at = len(image) - 0x2000
    with server(rom, "usb2snes") as console, Usb2snesHost(console.address, rom=rom) as host, Hand(console) as hand:
        for size in (1, 1023, 1024, 1025, 2048, 3001):
            old, new = hand.get(at, size), np.random.default_rng(size).bytes(size)
            write_all(host, Write("rom", at, new, old))
            assert hand.get(at, size + 1) == new + image[at + size : at + size + 1]
            write_all(host, Write("rom", at, old, new))
        hand.put(at, bytes(1025))
        with pytest.raises(ConnectionClosed):
            hand.get(at, 1)
        with Hand(console) as still:
            still.ask("TestPause")
            assert settled(host).vram.tobytes() == still.get(0xF70000, 0x10000)


def test_what_cannot_be_written_is_refused_with_the_reason(console: ServerProcess) -> None:
    with Usb2snesHost(console.address) as host:
        for space in ("vram", "cgram", "oam", "wram"):
            with pytest.raises(HostError, match=f"{space} is a copy that the cartridge keeps"):
                host.write([Write(space, 0, b"1")])
        if console_flavour(console) == "sni":
            with pytest.raises(HostError, match="allows no writes into the ROM"):
                host.write([Write("rom", 0, b"1")])
        else:
            with pytest.raises(HostError, match="outside"):
                host.write([Write("rom", 0x600000, b"1")])


@pytest.mark.parametrize(
    ("flavour", "device", "reason"),
    [
        ("empty", "", "has no device"),
        ("menu", "", "shows its menu; start a game"),
        ("qusb2snes", "#EMU SNES9x", "only an FX Pak Pro"),
        ("qusb2snes", "#COM9", "no such device, but: EMU SNES9x, SD2SNES COM3"),
    ],
)
def test_without_a_game_on_a_cartridge_it_says_why_and_may_try_again(
    rom: Path, flavour: str, device: str, reason: str
) -> None:
    with server(rom, flavour) as running, pytest.raises(HostAbsentError, match=reason):
        Usb2snesHost(running.address + device)


def test_a_game_with_a_coprocessor_is_refused(rom: Path, tmp_path: Path) -> None:
    image = bytearray(rom.read_bytes())
    image[0x7FD6] = 0x35  # SA-1, RAM and battery
    path = tmp_path / "sa1.sfc"
    path.write_bytes(image)
    with server(path, "qusb2snes") as running, pytest.raises(HostError, match="the game uses the SA-1") as refusal:
        Usb2snesHost(running.address)
    assert not isinstance(refusal.value, HostAbsentError)


def test_the_servers_end_is_noticed_and_another_start_is_attached(cartridge: ServerProcess, rom: Path) -> None:
    with Usb2snesHost(cartridge.address) as host:
        poll_until(host, lambda _: True)
        cartridge.kill()
        receipt = host.write([Write("rom", 0, b"1")])
        with pytest.raises(HostGoneError, match="attach again"):
            poll_until(host, lambda _: False)
        assert isinstance(receipt.error, HostGoneError)
    with pytest.raises(HostAbsentError, match="no usb2snes server answers"):
        Usb2snesHost(cartridge.address)
    with server(rom, "qusb2snes", cartridge.port) as again, Usb2snesHost(again.address) as host:
        poll_until(host, lambda _: True)


def test_another_rom_than_that_of_the_user_is_waited_for(
    cartridge: ServerProcess, rom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "INFO_EVERY", 0.05)
    other = tmp_path / "other.sfc"
    image = bytearray(rom.read_bytes())
    image[0x10000:0x70000] = image[0x10000:0x70000][::-1]
    other.write_bytes(image)
    with pytest.raises(HostAbsentError, match=r"runs /games/game\.sfc, which is not .*other\.sfc: \d+ of 64 samples"):
        Usb2snesHost(cartridge.address, rom=other)
    with Usb2snesHost(cartridge.address, rom=rom) as host, Hand(cartridge) as hand:
        poll_until(host, lambda _: True)
        hand.ask("Boot", str(other))
        with pytest.raises(HostGoneError, match=r"runs /games/other\.sfc, which is not"):
            poll_until(host, lambda _: False)


def test_another_game_is_told(cartridge: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "INFO_EVERY", 0.05)
    other = tmp_path / "other.sfc"
    with rom_path() as path:
        shutil.copy(path, other)
    with Usb2snesHost(cartridge.address, rom=other) as host, Hand(cartridge) as hand:
        before = host.info
        poll_until(host, lambda _: True)
        hand.ask("Boot", str(other))
        after = poll_until(host, lambda _: host.info is not before and host._device.rom == "/games/other.sfc")
        assert after.rom == host.info.rom


def test_two_consoles_work_at_one_halscope(cartridge: ServerProcess, rom: Path) -> None:
    with (
        server(rom, "sni") as other,
        Usb2snesHost(cartridge.address) as first,
        Usb2snesHost(other.address) as second,
    ):
        for host in (first, second, first, second):
            poll_until(host, lambda _: True)
        other.kill()
        with pytest.raises(HostGoneError):
            poll_until(second, lambda _: False)
        poll_until(first, lambda _: True)  # the end of one is not felt at the other


def test_two_halscopes_work_at_one_console(cartridge: ServerProcess) -> None:
    with Usb2snesHost(cartridge.address) as first, Usb2snesHost(cartridge.address) as second:
        for _ in range(5):
            poll_until(first, lambda _: True)
            poll_until(second, lambda _: True)
