"""What an emulator says about itself: its commands, its memories, what it runs. All of it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from halscope_hooks import (
    CGRAM_BYTES,
    MOST_BWRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    HostAbsentError,
    HostError,
    HostGoneError,
    MemorySpace,
)

from halscope._rom_file import has_sa1
from halscope.hosts.nwa._connection import Connection, checked
from halscope.hosts.nwa._replies import Reply, whole_number

CLIENT: Final = "Halscope"
SPACES: Final[Mapping[str, MemorySpace]] = {
    "CARTROM": "rom",
    "VRAM": "vram",
    "CGRAM": "cgram",
    "OAM": "oam",
    "WRAM": "wram",
}
"""The protocol's names of memories (`platforms/SNES.md`)."""
_FIXED: Final = {"VRAM": VRAM_BYTES, "CGRAM": CGRAM_BYTES, "OAM": OAM_BYTES, "WRAM": WRAM_BYTES}
MOST_ROM: Final = 0x1000000
_SRAM: Final = "SRAM"
_HEAD_BYTES: Final = 0x8000  # of a ROM, with the internal header
RUNS: Final = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory of the emulator.

    Args:
        name: Its name in the protocol.
        size: Its size in bytes, or `None` if the emulator does not say.
        readable: Whether it can be read.
        writable: Whether it can be written to.
    """

    name: str
    size: int | None
    readable: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator at the other end of a connection.

    Args:
        name: Its name and version.
        commands: The commands that it implements, without the `b` of those with a binary block.
        platform: The console that it emulates, in lower case, or an empty string.
    """

    name: str
    commands: frozenset[str]
    platform: str = ""

    def can(self, *commands: str) -> bool:
        """Whether it implements all of these commands."""
        return self.commands.issuperset(commands)


@dataclass(frozen=True, slots=True)
class Status:
    """What the emulator does.

    Args:
        state: "running", "paused", "stopped" or "no_game"; an unknown word counts as running.
        game: What the emulator calls the game, or an empty string.
    """

    state: str
    game: str

    @property
    def has_game(self) -> bool:
        """Whether there is a game to look at."""
        return self.state not in ("no_game", "stopped")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded game.

    Args:
        status: What the emulator did when it was asked.
        file: Path of the ROM on the emulator's machine, or `None`.
        memories: The usable memories by their names in the protocol.
        bwram: Bytes of the SA-1's BW-RAM that can be read, as the cartridge's SRAM; 0 for other games.
    """

    status: Status
    file: str | None = None
    memories: Mapping[str, Memory] = field(default_factory=dict)
    bwram: int = 0

    def readable(self, *names: str) -> bool:
        """Whether all of these memories can be read."""
        return all(name in self.memories and self.memories[name].readable for name in names)


def introduce(connection: Connection, patience: float) -> Emulator:
    """Introduce Halscope and ask what the emulator is.

    Raises:
        HostAbsentError: Whatever listens there is no such emulator, or does not answer.
    """
    try:
        connection.ask(f"MY_NAME_IS {CLIENT}", patience=patience)
        info = connection.ask("EMULATOR_INFO", patience=patience)
        core = connection.ask("CORE_CURRENT_INFO", patience=patience)
    except HostGoneError as error:
        raise HostAbsentError(str(error)) from error
    if info.error is not None or "name" not in info.first:
        connection.close()
        raise HostAbsentError(f"{connection.name}: what listens there does not say that it is an emulator")
    name = " ".join(filter(None, (info.first["name"].strip(), info.first.get("version", "").strip())))
    commands = {command.strip() for command in info.first.get("commands", "").split(",")}
    return Emulator(
        name=name[:100] or "an emulator without a name",
        commands=frozenset(commands | {command[1:] for command in commands if command.startswith("b")}),
        platform=core.first.get("platform", "").strip().lower() if core.error is None else "",
    )


def read_status(reply: Reply) -> Status:
    """Return what the reply to EMULATION_STATUS says."""
    return Status(reply.first.get("state", "running").strip().lower(), reply.first.get("game", "").strip())


def ask_game(connection: Connection, emulator: Emulator) -> Loaded:
    """Ask for the loaded game and its memories.

    Raises:
        HostAbsentError: There is no game.
        HostError: The emulator has no memories to offer.
        HostGoneError: It does not answer.
    """
    status = read_status(connection.ask("EMULATION_STATUS"))
    if not status.has_game:
        raise HostAbsentError(f"{emulator.name} at {connection.name} has no game; load one")
    file = None
    if emulator.can("GAME_INFO"):
        game = connection.ask("GAME_INFO")
        file = None if game.error is not None else game.first.get("file", "").strip() or None
    memories = memories_of(checked(connection.ask("CORE_MEMORIES"), "CORE_MEMORIES"))
    saved = memories.pop(_SRAM, None)  # never written to: the emulator would keep the edit in the save file
    loaded = Loaded(status, file, memories)
    if saved is None or not saved.readable or not saved.size or not loaded.readable("CARTROM"):
        return loaded
    head = connection.ask(f"CORE_READ CARTROM;0;{_HEAD_BYTES}", most=_HEAD_BYTES).block or b""
    return replace(loaded, bwram=min(saved.size, MOST_BWRAM_BYTES) if has_sa1(head) else 0)


def memories_of(reply: Reply) -> dict[str, Memory]:
    """Return the usable memories that the reply to CORE_MEMORIES names.

    A memory whose size is not the console's is left out: its bytes could not be told apart. So is an empty one.
    """
    found: dict[str, Memory] = {}
    for record in reply.items:
        name, access = record.get("name", "").strip().upper(), record.get("access", "").strip().lower()
        size = whole_number(record.get("size"))
        if (
            (name in SPACES or name == _SRAM)
            and size in (None, _FIXED.get(name, size))
            and (size is None or 0 < size <= MOST_ROM)
        ):
            found.setdefault(name, Memory(name, size, "r" in access, "w" in access))
    return found


def refuse_other_console(emulator: Emulator, where: str) -> None:
    """Raise HostError if the emulator says that it is another console's."""
    if emulator.platform not in ("", "snes", "sfc", "super famicom", "super nintendo"):
        raise HostError(f"{where}: {emulator.name} emulates {emulator.platform}, not the SNES; load a SNES game")
