"""Builds a snes9x savestate around given memories, as version 9 or 11 of the format writes it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def block(name: str, data: bytes) -> bytes:
    """A block with its header."""
    return f"{name}:{len(data):06d}:".encode() + data


def build_state(
    vram: bytes,
    cgram: bytes,
    oam: bytes,
    *,
    registers: Mapping[int, int] | None = None,
    version: int = 9,
    wram: bytes | None = None,
) -> bytes:
    """Return a state with the blocks that hold video memory.

    Args:
        vram: 65536 bytes.
        cgram: 512 bytes, little-endian (the state has them big-endian).
        oam: 544 bytes.
        registers: Bytes of the register space, by address ($2101...).
        version: 9 or 11; version 11 has one more byte before the CGRAM.
        wram: 131072 bytes, or none.
    """
    moved = 1 if version >= 11 else 0
    ppu = bytearray(2649 + moved)
    ppu[0x3F + moved : 0x3F + moved + 512] = np.frombuffer(cgram, "<u2").astype(">u2").tobytes()
    ppu[0x7D2 + moved : 0x7D2 + moved + 544] = oam
    space = bytearray(0x8000)
    for address, value in (registers or {}).items():
        space[address] = value
    blocks = [block("NAM", b"game.sfc\0"), block("PPU", bytes(ppu)), block("VRA", vram), block("FIL", bytes(space))]
    if wram is not None:
        blocks.append(block("RAM", wram))
    return f"#!s9xsnp:{version:04d}\n".encode() + b"".join(blocks)
