"""Builds a SNES ROM that leaves the PPU in a known state: machine code written byte by byte, no assembler needed.

The ROM is a 256 KiB LoROM with a valid header and checksum. At reset it writes every PPU register from $2101 to
$2133, fills VRAM, CGRAM, OAM and (if asked) WRAM by DMA, gives the registers the wanted values, turns the screen and
the NMI on, and loops forever. Each NMI counts `FRAME_COUNTER` in WRAM and keeps the first joypad in `JOYPAD`.
"""

from __future__ import annotations

from collections.abc import Buffer, Collection, Mapping, Sequence
from dataclasses import fields
from typing import Final, Literal

import numpy as np
from halscope_hooks import PpuRegisters

ROM_BYTES: Final = 0x40000
FRAME_COUNTER: Final = 0x10
"""WRAM offset ($7E:0010) of the number of NMIs so far, 16 bits little-endian."""
JOYPAD: Final = 0x12
"""WRAM offset of the first joypad as read by the console ($4218), 16 bits little-endian: BYsSUDLR AXLR0000."""
VRAM_OFFSET: Final = 0x08000
"""ROM offset of the VRAM image (65536 bytes)."""
CGRAM_OFFSET: Final = 0x18000
"""ROM offset of the CGRAM image (512 bytes)."""
OAM_OFFSET: Final = 0x18200
"""ROM offset of the OAM image (544 bytes)."""
DATA_OFFSET: Final = 0x19000
"""ROM offset of the data for HDMA (up to 28672 bytes; at $03:9000)."""
DATA_ADDRESS: Final = 0x039000
"""SNES address of the data for HDMA."""
_MOST_DATA: Final = 0x7000
WRAM_OFFSET: Final = 0x20000
"""ROM offset of the WRAM image (131072 bytes)."""

Animation = Literal["vram", "cgram", "oam", "scroll"]
"""What the NMI sets to the frame counter each frame: VRAM word 0, colour 0, the x of sprite 0 (its y
becomes the counter's high byte), BG1's horizontal scroll."""

