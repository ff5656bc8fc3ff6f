"""Mapping: where the bytes of a ROM file appear in the console's 24-bit address space, including mirrors.

A mapping is a table of the 512 half banks (32 KiB each) of the address space. Each entry is the file offset mapped
there, or nothing. Offsets, addresses and mirrors all follow from that table.

Source of the tables: the boards as wired by snes9x (`Memory.cpp`, the `Map_…` functions) and bsnes (`heuristics`).
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final

import numpy as np
from halscope_hooks import RomError, UsageError
from numpy.typing import NDArray

PAGE_BYTES: Final = 0x8000
"""Half a bank: the unit in which cartridges map their ROM."""

_PAGES: Final = 0x1000000 // PAGE_BYTES
_MIB: Final = 0x100000


def snes_text(address: int) -> str:
    """Format a 24-bit address of the console: "7E:2000"."""
    return f"{address >> 16:02X}:{address & 0xFFFF:04X}"


class Mapping(Enum):
    """How a cartridge maps its ROM into the console's address space."""

    LOROM = "lorom"
    HIROM = "hirom"
    EXLOROM = "exlorom"
    EXHIROM = "exhirom"
    SA1 = "sa1"

    @property
    def window(self) -> int:
        """File offset multiple at which a bank ends, in bytes; 0 if banks do not matter.

        Whether a stream may cross it is a rule of the game's decoder: see `halscope.rom.edges`. LoROM maps 32 KiB per
        bank. SA-1 games read through the linear banks C0 to FF, where a 24-bit pointer plus a 16-bit index crosses
        banks freely (Kirby Super Star's decompressor reads `LDA [dp],Y` there).
        """
        match self:
            case Mapping.LOROM | Mapping.EXLOROM:
                return 0x8000
            case Mapping.HIROM | Mapping.EXHIROM:
                return 0x10000
            case Mapping.SA1:
                return 0

    @property
    def header_offset(self) -> int:
        """File offset of the internal header, which the console sees at $00:FFC0."""
        match self:
            case Mapping.LOROM | Mapping.SA1:
                return 0x7FC0
            case Mapping.HIROM:
                return 0xFFC0
            case Mapping.EXLOROM:
                return 0x407FC0
            case Mapping.EXHIROM:
                return 0x40FFC0

    @property
    def page_offset(self) -> int:
        """File offset of the 32 KiB that the console sees at $00:8000, which end with the vectors."""
        return self.header_offset - 0x7FC0


def parse_mapping(name: str) -> Mapping:
    """Return the mapping of this name ("lorom", as `Mapping.value`). Raises UsageError if there is none."""
    try:
        return Mapping(name.lower())
    except ValueError:
        known = ", ".join(mapping.value for mapping in Mapping)
        raise UsageError(f"no mapping {name!r}; give one of: {known}") from None


def mirrored(offset: int, size: int) -> int:
    """Return the byte that the address `offset` selects in a ROM of `size` bytes.

    A size that is not a power of two consists of a large chip and a smaller one, which repeats to fill its half: the
    last MiB of a 3 MiB ROM appears twice. The checksum is counted in the same way.
    """
    base = 0
    while offset >= size:
        line = 1 << (offset.bit_length() - 1)
        offset -= line
        if size > line:  # past the large chip: inside the smaller, repeating one
            size -= line
            base += line
    return base + offset


def _lorom_pages(mapping: Mapping) -> dict[int, int]:
    """Return half bank → file offset before mirroring. Banks 7E and 7F are WRAM; 70 to 7D below $8000 is save RAM."""
    pages: dict[int, int] = {}
    for bank in range(0x100):
        if bank in (0x7E, 0x7F):
            continue
        offset = (bank & 0x7F) * PAGE_BYTES
        if mapping is Mapping.EXLOROM and bank < 0x80:
            offset += 4 * _MIB  # A23 selects the second chip when low: the first 4 MiB are in banks 80 to FF
        pages[bank * 2 + 1] = offset
        if 0x40 <= (bank & 0x7F) < 0x70:  # A15 is not connected, so both halves map the same 32 KiB
            pages[bank * 2] = offset
    return pages


def _hirom_pages(mapping: Mapping) -> dict[int, int]:
    pages: dict[int, int] = {}
    for bank in range(0x100):
        if bank in (0x7E, 0x7F):
            continue
        offset = (bank & 0x3F) * 0x10000
        if mapping is Mapping.EXHIROM and bank < 0x80:
            offset += 4 * _MIB  # A23 inverted, as above
        pages[bank * 2 + 1] = offset + PAGE_BYTES
        if bank & 0x40:  # below $8000, banks 00 to 3F and 80 to BF belong to the system
            pages[bank * 2] = offset
    return pages


def _sa1_pages() -> dict[int, int]:
    """Return the mapping after reset: $2220 to $2223 hold 0, 1, 2, 3, and games leave them that way."""
    pages: dict[int, int] = {}
    for bank in range(0x40):
        pages[0xC0 * 2 + bank * 2] = bank * 0x10000
        pages[0xC0 * 2 + bank * 2 + 1] = bank * 0x10000 + PAGE_BYTES
    for group, first_bank in enumerate((0x00, 0x20, 0x80, 0xA0)):  # each window is 32 banks of 32 KiB, one MiB group
        for bank in range(0x20):
            pages[(first_bank + bank) * 2 + 1] = group * _MIB + bank * PAGE_BYTES
    return pages


