"""snes9x's savestate: named blocks, some of which hold VRAM, WRAM, CGRAM, OAM and the registers.

The file is `#!s9xsnp:VVVV\\n` (VVVV: the version) and then blocks `NAM:LLLLLL:` + LLLLLL bytes; a block longer than
999999 bytes has the length `------` whose last four characters are a big-endian number instead. `VRA` is VRAM, `RAM`
is WRAM, `FIL` the console's register space as last written ($2100 is at 0x2100), `PPU` the emulator's own fields,
big-endian. Write-twice registers are only in `PPU`. Version 11 inserted one byte before the CGRAM; otherwise versions 6
to 12 do not differ in what is read here. Version 9 is verified on a running core.
"""

from __future__ import annotations

import re
from collections.abc import Buffer
from dataclasses import dataclass
from typing import Final

import numpy as np
from halscope_hooks import OAM_BYTES, VRAM_BYTES, WRAM_BYTES, FormatError, PpuRegisters
from numpy.typing import NDArray

MAGIC: Final = b"#!s9xsnp:"
OLDEST: Final = 6
NEWEST: Final = 12
_HEAD: Final = len(MAGIC) + 5

_FIL_BYTES: Final = 0x8000
# Offsets in the PPU block up to version 10. From version 11 on, add one from the CGRAM onwards.
_PPU_BYTES: Final = 2649
_BG_SCROLL: Final = (0x10, 0x1B, 0x26, 0x31)
_CGDATA: Final = 0x3F
_OAM: Final = 0x7D2
_MATRIX: Final = 0xA0C  # A, B, C, D, X, Y, then the mode 7 scroll
_FIXED_COLOUR: Final = 0xA4C  # red, green, blue
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


@dataclass(frozen=True, slots=True, eq=False)
class StateFields:
    """The video memory in a state. The arrays are copies unless requested otherwise.

    Args:
        version: Version of the state format.
        rom_name: File name of the ROM, as written by the emulator, or an empty string.
        vram: uint8[65536].
        cgram: uint16[256].
        oam: uint8[544].
        ppu: The registers. Write-twice registers are `None` if the `PPU` block has an unknown length.
        wram: uint8[131072], or `None` if the state has no WRAM.
    """

    version: int
    rom_name: str
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters
    wram: NDArray[np.uint8] | None


def find_blocks(state: Buffer) -> tuple[int, dict[str, tuple[int, int]]]:
    """Return the version and the location of each block's bytes: name → (offset, length).

    Raises:
        FormatError: Not a snes9x state, an unknown version, or a block that runs past the end.
    """
    data = memoryview(state).cast("B")
    head = bytes(data[:_HEAD])
    if not head.startswith(MAGIC):
        raise FormatError(f"snes9x state: it begins with {head[:9]!r}, expected {MAGIC!r}")
    if not re.fullmatch(rb"\d{4}\n", head[len(MAGIC) :]):
        raise FormatError(f"snes9x state: the version {head[len(MAGIC) :]!r} is not a number")
    version = int(head[len(MAGIC) : -1])
    if not OLDEST <= version <= NEWEST:
        raise FormatError(
            f"snes9x state: version {version}, known are {OLDEST} to {NEWEST}; save it with a newer snes9x"
        )
    blocks: dict[str, tuple[int, int]] = {}
    at = _HEAD
    while at + 11 <= len(data):
        header = bytes(data[at : at + 11])
        if not any(header):
            break  # a core's buffer may be longer than its state; the rest is zeros
        match = re.fullmatch(rb"([A-Z0-9]{3}):(?:(\d{6})|--.{4}):", header, re.DOTALL)
        if match is None:
            raise FormatError(f"snes9x state: no block begins at offset {at:#x} ({header!r}); the file is damaged")
        length = int(match[2]) if match[2] is not None else int.from_bytes(header[6:10], "big")
        at += 11
        if at + length > len(data):
            raise FormatError(
                f"snes9x state: block {match[1].decode()} at offset {at - 11:#x} has {length} bytes, "
                f"{at + length - len(data)} more than the file; the file is truncated"
            )
        blocks.setdefault(match[1].decode(), (at, length))
        at += length
    return version, blocks


