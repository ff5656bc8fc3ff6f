"""The PPU block of a snes9x state: where its fields are, by version or by what the block contains.

The block is big-endian and holds the emulator's own fields. Two layouts are known: versions 6 to 10
have 2649 bytes; version 11 inserted a byte before the CGRAM (CGSavedByte) and added two at the end (VRAMReadBuffer),
so that 11 to 14 have 2652. A block of another length is searched for fields that repeat what stands elsewhere.

Source: snapshot.cpp of snes9x (SnapPPU), verified on running cores of versions 9 and 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from halscope_hooks import OAM_BYTES, PpuRegisters

# Offsets in the block of versions 6 to 10. `Layout.shift` is added from the CGRAM onwards.
_BG_SCROLL: Final = (0x10, 0x1B, 0x26, 0x31)
_BG_MODE: Final = 0x3A
_CGRAM_FLIP: Final = 0x3C  # whether the next write to $2122 is a high byte
_CGRAM_ADDRESS: Final = 0x3E  # in colours
_CGRAM: Final = 0x3F
_SPRITES: Final = 0x23F  # 128 decoded sprites: x (2), y (2), flips (2), name (2), priority, palette, size
_SPRITE_BYTES: Final = 11
_OAM: Final = 0x7D2
_MATRIX: Final = 0xA0C  # A, B, C, D, X, Y, then the mode 7 scroll
_WINDOWS: Final = 0xA22  # window 1 left and right, window 2 left and right
_WINDOWS_AT_POWER_ON: Final = b"\1\0\1\0"  # the register space has zeros until the game writes to $2126 to $2129
_BLANKING: Final = 0xA4B
_FIXED_COLOUR: Final = 0xA4C  # red, green, blue
_BRIGHTNESS: Final = 0xA4F
_SHORTEST: Final = _BRIGHTNESS + 1
_SHIFTS: Final = {2649: 0, 2652: 1}
_MOST_SHIFT: Final = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of one PPU block are: `shift` bytes later than in versions 6 to 10, from the CGRAM onwards."""

    shift: int

    @property
    def cgram(self) -> int:
        """Offset of CGRAM, 256 big-endian words."""
        return _CGRAM + self.shift

    @property
    def oam(self) -> int:
        """Offset of OAM, 544 bytes."""
        return _OAM + self.shift


def find_layout(block: memoryview, space: memoryview | None) -> Layout | None:
    """Return the layout of a PPU block, or `None` if it is not recognised.

    Args:
        block: The bytes of the PPU block.
        space: The register space ($0000 to $7FFF) of the same state, or `None`. Only with it can a block of an unknown
            length be recognised.
    """
    known = _SHIFTS.get(len(block))
    if known is not None:
        return Layout(known)
    if space is None:
        return None
    # Fields may have been inserted before the CGRAM or added at the end. Fewer insertions are likelier.
    shifts = (shift for shift in range(_MOST_SHIFT) if _repeats(block, space, shift))
    shift = next(shifts, None)
    return None if shift is None else Layout(shift)


def _repeats(block: memoryview, space: memoryview, shift: int) -> bool:
    """Whether the fields at this shift equal what OAM and the registers hold. All bytes 0 would prove nothing."""
    if len(block) < _SHORTEST + shift:
        return False
    oam = np.frombuffer(block, np.uint8, OAM_BYTES, _OAM + shift)
    sprites = np.frombuffer(block, np.uint8, 128 * _SPRITE_BYTES, _SPRITES + shift).reshape(128, _SPRITE_BYTES)
    if not np.array_equal(sprites[:, (1, 3)], oam[:512].reshape(128, 4)[:, :2]):  # low bytes of x, y
        return False
    windows = bytes(block[_WINDOWS + shift : _WINDOWS + shift + 4])
    if windows not in (bytes(space[0x2126:0x212A]), _WINDOWS_AT_POWER_ON):
        return False
    inidisp = bool(block[_BLANKING + shift]) << 7 | block[_BRIGHTNESS + shift]
    return inidisp == space[0x2100] & 0x8F and block[_BG_MODE] == space[0x2105] & 7 and bool(oam.any())


def _write_twice(front: bytes, back: bytes) -> dict[str, int]:
    """Return the registers that the console takes in two writes, the fixed colour, and the CGRAM address.

    Args:
        front: The block from `_BG_SCROLL` to the CGRAM.
        back: The block from `_MATRIX` on.
    """

    def word(data: bytes, at: int) -> int:
        return data[at] << 8 | data[at + 1]

    values: dict[str, int] = {}
    for n, at in enumerate(_BG_SCROLL, 1):
        values[f"bg{n}hofs"] = word(front, at - _BG_SCROLL[0]) & 0x3FF
        values[f"bg{n}vofs"] = word(front, at - _BG_SCROLL[0] + 2) & 0x3FF
    for n, name in enumerate(("m7a", "m7b", "m7c", "m7d")):
        values[name] = word(back, 2 * n)
    for n, name in enumerate(("m7x", "m7y", "m7hofs", "m7vofs"), 4):
        values[name] = word(back, 2 * n) & 0x1FFF
    colour = _FIXED_COLOUR - _MATRIX
    red, green, blue = (level & 0x1F for level in back[colour : colour + 3])
    values["coldata"] = red | green << 5 | blue << 10
    values["cgadd"] = front[_CGRAM_ADDRESS - _BG_SCROLL[0]] << 1 | (front[_CGRAM_FLIP - _BG_SCROLL[0]] & 1)
    return values


_PPU_PORTS: Final = 0x2100
_FIL_REGISTERS: Final = {
    "inidisp": 0x2100,
    "obsel": 0x2101,
    "bgmode": 0x2105,
    "mosaic": 0x2106,
    "bg1sc": 0x2107,
    "bg2sc": 0x2108,
    "bg3sc": 0x2109,
    "bg4sc": 0x210A,
    "bg12nba": 0x210B,
    "bg34nba": 0x210C,
    "m7sel": 0x211A,
    "w12sel": 0x2123,
    "w34sel": 0x2124,
    "wobjsel": 0x2125,
    "wh0": 0x2126,
    "wh1": 0x2127,
    "wh2": 0x2128,
    "wh3": 0x2129,
    "wbglog": 0x212A,
    "wobjlog": 0x212B,
    "tm": 0x212C,
    "ts": 0x212D,
    "tmw": 0x212E,
    "tsw": 0x212F,
    "cgwsel": 0x2130,
    "cgadsub": 0x2131,
    "setini": 0x2133,
}


def register_bytes(block: memoryview, layout: Layout, space: memoryview | None) -> tuple[bytes, bytes, bytes]:
    """Return the bytes of a state that `registers` reads; equal ones are equal registers."""
    back = _MATRIX + layout.shift
    return (
        bytes(block[_BG_SCROLL[0] : _CGRAM]),
        bytes(block[back : back + _BRIGHTNESS - _MATRIX]),
        b"" if space is None else bytes(space[_PPU_PORTS : _PPU_PORTS + 0x40]),
    )


@lru_cache(maxsize=8)  # most frames have the registers of the frame before
def registers(front: bytes, back: bytes, ports: bytes) -> PpuRegisters:
    """Return the registers in these `register_bytes`; those that only the register space has are `None` without it."""
    values = _write_twice(front, back)
    if ports:
        values |= {name: ports[address - _PPU_PORTS] for name, address in _FIL_REGISTERS.items()}
        values["oamadd"] = (ports[2] | ports[3] << 8) & 0x81FF
    return PpuRegisters(**values)
