"""GameProfile: prior knowledge about a game, as data. It improves search and naming but is never required."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

from halscope_hooks._errors import UsageError
from halscope_hooks._transform import NO_TRANSFORM, TRANSFORMS, Transform

EdgeRule = Literal["next-bank", "wrap", "linear"]
EDGE_RULES: Final[tuple[EdgeRule, ...]] = get_args(EdgeRule)

MOST_GAME_TRANSFORMS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerTable:
    """A table in the ROM whose entries lead to compressed blocks.

    The bytes of an entry may be contiguous or split across three parallel tables, so each has its own address. Entry n
    has its low byte at `low + n × stride`; the same goes for the others.

    Args:
        codec: Name of the codec that packs the blocks.
        count: Number of entries.
        low: 24-bit SNES address of the first entry's low byte.
        high: Address of its high byte.
        bank: Address of its bank byte, or `None` if all blocks are in `fixed_bank`.
        stride: Bytes from one entry to the next.
        fixed_bank: The bank of all blocks, 0 to 255, if `bank` is `None`.
        transform: How the game converts the tiles of its blocks on their way into VRAM, as in `Origin.transform`;
            `None` if unknown.

    Raises:
        UsageError: Both or neither of `bank` and `fixed_bank` are given, or a number is out of range.
    """

    codec: str
    count: int
    low: int
    high: int
    bank: int | None = None
    stride: int = 1
    fixed_bank: int | None = None
    transform: str | None = None

    def __post_init__(self) -> None:
        if (self.bank is None) == (self.fixed_bank is None):
            raise UsageError("a pointer table needs either a table of banks or one fixed bank")
        if not 1 <= self.count <= 0x10000 or not 1 <= self.stride <= 0x10000:
            raise UsageError(f"a pointer table has 1 to 65536 entries and strides, not {self.count} and {self.stride}")
        places = [self.low, self.high, *([] if self.bank is None else [self.bank])]
        if any(not 0 <= place <= 0xFFFFFF for place in places) or not 0 <= (self.fixed_bank or 0) <= 0xFF:
            raise UsageError("a pointer table's addresses are 24-bit SNES addresses, its fixed bank 0 to 255")

    @classmethod
    def plain(cls, codec: str, address: int, count: int, *, stride: int = 3) -> Self:
        """Describe a table of consecutive 24-bit little-endian addresses (`count` 1: a single pointer)."""
        return cls(codec=codec, count=count, low=address, high=address + 1, bank=address + 2, stride=stride)

    @classmethod
    def words(cls, codec: str, address: int, count: int, bank: int, *, stride: int = 2) -> Self:
        """Describe a table of 16-bit little-endian addresses within one bank."""
        return cls(codec=codec, count=count, low=address, high=address + 1, fixed_bank=bank, stride=stride)


_PLACE: Final = re.compile(r"a|x|y|db|dp\+[0-9A-F]{2}|[0-9A-F]{2}:[0-9A-F]{4}")


@dataclass(frozen=True, slots=True)
class PointerInput:
    """Where a decoder finds the address of its stream when it is called.

    A place is a register ("a", "x", "y", "db"), an offset from the direct page register ("dp+0E"), or a 24-bit address
    ("7E:0010"), with hexadecimal digits in upper case.

    Args:
        address: Place of the 16-bit address, low byte first.
        bank: Place of its bank, one byte.

    Raises:
        UsageError: A place has another form.
    """

    address: str
    bank: str

    def __post_init__(self) -> None:
        for place in (self.address, self.bank):
            if not _PLACE.fullmatch(place):
                raise UsageError(
                    f'a place of a pointer is "a", "x", "y", "db", "dp+0E" or "7E:0010" (any digits), not {place!r}'
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """A game's decompression routine.

    Args:
        snes_address: 24-bit address of its first instruction.
        codec: Name of the codec that it unpacks.
        region: "US", "JP", "EU" …; empty if it applies to all regions or the region is unknown.
        edge: Where it continues reading after the last byte of a bank: "next-bank" (at the beginning of the next bank:
            $8000, or $0000 in the linear banks of HiROM), "wrap" (at the beginning of the same bank) or "linear" (at
            the next byte of the image). `None` if unknown: a block may then cross an edge if a pointer leads to it.
        pointer: Where the address of the stream comes in; `None` if unknown.
        transform: How the game converts the decoded tiles on their way into VRAM, as in `Origin.transform`; `None` if
            unknown.

    Raises:
        UsageError: `edge` is not a known rule.
    """

    snes_address: int
    codec: str
    region: str = ""
    edge: EdgeRule | None = None
    pointer: PointerInput | None = None
    transform: str | None = None

    def __post_init__(self) -> None:
        if self.edge is not None and self.edge not in EDGE_RULES:
            raise UsageError(f"a decoder's edge rule must be one of {', '.join(EDGE_RULES)}, not {self.edge!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GameProfile:
    """Prior knowledge about a game.

    Args:
        id: Short lower-case name ("kirby-super-star").
        name: Display name.
        other_names: Names in other regions.
        titles: Case-sensitive patterns (`*` and `?` as in a shell) for the title in the ROM's internal header, without
            trailing blanks.
        titles_sure: Whether the titles are confirmed rather than assumed.
        sha256: Hashes of known headerless images, in lower-case hex.
        mapping: "lorom", "hirom", "sa1" … as reported by `halscope scan`, or `None` if unknown.
        decoders: The game's decompression routines.
        tables: Tables whose entries lead to blocks.
        transforms: The ways in which the game converts tiles that are not in `TRANSFORMS`. Decoders and tables name
            them, and tiles of this game are looked up under them.

    Raises:
        UsageError: Two transforms have the same name, or one that every ROM has, or there are more than 32.
    """

    id: str
    name: str
    other_names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    titles_sure: bool = False
    sha256: tuple[str, ...] = ()
    mapping: str | None = None
    decoders: tuple[Decoder, ...] = ()
    tables: tuple[PointerTable, ...] = ()
    transforms: tuple[Transform, ...] = ()

    def __post_init__(self) -> None:
        taken = {NO_TRANSFORM, *(transform.name for transform in TRANSFORMS)}
        for transform in self.transforms:
            if transform.name in taken:
                raise UsageError(f"there is a transform {transform.name!r} already; give this one another name")
            taken.add(transform.name)
        if len(self.transforms) > MOST_GAME_TRANSFORMS:
            raise UsageError(f"a game has at most {MOST_GAME_TRANSFORMS} transforms, not {len(self.transforms)}")

    @property
    def codecs(self) -> tuple[str, ...]:
        """Names of the codecs that the game is known to use, without duplicates."""
        return tuple(dict.fromkeys([*(decoder.codec for decoder in self.decoders), *(t.codec for t in self.tables)]))
