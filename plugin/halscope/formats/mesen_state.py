"""Mesen's savestate (`.mss`): a header, a screenshot, the ROM's name, and then every value of the machine by its name.

All numbers are little-endian. `MSS`, version of the emulator, of the format, (up to format 3: 40 bytes of SHA-1,) the
console; the screenshot: its size, width, height, scale in percent, packed size, zlib; length and text of the ROM's
name; 1 if the values are packed, and then size, packed size, zlib. A value is its name, a zero, its size, its bytes.
The first zlib stream of the file is the screenshot, not the machine.

Sources: `SaveStateManager.cpp`, `Serializer.cpp`, `SnesPpu.cpp` of Mesen 2; verified on files of MesenCE's core.
"""

from __future__ import annotations

import zlib
from collections.abc import Buffer, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from halscope_hooks import (
    CGRAM_BYTES,
    IRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    FormatError,
    PpuRegisters,
)
from numpy.typing import NDArray

from halscope.formats import bsnes
from halscope.formats.mesen_registers import cpu_registers, ppu_registers

MAGIC: Final = b"MSS"
OLDEST: Final = 3
NEWEST: Final = 4
_SNES: Final = 0
_SHA1_BYTES: Final = 40
_MOST_BYTES: Final = 10 << 20  # as in Mesen
_MOST_SCREEN_BYTES: Final = 4 << 20
_MOST_NAME_BYTES: Final = 4096
_MOST_VALUES: Final = 0x4000  # a SNES game has about 1,400
_MOST_KEY_BYTES: Final = 256
_MOST_BWRAM_BYTES: Final = 0x40000
_SCREEN_WIDTH: Final = 256
_SCREEN_LINES: Final = 239
_INTERLACE, _OVERSCAN, _PSEUDO_HIRES = 0x01, 0x04, 0x08  # SETINI ($2133); overscan: 239 lines instead of 224
_HIRES_MODES: Final = (5, 6)  # of BGMODE ($2105)
_FIRST_LINE: Final = 7  # of a picture of 224 lines, in the 239 of the screenshot
_CONSOLES: Final = ("SNES", "Game Boy", "NES", "PC Engine", "Master System", "GBA", "WonderSwan")


@dataclass(frozen=True, slots=True, eq=False)
class StateFields:
    """The console's part of a state. The arrays are copies.

    Args:
        version: Version of the format.
        rom_name: File name of the ROM; empty if the state has none.
        vram: uint8[65536].
        cgram: uint16[256].
        oam: uint8[544].
        ppu: The registers. `cgadd` is `None` if the state was not saved at the start of vblank, as the game may have
            moved the address since the last write by HDMA.
        frame: Number of the frame.
        wram: uint8[131072], or `None`.
        cpu: The CPU's registers, or `None` if the state was saved while the picture was drawn: then it does not tell
            what HDMA has written to the whole picture.
        field: The displayed field, 0 or 1, or `None`.
        picture: The screenshot, uint8[height, width, 3]; `None` if the state was not saved at the start of vblank, so
            that it is of another moment.
        bwram: The SA-1's BW-RAM, uint8[n], or `None`.
        iram: The SA-1's IRAM, uint8[2048], or `None`.
    """

    version: int
    rom_name: str
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters
    frame: int
    wram: NDArray[np.uint8] | None
    cpu: CpuRegisters | None
    field: int | None
    picture: NDArray[np.uint8] | None
    bwram: NDArray[np.uint8] | None
    iram: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class _Screenshot:
    width: int
    height: int
    size: int
    packed: memoryview


