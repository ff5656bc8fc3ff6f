"""Checksum: the sum in the internal header over the mirrored ROM, and the writes that make it right again."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Final

import numpy as np
from halscope_hooks import UsageError, Write

COMPLEMENT_AT: Final = 0x1C
"""Where complement and checksum (two little-endian words) stand in the header, from its start at $xxC0."""

_FIELD_SUM: Final = 0xFF + 0xFF + 0x00 + 0x00
"""What the four bytes add up to whatever the checksum is, since one word is the other's complement."""


def compute(data: Buffer) -> int:
    """The 16-bit sum of all bytes of the image, mirrored up to a power of two, as it is (the field not corrected).

    A size that is no power of two is its largest power of two and a rest, and the rest repeats to fill the other half:
    3 MiB counts its last MiB twice, 2.5 MiB its last half MiB four times, 6 MiB its last two MiB twice. This is how the
    cartridge's address lines show it, and how the maker's checksum is counted.

    Args:
        data: The headerless image.
    """
    rom = np.frombuffer(data, np.uint8)
    total = 0
    for start, stop, times in _repeats(rom.size):
        total += times * int(rom[start:stop].sum(dtype=np.uint64))
    return total & 0xFFFF


def corrected(data: Buffer, header_offset: int) -> int:
    """The checksum that belongs into the header: as `compute`, but of an image whose checksum field is consistent.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    difference = _FIELD_SUM - int(rom[at : at + 4].sum(dtype=np.int64))
    times = next(times for start, stop, times in _repeats(rom.size) if start <= at < stop)
    return (compute(rom) + times * difference) & 0xFFFF


def stored(data: Buffer, header_offset: int) -> tuple[int, int]:
    """The complement and the checksum that stand in the header.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    low, high, sum_low, sum_high = rom[at : at + 4].tolist()
    return low | high << 8, sum_low | sum_high << 8


def is_right(data: Buffer, header_offset: int) -> bool:
    """Whether the header's checksum and complement are those of the image. Raises UsageError as `stored`."""
    expected = corrected(data, header_offset)
    return stored(data, header_offset) == (expected ^ 0xFFFF, expected)


def corrections(data: Buffer, header_offset: int) -> tuple[Write, ...]:
    """The write that makes the header's checksum right for a changed image; empty when it is right already.

    Args:
        data: The changed headerless image.
        header_offset: File offset of its internal header.

    Returns:
        At most one write of four bytes into "rom": complement, then checksum; `expected` is what `data` holds there.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    checksum = corrected(rom, header_offset)
    old = rom[at : at + 4].tobytes()
    new = (checksum ^ 0xFFFF).to_bytes(2, "little") + checksum.to_bytes(2, "little")
    return () if new == old else (Write("rom", at, new, old),)


def fix(data: Buffer, header_offset: int) -> bytes:
    """The image with a right checksum. Raises UsageError as `corrections`."""
    image = bytearray(data)
    for write in corrections(image, header_offset):
        image[write.offset : write.offset + len(write.data)] = write.data
    return bytes(image)


def _repeats(size: int) -> list[tuple[int, int, int]]:
    """The pieces (start, stop, how often it counts) of an image of `size` bytes, largest first."""
    pieces: list[tuple[int, int, int]] = []
    start, times = 0, 1
    while size > 0:
        large = 1 << (size.bit_length() - 1)
        pieces.append((start, start + large, times))
        start += large
        size -= large
        if size > 0:
            times *= large // (1 << (size - 1).bit_length())
    return pieces


def _field(size: int, header_offset: int) -> int:
    at = header_offset + COMPLEMENT_AT
    # Aligned, so it lies inside one of the pieces that repeat: an edge within it would need the image to end within it.
    if header_offset < 0 or header_offset % 0x40 or at + 4 > size:
        raise UsageError(f"no header at {header_offset:#x} in an image of {size:#x} bytes; give its file offset")
    return at
