"""Builds the smallest SNES ROMs: a few bytes of code at $8000 and a valid header."""

from __future__ import annotations

from typing import Final

STOPPED: Final = bytes([0x78, 0xDB])
"""SEI, STP: the processor stops until a reset."""
WAITS_FOR_EVER: Final = bytes([0x78, 0xCB, 0x80, 0xFD])
"""SEI, WAI and a branch back to it, with every interrupt off."""
LOOPS: Final = bytes([0x78, 0x80, 0xFE])
"""SEI and a branch to itself: the processor runs, and nothing happens."""


def build(code: bytes) -> bytes:
    """Return a LoROM of 32 KiB that runs `code` at its reset and at every interrupt."""
    rom = bytearray(0x8000)
    rom[: len(code)] = code
    header = 0x7FC0
    rom[header : header + 21] = b"TINY".ljust(21)
    rom[header + 0x15] = 0x20  # LoROM
    rom[header + 0x17] = 5  # 32 KiB
    rom[header + 0x19] = 1  # North America
    for vector in range(0x7FE4, 0x8000, 2):
        rom[vector : vector + 2] = b"\x00\x80"
    rom[header + 0x1C : header + 0x20] = b"\xff\xff\0\0"
    total = sum(rom) & 0xFFFF
    rom[header + 0x1C : header + 0x20] = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    return bytes(rom)
