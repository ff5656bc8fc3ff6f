"""Patch: the changes that an edit makes to the ROM and to the running game's memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MemorySpace = Literal["rom", "vram", "cgram", "oam", "wram", "bwram", "iram"]
"""A memory of the console or its cartridge. `bwram` and `iram` belong to the SA-1; save files also contain `bwram`."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes to write at one location.

    Args:
        space: The memory to write to.
        offset: Byte offset in that memory. For "rom", the file offset in the headerless image; 0 is $7E:0000 in "wram",
            $40:0000 in "bwram" and $00:3000 in "iram".
        data: The new bytes.
        expected: The bytes that must be there before the write, or `None` if it does not matter. A host refuses a ROM
            write whose expected bytes do not match. A write that begins at the end of the ROM image and expects `b""`
            makes the image longer; running games cannot take it.
    """

    space: MemorySpace
    offset: int
    data: bytes
    expected: bytes | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A finished edit: writes to the ROM image, and live writes to a running game.

    Args:
        rom_sha256: SHA-256 of the headerless image that `rom` applies to, in lower-case hex.
        rom: Writes to the ROM including its checksum, ascending and not overlapping.
        live: Writes to the other memories, valid only for the moment they were planned for.
        summary: One-line description for users.
    """

    rom_sha256: str
    rom: tuple[Write, ...]
    live: tuple[Write, ...] = ()
    summary: str = ""
