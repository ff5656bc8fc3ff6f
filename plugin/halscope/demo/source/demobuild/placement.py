"""Decide where everything goes: blocks at mostly odd offsets, with code, data and filler between them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from demobuild.memory_map import BANK, LOROM, MemoryMap

BANKS = 16
SEED = 0x4A1C0DE
FREE_AT_END = (0x0C00, 0x1800)  # minimum and maximum bytes of $FF at the end of a bank
# Common 65816 opcodes, roughly by frequency; operands are random.
OPCODES = bytes.fromhex(
    "A9 85 8D A5 AD 20 60 D0 F0 C9 18 69 E8 C8 A2 A0 BD 9D 22 6B 4C 80 C2 E2 29 0A 48 68 DA FA B7 91"
)


@dataclass(frozen=True)
class Item:
    """Something to place in the ROM: a linker segment."""

    segment: str
    size: int
    odd: bool = False  # at an odd offset
    snug: bool = False  # directly after the previous item
    stay: bool = False  # in the previous item's bank
    align: int = 1  # at a multiple of this

    @property
    def slack(self) -> int:
        """The most filler bytes that putting it at a fitting offset takes."""
        return max(2, self.align)


@dataclass(frozen=True)
class Placed:
    """An item with its bank and its offset in the bank. Filler includes its bytes."""

    item: Item
    bank: int
    offset: int
    filler: bytes = b""

    @property
    def rom_offset(self) -> int:
        return self.bank * BANK + self.offset


def filler(generator: random.Random, size: int) -> bytes:
    """Bytes that look like code, like tables of words, or like nothing."""
    output = bytearray()
    while len(output) < size:
        style = generator.randrange(3)
        for _ in range(generator.randrange(20, 120)):
            if style == 0:
                output.append(generator.choice(OPCODES))
                output += generator.randbytes(generator.randrange(3))
            elif style == 1:
                output += (generator.randrange(0x8000, 0xFFFF) & 0xFFFE).to_bytes(2, "little")
            else:
                output += generator.randbytes(4)
    return bytes(output[:size])


class Placement:
    """Fills the banks from 1 on. Bank 0 belongs to the engine."""

    def __init__(self, banks: int = BANKS, seed: int = SEED) -> None:
        self.banks = banks
        self.random = random.Random(seed)
        self.placed: list[Placed] = []
        self.fillers = 0

    def place(self, items: list[Item], edges: Mapping[int, tuple[Item, Item | None]] | None = None) -> list[Placed]:
        """Distribute the items evenly over the banks, in order.

        `edges` are pieces that cross from a bank into the next one: the bank's last item and the first of the next
        (or none, if it ends with the bank).
        """
        edges = edges or {}
        room = [BANK - self.random.randrange(*FREE_AT_END) for _ in range(self.banks)]
        total, banks = sum(item.size for item in items), self.banks - 1
        groups: list[list[Item]] = [[] for _ in range(self.banks)]
        bank, used = 1, 0
        for item in items:
            if not (item.snug or item.stay) and used >= total / banks * bank and bank < self.banks - 1:
                bank += 1
            groups[bank].append(item)
            used += item.size
        for bank in range(1, self.banks):
            first = edges[bank - 1][1] if bank - 1 in edges else None
            last = edges[bank][0] if bank in edges else None
            self._fill_bank(bank, groups[bank], room[bank] - (last.size if last else 0), first)
            if last:
                begin = self.placed[-1].offset + self.placed[-1].item.size if self.placed[-1].bank == bank else 0
                self._fill(BANK - last.size - begin, bank, begin)
                self._add(last, bank, BANK - last.size)
        return self.placed

    def _fill_bank(self, bank: int, items: list[Item], room: int, first: Item | None) -> None:
        offset = 0
        if first:
            self._add(first, bank, 0)
            offset = first.size
        slack = sum(item.slack for item in items)
        spare = room - offset - sum(item.size for item in items)
        if spare < slack:
            raise ValueError(f"bank {bank} overflows by {slack - spare} bytes")
        gaps = [0.0 if item.snug else self.random.random() ** 2 + 0.05 for item in items]
        scale = (spare - slack) / (sum(gaps) + self.random.random() * 0.5)
        for item, gap in zip(items, gaps, strict=True):
            size = int(gap * scale)
            if item.odd and not item.snug and (offset + size) % 2 == 0:
                size += 1
            size += -(offset + size) % item.align
            self._fill(size, bank, offset)
            offset += size
            self._add(item, bank, offset)
            offset += item.size

    def _fill(self, size: int, bank: int, offset: int) -> None:
        if size:
            self._add(Item(f"FILL_{self.fillers:03}", size), bank, offset, filler(self.random, size))
            self.fillers += 1

    def _add(self, item: Item, bank: int, offset: int, data: bytes = b"") -> None:
        self.placed.append(Placed(item, bank, offset, data))


def linker_config(placed: list[Placed], banks: int = BANKS, memory_map: MemoryMap = LOROM) -> str:
    """Return the ld65 configuration: one memory area per bank, with the segments in order."""
    lines = [
        "MEMORY {",
        '    ZEROPAGE: start = $0000, size = $0100, type = rw, file = "";',
        '    VARIABLES: start = $0100, size = $1D00, type = rw, file = "";',
        "    BANK00: start = $008000, size = $7FC0, fill = yes, fillval = $FF, file = %O;",
        "    HEADER: start = $00FFC0, size = $0020, fill = yes, file = %O;",
        "    VECTORS: start = $00FFE0, size = $0020, fill = yes, file = %O;",
    ]
    lines += [
        f"    BANK{bank:02}: start = ${memory_map.start(bank):06X}, size = $8000, fill = yes, fillval = $FF, file = %O;"
        for bank in range(1, banks)
    ]
    lines += [
        "}",
        "SEGMENTS {",
        "    ZEROPAGE: load = ZEROPAGE, type = zp;",
        "    VARIABLES: load = VARIABLES, type = bss;",
        "    CODE: load = BANK00, type = ro;",
        "    HEADER: load = HEADER, type = ro;",
        "    VECTORS: load = VECTORS, type = ro;",
    ]
    lines += [f"    {one.item.segment}: load = BANK{one.bank:02}, type = ro;" for one in placed]
    return "\n".join([*lines, "}"]) + "\n"
