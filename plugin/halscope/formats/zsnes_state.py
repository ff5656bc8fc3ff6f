"""ZSNES's savestate (`.zst`, `.zs1` …): the emulator's variables one after another, with memories at fixed offsets.

Everything before the sound memory is at the same place in both known versions, V0.6 and V143. The registers stand
decoded: VRAM addresses in bytes, sprite sizes in tiles.

Sources: `zstate.c` and `regs.h` of ZSNES, and the readers of two other programs. It was written from these alone and
never compared with a file of a running ZSNES. Registers that ZSNES does not store as they were written are `None`.
"""

from __future__ import annotations

from collections.abc import Buffer
from dataclasses import dataclass
from typing import Final

import numpy as np
from halscope_hooks import CGRAM_BYTES, OAM_BYTES, VRAM_BYTES, WRAM_BYTES, FormatError, PpuRegisters
from numpy.typing import NDArray

MAGIC: Final = b"ZSNES Save State File "
KNOWN: Final = (b"V0.6", b"V143")
_VERSION: Final = slice(len(MAGIC), len(MAGIC) + 4)
_WRAM: Final = 0xC13
_VRAM: Final = 0x20C13
_LEAST_BYTES: Final = _VRAM + VRAM_BYTES
_REGISTERS: Final = 72  # the offsets below count from here
_OAM: Final = 464
_CGRAM: Final = 1488
_BRIGHTNESS, _BLANKING = 6, 8
_OBJECTS, _OBJECTS_SECOND, _OBJECT_SIZES = 9, 13, 17  # byte addresses (32 bits), small and large size in 8×8 tiles
_MODE, _BG3_FIRST, _LARGE_TILES, _MOSAIC_ON, _MOSAIC_SIZE = 30, 31, 32, 33, 34
_MAPS, _MAP_SIZES, _TILES = 35, 67, 71
_SCROLL_X, _SCROLL_Y = 79, 89
_MAIN_AND_SUB: Final = 108
_WINDOWS, _WINDOW_LAYERS, _WINDOW_LOGIC = 127, 131, 137
_MODE_7: Final = 141
_FIXED_COLOUR, _COLOUR_MATH = 450, 454
_LINES, _SETINI = 111, 2526
_KEPT_OF_SETINI: Final = 0x43  # ZSNES has no pseudo hi-res (bit 3), and stores overscan as the number of lines
# Small and large size in tiles, for the sizes 0 to 7 of OBSEL.
_SIZES: Final = ((1, 4), (1, 16), (1, 64), (4, 16), (4, 64), (16, 64), (8, 32), (8, 16))


@dataclass(frozen=True, slots=True, eq=False)
class StateFields:
    """The video memory in a state. The arrays are copies.

    Args:
        version: Version of the format, "V0.6" or "V143".
        vram: uint8[65536].
        cgram: uint16[256].
        oam: uint8[544].
        ppu: The registers; the scroll of mode 7 and the addresses of OAM and CGRAM are `None`.
        wram: uint8[131072].
    """

    version: str
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters
    wram: NDArray[np.uint8]


def parse_state(state: Buffer) -> StateFields:
    """Parse a state.

    Raises:
        FormatError: It is not a state of ZSNES, has an unknown version, or is truncated.
    """
    data = memoryview(state).cast("B")
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise FormatError(f"ZSNES state: it begins with {bytes(data[: len(MAGIC)])!r}, expected {MAGIC!r}")
    version = bytes(data[_VERSION])
    if version not in KNOWN:
        raise FormatError(f"ZSNES state: version {version!r} is not known, only V0.6 and V143 are")
    if len(data) < _LEAST_BYTES:
        raise FormatError(
            f"ZSNES state: it has {len(data)} bytes, and VRAM ends at {_LEAST_BYTES}; the file is truncated"
        )
    registers = data[_REGISTERS:_WRAM]
    return StateFields(
        version=version.decode(),
        vram=np.frombuffer(data, np.uint8, VRAM_BYTES, _VRAM).copy(),
        cgram=np.frombuffer(registers, "<u2", CGRAM_BYTES // 2, _CGRAM).astype(np.uint16),
        oam=np.frombuffer(registers, np.uint8, OAM_BYTES, _OAM).copy(),
        ppu=_registers(registers),
        wram=np.frombuffer(data, np.uint8, WRAM_BYTES, _WRAM).copy(),
    )


def _registers(data: memoryview) -> PpuRegisters:
    def word(at: int) -> int:
        return int.from_bytes(data[at : at + 2], "little")

    layers = range(4)
    windows = [data[_WINDOW_LAYERS + n] & 0xF for n in range(6)]
    red, green, blue = (level & 0x1F for level in data[_FIXED_COLOUR : _FIXED_COLOUR + 3])
    tiles = [word(_TILES + 2 * n) >> 13 & 7 for n in layers]
    values: dict[str, int | None] = {
        "inidisp": data[_BRIGHTNESS] & 0x0F | data[_BLANKING] & 0x80,
        "obsel": _obsel(data),
        "bgmode": data[_MODE] & 7 | bool(data[_BG3_FIRST]) << 3 | (data[_LARGE_TILES] & 0xF) << 4,
        "mosaic": data[_MOSAIC_ON] & 0xF | (data[_MOSAIC_SIZE] & 0xF) << 4,
        "bg12nba": tiles[0] | tiles[1] << 4,
        "bg34nba": tiles[2] | tiles[3] << 4,
        "tm": data[_MAIN_AND_SUB] & 0x1F,
        "ts": data[_MAIN_AND_SUB + 1] & 0x1F,
        "w12sel": windows[0] | windows[1] << 4,
        "w34sel": windows[2] | windows[3] << 4,
        "wobjsel": windows[4] | windows[5] << 4,
        "m7sel": data[_MODE_7],
        "coldata": red | green << 5 | blue << 10,
        "cgwsel": data[_COLOUR_MATH],
        "cgadsub": data[_COLOUR_MATH + 1],
        "setini": data[_SETINI] & _KEPT_OF_SETINI | (word(_LINES) == 239) << 2,
    }
    for n in layers:
        values[f"bg{n + 1}sc"] = word(_MAPS + 2 * n) >> 9 & 0x7C | data[_MAP_SIZES + n] & 3
        values[f"bg{n + 1}hofs"] = word(_SCROLL_X + 2 * n) & 0x3FF
        values[f"bg{n + 1}vofs"] = word(_SCROLL_Y + 2 * n) & 0x3FF
    values |= {f"wh{n}": data[_WINDOWS + n] for n in range(4)}
    values |= {name: data[_WINDOW_LOGIC + n] for n, name in enumerate(("wbglog", "wobjlog", "tmw", "tsw"))}
    values |= {f"m7{letter}": word(_MODE_7 + 1 + 2 * n) for n, letter in enumerate("abcd")}
    values |= {f"m7{axis}": word(_MODE_7 + 9 + 2 * n) & 0x1FFF for n, axis in enumerate("xy")}
    return PpuRegisters(**values)


def _obsel(data: memoryview) -> int | None:
    """Return OBSEL ($2101), or `None` if the stored sizes and addresses are none that it can give."""
    small, large = data[_OBJECT_SIZES], data[_OBJECT_SIZES + 1]
    base, second = (int.from_bytes(data[at : at + 4], "little") for at in (_OBJECTS, _OBJECTS_SECOND))
    between = (second - base) & 0xFFFF
    if (small, large) not in _SIZES or base & ~0xC000 or between & ~0x6000:
        return None
    return _SIZES.index((small, large)) << 5 | between >> 13 << 3 | base >> 14
