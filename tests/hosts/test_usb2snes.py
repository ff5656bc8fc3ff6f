"""The usb2snes host against servers of our own with a real core behind them. Nothing here ran on a console."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.hosts.usb2snes import Usb2snesHost, find_devices
from halscope.hosts.usb2snes import host as host_module
from halscope_hooks import HostAbsentError, HostError, HostGoneError, RomIdentity, Snapshot, Write, capability
from support.demo_game import DemoGame
from support.same_moment import (
    SETTLED,
    assert_same,
    assert_same_origins,
    in_process,
    moment_of,
    poll_until,
    write_all,
)
from support.server_process import ServerProcess
from websockets.sync.client import connect

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

MEADOW = next(scene for scene in truth()["scenes"] if scene["name"] == "meadow")
WRAM = 0xF50000


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


class Hand:
    """Another client, which plays the game: it writes into WRAM and stops time."""

    def __init__(self, console: ServerProcess) -> None:
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(f"ws://{console.address}"))
        self.ask("DeviceList")
        (device, *_) = [name for name in json.loads(str(self._socket.recv()))["Results"] if "EMU" not in name]
        self.ask("Attach", device)
        self.ask("Info")
        while len(json.loads(str(self._socket.recv()))["Results"]) < 2:
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def ask(self, opcode: str, *operands: str) -> None:
        self._socket.send(json.dumps({"Opcode": opcode, "Space": "SNES", "Operands": operands}))

    def get(self, address: int, size: int) -> bytes:
        self.ask("GetAddress", f"{address:x}", f"{size:x}")
        data = b""
        while len(data) < size:
            message = self._socket.recv()
            assert isinstance(message, bytes)
            data += message
        return data

    def put(self, address: int, data: bytes) -> None:
        self.ask("PutAddress", f"{address:x}", f"{len(data):x}")
        self._socket.send(data)

    def variable(self, name: str) -> int:
        return int.from_bytes(self.get(WRAM + truth()["symbols"][name], truth()["symbol_sizes"][name]), "little")

    def go_to(self, scene: int, frame: int = 0) -> None:
        """Load a scene, and stop at its `frame`-th frame or soon after it."""
        self.until(lambda: self.variable("ready") == 1)
        loads = self.variable("load_count")
        self.put(WRAM + truth()["symbols"]["next_scene"], bytes([scene]))
        self.until(
            lambda: (
                self.variable("load_count") > loads
                and self.variable("scene") == scene
                and self.variable("ready") == 1
                and self.variable("scene_frame") >= frame
            )
        )
        self.ask("TestPause")

    def until(self, condition: Any) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.005)

    def wram(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.frombuffer(self.get(WRAM, 0x20000), np.uint8)


def settled(host: Usb2snesHost) -> Snapshot:
    """A snapshot of a game that stands still: every slice of VRAM has been read since."""
    first = poll_until(host, lambda _: True)
    return poll_until(host, lambda snapshot: snapshot.frame - first.frame > 3 * snapshot.ages.get("vram", 0) + 16)


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


def console_flavour(console: ServerProcess) -> str:
    return console.arguments[-1]


def test_a_moment_of_the_demo_is_the_same_as_in_process(console: ServerProcess) -> None:
    with Usb2snesHost(console.address) as host, Hand(console) as hand:
        hand.go_to(MEADOW["id"], SETTLED)
        snapshot = replace(settled(host), wram=hand.wram())
    moment = moment_of(snapshot)
    assert moment is not None
    with DemoGame(available_cores()[0].name) as game:
        expected = in_process(game, moment)
    assert_same(snapshot, expected)
    assert_same_origins(snapshot, expected)
    assert snapshot.ppu.obsel == MEADOW["obsel"]
    known = ("inidisp", "bgmode", "bg1hofs", "bg1vofs", "m7a", "oamadd", "tm", "setini")
    assert None not in [getattr(snapshot.ppu, name) for name in known]
    assert snapshot.ppu.coldata is None
    assert snapshot.cpu is not None
    assert expected.cpu is not None
    assert (snapshot.cpu.nmitimen, snapshot.cpu.hdmaen) == (expected.cpu.nmitimen, expected.cpu.hdmaen)
    assert snapshot.cpu.dma == ()


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
        with pytest.raises(HostGoneError, match="attach again"):
            poll_until(host, lambda _: False)
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


def test_two_halscopes_work_at_one_console(cartridge: ServerProcess) -> None:
    with Usb2snesHost(cartridge.address) as first, Usb2snesHost(cartridge.address) as second:
        for _ in range(5):
            poll_until(first, lambda _: True)
            poll_until(second, lambda _: True)
