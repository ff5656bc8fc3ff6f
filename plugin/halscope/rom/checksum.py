"""Checksum: the rules that checksums in internal headers follow, and the writes that correct one.

A checksum is only corrected by the rule that it is known to follow (`Rom.checksum_rule`): another rule's sum would turn
a right checksum into a wrong one.
"""

from __future__ import annotations

from collections.abc import Buffer
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from halscope_hooks import UsageError, Write
from numpy.typing import NDArray

COMPLEMENT_AT: Final = 0x1C
"""Offset of complement and checksum (two little-endian words) from the header's start at $xxC0."""

_FIELD_SUM: Final = 0xFF + 0xFF + 0x00 + 0x00
"""Sum of the four bytes for any checksum, since one word is the complement of the other."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to count a checksum.

    Args:
        name: "mirrored": over the image, mirrored up to a power of two, as the address lines of an ordinary cartridge
            show it. "plain": each byte once. "twice": each byte twice. "satellaview": each byte once, without the 48
            bytes from $xxB0 to $xxDF around the header.
        size: How many bytes of the image are counted, from its start; `None` for all.
    """

    name: Literal["mirrored", "plain", "twice", "satellaview"]
    size: int | None = None

    def pieces(self, size: int, header_offset: int) -> list[tuple[int, int, int]]:
        """Return the counted pieces of an image of `size` bytes: (start, stop, times counted), ascending."""
        size = size if self.size is None else min(size, self.size)
        match self.name:
            case "mirrored":
                return _repeats(size)
            case "plain" | "twice":
                return [(0, size, 2 if self.name == "twice" else 1)]
            case "satellaview":
                return [(0, header_offset - 0x10, 1), (header_offset + 0x20, size, 1)]


MIRRORED: Final = Rule("mirrored")
"""The rule of ordinary cartridges."""


def corrected(data: Buffer, header_offset: int, rule: Rule = MIRRORED) -> int:
    """Return the checksum that the header should hold by a rule, computed with a consistent checksum field.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    pieces = rule.pieces(rom.size, header_offset)
    difference = _FIELD_SUM - int(rom[at : at + 4].sum(dtype=np.int64))
    times = next((times for start, stop, times in pieces if start <= at < stop), 0)
    return (_sum(rom, pieces) + times * difference) & 0xFFFF


def stored(data: Buffer, header_offset: int) -> tuple[int, int]:
    """Return the complement and the checksum stored in the header.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    low, high, sum_low, sum_high = rom[at : at + 4].tolist()
    return low | high << 8, sum_low | sum_high << 8


def is_right(data: Buffer, header_offset: int, rule: Rule = MIRRORED) -> bool:
    """Whether the header's checksum and complement match the image. Raises UsageError like `stored`."""
    expected = corrected(data, header_offset, rule)
    return stored(data, header_offset) == (expected ^ 0xFFFF, expected)


def corrections(data: Buffer, header_offset: int, rule: Rule = MIRRORED) -> tuple[Write, ...]:
    """Return the write that corrects the header's checksum for a changed image; empty if it is already right.

    Args:
        data: The changed headerless image.
        header_offset: File offset of its internal header.
        rule: The rule that the checksum of the unchanged image follows.

    Returns:
        At most one write of four bytes to "rom": complement, then checksum. `expected` is what `data` holds there.

    Raises:
        UsageError: The header is outside the image.
    """
    rom = np.frombuffer(data, np.uint8)
    at = _field(rom.size, header_offset)
    checksum = corrected(rom, header_offset, rule)
    old = rom[at : at + 4].tobytes()
    new = (checksum ^ 0xFFFF).to_bytes(2, "little") + checksum.to_bytes(2, "little")
    return () if new == old else (Write("rom", at, new, old),)


def _sum(rom: NDArray[np.uint8], pieces: list[tuple[int, int, int]]) -> int:
    return sum(times * _sum_of_bytes(rom[start:stop]) for start, stop, times in pieces)


def _sum_of_bytes(data: NDArray[np.uint8]) -> int:
    """Sum contiguous bytes, four times as fast as by one wide sum: 256 of them fit in 16 bits."""
    columns = data.size // 256
    rows = data[: 256 * columns].reshape(256, columns)
    return int(rows.sum(axis=0, dtype=np.uint16).sum(dtype=np.uint64)) + int(data[256 * columns :].sum(dtype=np.uint64))


def _repeats(size: int) -> list[tuple[int, int, int]]:
    """Split an image of `size` bytes into pieces (start, stop, times counted), largest first.

    A size that is not a power of two consists of the largest power of two and a remainder, which repeats to fill the
    other half: 3 MiB counts its last MiB twice, 2.5 MiB its last half MiB four times, 6 MiB its last two MiB twice. The
    cartridge's address lines mirror it this way, and publishers computed the checksum accordingly.
    """
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
    # Aligned, so the header is inside a single repeating piece: a piece can only end within it if the image does.
    if header_offset < 0 or header_offset % 0x40 or at + 4 > size:
        raise UsageError(f"no header at {header_offset:#x} in an image of {size:#x} bytes; give its file offset")
    return at
