"""HDMA tables that the script sends too seldom to follow them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from halscope_hooks import CpuRegisters

_LONGEST_TABLE: Final = 0x400
_INDIRECT: Final = 0x40


def without_stale_tables(cpu: CpuRegisters) -> CpuRegisters:
    """Return the registers, with HDMA unknown if it reads parts of WRAM that the script does not send each frame.

    It sends tables up to 1 KiB; the data of indirect tables and longer tables are up to 32 frames old.
    """
    for channel, one in enumerate(cpu.dma):
        if not (cpu.hdmaen or 0) >> channel & 1:
            continue
        long_table = not 0 <= one.a2a - one.a1t <= _LONGEST_TABLE and _is_wram(one.a1b, one.a1t)
        if long_table or (one.dmap & _INDIRECT and _is_wram(one.dasb, one.das)):
            return replace(cpu, hdmaen=None)
    return cpu


def _is_wram(bank: int, address: int) -> bool:
    return bank & 0xFE == 0x7E or (bank & 0x7F < 0x40 and address < 0x2000)
