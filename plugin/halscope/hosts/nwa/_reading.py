"""Reading a snapshot: from a savestate that Halscope can parse, or memory by memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    FormatError,
    HostError,
    PpuRegisters,
)
from numpy.typing import NDArray

from halscope.formats import containers, snes9x
from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._emulator import Emulator, Loaded
from halscope.hosts.nwa._replies import Reply

_STATE: Final = "SAVE_STATE_TO_NETWORK"
_TRIES: Final = 3  # reads of all memories before parts of two frames are accepted
_SIZES: Final = {"OAM": OAM_BYTES, "CGRAM": CGRAM_BYTES, "VRAM": VRAM_BYTES, "WRAM": WRAM_BYTES}


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What was read of one frame; the arrays are private. `ages`: see `Snapshot`."""

    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    wram: NDArray[np.uint8] | None
    ppu: PpuRegisters
    cpu: CpuRegisters | None = None
    field: int | None = None
    ages: Mapping[str, int] = dataclasses.field(default_factory=dict)


Then = Callable[[Parts | HostError], None]


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
        parts = parse_state(connection.ask(_STATE, most=containers.MOST_BYTES))
        if isinstance(parts, Parts):
            return StateReader(wram=parts.wram is not None)
        refused = f"its savestates cannot be used ({parts})"
    if loaded.readable("VRAM", "CGRAM", "OAM"):
        return MemoryReader(obsel, wram=loaded.readable("WRAM"))
    missing = ", ".join(name for name in ("VRAM", "CGRAM", "OAM") if not loaded.readable(name))
    raise HostError(f"{emulator.name}: its sprites cannot be read: it does not offer {missing}, and {refused}")


def parse_state(reply: Reply) -> Parts | HostError:
    """Return what a savestate holds, or why it cannot be used."""
    if reply.block is None:
        return HostError(reply.error or "an empty reply")
    try:
        fields = snes9x.parse_state(containers.unwrap(reply.block))
    except FormatError as error:
        return HostError(str(error))
    return Parts(fields.vram, fields.cgram, fields.oam, fields.wram, fields.ppu, fields.cpu, fields.field)


class StateReader:
    """Reads a savestate for each frame, which is the emulator's own idea of one moment."""

    def __init__(self, *, wram: bool) -> None:
        self.readable = frozenset({"vram", "cgram", "oam", "ppu", "cpu"} | ({"wram"} if wram else set()))

    def read(self, connection: Connection, then: Then) -> None:
        """See `Reader`."""
        connection.send(_STATE, lambda reply: then(parse_state(reply)), most=containers.MOST_BYTES)


class MemoryReader:
    """Reads each memory. All requests are sent at once, so that the emulator can answer them between two frames; OAM is
    read first and last, and if it changed meanwhile, all is read again.

    Args:
        obsel: The value of $2101, or `None` if it is not known.
        wram: Whether to read WRAM.
    """

    def __init__(self, obsel: int | None, *, wram: bool) -> None:
        self._ppu = PpuRegisters(obsel=obsel)
        self._names = ("OAM", "CGRAM", "VRAM", *(("WRAM",) if wram else ()), "OAM")
        readable = {name.lower() for name in self._names}
        self.readable = frozenset(readable if obsel is None else readable | {"ppu"})

    def read(self, connection: Connection, then: Then) -> None:
        """See `Reader`."""
        self._try(connection, then, _TRIES)

    def _try(self, connection: Connection, then: Then, tries: int) -> None:
        replies: list[Reply] = []

        def take(reply: Reply) -> None:
            replies.append(reply)
            if len(replies) < len(self._names):
                return
            parts = self._parts(replies)
            if isinstance(parts, Parts) and parts.ages and tries > 1:
                self._try(connection, then, tries - 1)
            else:
                then(parts)

        for name in self._names:
            size = _SIZES[name]
            connection.send(f"CORE_READ {name};0;{size}", take, most=size)

    def _parts(self, replies: list[Reply]) -> Parts | HostError:
        blocks: list[bytes] = []
        for name, reply in zip(self._names, replies, strict=True):
            if reply.block is None or len(reply.block) != _SIZES[name]:
                got = reply.error or f"{len(reply.block or b'')} bytes instead of {_SIZES[name]}"
                return HostError(f"{name} cannot be read: {got}")
            blocks.append(reply.block)
        first, cgram, vram, *wram, last = blocks
        older = {"vram", "cgram", "wram"} & self.readable if first != last else set()
        return Parts(
            vram=np.frombuffer(vram, np.uint8),
            cgram=np.frombuffer(cgram, "<u2").astype(np.uint16),
            oam=np.frombuffer(last, np.uint8),
            wram=np.frombuffer(wram[0], np.uint8) if wram else None,
            ppu=self._ppu,
            ages=dict.fromkeys(older, 1),
        )
