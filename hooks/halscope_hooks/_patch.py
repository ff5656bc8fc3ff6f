"""Patch: what an edit changes, in the ROM and in the running game's memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MemorySpace = Literal["rom", "vram", "cgram", "oam", "wram", "bwram", "iram"]
"""A memory of the console or its cartridge. `bwram` and `iram` are the SA-1's; a save file holds `bwram`, too."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes for one place.

    Args:
        space: Which memory.
        offset: Byte offset in it: the file offset in the headerless image for "rom"; 0 is $7E:0000 in "wram", $40:0000
            in "bwram" and $00:3000 in "iram".
        data: The new bytes.
        expected: What must stand there before, or `None` where it does not matter. A host refuses a write into the
            ROM whose expected bytes are not there.
    """

    space: MemorySpace
    offset: int
    data: bytes
    expected: bytes | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """An edit ready to leave: writes into the ROM image, and live writes into a running game.

    Args:
        rom_sha256: SHA-256 of the headerless image that `rom` applies to, in lower-case hex.
        rom: Writes into the ROM, the checksum included, ascending and not overlapping.
        live: Writes into the other memories, valid for the moment that they were planned at.
        summary: One line for a person.
    """

    rom_sha256: str
    rom: tuple[Write, ...]
    live: tuple[Write, ...] = ()
    summary: str = ""
