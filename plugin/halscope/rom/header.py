"""Header: the internal header at $00:FFC0, its fields, and a score for how much a place looks like a header.

Fields as in Nintendo's development manual: title at $FFC0, map mode $FFD5, chips $FFD6, ROM and RAM size $FFD7/$FFD8,
destination $FFD9, version $FFDB, complement and checksum $FFDC, vectors up to $FFFF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom import checksum as checksums
from halscope.rom.mapping import Mapping

HEADER_BYTES: Final = 0x40
"""From the title to the last vector."""

LIKELY: Final = 0.45
"""The lowest score accepted as a header. Noise gets 0.25 for a plausible reset vector and sizes, and looks like a title
(21 printable bytes) in only one of 25,000 places. A header whose checksum was never filled in still gets 0.6."""

# First instructions of a reset routine: those that games use, and those that no game uses.
_LIKELY_OPCODES: Final = frozenset(
    {
        0x78,  # SEI
        0x18,  # CLC (then XCE)
        0x38,  # SEC (then XCE)
        0x9C,  # STZ addr
        0x4C,  # JMP
        0x5C,  # JML
        0x80,  # BRA
        0x20,  # JSR
        0x22,  # JSL
        0xC2,  # REP
        0xE2,  # SEP
        0xA9,  # LDA #
        0xA2,  # LDX #
        0xA0,  # LDY #
        0xAD,  # LDA addr
        0xD8,  # CLD
        0xEA,  # NOP
        0x4B,  # PHK
        0xFB,  # XCE
    }
)
_IMPOSSIBLE_OPCODES: Final = frozenset(
    {
        0x00,  # BRK
        0x02,  # COP
        0x40,  # RTI: nothing to return to yet, as for RTS and RTL
        0x42,  # WDM
        0x60,  # RTS
        0x6B,  # RTL
        0xCB,  # WAI
        0xDB,  # STP
        0xFF,  # SBC long: erased memory
    }
)

_NIBBLES: Final = {Mapping.LOROM: 0x0, Mapping.HIROM: 0x1, Mapping.EXLOROM: 0x2, Mapping.SA1: 0x3, Mapping.EXHIROM: 0x5}
"""The low half of the map mode byte ($20 plus $10 for fast ROM)."""

_UNMODELLED_CHIPS: Final = {0x1: "SuperFX", 0x4: "S-DD1"}
"""High half of the chip byte → coprocessors with a ROM mapping of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An internal header, or whatever is stored in its place.

    Args:
        offset: File offset of its first byte in the headerless image.
        mapping: The mapping that maps this place to $00:FFC0.
        title: Decoded from JIS X 0201, without trailing blanks; `?` for bytes that are not text.
        map_mode: The byte at $FFD5.
        chips: The byte at $FFD6 (RAM, battery, coprocessor).
        rom_size: The byte at $FFD7: 1 << n KiB.
        complement: As stored.
        checksum: As stored.
        score: How much it looks like a header, 0 to 1.
    """

    offset: int
    mapping: Mapping
    title: str
    map_mode: int
    chips: int
    rom_size: int
    complement: int
    checksum: int
    score: float

    @property
    def declared_bytes(self) -> int | None:
        """The ROM size that the header declares, or `None` if the byte is not a valid size."""
        return 1024 << self.rom_size if 5 <= self.rom_size <= 14 else None

    @property
    def map_mode_fits(self) -> bool:
        """Whether the map mode byte matches the mapping that belongs to the header's place."""
        return _is_map_mode(self.map_mode) and self.map_mode & 0xF == _NIBBLES[self.mapping]

    @property
    def swapped_halves(self) -> bool:
        """Whether the map mode byte belongs to the other half bank, as in an interleaved copier file.

        Such a file holds the upper halves of all banks, then the lower halves, so a HiROM header is at LoROM's place.
        """
        nibble = self.map_mode & 0xF
        at_lorom = self.mapping in (Mapping.LOROM, Mapping.EXLOROM, Mapping.SA1)
        return _is_map_mode(self.map_mode) and nibble in ((0x1, 0x5) if at_lorom else (0x0, 0x3))

    @property
    def chip_note(self) -> str | None:
        """Name of a coprocessor whose ROM mapping is not modelled here, or `None`."""
        if self.chips & 0xF < 0x3:
            return None
        if self.map_mode & 0xEF == 0x2A and self.chips >> 4 == 0xF:
            return "SPC7110"
        return _UNMODELLED_CHIPS.get(self.chips >> 4)