def _pages(mapping: Mapping) -> dict[int, int]:
    match mapping:
        case Mapping.LOROM | Mapping.EXLOROM:
            return _lorom_pages(mapping)
        case Mapping.HIROM | Mapping.EXHIROM:
            return _hirom_pages(mapping)
        case Mapping.SA1:
            return _sa1_pages()


@lru_cache(maxsize=32)
def page_table(mapping: Mapping, size: int) -> NDArray[np.int64]:
    """Return int64[512], read-only: the file offset mapped into each half bank of 32 KiB, or -1.

    Args:
        mapping: The cartridge's mapping.
        size: Size of the headerless image in bytes, rounded up to a multiple of 32 KiB.
    """
    if size <= 0:
        raise UsageError(f"a ROM of {size} bytes has no addresses; give the size of its headerless image")
    whole = -(-size // PAGE_BYTES) * PAGE_BYTES
    table = np.full(_PAGES, -1, np.int64)
    for page, offset in _pages(mapping).items():
        table[page] = mirrored(offset, whole)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=32)
def _mirror_pages(mapping: Mapping, size: int) -> dict[int, tuple[tuple[int, bool], ...]]:
    """Return page file offset → its (half bank, whether only a repetition of a small ROM), canonical one first."""
    direct = _pages(mapping)
    shown: dict[int, list[tuple[int, bool]]] = {}
    for page, offset in enumerate(page_table(mapping, size).tolist()):
        if offset >= 0:
            shown.setdefault(offset, []).append((page, direct[page] != offset))
    return {
        offset: tuple(sorted(pages, key=lambda entry: (entry[1], _rank(mapping, entry[0]), entry[0])))
        for offset, pages in shown.items()
    }


def _rank(mapping: Mapping, page: int) -> int:
    """Return the rank of a page among all that map the same byte; 0 is the canonical one."""
    bank, upper = page >> 1, page & 1
    match mapping:
        case Mapping.LOROM:
            return (0 if bank < 0x80 else 1) if upper else 2
        case Mapping.EXLOROM:
            return 0 if upper else 1
        case Mapping.HIROM | Mapping.SA1:  # the linear banks first, then the windows of the system banks
            return 0 if bank >= 0xC0 else 1
        case Mapping.EXHIROM:
            return 0 if bank & 0x40 else 1


def snes_mirrors(mapping: Mapping, rom_offset: int, size: int, *, repeats: bool = False) -> tuple[int, ...]:
    """Return every 24-bit address of a byte of the file, the canonical one first.

    Args:
        mapping: The cartridge's mapping.
        rom_offset: File offset in the headerless image.
        size: Size of the headerless image in bytes.
        repeats: Include addresses that exist only because a ROM smaller than its address space repeats. Games hardly
            ever use those, and each makes accidental matches in a pointer search more likely.

    Raises:
        UsageError: The offset is outside the image.
    """
    _check_offset(rom_offset, size)
    pages = _mirror_pages(mapping, size).get(rom_offset - rom_offset % PAGE_BYTES, ())
    low = rom_offset % PAGE_BYTES
    return tuple(page * PAGE_BYTES + low for page, repeated in pages if repeats or not repeated)


def to_snes(mapping: Mapping, rom_offset: int, size: int) -> int:
    """Return the canonical 24-bit address of a byte of the file.

    LoROM: banks 00 to 7D (FE and FF for the last 64 KiB of 4 MiB); HiROM and SA-1: C0 to FF; the Ex mappings: the upper
    banks for the first 4 MiB, the lower banks for the rest.

    Raises:
        UsageError: The offset is outside the image.
        RomError: The byte has no address in this mapping (SA-1 beyond 4 MiB, the ends of an 8 MiB ExHiROM).
    """
    addresses = snes_mirrors(mapping, rom_offset, size)
    if not addresses:
        raise RomError(
            f"ROM offset {rom_offset:#x} has no SNES address in the {mapping.value} mapping; "
            "use its file offset instead"
        )
    return addresses[0]


def to_offset(mapping: Mapping, snes_address: int, size: int) -> int | None:
    """Return the file offset mapped at a 24-bit address, or `None` if it is not ROM.

    Raises:
        UsageError: The address has more than 24 bits or is negative.
    """
    if not 0 <= snes_address < 0x1000000:
        raise UsageError(f"{snes_address:#x} is not a SNES address; give one from $000000 to $FFFFFF")
    page = int(page_table(mapping, size)[snes_address // PAGE_BYTES])
    offset = page + snes_address % PAGE_BYTES
    return offset if page >= 0 and offset < size else None


def _check_offset(rom_offset: int, size: int) -> None:
    if not 0 <= rom_offset < size:
        raise UsageError(f"ROM offset {rom_offset:#x} is outside the image of {size:#x} bytes")
