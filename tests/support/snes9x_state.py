"""Builds a snes9x savestate around given memories, field by field in the order in which snes9x writes them."""

from __future__ import annotations

import struct
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
    write_twice: Mapping[str, int] | None = None,
    version: int = 9,
    inserted: bytes = b"",
    wram: bytes | None = None,
) -> bytes:
    """Return a state with the blocks that hold video memory.

    Args:
        vram: 65536 bytes.
        cgram: 512 bytes, little-endian (the state has them big-endian).
        oam: 544 bytes.
        registers: Bytes of the register space, by address ($2101...).
        write_twice: Scroll and mode 7 registers, `coldata` and `cgadd`, by their names in `PpuRegisters`.
        version: Version 11 and later have one more byte before the CGRAM and two more at the end.
        inserted: Bytes of fields that no known version has, before the CGRAM.
        wram: 131072 bytes, or none.
    """
    space = bytearray(0x8000)
    for address, value in (registers or {}).items():
        space[address] = value
    ppu = _ppu(cgram, oam, space, write_twice or {}, version, inserted)
    blocks = [block("NAM", b"game.sfc\0"), block("PPU", ppu), block("VRA", vram), block("FIL", bytes(space))]
    if wram is not None:
        blocks.append(block("RAM", wram))
    return f"#!s9xsnp:{version:04d}\n".encode() + b"".join(blocks)


def _ppu(cgram: bytes, oam: bytes, space: bytearray, twice: Mapping[str, int], version: int, inserted: bytes) -> bytes:
    """The fields of struct SPPU, as snapshot.cpp lists them (SnapPPU), each big-endian."""
    data = struct.pack(">BBHHHHI", 0, 1, 0, 0, 0, 0, 0)  # the VRAM address and its steps, the WRAM address
    for n in (1, 2, 3, 4):
        data += struct.pack(">HHHBHH", 0, twice.get(f"bg{n}hofs", 0), twice.get(f"bg{n}vofs", 0), 0, 0, 0)
    cgadd = twice.get("cgadd", 0)
    data += bytes([space[0x2105] & 7, space[0x2105] >> 3 & 1, cgadd & 1, 0, cgadd >> 1])
    if version >= 11:
        data += b"\0"  # CGSavedByte
    data += inserted + np.frombuffer(cgram, "<u2").astype(">u2").tobytes()
    for n in range(128):
        x, y, tile, attributes = oam[4 * n : 4 * n + 4]
        high = oam[512 + n // 4] >> n % 4 * 2
        name = tile | (attributes & 1) << 8
        hflip, vflip, priority, palette = attributes >> 6 & 1, attributes >> 7, attributes >> 4 & 3, attributes >> 1 & 7
        data += struct.pack(">hHBBHBBB", x - (high & 1) * 256, y, hflip, vflip, name, priority, palette, high & 2)
    data += struct.pack(">BBBHHBHHBBBHH", *(0,) * 13)  # OBSEL decoded, the OAM address and its flips
    data += oam
    data += bytes(2 + 2 + 8 + 2 + 8 + 1)  # first and last sprite, timers, beam positions, latches
    data += bytes(3)  # M7SEL decoded
    for mode_7 in ("m7a", "m7b", "m7c", "m7d", "m7x", "m7y", "m7hofs", "m7vofs"):
        data += struct.pack(">H", twice.get(mode_7, 0))
    data += bytes(6)  # mosaic
    data += bytes(space[0x2126:0x212A]) + bytes(1 + 6 * 6)  # windows
    colour = twice.get("coldata", 0)
    data += bytes([space[0x2100] >> 7, colour & 31, colour >> 5 & 31, colour >> 10, space[0x2100] & 15])
    data += bytes(2 + 7)  # screen height, latches, HDMA, open bus
    return data + bytes(2 if version >= 11 else 0)  # VRAMReadBuffer
