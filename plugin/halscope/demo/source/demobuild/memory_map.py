"""Where the engine's bank and the banks of data are, for the console and in the file."""

from dataclasses import dataclass
from typing import NamedTuple

BANK = 0x8000
CODE_START = 0x008000  # of the engine's bank, whatever the map


class Region(NamedTuple):
    """Where a bank and those after it are, up to the next region."""

    bank: int
    address: int
    offset: int  # in the file


@dataclass(frozen=True)
class MemoryMap:
    """A memory map: places of 32 KiB banks. Bank 0 is the engine, the others are data."""

    name: str
    mode: int  # the header's map mode, $FFD5
    regions: tuple[Region, ...]
    code_offset: int = 0  # file offset of bank 0
    linear: bool = False  # two banks fill 64 KiB of addresses
    size: int = 0  # of the file; 0: as many banks as there are
    cartridge: int = 0x00  # $FFD6
    ram: int = 0x00  # $FFD8
    staging: int = 0x7E0000  # of 128 KiB in which a program unpacks data: WRAM, or the cartridge's RAM

    def _region(self, bank: int) -> Region:
        return max(region for region in self.regions if region.bank <= bank)

    def start(self, bank: int) -> int:
        """Return the address of a bank's first byte."""
        if bank == 0:
            return CODE_START
        region = self._region(bank)
        return region.address + (bank - region.bank) * (BANK if self.linear else 0x10000)

    def offset(self, bank: int) -> int:
        """Return the file offset of a bank's first byte."""
        if bank == 0:
            return self.code_offset
        region = self._region(bank)
        return region.offset + (bank - region.bank) * BANK

    def rom_offset(self, address: int, banks: int) -> int:
        """Return the file offset of an address in one of the banks."""
        for bank in range(banks):
            if 0 <= address - self.start(bank) < BANK:
                return self.offset(bank) + address - self.start(bank)
        raise ValueError(f"${address:06X} is in no bank of the {self.name} image")

    @property
    def next_bank(self) -> int:
        """The first mapped address of a bank."""
        return 0 if self.linear else BANK

    def arranged(self, linked: bytes) -> bytes:
        """Return the file: the linker's banks, one after the other, put where they belong. The rest is $FF."""
        image = bytearray(b"\xff" * (self.size or len(linked)))
        for bank in range(len(linked) // BANK):
            at = self.offset(bank)
            image[at : at + BANK] = linked[bank * BANK : (bank + 1) * BANK]
        return bytes(image)


LOROM = MemoryMap("lorom", 0x20, (Region(1, 0x818000, 0x8000),))
