"""Interleaved images: copier files that hold the upper halves of all banks, then the lower halves.

Their header is at the other mapping's place, with a map mode that belongs elsewhere. So is the header of a program
whose author wrote a wrong map mode: what the code calls tells the two apart.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope._boot_code import boots
from halscope.rom.mapping import Mapping

_JSL, _JML = 0x22, 0x5C
_CLEARLY: Final = 1.5
"""How many times as many calls must lead into one mapping's banks as into the other's. In random bytes it is 1."""

_FEW: Final = 24
"""Fewer calls than these say nothing, and small programs have fewer. A game that came on a copier has hundreds."""


def may_be_interleaved(rom: NDArray[np.uint8], mapping: Mapping) -> bool:
    """Whether an image with the header at this mapping's place may be an interleaved one of the other mapping.

    Args:
        rom: uint8[n], the headerless image.
        mapping: The mapping that belongs to the place of the header.
    """
    if rom.size <= 0x8000:
        return False  # one half of a bank
    if not boots(rom, mapping.page_offset):
        return True
    lorom, hirom = _calls(rom)
    at_lorom = mapping in (Mapping.LOROM, Mapping.EXLOROM, Mapping.SA1)
    own, other = (lorom, hirom) if at_lorom else (hirom, lorom)
    return own + other >= _FEW and own < _CLEARLY * other


def _calls(rom: NDArray[np.uint8]) -> tuple[int, int]:
    """Count the long calls and jumps that lead into the image by LoROM's banks, and by HiROM's linear banks."""
    at = np.flatnonzero((rom[:-3] == _JSL) | (rom[:-3] == _JML))
    high, bank = rom[at + 2], rom[at + 3].astype(np.int64)
    lorom = (high >= 0x80) & (bank & 0x7F < -(-rom.size // 0x8000)) & (bank & 0x7F < 0x7E) & (bank < 0xC0)
    hirom = (bank >= 0xC0) & (bank - 0xC0 < -(-rom.size // 0x10000))
    return int(lorom.sum()), int(hirom.sum())
