"""Satellaview (BS-X): the header of programs that were broadcast, which has other fields than a cartridge's.

Title in Shift-JIS at $FFC0 (16 bytes), allocated blocks $FFD0, starts left $FFD4, month and day $FFD6/$FFD7 (in the
upper bits), map mode $FFD8, flags $FFD9, maker $FFDA ($33), version $FFDB, complement and checksum as usual. As snes9x
recognizes them (`bsx.cpp`, is_bsx).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope._boot_code import boots
from halscope.rom import checksum as checksums
from halscope.rom.checksum import Rule

_BYTES: Final = 0x40
_MAP_MODES: Final = {0x7FC0: (0x20, 0x30), 0xFFC0: (0x21, 0x31)}
"""File offset of the header → the map modes that belong there."""


@dataclass(frozen=True, slots=True)
class SatellaviewHeader:
    """What a Satellaview header says.

    Args:
        title: Decoded from Shift-JIS, without trailing blanks.
        map_mode: The byte at $FFD8.
        score: How much it looks like such a header, 0 to 1.
    """

    title: str
    map_mode: int
    score: float


def read(rom: NDArray[np.uint8], at: int) -> SatellaviewHeader | None:
    """Read and score the Satellaview header at a file offset. Return `None` if its fields cannot be those of one.

    Args:
        rom: uint8[n], the headerless image.
        at: File offset of the header.
    """
    raw = rom[at : at + _BYTES].tobytes()
    if len(raw) < _BYTES or raw[0x18] not in _MAP_MODES.get(at, ()) or raw[0x1A] not in (0x33, 0xFF):
        return None
    starts, month, day = raw[0x15:0x18]
    starts_valid = starts == 0 or starts & 0x83 == 0x80
    date_valid = (month, day) in ((0, 0), (0xFF, 0xFF)) or (month & 0xF == 0 and 1 <= month >> 4 <= 12)
    if not (starts_valid and date_valid):
        return None
    score = 0.35
    complement, checksum = checksums.stored(rom, at)
    if complement ^ checksum == 0xFFFF and checksum not in (0, 0xFFFF):
        score += 0.25
        if checksums.corrected(rom, at, Rule("satellaview")) == checksum:
            score += 0.15
    title = raw[:16].rstrip(b"\0 ").decode("shift_jis", "replace")
    if title and title.isprintable() and "\ufffd" not in title:
        score += 0.15
    if boots(rom, at - 0x7FC0):
        score += 0.1
    return SatellaviewHeader("".join(c if c.isprintable() else "?" for c in title), raw[0x18], round(score, 2))
