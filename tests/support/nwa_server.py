"""An emulator that speaks the Emulator Network Access protocol: a real core behind a strict server of our own.

`python nwa_server.py PORT ROM CORE FLAVOUR [SECONDS]` is the emulator, with so many seconds from frame to frame; it
prints its port and runs until it is killed. Flavours:

- `plus`: as bsnes-plus: every memory can be read, there are no states.
- `snes9x`: as the snes9x fork: no OAM and no CGRAM, but states; a write into VRAM does not touch decoded tiles.
- `states`: no memory but the ROM and WRAM, and states of whatever core it is.
- `bare`: VRAM alone, which is not enough.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import time
from pathlib import Path

from support.core_console import CoreConsole
from support.server_process import announcer

FRAME_SECONDS = 0.004  # four times the console's pace
SPACES = {"CARTROM": "rom", "VRAM": "vram", "WRAM": "wram", "CGRAM": "cgram", "OAM": "oam", "SRAM": "bwram"}
FLAVOURS = {
    "plus": (("CARTROM", "WRAM", "SRAM", "VRAM", "OAM", "CGRAM"), False),
    "snes9x": (("CARTROM", "WRAM", "SRAM", "VRAM"), True),
    "states": (("CARTROM", "WRAM"), True),
    "bare": (("VRAM",), False),
}
MANDATORY = "EMULATOR_INFO,EMULATION_STATUS,CORES_LIST,CORE_INFO,CORE_CURRENT_INFO,MY_NAME_IS"
COMMANDS = ",GAME_INFO,LOAD_GAME,CORE_MEMORIES,CORE_READ,bCORE_WRITE,EMULATION_PAUSE,EMULATION_RESUME,EMULATION_RESET"
COMMANDS += ",EMULATION_STOP,EMULATION_RELOAD,TEST_PICTURE,TEST_REFUSE"
STATES = ",SAVE_STATE_TO_NETWORK,bLOAD_STATE_FROM_NETWORK"
OK = b"\n\n"
LOCKED = 0x1FFF0
"""A place of WRAM that it refuses to write."""


class RefusedError(Exception):
    """An error reply: its type and reason."""


class ProtocolError(Exception):
    """The client does not follow the protocol: it is told, and the connection is closed."""


def text(*pairs: tuple[str, object]) -> bytes:
    return b"\n" + b"".join(f"{key}:{value}\n".encode() for key, value in pairs) + b"\n"


def number(argument: str) -> int:
    try:
        value = int(argument[1:], 16) if argument.startswith("$") else int(argument)
    except ValueError:
        raise RefusedError("invalid_argument", f"{argument!r} is not a number") from None
    if value < 0:
        raise RefusedError("invalid_argument", "a negative number")
    return value


class Emulator:
    """What the commands do."""

    def __init__(self, console: CoreConsole, flavour: str) -> None:
        self.console = console
        self.flavour = flavour
        self.memories, self.states = FLAVOURS[flavour]
        self.paused = False
        self.stopped = False
        self.refuses = False

    def command(self, name: str, arguments: list[str], block: bytes | None, client: Client) -> bytes:
        """The reply to a command."""
        if (block is None) == name.startswith("b"):
            raise ProtocolError("a binary block without its command" if block is not None else "no binary block")
        listed = (MANDATORY + COMMANDS + (STATES if self.states else "")).split(",")
        method = getattr(self, f"do_{name.lower()}", None)
        if method is None or name not in listed:
            raise RefusedError("invalid_command", f"{name} is not implemented")
        if block is not None:
            arguments = [*arguments]
            return bytes(method(arguments, block))
        return bytes(method(arguments, client))

    def do_my_name_is(self, arguments: list[str], client: Client) -> bytes:
        if not arguments or not arguments[0]:
            raise RefusedError("invalid_argument", "a name is needed")
        client.name = arguments[0]
        return text(("name", client.name))

    def do_emulator_info(self, _arguments: list[str], _client: Client) -> bytes:
        name = {"snes9x": "Snes9x test", "plus": "bsnes-plus test"}.get(self.flavour, "bare test")
        commands = MANDATORY + COMMANDS + (STATES if self.states else "")
        return text(
            ("name", name), ("version", "1"), ("nwa_version", "1.0"), ("id", "Happy Test"), ("commands", commands)
        )

    def do_emulation_status(self, _arguments: list[str], _client: Client) -> bytes:
        if self.stopped:
            return text(("state", "no_game"), ("game", ""))
        return text(("state", "paused" if self.paused else "running"), ("game", self.console.rom.name))

    def do_game_info(self, _arguments: list[str], _client: Client) -> bytes:
        return text(("name", self.console.rom.stem), ("file", self.console.rom), ("region", "NTSC"))

    def do_cores_list(self, arguments: list[str], _client: Client) -> bytes:
        if arguments and arguments[0].lower() not in ("", "snes"):
            return OK
        return text(("name", self.console.core), ("platform", "SNES"))

    def do_core_info(self, arguments: list[str], client: Client) -> bytes:
        if not arguments or arguments[0] != self.console.core:
            raise RefusedError("invalid_argument", "no such core")
        return self.do_core_current_info(arguments, client)

    def do_core_current_info(self, _arguments: list[str], _client: Client) -> bytes:
        return text(("platform", "SNES"), ("name", self.console.core))

    def do_core_memories(self, _arguments: list[str], _client: Client) -> bytes:
        pairs: list[tuple[str, object]] = []
        for name in self.memories:
            access = "r" if name == "OAM" else "rw"
            pairs += [("name", name), ("access", access), ("size", self.size(name))]
        return text(*pairs)

    def do_load_game(self, arguments: list[str], _client: Client) -> bytes:
        if not arguments or not Path(arguments[0]).is_file():
            raise RefusedError("invalid_argument", "no such file")
        self.console.load(Path(arguments[0]))
        return OK

    def do_emulation_pause(self, _arguments: list[str], _client: Client) -> bytes:
        self.paused = True
        return OK

    def do_emulation_resume(self, _arguments: list[str], _client: Client) -> bytes:
        self.paused = False
        return OK

    def do_emulation_reset(self, _arguments: list[str], _client: Client) -> bytes:
        self.console.host.reset()
        return OK

    def do_test_picture(self, _arguments: list[str], _client: Client) -> bytes:
        """A command of its own, as the protocol allows: the picture that the core has drawn last."""
        assert self.console.snapshot.picture is not None
        picture = self.console.snapshot.picture.tobytes()
        return b"\0" + len(picture).to_bytes(4, "big") + picture

    def do_test_refuse(self, _arguments: list[str], _client: Client) -> bytes:
        """Run on, and refuse to read and write memories."""
        self.refuses = True
        return OK

    def do_emulation_stop(self, _arguments: list[str], _client: Client) -> bytes:
        self.stopped = True
        return OK

    def do_emulation_reload(self, _arguments: list[str], _client: Client) -> bytes:
        self.stopped = False
        self.console.host.reset()
        return OK

    def do_core_read(self, arguments: list[str], _client: Client) -> bytes:
        data = b"".join(
            self.console.memory(SPACES[name])[offset : offset + size].tobytes()
            for name, offset, size in self.ranges(arguments, None)
        )
        return b"\0" + len(data).to_bytes(4, "big") + data

    def do_bcore_write(self, arguments: list[str], block: bytes) -> bytes:
        ranges = self.ranges(arguments, len(block))
        if sum(size for _, _, size in ranges) != len(block):
            raise RefusedError("invalid_argument", "the block has another size than the ranges")
        if ("WRAM", LOCKED) in {(name, offset) for name, offset, _ in ranges}:
            raise RefusedError("not_allowed", "busy")
        if ranges and ranges[0][0] == "OAM":
            raise RefusedError("not_allowed", "OAM is read-only")
        at = 0
        for name, offset, size in ranges:
            self.console.write(SPACES[name], offset, block[at : at + size])
            at += size
        if self.flavour == "plus" and ranges[0][0] == "VRAM":
            self.console.reload_tiles()
        return OK

    def do_save_state_to_network(self, _arguments: list[str], _client: Client) -> bytes:
        state = self.console.host.save_state()
        return b"\0" + len(state).to_bytes(4, "big") + state

    def do_bload_state_from_network(self, _arguments: list[str], block: bytes) -> bytes:
        self.console.host.load_state(block)
        return OK

    def size(self, name: str) -> int:
        return len(self.console.memory(SPACES[name]))

    def ranges(self, arguments: list[str], written: int | None) -> list[tuple[str, int, int]]:
        """The ranges that a command names; sizes that it leaves out are filled in."""
        if self.stopped or self.refuses:
            raise RefusedError("not_allowed", "no game" if self.stopped else "busy")
        if not arguments or arguments[0] not in self.memories:
            raise RefusedError("invalid_argument", "unknown memory")
        name, whole = arguments[0], self.size(arguments[0])
        numbers = [number(argument) for argument in arguments[1:]]
        if len(numbers) > 2 and len(numbers) % 2:
            raise RefusedError("invalid_argument", "an offset without a size")
        if len(numbers) < 2:
            offset = numbers[0] if numbers else 0
            return [(name, offset, written if written is not None else max(0, whole - offset))]
        pairs = [*zip(numbers[::2], numbers[1::2], strict=True)]
        for index, (offset, size) in enumerate(pairs):
            last = index == len(pairs) - 1
            if offset >= whole or (offset + size > whole and (not last or written is not None)):
                raise RefusedError("invalid_argument", "out of bounds")
        return [(name, offset, min(size, whole - offset)) for offset, size in pairs]


class Client:
    """One connection: what arrived and what is still to be sent."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.name = ""
        self.arrived = bytearray()
        self.out = bytearray()

    def serve(self, emulator: Emulator) -> None:
        """Answer every command that has arrived completely."""
        while self.arrived:
            if not (self.arrived[:1].isalnum() or self.arrived[:1] == b"!"):
                raise ProtocolError("a command was expected")
            end = self.arrived.find(b"\n")
            if end < 0:
                return
            line = self.arrived[:end].decode()
            end += 1
            block = None
            if line.startswith("b"):
                if len(self.arrived) < end + 5:
                    return
                if self.arrived[end]:
                    raise ProtocolError("a binary block was expected")
                size = int.from_bytes(self.arrived[end + 1 : end + 5], "big")
                if len(self.arrived) < end + 5 + size:
                    return
                block = bytes(self.arrived[end + 5 : end + 5 + size])
                end += 5 + size
            del self.arrived[:end]
            name, space, rest = line.partition(" ")
            try:
                self.out += emulator.command(name, rest.split(";") if space else [], block, self)
            except RefusedError as refused:
                self.out += text(("error", refused.args[0]), ("reason", refused.args[1]))