class _Reader:
    """Reads a file from front to back; what is missing or too large is refused before it is read."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int, what: str, most: int | None = None) -> memoryview:
        if most is not None and count > most:
            raise FormatError(
                f"Mesen state: {what} at offset {self.at:#x} claims {count} bytes, more than {most}; "
                "the file is damaged"
            )
        if self.at + count > len(self._data):
            raise FormatError(
                f"Mesen state: {what} at offset {self.at:#x} has {count} bytes, "
                f"{self.at + count - len(self._data)} more than the file; the file is truncated"
            )
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self, what: str) -> int:
        return int.from_bytes(self.take(4, what), "little")

    def rest(self) -> memoryview:
        return self._data[self.at :]


def parse_state(state: Buffer) -> StateFields:
    """Parse a state of the SNES.

    Raises:
        FormatError: It is not a state of Mesen, is of another console or of an unknown version, is truncated, claims
            sizes that no state has, or lacks VRAM, CGRAM or OAM.
    """
    reader = _Reader(memoryview(state).cast("B"))
    version = _read_header(reader)
    screenshot = _read_screenshot(reader)
    name = bytes(reader.take(reader.number("the length of the ROM's name"), "the ROM's name", _MOST_NAME_BYTES))
    values = _values(_read_machine(reader))
    numbers = _numbers(values)
    ppu, line = ppu_registers(numbers), numbers.get("ppu.scanline")
    into_vblank = None if line is None else bsnes.lines_into_vblank(ppu.setini, line)
    at_the_start = into_vblank is not None and 0 <= into_vblank <= bsnes.STILL_THE_START
    is_sa1 = len(values.get("cart.coprocessor.iRam", b"")) == IRAM_BYTES
    field = numbers.get("ppu.oddFrame")
    return StateFields(
        version=version,
        rom_name=name.decode(errors="replace"),
        vram=np.frombuffer(_memory(values, "ppu.vram", VRAM_BYTES), np.uint8).copy(),
        cgram=np.frombuffer(_memory(values, "ppu.cgram", CGRAM_BYTES), "<u2").astype(np.uint16),
        oam=np.frombuffer(_memory(values, "ppu.oamRam", OAM_BYTES), np.uint8).copy(),
        ppu=ppu if at_the_start else replace(ppu, cgadd=None),
        frame=numbers.get("ppu.frameCount", 0),
        wram=_optional(values, "memoryManager.workRam", WRAM_BYTES),
        cpu=cpu_registers(numbers) if into_vblank is not None and into_vblank >= 0 else None,
        field=None if field is None else field & 1,
        picture=_picture(screenshot, ppu) if at_the_start else None,
        bwram=_save_ram(values) if is_sa1 else None,
        iram=_optional(values, "cart.coprocessor.iRam", IRAM_BYTES),
    )


def _read_header(reader: _Reader) -> int:
    """Return the version of the format, after checking it and the console."""
    magic = bytes(reader.take(len(MAGIC), "the header"))
    if magic != MAGIC:
        raise FormatError(f"Mesen state: it begins with {magic!r}, expected {MAGIC!r}")
    reader.number("the emulator's version")
    version = reader.number("the format's version")
    if not OLDEST <= version <= NEWEST:
        raise FormatError(
            f"Mesen state: format {version} is not known, only {OLDEST} and {NEWEST} are; "
            + ("update Halscope" if version > NEWEST else "save it with Mesen 2")
        )
    if version <= 3:
        reader.take(_SHA1_BYTES, "the ROM's hash")  # not used: whether a copier header is hashed too is not known
    console = reader.number("the console")
    if console != _SNES:
        name = _CONSOLES[console] if console < len(_CONSOLES) else f"console {console}"
        raise FormatError(f"Mesen state: it is of a game for {name}; Halscope reads those of the SNES")
    return version


def _read_screenshot(reader: _Reader) -> _Screenshot:
    size, width, height, _scale = (reader.number("the screenshot") for _ in range(4))
    packed = reader.take(reader.number("the screenshot"), "the screenshot", _MOST_SCREEN_BYTES)
    return _Screenshot(width, height, size, packed)


def _read_machine(reader: _Reader) -> bytes:
    """Return the values of the machine, unpacked."""
    if not reader.take(1, "the mark of compression")[0]:
        rest = reader.rest()
        return bytes(reader.take(len(rest), "the machine's state", _MOST_BYTES))
    size = reader.number("the size of the machine's state")
    if size > _MOST_BYTES:
        raise FormatError(
            f"Mesen state: the machine's state claims {size} bytes, more than {_MOST_BYTES}; the file is damaged"
        )
    packed = reader.take(reader.number("the packed size"), "the machine's state", _MOST_BYTES)
    return _inflate(packed, size, "the machine's state")


def _inflate(packed: memoryview, size: int, what: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, size + 1)
    except zlib.error as error:
        raise FormatError(f"Mesen state: {what} is damaged: {error}") from error
    if len(data) != size:
        longer = "more" if len(data) > size else len(data)
        raise FormatError(f"Mesen state: {what} unpacks to {longer} bytes, expected {size}; the file is damaged")
    return data


def _values(data: bytes) -> dict[str, memoryview]:
    """Return the values by name."""
    values: dict[str, memoryview] = {}
    view, at = memoryview(data), 0
    while at < len(data):
        end = data.find(b"\0", at, at + _MOST_KEY_BYTES)
        key = data[at:end] if end > at else b""
        if not key or min(key) <= 0x20 or max(key) >= 0x7F or len(values) == _MOST_VALUES:
            raise FormatError(f"Mesen state: no value begins at offset {at:#x} of the machine's state; it is damaged")
        size = int.from_bytes(data[end + 1 : end + 5], "little")
        at = end + 5 + size
        if at > len(data):
            raise FormatError(
                f"Mesen state: the value {key.decode()} has {size} bytes, {at - len(data)} more than the machine's "
                "state; it is damaged"
            )
        values.setdefault(key.decode(), view[at - size : at])
    return values


def _numbers(values: Mapping[str, memoryview]) -> dict[str, int]:
    """Return the values that are numbers (1 to 8 bytes), without a sign."""
    return {key: int.from_bytes(value, "little") for key, value in values.items() if 1 <= len(value) <= 8}


def _memory(values: Mapping[str, memoryview], key: str, size: int) -> memoryview:
    memory = values.get(key)
    if memory is None:
        raise FormatError(f"Mesen state: there is no value {key}; the file is damaged, or of another kind of console")
    if len(memory) != size:
        raise FormatError(f"Mesen state: the value {key} has {len(memory)} bytes, expected {size}")
    return memory


def _optional(values: Mapping[str, memoryview], key: str, size: int) -> NDArray[np.uint8] | None:
    return np.frombuffer(_memory(values, key, size), np.uint8).copy() if key in values else None


def _save_ram(values: Mapping[str, memoryview]) -> NDArray[np.uint8] | None:
    """Return the cartridge's RAM, the SA-1's BW-RAM, or `None` if there is none."""
    data = values.get("cart.saveRam", memoryview(b""))[:_MOST_BWRAM_BYTES]
    return np.frombuffer(data, np.uint8).copy() if data else None


def _picture(screenshot: _Screenshot, ppu: PpuRegisters) -> NDArray[np.uint8] | None:
    """Return what the console displays, uint8[height, width, 3], or `None` for a screenshot of an unknown size.

    It holds 239 lines of 256 words (RGB555, red lowest). In hi-res and interlaced modes Mesen doubles columns and
    lines, also where the console doubles one of them alone: of equal ones, every second is taken.
    """
    width, height, scale = screenshot.width, screenshot.height, screenshot.width // _SCREEN_WIDTH
    if scale not in (1, 2) or (width, height) != (_SCREEN_WIDTH * scale, _SCREEN_LINES * scale):
        return None
    if screenshot.size != 2 * width * height or ppu.setini is None or ppu.bgmode is None:
        return None
    words = np.frombuffer(_inflate(screenshot.packed, screenshot.size, "the screenshot"), "<u2").reshape(height, width)
    if not ppu.setini & _OVERSCAN:
        words = words[_FIRST_LINE * scale : (_FIRST_LINE + 224) * scale]
    if scale == 2:
        is_hires = ppu.setini & _PSEUDO_HIRES or ppu.bgmode & 7 in _HIRES_MODES
        words = words[:: 1 if ppu.setini & _INTERLACE else 2, :: 1 if is_hires else 2]
    levels = np.stack([words & 31, words >> 5 & 31, words >> 10 & 31], axis=2).astype(np.uint8)
    return (levels << 3 | levels >> 2).astype(np.uint8)
