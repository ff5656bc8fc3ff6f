"""The memory that the cartridge keeps of the console, by watching its buses (`verilog/sd2snes_base/ctx.v`).

Every write to $21xx is stored as a word at $F90500 + 2 · xx: the byte that was written, in the high half. The low half
of a write-twice register is the byte before it; of the others, the same byte again. Writes to $4200-$420D are stored
at $F90700. What the console changes by itself, such as the position in an HDMA table, is not seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import CGRAM_BYTES, OAM_BYTES, CpuRegisters, PpuRegisters
from numpy.typing import NDArray

VRAM: Final = 0xF70000
STATE: Final = 0xF90000
"""CGRAM, OAM, and from offset 0x500 on the registers."""
STATE_BYTES: Final = 0x710
_OAM: Final = 0x200
_PPU: Final = 0x500
_CPU: Final = 0x700

_BYTES: Final = {
    "inidisp": 0x00,
    "obsel": 0x01,
    "bgmode": 0x05,
    "mosaic": 0x06,
    "bg1sc": 0x07,
    "bg2sc": 0x08,
    "bg3sc": 0x09,
    "bg4sc": 0x0A,
    "bg12nba": 0x0B,
    "bg34nba": 0x0C,
    "m7sel": 0x1A,
    "w12sel": 0x23,
    "w34sel": 0x24,
    "wobjsel": 0x25,
    "wh0": 0x26,
    "wh1": 0x27,
    "wh2": 0x28,
    "wh3": 0x29,
    "wbglog": 0x2A,
    "wobjlog": 0x2B,
    "tm": 0x2C,
    "ts": 0x2D,
    "tmw": 0x2E,
    "tsw": 0x2F,
    "cgwsel": 0x30,
    "cgadsub": 0x31,
    "setini": 0x33,
}
_SCROLL: Final = {
    "bg1hofs": 0x0D,
    "bg1vofs": 0x0E,
    "bg2hofs": 0x0F,
    "bg2vofs": 0x10,
    "bg3hofs": 0x11,
    "bg3vofs": 0x12,
    "bg4hofs": 0x13,
    "bg4vofs": 0x14,
}
_MODE_7: Final = {
    "m7a": (0x1B, 0xFFFF),
    "m7b": (0x1C, 0xFFFF),
    "m7c": (0x1D, 0xFFFF),
    "m7d": (0x1E, 0xFFFF),
    "m7x": (0x1F, 0x1FFF),
    "m7y": (0x20, 0x1FFF),
    "m7hofs": (0x0D, 0x1FFF),
    "m7vofs": (0x0E, 0x1FFF),
}


def read_cgram(state: bytes) -> NDArray[np.uint16]:
    """Return CGRAM, uint16[256], from the bytes at `STATE`."""
    return np.frombuffer(state[:CGRAM_BYTES], "<u2").astype(np.uint16)


def read_oam(state: bytes) -> NDArray[np.uint8]:
    """Return OAM, uint8[544], from the bytes at `STATE`."""
    return np.frombuffer(state[_OAM : _OAM + OAM_BYTES], np.uint8)


def read_ppu(state: bytes) -> PpuRegisters:
    """Return the PPU's registers from the bytes at `STATE`.

    The fixed colour stays unknown: each write to $2132 sets some of its components, and only the last one is stored. So
    does the CGRAM address, which moves with each write to $2122.
    """

    def word(register: int) -> int:
        at = _PPU + 2 * register
        return state[at] | state[at + 1] << 8

    values = {name: word(register) >> 8 for name, register in _BYTES.items()}
    values |= {name: word(register) & 0x3FF for name, register in _SCROLL.items()}
    values |= {name: word(register) & mask for name, (register, mask) in _MODE_7.items()}
    return PpuRegisters(oamadd=word(0x02) >> 8 | word(0x03) & 0xFF00, **values)


def read_cpu(state: bytes) -> CpuRegisters:
    """Return the CPU's registers from the bytes at `STATE`.

    The DMA channels stay unknown: the position in an HDMA table is the console's own and not seen, and without it
    nothing proves that a table is the one that HDMA has read.
    """

    def word(at: int) -> int:
        return state[at] | state[at + 1] << 8

    return CpuRegisters(
        nmitimen=state[_CPU],
        hdmaen=state[_CPU + 0x0C],
        htime=word(_CPU + 0x07) & 0x1FF,
        vtime=word(_CPU + 0x09) & 0x1FF,
    )
