"""Another client of the test's usb2snes server, which plays the game: it writes into WRAM and stops time."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Self

import numpy as np
from halscope.demo import truth
from halscope.hosts.usb2snes import Usb2snesHost
from halscope_hooks import Snapshot
from support.same_moment import poll_until
from support.server_process import ServerProcess
from websockets.sync.client import connect

WRAM = 0xF50000


class Hand:
    """The client. Its methods return once the server has answered."""

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
