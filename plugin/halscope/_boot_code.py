"""Boot code: whether a place in a ROM looks like the routine that a console runs after reset.

It settles what an image without a usable header is: a 65816 starts in emulation mode, and before anything else a
program masks interrupts, switches to native mode, sets up the stack, and writes the PPU's and CPU's registers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MOST_INSTRUCTIONS: Final = 96
"""How far the code is followed. Programs that clear the registers first do so within 40 instructions."""

_EARLY: Final = 8
"""Instructions within which nearly every program switches to native mode."""

# BRK, COP, RTI, WDM, RTS, RTL, WAI, STP lead nowhere right after reset. $FF is what erased memory reads as.
_ENDS: Final = frozenset({0x00, 0x02, 0x40, 0x42, 0x60, 0x6B, 0xCB, 0xDB, 0xFF})
_BRANCHES: Final = frozenset({0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0})
_STORES: Final = frozenset({0x8C, 0x8D, 0x8E, 0x8F, 0x9C, 0x9D, 0x9E})
_BRA, _BRL, _JMP, _JML, _JSR, _JSL = 0x80, 0x82, 0x4C, 0x5C, 0x20, 0x22
_CLC, _XCE, _SEI, _TXS, _TCS, _REP, _SEP = 0x18, 0xFB, 0x78, 0x9A, 0x1B, 0xC2, 0xE2


@dataclass(slots=True)
class _Signs:
    """What the code does that boot code does. In random bytes, two strong signs occur once in tens of thousands."""

    registers: set[int] = field(default_factory=set)
    native: bool = False
    early: bool = False
    sei: bool = False
    stack: bool = False

    @property
    def plausible(self) -> bool:
        return len(self.registers) + self.native >= 2 or (self.early and (self.sei or self.stack))


def boots(image: NDArray[np.uint8], page: int) -> bool:
    """Whether code at the reset vector is plausible.

    Args:
        image: uint8[n], the headerless image.
        page: File offset of the 32 KiB that the console would see at $00:8000; the vector is in its last four bytes.
    """
    if page + 0x8000 > image.size:
        return False
    code = image[page : page + 0x8000].tobytes()
    reset = int.from_bytes(code[0x7FFC:0x7FFE], "little")
    return reset >= 0x8000 and _signs(code, reset).plausible


def _signs(code: bytes, reset: int) -> _Signs:
    """Follow the code, both ways at a branch, and collect the signs of a boot routine."""
    signs = _Signs()
    seen: set[int] = set()
    paths = [(reset, 0x30)]  # address, M and X flags: 8 bits wide at reset
    while paths:
        at, flags = paths.pop()
        before = 0
        while 0x8000 <= at < 0xFFE0 and at not in seen and len(seen) < _MOST_INSTRUCTIONS:  # vectors are not code
            seen.add(at)
            opcode = code[at - 0x8000]
            if opcode in _ENDS:
                break
            size = _size(opcode, flags)
            operand = code[at - 0x8000 + 1 : at - 0x8000 + size]
            value = int.from_bytes(operand, "little")
            signs.sei |= opcode == _SEI
            signs.stack |= opcode in (_TXS, _TCS)
            if opcode == _XCE and before == _CLC:
                signs.native = True
                signs.early |= len(seen) <= _EARLY
            if opcode in _STORES and _is_register(value):
                signs.registers.add(value & 0xFFFF)
            if opcode == _REP:
                flags &= ~value
            elif opcode == _SEP:
                flags |= value
            before, at = opcode, at + size
            if opcode in _BRANCHES or opcode in (_BRA, _BRL):
                if opcode in _BRANCHES:
                    paths.append((at, flags))
                at += int.from_bytes(operand, "little", signed=True)
            elif opcode in (_JSR, _JSL):
                paths.append((at, flags))
                at = _target(value)
            elif opcode in (_JMP, _JML):
                at = _target(value)
    return signs


def _is_register(address: int) -> bool:
    """Whether it is a register of the PPU ($2100), the CPU ($4200) or the DMA ($4300), in a bank that shows them."""
    low = address & 0xFFFF
    shown = address >> 16 & 0x7F < 0x40
    return shown and (0x2100 <= low < 0x2140 or 0x4200 <= low < 0x4220 or 0x4300 <= low < 0x4380)


def _target(value: int) -> int:
    """Return the address in bank 0 that a jump leads to, or 0 if it leads elsewhere: only one page is known here."""
    return value & 0xFFFF if value >> 16 in (0x00, 0x80, 0xC0) else 0


def _size(opcode: int, flags: int) -> int:
    """Return an instruction's length in bytes (W65C816S data sheet, table 5-4)."""
    low, odd = opcode & 0xF, opcode >> 4 & 1
    if opcode in (0x20, 0xF4, 0x62, 0x82, 0x44, 0x54):  # JSR, PEA, PER, BRL, MVP, MVN
        return 3
    if opcode in (0x22, 0x5C):  # JSL, JML
        return 4
    if opcode in (0x40, 0x60):  # RTI, RTS
        return 1
    if opcode in (0xA0, 0xC0, 0xE0, 0xA2):  # immediates as wide as the index registers
        return 2 if flags & 0x10 else 3
    if low == 0x9:
        return 3 if odd else 2 if flags & 0x20 else 3  # immediates as wide as the accumulator
    if low in (0x8, 0xA, 0xB):
        return 1
    if low in (0xC, 0xD, 0xE):
        return 3
    return 4 if low == 0xF else 2