def parse_state(state: Buffer, *, copy_memories: bool = True) -> StateFields:
    """Parse an uncompressed state.

    Args:
        state: The whole state.
        copy_memories: Whether to copy VRAM and WRAM. If false, both are read-only views of `state`.

    Raises:
        FormatError: It is not a snes9x state, has an unknown version, is truncated, or a block is missing or has the
            wrong size.
    """
    version, blocks = find_blocks(state)
    data = memoryview(state).cast("B")
    vram_at = _place(blocks, "VRA", VRAM_BYTES)
    ppu_at = _place(blocks, "PPU", None)
    ppu_bytes = blocks["PPU"][1]
    moved = 1 if version >= 11 else 0
    if ppu_bytes < _OAM + moved + OAM_BYTES:
        raise FormatError(f"snes9x state: the PPU block has {ppu_bytes} bytes, too few to hold OAM")
    values: dict[str, int] = {}
    if "FIL" in blocks:
        fil_at = _place(blocks, "FIL", _FIL_BYTES)
        values = {name: data[fil_at + address] for name, address in _FIL_REGISTERS.items()}
        values["oamadd"] = (data[fil_at + 0x2102] | data[fil_at + 0x2103] << 8) & 0x81FF
    if ppu_bytes == _PPU_BYTES + moved:
        values |= _write_twice(data[ppu_at : ppu_at + ppu_bytes], moved)
    wram = None
    if "RAM" in blocks:
        wram = _memory(data, _place(blocks, "RAM", WRAM_BYTES), WRAM_BYTES, copy_memories)
    name_at, name_bytes = blocks.get("NAM", (0, 0))
    return StateFields(
        version=version,
        rom_name=bytes(data[name_at : name_at + name_bytes]).split(b"\0")[0].decode(errors="replace"),
        vram=_memory(data, vram_at, VRAM_BYTES, copy_memories),
        cgram=np.frombuffer(data, ">u2", 256, ppu_at + _CGDATA + moved).astype(np.uint16),
        oam=np.frombuffer(data, np.uint8, OAM_BYTES, ppu_at + _OAM + moved).copy(),
        ppu=PpuRegisters(**values),
        wram=wram,
    )


def cgram_offset(state: Buffer) -> int:
    """Return the offset of CGRAM (256 colours, big-endian) in a state. Raises FormatError like `parse_state`."""
    version, blocks = find_blocks(state)
    return _place(blocks, "PPU", None) + _CGDATA + (1 if version >= 11 else 0)


def _memory(data: memoryview, at: int, size: int, copy: bool) -> NDArray[np.uint8]:
    memory = np.frombuffer(data.toreadonly(), np.uint8, size, at)
    return memory.copy() if copy else memory


def _place(blocks: dict[str, tuple[int, int]], name: str, size: int | None) -> int:
    """Return the offset of a block's bytes after checking its size."""
    if name not in blocks:
        raise FormatError(f"snes9x state: there is no {name} block; the file is damaged")
    at, length = blocks[name]
    if size is not None and length != size:
        raise FormatError(f"snes9x state: the {name} block at offset {at:#x} has {length} bytes, expected {size}")
    return at


def _write_twice(ppu: memoryview, moved: int) -> dict[str, int]:
    """Read the registers that the console takes in two writes from the PPU block."""

    def word(at: int) -> int:
        return int.from_bytes(ppu[at : at + 2], "big")

    values: dict[str, int] = {}
    for n, at in enumerate(_BG_SCROLL, 1):  # these precede the byte that version 11 inserted
        values[f"bg{n}hofs"] = word(at) & 0x3FF
        values[f"bg{n}vofs"] = word(at + 2) & 0x3FF
    matrix = _MATRIX + moved
    for n, name in enumerate(("m7a", "m7b", "m7c", "m7d")):
        values[name] = word(matrix + 2 * n)
    for n, name in enumerate(("m7x", "m7y", "m7hofs", "m7vofs"), 4):
        values[name] = word(matrix + 2 * n) & 0x1FFF
    red, green, blue = (level & 0x1F for level in ppu[_FIXED_COLOUR + moved : _FIXED_COLOUR + moved + 3])
    values["coldata"] = red | green << 5 | blue << 10
    return values
