"""Patch: what an edit changes, in the ROM and in the running game's memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MemorySpace = Literal["rom", "vram", "wram", "cgram"]


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes for one place.

    Args:
        space: Which memory.
        offset: Byte offset in it (file offset of the headerless image for "rom"; $7E:0000 is 0 in "wram").
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
        live: Writes into VRAM, WRAM and CGRAM, valid for the moment that they were planned at.
        summary: One line for a person.
    """

    rom_sha256: str
    rom: tuple[Write, ...]
    live: tuple[Write, ...] = ()
    summary: str = ""
