"""GameProfile: what is known of a game beforehand, as data. It sharpens search and naming; nothing needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

from halscope_hooks._errors import UsageError

EdgeRule = Literal["next-bank", "wrap", "linear"]
EDGE_RULES: Final[tuple[EdgeRule, ...]] = get_args(EdgeRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerTable:
    """A table in the ROM whose entries lead to compressed blocks.

    The bytes of an entry may stand together or in three tables of their own, so each has its own address. Entry n has
    its low byte at `low + n × stride`, and likewise the others.

    Args:
        codec: Name of the codec of the blocks.
        count: Entries.
        low: 24-bit SNES address of the first entry's low byte.
        high: Of its high byte.
        bank: Of its bank byte, or `None` where all blocks lie in `fixed_bank`.
        stride: Bytes from an entry to the next.
        fixed_bank: The bank, 0 to 255, where `bank` is `None`.

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

    def __post_init__(self) -> None:
        if (self.bank is None) == (self.fixed_bank is None):
            raise UsageError("a pointer table has a table of banks or one fixed bank, not both and not neither")
        if not 1 <= self.count <= 0x10000 or not 1 <= self.stride <= 0x10000:
            raise UsageError(f"a pointer table has 1 to 65536 entries and strides, not {self.count} and {self.stride}")
        places = [self.low, self.high, *([] if self.bank is None else [self.bank])]
        if any(not 0 <= place <= 0xFFFFFF for place in places) or not 0 <= (self.fixed_bank or 0) <= 0xFF:
            raise UsageError("a pointer table's addresses are 24-bit SNES addresses, its fixed bank 0 to 255")

    @classmethod
    def plain(cls, codec: str, address: int, count: int, *, stride: int = 3) -> Self:
        """24-bit little-endian addresses, one behind the other (`count` 1: a lone pointer)."""
        return cls(codec=codec, count=count, low=address, high=address + 1, bank=address + 2, stride=stride)

    @classmethod
    def words(cls, codec: str, address: int, count: int, bank: int, *, stride: int = 2) -> Self:
        """16-bit little-endian addresses into one bank."""
        return cls(codec=codec, count=count, low=address, high=address + 1, fixed_bank=bank, stride=stride)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """The routine of a game that unpacks blocks.

    Args:
        snes_address: Its first instruction, 24 bits.
        codec: What it unpacks.
        region: "US", "JP", "EU" …; empty: all, or not known which.
        edge: What it reads behind the last byte of a bank: "next-bank" (on at $8000 of the next one), "wrap" (on at
            $8000 or $0000 of the same one), "linear" (the next byte of the image); `None`: not known, all are tried.

    Raises:
        UsageError: There is no such edge rule.
    """

    snes_address: int
    codec: str
    region: str = ""
    edge: EdgeRule | None = None

    def __post_init__(self) -> None:
        if self.edge is not None and self.edge not in EDGE_RULES:
            raise UsageError(f"a decoder's edge rule is one of {', '.join(EDGE_RULES)}, not {self.edge!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GameProfile:
    """What is known of a game.

    Args:
        id: Short lower-case name ("kirby-super-star").
        name: For people.
        other_names: In other regions.
        titles: Patterns (`*` and `?` as in a shell, case counts) of the title in the ROM's internal header, trailing
            blanks cut.
        titles_sure: Whether these titles are known, and not only likely.
        sha256: Of known headerless images, in lower-case hex.
        mapping: "lorom", "hirom", "sa1" … as `halscope scan` says it, or `None` where it is not known.
        decoders: Where the game unpacks.
        tables: Tables whose entries lead to blocks.
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

    @property
    def codecs(self) -> tuple[str, ...]:
        """The codecs that the game is known to use, each once."""
        return tuple(dict.fromkeys([*(decoder.codec for decoder in self.decoders), *(t.codec for t in self.tables)]))
