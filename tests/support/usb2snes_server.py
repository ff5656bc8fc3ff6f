"""A server of the usb2snes protocol with an FX Pak Pro behind it: a real core, whose state is laid out as the cartridge
keeps it. `python -m support.usb2snes_server PORT ROM CORE FLAVOUR` prints its port and runs until it is killed.

Flavours:

- `qusb2snes`: device "SD2SNES COM3" beside an emulator that has no VRAM; Attach is not answered.
- `usb2snes`: the original server: device "COM3", binary messages of 1,024 bytes, a number as the device's kind.
- `sni`: Attach is answered with the device's name, data comes in one message; the ROM cannot be written.
- `empty`: no device. `menu`: the cartridge shows its menu.

As the servers do, it closes the connection at any error. The opcodes TestPause and TestResume stop and start the game.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from halscope_hooks import PpuRegisters
from support.core_console import CoreConsole
from support.server_process import announcer
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

FRAME_SECONDS = 0.004
CARTRIDGE, EMULATOR = "SD2SNES COM3", "EMU SNES9x"
DEVICES = {
    "qusb2snes": (EMULATOR, CARTRIDGE),
    "usb2snes": ("COM3",),
    "sni": (CARTRIDGE,),
    "empty": (),
    "menu": (CARTRIDGE,),
}
FEATURES = ["FEAT_CMD_UNLOCK", "FEAT_DMA1"]
KNOWN = ("DeviceList", "Attach", "Name", "Info", "GetAddress", "PutAddress", "AppVersion", "Boot")
ROM_END, SRAM, WRAM, VRAM, CGRAM, OAM, PPU, CPU = (
    *(0x600000, 0xE00000, 0xF50000, 0xF70000, 0xF90000, 0xF90200, 0xF90500, 0xF90700),
)
SINGLE = {
    **dict(enumerate(("inidisp", "obsel"))),
    **dict(enumerate(("bgmode", "mosaic", "bg1sc", "bg2sc", "bg3sc", "bg4sc", "bg12nba", "bg34nba"), 0x05)),
    0x1A: "m7sel",
    **dict(enumerate(("w12sel", "w34sel", "wobjsel", "wh0", "wh1", "wh2", "wh3", "wbglog", "wobjlog"), 0x23)),
    **dict(enumerate(("tm", "ts", "tmw", "tsw", "cgwsel", "cgadsub"), 0x2C)),
    0x33: "setini",
}
DOUBLE = {
    0x0D: "m7hofs",
    0x0E: "m7vofs",  # of which the scroll of BG1 is a part
    **{0x0D + n: f"bg{n // 2 + 1}{'hv'[n % 2]}ofs" for n in range(2, 8)},
    **{0x1B + n: f"m7{name}" for n, name in enumerate("abcdxy")},
}


class Refused(Exception):  # noqa: N818 - it is what the server does
    """The connection is closed, with this reason."""


class Cartridge:
    """What the cartridge keeps."""

    def __init__(self, console: CoreConsole) -> None:
        self.console = console
        self.paused = False

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address of the device."""
        if size <= 0 or address + size > 0x1000000:
            raise Refused("GetAddress - nothing to read there")
        image = bytearray(size)
        for start, data in self.areas():
            low, high = max(start, address), min(start + len(data), address + size)
            if low < high:
                image[low - address : high - address] = data[low - start : high - start].tobytes()
        return bytes(image)

    def write(self, address: int, data: bytes) -> None:
        """Write ROM or WRAM; everything else is a copy of what the console did."""
        for start, space in ((0, "rom"), (WRAM, "wram")):
            memory = self.console.memory(space)
            if start <= address < start + len(memory):
                self.console.write(space, address - start, data[: start + len(memory) - address])

    def areas(self) -> list[tuple[int, np.ndarray[Any, np.dtype[np.uint8]]]]:
        console = self.console
        return [
            (0, console.memory("rom")),
            (WRAM, console.memory("wram")),
            (VRAM, console.memory("vram")),
            (CGRAM, console.memory("cgram")),
            (OAM, console.memory("oam")),
            (PPU, self.ppu()),
            (CPU, self.cpu()),
        ]

    def ppu(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The words that the writes to $2100 to $2133 have left."""
        words = np.zeros(0x40, np.uint16)
        ppu: PpuRegisters = self.console.snapshot.ppu
        for register, name in SINGLE.items():
            words[register] = getattr(ppu, name) * 0x101
        for register, name in DOUBLE.items():
            words[register] = getattr(ppu, name)
        assert ppu.oamadd is not None
        words[2], words[3] = (ppu.oamadd & 0xFF) * 0x101, (ppu.oamadd >> 8) * 0x101
        return words.astype("<u2").view(np.uint8)

    def cpu(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The bytes that the writes to $4200 to $420D have left."""
        memory = np.zeros(0x10, np.uint8)
        cpu = self.console.snapshot.cpu
        assert cpu is not None
        memory[0], memory[0x0C] = cpu.nmitimen or 0, cpu.hdmaen or 0
        memory[7:11] = np.array([cpu.htime or 0, cpu.vtime or 0], "<u2").view(np.uint8)
        return memory


@dataclass
class Client:
    """What the server knows of a connection."""

    device: str | None = None
    awaited: int = 0
    address: int = 0
    put: bytearray = field(default_factory=bytearray)


class Server:
    """Connections are served on threads; what they ask for is done on the console's, between two frames."""

    def __init__(self, cartridge: Cartridge, flavour: str) -> None:
        self.cartridge = cartridge
        self.flavour = flavour
        self.todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def on_console[T](self, work: Callable[[], T]) -> T:
        """Do this between two frames."""
        done = threading.Event()
        results: list[T] = []
        errors: list[Exception] = []

        def run() -> None:
            try:
                results.append(work())
            except Exception as error:
                errors.append(error)
            done.set()

        self.todo.put(run)
        done.wait()
        if errors:
            raise errors[0]
        return results[0]

    def handle(self, connection: ServerConnection) -> None:
        """Serve one connection."""
        client = Client()
        try:
            for message in connection:
                if isinstance(message, str):
                    self.request(connection, client, message)
                else:
                    self.data(client, message)
        except Refused as refused:
            connection.close(1000, str(refused))
        except ConnectionClosed:
            pass

    def request(self, connection: ServerConnection, client: Client, message: str) -> None:
        document = json.loads(message)
        opcode, operands = document["Opcode"], document.get("Operands", [])
        if opcode in ("TestPause", "TestResume"):
            self.cartridge.paused = opcode == "TestPause"
            return
        if opcode not in KNOWN or document.get("Space") not in ("SNES", "CMD"):
            raise Refused(f"Invalid OPcode send {opcode}")
        if opcode == "DeviceList":
            connection.send(json.dumps({"Results": DEVICES[self.flavour]}))
        elif opcode == "Attach":
            if operands[0] not in DEVICES[self.flavour]:
                raise Refused("Trying to Attach to an unknow device")
            client.device = operands[0]
            if self.flavour == "sni":
                connection.send(json.dumps({"Results": [client.device]}))
        elif opcode == "Name":
            if len(operands) != 1:
                raise Refused("Name command take one argument")
        elif client.device is None:
            raise Refused("Invalid command while unattached")
        elif opcode == "Info":
            connection.send(json.dumps({"Results": self.info(client.device)}))
        elif opcode == "Boot":
            self.on_console(lambda: self.cartridge.console.load(Path(operands[0])))
        elif opcode == "GetAddress":
            self.get(connection, client, *(int(one, 16) for one in operands))
        else:
            client.address, client.awaited = (int(one, 16) for one in operands)
            if not client.awaited:
                raise Refused("PutAddress - trying to write 0 byte")

    def info(self, device: str) -> list[str]:
        rom = "/sd2snes/m3nu.bin" if self.flavour == "menu" else f"/games/{self.cartridge.console.rom.name}"
        if device == EMULATOR:
            return ["1.60", "Snes9x", "No Info", "NO_CONTROL_CMD", "NO_FILE_CMD"]
        if self.flavour == "usb2snes":
            return ["1.11.0", "8009000B", rom, *FEATURES]
        return ["1.11.0", "SD2SNES", rom, *FEATURES, *(["NO_ROM_WRITE"] if self.flavour == "sni" else [])]

    def get(self, connection: ServerConnection, client: Client, address: int, size: int) -> None:
        if client.device == EMULATOR and address >= VRAM:
            raise Refused("Device error")
        data = self.on_console(lambda: self.cartridge.read(address, size))
        piece = {"sni": size, "usb2snes": 1024}.get(self.flavour, 4000)
        for at in range(0, size, piece):
            connection.send(data[at : at + piece])

    def data(self, client: Client, message: bytes) -> None:
        if len(message) > min(client.awaited - len(client.put), 1024):
            raise Refused("Sending too much binary data")
        client.put += message
        if len(client.put) == client.awaited:
            data, client.put, client.awaited = bytes(client.put), bytearray(), 0
            if client.address >= ROM_END or self.flavour != "sni":
                self.on_console(lambda: self.cartridge.write(client.address, data))


def main(port: int, rom: Path, core: str, flavour: str) -> None:
    """Run the game, and do what connections ask for between two frames."""
    announce = announcer()
    server = Server(Cartridge(CoreConsole(rom, core)), flavour)
    with serve(server.handle, "127.0.0.1", port, compression=None) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        announce(listener.socket.getsockname()[1])
        while True:
            due = time.monotonic() + FRAME_SECONDS
            if not server.cartridge.paused:
                server.cartridge.console.step()
            rest = 0.0  # on a slow machine too, clients are served once a frame
            while rest >= 0:
                rest = due - time.monotonic()
                try:
                    server.todo.get(timeout=max(0.0, rest))()
                except queue.Empty:
                    break


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
