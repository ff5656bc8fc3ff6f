"""Reading a snapshot: from a savestate that Halscope can parse, or memory by memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    FormatError,
    HostError,
    PpuRegisters,
    Snapshot,
)

from halscope.formats import containers, dumps
from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._emulator import Emulator, Loaded
from halscope.hosts.nwa._replies import Reply

_STATE: Final = "SAVE_STATE_TO_NETWORK"
_TRIES: Final = 3  # reads of all memories before parts of two frames are accepted
_PARTS: Final = {"OAM": "oam", "CGRAM": "cgram", "VRAM": "vram", "WRAM": "wram", "SRAM": "bwram"}


Then = Callable[[Snapshot | HostError], None]
"""Is called with what was read (its frame number and ROM are not set), or with the reason why it cannot be read."""


class Reader(Protocol):
    """Reads frames of one emulator."""

    @property
    def readable(self) -> frozenset[str]:
        """The parts of its snapshots, as `HostInfo.readable` names them."""

    def read(self, connection: Connection, then: Then) -> None:
        """Ask for a frame. `then` is called once with it, or with the reason why it cannot be read."""


def reader_for(connection: Connection, emulator: Emulator, loaded: Loaded, obsel: int | None) -> Reader:
    """Return the way to read this emulator's frames.

    Raises:
        HostError: There is none: it offers neither a savestate that Halscope can parse nor the memories.
        HostGoneError: It does not answer.
    """
    refused = "it sends no savestates"
    if emulator.can(_STATE):
        found = parse_reply(connection.ask(_STATE, most=containers.MOST_BYTES))
        if isinstance(found, Snapshot):
            return StateReader(found)
        refused = f"its savestates cannot be used ({found})"
    if loaded.readable("VRAM", "CGRAM", "OAM"):
        return MemoryReader(obsel, wram=loaded.readable("WRAM"), bwram=loaded.bwram)
    missing = ", ".join(name for name in ("VRAM", "CGRAM", "OAM") if not loaded.readable(name))
    raise HostError(f"{emulator.name}: its sprites cannot be read: it does not offer {missing}, and {refused}")


def parse_reply(reply: Reply) -> Snapshot | HostError:
    """Return what the savestate in a reply holds, or why it cannot be used."""
    if reply.block is None:
        return HostError(reply.error or "an empty reply")
    try:
        return dumps.parse_state(reply.block)
    except FormatError as error:
        return HostError(str(error))


class StateReader:
    """Reads a savestate for each frame, which is the emulator's own idea of one moment.

    Args:
        example: What a state of this game holds.
    """

    def __init__(self, example: Snapshot) -> None:
        optional = [name for name in ("wram", "bwram", "iram") if getattr(example, name) is not None]
        # The CPU's registers are left out of a state that was saved while the picture was drawn, as the first may be.
        self.readable = frozenset({"vram", "cgram", "oam", "ppu", "cpu", *optional})

    def read(self, connection: Connection, then: Then) -> None:
        """See `Reader`."""
        connection.send(_STATE, lambda reply: then(parse_reply(reply)), most=containers.MOST_BYTES)


class MemoryReader:
    """Reads each memory. All requests are sent at once, so that the emulator can answer them between two frames; OAM is
    read first and last, and if it changed meanwhile, all is read again.

    Args:
        obsel: The value of $2101, or `None` if it is not known.
        wram: Whether to read WRAM.
        bwram: Bytes of the SA-1's BW-RAM to read; 0 for none.
    """

    def __init__(self, obsel: int | None, *, wram: bool, bwram: int = 0) -> None:
        self._ppu = PpuRegisters(obsel=obsel)
        sizes = {"OAM": OAM_BYTES, "CGRAM": CGRAM_BYTES, "VRAM": VRAM_BYTES}
        if wram:
            sizes["WRAM"] = WRAM_BYTES
        if bwram:
            sizes["SRAM"] = bwram
        self._reads = (*sizes.items(), ("OAM", OAM_BYTES))
        readable = {_PARTS[name] for name in sizes}
        self.readable = frozenset(readable if obsel is None else readable | {"ppu"})

    def read(self, connection: Connection, then: Then) -> None:
        """See `Reader`."""
        self._try(connection, then, _TRIES)

    def _try(self, connection: Connection, then: Then, tries: int) -> None:
        replies: list[Reply] = []

        def take(reply: Reply) -> None:
            replies.append(reply)
            if len(replies) < len(self._reads):
                return
            parts = self._parts(replies)
            if isinstance(parts, Snapshot) and parts.ages and tries > 1:
                self._try(connection, then, tries - 1)
            else:
                then(parts)

        for name, size in self._reads:
            connection.send(f"CORE_READ {name};0;{size}", take, most=size)

    def _parts(self, replies: list[Reply]) -> Snapshot | HostError:
        blocks: dict[str, bytes] = {}
        first: bytes | None = None
        for (name, size), reply in zip(self._reads, replies, strict=True):
            if reply.block is None or len(reply.block) != size:
                got = reply.error or f"{len(reply.block or b'')} bytes instead of {size}"
                return HostError(f"{name} cannot be read: {got}")
            first = blocks.get(name)
            blocks[name] = reply.block
        # Read-only, so the snapshot does not copy them.
        memories = {name: np.frombuffer(block, np.uint8) for name, block in blocks.items()}
        older = self.readable - {"oam", "ppu"} if first != blocks["OAM"] else frozenset()
        return Snapshot(
            vram=memories["VRAM"],
            cgram=np.frombuffer(blocks["CGRAM"], "<u2").astype(np.uint16),
            oam=memories["OAM"],
            wram=memories.get("WRAM"),
            bwram=memories.get("SRAM"),
            ppu=self._ppu,
            ages=dict.fromkeys(older, 1),
        )
