"""A real core in a process of its own that pushes its frames over a socket, and a host that listens to it.

What an emulator with a network interface is to Halscope: it runs by itself, answers writes between two frames, can be
paused, loads another ROM, and may go at any time. `python remote_emulator.py HOST PORT ROM CORE` is the emulator.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from halscope_hooks import HostError, HostGoneError, HostInfo, Snapshot, Write, WriteReceipt, capabilities_of

KEY = b"halscope tests"
FRAME_SECONDS = 0.004  # four times the console's pace
START_WAIT = 60.0


class RemoteHost:
    """A Host (see `halscope_hooks.Host`) that starts the emulator and listens to it.

    Args:
        rom: The ROM that it runs at first.
        core: The core's name or path.
    """

    def __init__(self, rom: Path, core: str) -> None:
        with Listener(("localhost", 0), authkey=KEY) as listener:
            host, port = listener.address
            arguments = [sys.executable, __file__, str(host), str(port), str(rom), core]
            self._process = subprocess.Popen(arguments)
            self._connection: Connection[Any, Any] = listener.accept()
        self._receipts: dict[int, WriteReceipt] = {}
        self._numbers = itertools.count()
        self.info = HostInfo("remote", "not known yet")
        until = time.monotonic() + START_WAIT
        while not self.info.capabilities:
            assert time.monotonic() < until
            self.poll(0.1)

    def poll(self, timeout: float) -> Snapshot | None:
        """See `halscope_hooks.Pushing`."""
        until = time.monotonic() + timeout
        try:
            while self._connection.poll(max(0.0, until - time.monotonic())):
                kind, value = self._connection.recv()
                if kind == "frame":
                    assert isinstance(value, Snapshot)
                    return value
                if kind == "info":
                    self.info = HostInfo(
                        "remote",
                        value.emulator,
                        value.readable,
                        value.writable,
                        rom=value.rom,
                        capabilities=capabilities_of(self),
                    )
                else:
                    number, error = value
                    self._receipts.pop(number).complete(error)
        except (EOFError, OSError) as error:
            raise HostGoneError("the emulator has gone; start it and attach again") from error
        return None

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """See `halscope_hooks.Host`; the emulator answers between two of its frames."""
        number, receipt = next(self._numbers), WriteReceipt()
        self._receipts[number] = receipt
        self.tell("write", (number, tuple(writes)))
        return receipt

    def tell(self, kind: str, value: object = None) -> None:
        """Do what a person does at the emulator: "pause", "resume", "load" with a ROM's path, "quit"."""
        try:
            self._connection.send((kind, value))
        except OSError as error:
            raise HostGoneError("the emulator has gone; start it and attach again") from error

    def close(self) -> None:
        """Close the connection, which ends the emulator."""
        self._connection.close()
        self._process.wait(START_WAIT)


def main(address: str, port: int, rom: Path, core: str) -> None:
    """The emulator: run, push, and answer until the connection is closed."""
    from halscope.hosts.libretro import LibretroHost

    connection = Client((address, port), authkey=KEY)
    game = LibretroHost(rom, core)
    connection.send(("info", game.info))
    runs = True
    while True:
        began = time.monotonic()
        if runs:
            connection.send(("frame", game.step()))
        while connection.poll(max(0.0, began + FRAME_SECONDS - time.monotonic())):
            kind, value = connection.recv()
            if kind == "write":
                number, writes = value
                try:
                    game.write(writes)
                    error = None
                except HostError as refused:
                    error = refused
                connection.send(("answer", (number, error)))
            elif kind == "load":
                game.close()
                game = LibretroHost(value, core)
                connection.send(("info", game.info))
            elif kind == "quit":
                return
            else:
                runs = kind == "resume"


if __name__ == "__main__":
    with contextlib.suppress(EOFError, OSError):  # the host has closed the connection
        main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