_CODE: Final = 0x8000
_BYTE_REGISTERS: Final = {
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
# Written to the same address, low byte first, then high.
_WORD_REGISTERS: Final = {
    "bg1hofs": (0x210D, 10),
    "bg1vofs": (0x210E, 10),
    "bg2hofs": (0x210F, 10),
    "bg2vofs": (0x2110, 10),
    "bg3hofs": (0x2111, 10),
    "bg3vofs": (0x2112, 10),
    "bg4hofs": (0x2113, 10),
    "bg4vofs": (0x2114, 10),
    "m7a": (0x211B, 16),
    "m7b": (0x211C, 16),
    "m7c": (0x211D, 16),
    "m7d": (0x211E, 16),
    "m7x": (0x211F, 13),
    "m7y": (0x2120, 13),
}
# A write to $210D sets both BG1HOFS and M7HOFS ($210E likewise): the byte becomes the high byte of both, and each has a
# latch of its own for the low byte. So bits 8 and 9 are the same in both.
_SHARED_WITH_MODE_7: Final = {"m7hofs": "bg1hofs", "m7vofs": "bg1vofs"}
_WIDTHS: Final = (
    dict.fromkeys(_BYTE_REGISTERS, 8)
    | {name: bits for name, (_, bits) in _WORD_REGISTERS.items()}
    | {"m7hofs": 13, "m7vofs": 13, "inidisp": 8, "oamadd": 16, "cgadd": 9, "coldata": 15}
)


def _colour_chart() -> bytes:
    vram = np.zeros((0x8000, 2), np.uint8)
    vram[:, 1] = np.arange(0x8000) // 64 % 256  # tile n is 64 pixels of colour n
    rows, columns = np.mgrid[0:128, 0:128]
    vram[:0x4000, 0] = ((rows * 32 + columns) % 256).reshape(-1)
    return vram.tobytes()


COLOUR_CHART: Final = _colour_chart()
"""VRAM for mode 7: 32 × 28 tiles, each of one colour, every colour of CGRAM among them."""
CHART_REGISTERS: Final = {"bgmode": 7, "tm": 1, "m7a": 0x100, "m7d": 0x100, "m7vofs": 0x1FFF}
"""The registers that show the chart; the first line shown is line 1."""


def expected_registers(registers: Mapping[str, int] | None = None) -> PpuRegisters:
    """Return what the registers hold once the ROM built with the same `registers` runs.

    Registers not named are 0, except INIDISP, which is 0x0F (screen on, full brightness).

    Raises:
        ValueError: An unknown name, a value too large, or a BG1 scroll that contradicts its mode 7 twin.
    """
    values = {field.name: 0 for field in fields(PpuRegisters)} | {"inidisp": 0x0F}
    given = dict(registers or {})
    for name, value in given.items():
        if name not in _WIDTHS:
            raise ValueError(f"{name} is no PPU register")
        if not 0 <= value < 1 << _WIDTHS[name]:
            raise ValueError(f"{name} = {value:#x} does not fit in {_WIDTHS[name]} bits")
    for mode_7, scroll in _SHARED_WITH_MODE_7.items():
        if mode_7 in given:
            given.setdefault(scroll, given[mode_7] & 0x3FF)
            if (given[scroll] ^ given[mode_7]) & 0x300:
                raise ValueError(f"bits 8 and 9 of {scroll} and {mode_7} must be the same: one write sets both")
        elif scroll in given:
            given[mode_7] = given[scroll]
    if given.get("oamadd", 0) & 0x7E00:
        raise ValueError("oamadd has 9 address bits and bit 15")
    return PpuRegisters(**(values | given))


def random_registers(rng: np.random.Generator) -> dict[str, int]:
    """Return a random value for every register; no overscan and no interlace, so the picture has 224 lines."""
    values = {name: int(rng.integers(1 << bits)) for name, bits in _WIDTHS.items()}
    values["oamadd"] &= 0x81FF
    values["bg1hofs"] = values["m7hofs"] & 0x300 | values["bg1hofs"] & 0xFF
    values["bg1vofs"] = values["m7vofs"] & 0x300 | values["bg1vofs"] & 0xFF
    values["inidisp"] &= 0x8F
    values["setini"] &= 0x40  # no overscan, interlace or hi-res: the picture stays 256 × 224
    return values


def build(
    vram: Buffer | None = None,
    cgram: Buffer | None = None,
    oam: Buffer | None = None,
    registers: Mapping[str, int] | None = None,
    *,
    wram: Buffer | None = None,
    animate: Collection[Animation] = (),
    cpu: Sequence[tuple[int, int]] = (),
    data: bytes = b"",
    title: str = "HALSCOPE PROBE",
) -> bytes:
    """Return the ROM image.

    Args:
        vram: 65536 bytes; zeros if omitted.
        cgram: 512 bytes (little-endian colours); zeros if omitted.
        oam: 544 bytes; if omitted, all sprites are below the screen (y 240).
        registers: Values by the names of `PpuRegisters`; see `expected_registers` for the others.
        wram: 131072 bytes; the counter, the joypad and the top of the stack change afterwards.
        animate: What the NMI changes each frame.
        cpu: Bytes written to $42xx and $43xx after the screen is turned on: (address, value), in order. NMITIMEN
            ($4200) must keep bit 7. An IRQ is never taken, because interrupts stay disabled.
        data: What is read at `DATA_ADDRESS`.
        title: Up to 21 ASCII characters for the header.

    Raises:
        ValueError: A memory has another size, or see `expected_registers`.
    """
    wanted = expected_registers(registers)
    rom = bytearray(ROM_BYTES)
    hidden = np.zeros(544, np.uint8)
    hidden[1:512:4] = 240
    images = (
        (VRAM_OFFSET, 0x10000, vram),
        (CGRAM_OFFSET, 512, cgram),
        (OAM_OFFSET, 544, hidden if oam is None else oam),
    )
    for offset, size, image in (*images, (WRAM_OFFSET, 0x20000, wram)):
        if image is not None:
            content = memoryview(image).cast("B")
            if content.nbytes != size:
                raise ValueError(f"the image for offset {offset:#x} has {content.nbytes} bytes, expected {size}")
            rom[offset : offset + size] = content
    if len(data) > _MOST_DATA:
        raise ValueError(f"the data has {len(data)} bytes, more than {_MOST_DATA}")
    rom[DATA_OFFSET : DATA_OFFSET + len(data)] = data
    code = _reset(wanted, cpu, rom[CGRAM_OFFSET + _value(wanted, "cgadd") // 2 * 2], with_wram=wram is not None)
    nmi_address = _CODE + len(code)
    code += _nmi(wanted, animate)
    unused_vector = _CODE + len(code)
    code += bytes([0x40])  # RTI
    rom[: len(code)] = code
    _write_header(rom, title, nmi_address, unused_vector)
    return bytes(rom)


def _store(address: int, value: int) -> bytes:
    """LDA #value : STA address."""
    return bytes([0xA9, value, 0x8D, address & 0xFF, address >> 8])


def _store_word(address: int, value: int) -> bytes:
    """Write a 16-bit value into a pair of registers."""
    return _store(address, value & 0xFF) + _store(address + 1, value >> 8)


def _store_twice(address: int, value: int) -> bytes:
    """Write a value into a write-twice register: low byte, then high."""
    return _store(address, value & 0xFF) + _store(address, value >> 8)


def _store_scrolls(address: int, layer: int, mode_7: int) -> bytes:
    """Set BG1's scroll and mode 7's through their two latches; BG2's scroll and M7A are left with garbage."""
    code = _store_twice(address, (layer & 7) << 8)  # the horizontal scroll takes its low 3 bits from its old high byte
    code += _store(0x210F, layer & 0xFF) + _store(0x211B, mode_7 & 0xFF)
    return code + _store(address, mode_7 >> 8)


def _counter_to(port: int) -> bytes:
    """Write both bytes of the frame counter into $21xx, one after the other."""
    return bytes([0xA5, FRAME_COUNTER, 0x8D, port, 0x21, 0xA5, FRAME_COUNTER + 1, 0x8D, port, 0x21])


def _dma(rom_offset: int, size: int, port: int, *, mode: int = 0) -> bytes:
    """Start channel 0 from the ROM into $21xx; blocks of 32 KiB, one LoROM bank each."""
    code = b""
    for start in range(0, size, 0x8000):
        bank, address = divmod(rom_offset + start, 0x8000)
        code += _store(0x4300, mode) + _store(0x4301, port) + _store_word(0x4302, 0x8000 + address)
        code += _store(0x4304, bank) + _store_word(0x4305, min(0x8000, size - start)) + _store(0x420B, 1)
    return code


def _value(registers: PpuRegisters, name: str) -> int:
    value: int = getattr(registers, name)
    return value


def _reset(wanted: PpuRegisters, cpu: Sequence[tuple[int, int]], low_byte: int, *, with_wram: bool) -> bytes:
    """The code at reset. `low_byte` is that of the colour at CGADD, which an odd address needs to be written again."""
    # SEI; CLC; XCE; REP #$10; SEP #$20; LDX #$1FFF; TXS; LDA #0; PHA; PLB
    code = bytes.fromhex("78 18 FB C2 10 E2 20 A2 FF 1F 9A A9 00 48 AB")
    code += _store(0x4200, 0) + _store(0x420C, 0) + _store(0x2100, 0x80)
    for address in range(0x2101, 0x2134):
        code += _store(address, 0)
        if 0x210D <= address <= 0x2114 or 0x211B <= address <= 0x2120:
            code += _store(address, 0)
    code += _store(0x2115, 0x80) + _store_word(0x2116, 0) + _dma(VRAM_OFFSET, 0x10000, 0x18, mode=1)
    code += _store(0x2121, 0) + _dma(CGRAM_OFFSET, 512, 0x22)
    code += _store_word(0x2102, 0) + _dma(OAM_OFFSET, 544, 0x04)
    if with_wram:
        code += _store_word(0x2181, 0) + _store(0x2183, 0) + _dma(WRAM_OFFSET, 0x20000, 0x80)
    for counter in range(FRAME_COUNTER, FRAME_COUNTER + 4):
        code += _store(counter, 0)
    for name, address in _BYTE_REGISTERS.items():
        code += _store(address, _value(wanted, name))
    for name, (address, _) in _WORD_REGISTERS.items():
        if name in ("bg1hofs", "bg1vofs"):
            code += _store_scrolls(address, _value(wanted, name), _value(wanted, name.replace("bg1", "m7")))
        else:
            code += _store_twice(address, _value(wanted, name))
    colour = _value(wanted, "coldata")
    for plane in range(3):  # red, green, blue: one write each, chosen by bits 5 to 7
        code += _store(0x2132, 0x20 << plane | colour >> 5 * plane & 0x1F)
    code += _store_word(0x2102, _value(wanted, "oamadd"))
    code += _store(0x2121, _value(wanted, "cgadd") // 2)
    if _value(wanted, "cgadd") % 2:
        code += _store(0x2122, low_byte)
    code += _store(0x2100, _value(wanted, "inidisp")) + _store(0x4200, 0x81)
    for address, value in cpu:
        code += _store(address, value)
    return code + bytes.fromhex("CB 80 FD")  # WAI; BRA to the WAI


def _nmi(wanted: PpuRegisters, animate: Collection[Animation]) -> bytes:
    code = bytes.fromhex("AD 10 42")  # LDA $4210: acknowledges the NMI
    code += bytes([0xC2, 0x20, 0xE6, FRAME_COUNTER])  # REP #$20; INC counter
    if "vram" in animate:
        code += bytes.fromhex("9C 16 21") + bytes([0xA5, FRAME_COUNTER]) + bytes.fromhex("8D 18 21")
    code += bytes([0xE2, 0x20])  # SEP #$20
    if "cgram" in animate:
        code += _store(0x2121, 0) + _counter_to(0x22)
    if "oam" in animate:
        code += _store_word(0x2102, 0) + _counter_to(0x04) + _store_word(0x2102, _value(wanted, "oamadd"))
    if "scroll" in animate:
        code += _counter_to(0x0D)
    # Wait until the console has read the joypads ($4212 bit 0), then keep the first one's 16 bits.
    code += bytes.fromhex("AD 12 42 4A B0 FA")  # LDA $4212; LSR; BCS back
    code += bytes([0xC2, 0x20, 0xAD, 0x18, 0x42, 0x85, JOYPAD, 0xE2, 0x20])
    return code + bytes([0x40])  # RTI


def _write_header(rom: bytearray, title: str, nmi_address: int, unused_vector: int) -> None:
    name = title.encode("ascii")
    if len(name) > 21:
        raise ValueError(f"the title {title!r} is longer than 21 characters")
    rom[0x7FC0:0x7FD5] = name.ljust(21)
    rom[0x7FD5:0x7FDC] = bytes([0x20, 0x00, 0x08, 0x00, 0x01, 0x00, 0x00])  # slow LoROM, ROM only, 256 KiB, NTSC
    for vector in range(0x7FE4, 0x8000, 2):
        rom[vector : vector + 2] = unused_vector.to_bytes(2, "little")
    rom[0x7FEA:0x7FEC] = nmi_address.to_bytes(2, "little")
    rom[0x7FFC:0x7FFE] = _CODE.to_bytes(2, "little")
    rom[0x7FDC:0x7FE0] = b"\xff\xff\x00\x00"  # complement and checksum always add 0x1FE to the sum
    checksum = sum(rom) & 0xFFFF
    rom[0x7FDC:0x7FE0] = (checksum ^ 0xFFFF).to_bytes(2, "little") + checksum.to_bytes(2, "little")
