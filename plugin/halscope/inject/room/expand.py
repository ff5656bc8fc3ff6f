"""Expansion: the larger image that a cartridge of the same kind could hold."""

from __future__ import annotations

from typing import Final

from halscope_hooks import InjectError

from halscope.rom.checksum import MIRRORED
from halscope.rom.image import Rom
from halscope.rom.mapping import PAGE_BYTES, Mapping

FILL: Final = 0xFF
"""What the new part holds."""

SIZE_AT: Final = 0x17
"""Offset of the size byte, 1 << n KiB, from the header's start at $xxC0."""

_MIB: Final = 0x100000
_LIMITS: Final = {
    Mapping.LOROM: 4 * _MIB,
    Mapping.HIROM: 4 * _MIB,
    Mapping.SA1: 4 * _MIB,
    Mapping.EXLOROM: 8 * _MIB,
    Mapping.EXHIROM: 8 * _MIB,
}
_STEP_ABOVE: Final = 2 * _MIB
"""From 4 MiB on: a second chip of 2, then of 4 MiB."""


def size_byte(size: int) -> int:
    """Return the header's size byte of an image: the next power of two."""
    return (size - 1).bit_length() - 10


def larger_sizes(rom: Rom) -> list[int]:
    """Return the sizes in bytes that an image can grow to, ascending.

    Raises:
        InjectError: It cannot grow; the message says why.
    """
    size, limit = rom.data.size, _LIMITS[rom.mapping]
    why = _reason_against(rom)
    if why is None and size >= limit:
        why = (
            "what is beyond 4 MiB is shown only once code has switched the SA-1's banks ($2220 to $2223), which an "
            "edit of data cannot do"
            if rom.mapping is Mapping.SA1
            else f"{rom.mapping.name} ends at {limit // _MIB} MiB"
        )
    if why is not None:
        raise InjectError(f"the image cannot be expanded: {why}")
    sizes = [1 << bits for bits in range(16, 23) if size < 1 << bits <= limit]
    return sizes + [step for step in range(4 * _MIB + _STEP_ABOVE, limit + 1, _STEP_ABOVE) if step > size]


def _reason_against(rom: Rom) -> str | None:
    header = rom.header
    if not rom.has_header:
        return "it has no internal header that could say its size"
    if rom.checksum_rule is None or rom.checksum_rule != MIRRORED:
        return "its checksum does not follow the rule of ordinary cartridges, so its board is not known"
    if header.chips & 0xF >= 3 and rom.mapping is not Mapping.SA1:
        return "its cartridge has a coprocessor, which may stand at the new addresses"
    if rom.data.size % PAGE_BYTES:
        return "its size is not a multiple of 32 KiB"
    return None
