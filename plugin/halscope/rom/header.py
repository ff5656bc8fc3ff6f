"""Header: the internal header at $00:FFC0, its fields, and a score for how much a place looks like a header.

Fields as in Nintendo's development manual: title at $FFC0, map mode $FFD5, chips $FFD6, ROM and RAM size $FFD7/$FFD8,
destination $FFD9, version $FFDB, complement and checksum $FFDC, vectors up to $FFFF. Satellaview programs have another
layout, see `halscope.rom._satellaview`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope._rom_file import HEADER_BYTES, LIKELY, is_map_mode, is_title, score_header
from halscope.rom import _satellaview as satellaview
from halscope.rom import checksum as checksums
from halscope.rom.checksum import MIRRORED, Rule
from halscope.rom.mapping import Mapping

_NIBBLES: Final = {Mapping.LOROM: 0x0, Mapping.HIROM: 0x1, Mapping.EXLOROM: 0x2, Mapping.SA1: 0x3, Mapping.EXHIROM: 0x5}
"""The low half of the map mode byte ($20 plus $10 for fast ROM)."""

_LINEAR_BYTES: Final = 4 << 20
"""What plain LoROM and HiROM can address: the Ex mappings exist because they end here."""

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
        is_satellaview: Whether it has the layout of a Satellaview program, which has neither chips nor a size.
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
    is_satellaview: bool = False

    @property
    def declared_bytes(self) -> int | None:
        """The ROM size that the header declares, or `None` if the byte is not a valid size."""
        return 1024 << self.rom_size if 5 <= self.rom_size <= 14 else None

    @property
    def map_mode_fits(self) -> bool:
        """Whether the map mode byte matches the mapping that belongs to the header's place."""
        return _fits(self.mapping, self.map_mode, self.chips)

    @property
    def swapped_halves(self) -> bool:
        """Whether the map mode byte belongs to the other half bank, as in an interleaved copier file.

        Such a file holds the upper halves of all banks, then the lower halves, so a HiROM header is at LoROM's place.
        """
        nibble = self.map_mode & 0xF
        at_lorom = self.mapping in (Mapping.LOROM, Mapping.EXLOROM, Mapping.SA1)
        return is_map_mode(self.map_mode) and nibble in ((0x1, 0x5) if at_lorom else (0x0, 0x3))

    @property
    def chip_note(self) -> str | None:
        """Name of a coprocessor whose ROM mapping is not modelled here, or `None`."""
        return _chip(self.map_mode, self.chips)

    @property
    def ends_at_4_mib(self) -> bool:
        """Whether the mapping has no addresses for what follows the first 4 MiB of an image."""
        return self.mapping in (Mapping.LOROM, Mapping.HIROM) and self.chip_note is None

    def checksum_rules(self, size: int) -> tuple[Rule, ...]:
        """Return the rules that the checksum of an image of `size` bytes may follow, that of its board first."""
        declared = self.declared_bytes
        whole = (_board_rule(self.map_mode, self.chips, size), MIRRORED, Rule("plain"))
        if self.is_satellaview:
            return (Rule("satellaview"),)
        return whole if declared is None or declared >= size else (*whole, Rule("mirrored", declared))


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
    map_mode, chips = raw[0x15], raw[0x16]
    if mapping is Mapping.LOROM and map_mode & 0xF == 0x3 and chips >> 4 == 0x3:
        mapping = Mapping.SA1
    complement, checksum = checksums.stored(rom, offset)
    rule = _board_rule(map_mode, chips, rom.size)
    score = score_header(
        rom, offset, _fits(mapping, map_mode, chips), lambda: checksums.corrected(rom, offset, rule) == checksum
    )
    satellite = None if mapping is Mapping.SA1 else satellaview.read(rom, offset)
    if satellite is not None and satellite.score > score:
        return Header(
            offset=offset,
            mapping=mapping,
            title=satellite.title,
            map_mode=satellite.map_mode,
            chips=0,
            rom_size=0,
            complement=complement,
            checksum=checksum,
            score=satellite.score,
            is_satellaview=True,
        )
    return Header(
        offset=offset,
        mapping=mapping,
        title=_text(raw[:21]) if score >= LIKELY or is_title(raw[:21]) else "",
        map_mode=map_mode,
        chips=chips,
        rom_size=raw[0x17],
        complement=complement,
        checksum=checksum,
        score=score,
    )


def candidates(rom: NDArray[np.uint8]) -> list[Header]:
    """Return the headers at every possible place, most likely first (LoROM before HiROM at equal scores).

    In an image of more than 4 MiB, a header at the place of an Ex mapping goes before those of the plain mappings: the
    console sees that one at $00:FFC0, and the one in the first 4 MiB is a copy that may be stale. Unless what follows
    4 MiB is the copy: an overdump repeats the beginning, with the map mode of a plain mapping.
    """
    places = (read_header(rom, mapping) for mapping in (Mapping.LOROM, Mapping.HIROM, Mapping.EXLOROM, Mapping.EXHIROM))
    headers = [header for header in places if header is not None]
    extended = any(
        header.score >= LIKELY and (header.map_mode_fits or not _repeats_beginning(rom, header.offset))
        for header in headers
        if header.offset >= _LINEAR_BYTES
    )
    return sorted(headers, key=lambda header: (extended and header.ends_at_4_mib, -header.score))


def _repeats_beginning(rom: NDArray[np.uint8], offset: int) -> bool:
    """Whether a header past 4 MiB is the one that is 4 MiB before it."""
    before = offset - _LINEAR_BYTES
    return rom[offset : offset + HEADER_BYTES].tobytes() == rom[before : before + HEADER_BYTES].tobytes()


def _fits(mapping: Mapping, map_mode: int, chips: int) -> bool:
    """Whether a map mode byte belongs to a mapping."""
    nibble, chip = map_mode & 0xF, _chip(map_mode, chips)
    odd = (chip == "SPC7110" and mapping is Mapping.HIROM) or (
        chip == "S-DD1" and nibble == 0x2 and mapping is Mapping.LOROM
    )
    return is_map_mode(map_mode) and (odd or nibble == _NIBBLES[mapping])


def _chip(map_mode: int, chips: int) -> str | None:
    if chips & 0xF < 0x3:
        return None
    if map_mode & 0xEF == 0x2A and chips >> 4 == 0xF:
        return "SPC7110"
    return _UNMODELLED_CHIPS.get(chips >> 4)


def _board_rule(map_mode: int, chips: int, size: int) -> Rule:
    """Return the rule of a board's checksum. SPC7110 as counted by snes9x (`Memory.cpp`, Checksum_Calculate)."""
    if _chip(map_mode, chips) == "SPC7110":
        return Rule("twice" if size == 0x300000 else "plain")
    return MIRRORED


def _text(title: bytes) -> str:
    def letter(byte: int) -> str:
        if 0x20 <= byte <= 0x7E:
            return chr(byte)
        return chr(0xFF61 + byte - 0xA1) if 0xA1 <= byte <= 0xDF else "?"  # half-width katakana

    return "".join(letter(byte) for byte in title.rstrip(b"\0 ")).rstrip()