def main(port: int, rom: Path, core: str, flavour: str, frame_seconds: float = FRAME_SECONDS) -> None:
    """Run, and serve between two frames."""
    announce = announcer()
    emulator = Emulator(CoreConsole(rom, core), flavour)
    listener = socket.create_server(("127.0.0.1", port))
    listener.setblocking(False)
    announce(listener.getsockname()[1])
    clients: dict[socket.socket, Client] = {}
    due = time.monotonic()
    while True:
        if not (emulator.paused or emulator.stopped):
            emulator.console.step()
        due = max(due + frame_seconds, time.monotonic())
        rest = 0.0  # on a slow machine too, clients are served once a frame
        while rest >= 0:
            rest = due - time.monotonic()
            writing = [one for one, client in clients.items() if client.out]
            readable, writable, _ = select.select([listener, *clients], writing, [], max(0.0, rest))
            for one in readable:
                if one is listener:
                    connection, _ = listener.accept()
                    connection.setblocking(False)
                    clients[connection] = Client(connection)
                elif not receive(clients[one], emulator):
                    del clients[one]
                    one.close()
            for one in writable:
                if one in clients:
                    with contextlib.suppress(OSError):
                        del clients[one].out[: one.send(clients[one].out[: 1 << 16])]


def receive(client: Client, emulator: Emulator) -> bool:
    """Take what has arrived; return whether the connection stays open."""
    try:
        data = client.connection.recv(1 << 16)
        client.arrived += data
        client.serve(emulator)
    except ProtocolError as broken:
        with contextlib.suppress(OSError):
            client.connection.setblocking(True)
            client.connection.sendall(client.out + text(("error", "protocol_error"), ("reason", broken)))
        return False
    except OSError:
        return False
    return bool(data)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], *map(float, sys.argv[5:]))
