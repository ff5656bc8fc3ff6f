"""ROM images for tests: a valid header at the mapping's offset, noise elsewhere."""

from __future__ import annotations

import numpy as np
from halscope.rom.mapping import Mapping
from support.checksums import fix

MAP_MODES = {
    Mapping.LOROM: 0x20,
    Mapping.HIROM: 0x21,
    Mapping.EXLOROM: 0x22,
    Mapping.SA1: 0x23,
    Mapping.EXHIROM: 0x25,
}


def make_rom(
    size: int = 0x80000,
    mapping: Mapping = Mapping.LOROM,
    *,
    title: bytes = b"HALSCOPE TEST",
    map_mode: int | None = None,
    seed: int = 0,
) -> bytearray:
    """An image of `size` bytes that looks bootable and has a correct checksum. It must have room for the header."""
    image = bytearray(np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes())
    at = mapping.header_offset
    image[at : at + 21] = title.ljust(21)
    image[at + 0x15] = MAP_MODES[mapping] if map_mode is None else map_mode
    image[at + 0x16] = 0x34 if mapping is Mapping.SA1 else 0x00
    image[at + 0x17] = (size - 1).bit_length() - 10
    image[at + 0x18 : at + 0x1C] = bytes([0, 1, 0x33, 0])
    image[at + 0x3C : at + 0x3E] = b"\x00\x80"
    image[at - 0x7FC0] = 0x78  # SEI
    return bytearray(fix(image, at))