def read_header(rom: NDArray[np.uint8], mapping: Mapping) -> Header | None:
    """Read and score the header at the mapping's place. Return `None` if the image ends before it.

    Args:
        rom: uint8[n], the headerless image.
        mapping: The mapping. LOROM and SA1 share a place; the map mode and chip bytes decide between them, whichever is
            passed.
    """
    offset = mapping.header_offset
    if offset + HEADER_BYTES > rom.size:
        return None
    raw = rom[offset : offset + HEADER_BYTES].tobytes()
    if mapping is Mapping.LOROM and raw[0x15] & 0xF == 0x3 and raw[0x16] >> 4 == 0x3:
        mapping = Mapping.SA1
    complement, checksum = checksums.stored(rom, offset)
    return Header(
        offset=offset,
        mapping=mapping,
        title=_text(raw[:21]),
        map_mode=raw[0x15],
        chips=raw[0x16],
        rom_size=raw[0x17],
        complement=complement,
        checksum=checksum,
        score=_score(rom, mapping, raw),
    )


def candidates(rom: NDArray[np.uint8]) -> list[Header]:
    """Return the headers at every possible place, most likely first (LoROM before HiROM at equal scores)."""
    headers = (
        read_header(rom, mapping) for mapping in (Mapping.LOROM, Mapping.HIROM, Mapping.EXLOROM, Mapping.EXHIROM)
    )
    return sorted((header for header in headers if header is not None), key=lambda header: -header.score)


def _is_map_mode(value: int) -> bool:
    return value & 0xE0 == 0x20


def _score(rom: NDArray[np.uint8], mapping: Mapping, raw: bytes) -> float:
    """Score a header by weights that add up to 1. A reset vector below $8000 rules it out: no ROM is mapped there."""
    reset = raw[0x3C] | raw[0x3D] << 8
    if reset < 0x8000:
        return 0.0
    opcode = int(rom[mapping.header_offset - 0x7FC0 + (reset & 0x7FFF)])
    score = 0.15 if opcode in _LIKELY_OPCODES else -0.25 if opcode in _IMPOSSIBLE_OPCODES else 0.03
    complement, checksum = raw[0x1C] | raw[0x1D] << 8, raw[0x1E] | raw[0x1F] << 8
    if complement ^ checksum == 0xFFFF and checksum not in (0, 0xFFFF):
        score += 0.25
        if checksums.corrected(rom, mapping.header_offset) == checksum:
            score += 0.15
    if _is_map_mode(raw[0x15]) and raw[0x15] & 0xF == _NIBBLES[mapping]:
        score += 0.2
    if _printable(raw[:21]):
        score += 0.15
    if 1024 << min(raw[0x17], 20) == 1 << (rom.size - 1).bit_length():
        score += 0.05
    if raw[0x18] <= 8 and raw[0x19] <= 0x14:  # up to 256 KiB of save RAM; destinations end at $14
        score += 0.05
    return max(0.0, round(score, 2))


def _printable(title: bytes) -> bool:
    text = title.rstrip(b"\0 ")
    return bool(text) and all(0x20 <= byte <= 0x7E or 0xA1 <= byte <= 0xDF for byte in text)


def _text(title: bytes) -> str:
    def letter(byte: int) -> str:
        if 0x20 <= byte <= 0x7E:
            return chr(byte)
        return chr(0xFF61 + byte - 0xA1) if 0xA1 <= byte <= 0xDF else "?"  # half-width katakana

    return "".join(letter(byte) for byte in title.rstrip(b"\0 ")).rstrip()
