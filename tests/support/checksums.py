"""Checksums of images that tests make."""

from collections.abc import Buffer

import numpy as np
from halscope.rom import checksum
from halscope.rom.checksum import MIRRORED, Rule


def fix(data: Buffer, header_offset: int, rule: Rule = MIRRORED) -> bytes:
    """Return the image with a correct checksum. Raises UsageError like `corrections`."""
    image = bytearray(data)
    for write in checksum.corrections(image, header_offset, rule):
        image[write.offset : write.offset + len(write.data)] = write.data
    return bytes(image)


def compute(data: Buffer) -> int:
    """Return the 16-bit sum of all bytes of the image as it is, by the rule of ordinary cartridges."""
    rom = np.frombuffer(data, np.uint8)
    return checksum._sum(rom, MIRRORED.pieces(rom.size, 0)) & 0xFFFF
