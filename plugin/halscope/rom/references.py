"""References: the pointers that prove where blocks begin, where they stand and what they are made of.

Relocating a block rewrites them, so each knows every byte of itself. A single match of three bytes proves nothing and
is not kept (halscope.rom.pointers says why): these are entries of tables that the ROM shows or a game profile names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

Shape = Literal["long", "word", "word+bank", "parallel"]
"""What a pointer is made of: three bytes together, low byte first; two, and a bank that stands in no table; two, and a
bank in a table of its own; or all three bytes in tables of their own."""

SHAPES: Final[tuple[Shape, ...]] = ("long", "word", "word+bank", "parallel")
"""What `shape` in TABLE_DTYPE counts through."""

NO_BANK: Final = 0xFFFFFFFF
ANY_CODEC: Final = 0xFF
"""In REFERENCE_DTYPE: a table that was found says where a block begins, not what reads it."""

MOST_REFERENCES: Final = 1 << 16
"""References that an index keeps, those of the strongest tables first; a game has some hundreds or thousands."""

_ENTRY_FIELDS: Final = ("low", "high", "bank", "address", "target")

ENTRY_DTYPE: Final = np.dtype([(name, "<u4") for name in _ENTRY_FIELDS])
"""An entry: the ROM offsets of its bytes (bank: NO_BANK where none stands in the ROM), the 24-bit SNES address that
they hold, in the mirror that the game uses, and the ROM offset that it leads to."""

REFERENCE_DTYPE: Final = np.dtype([*((name, "<u4") for name in _ENTRY_FIELDS), ("table", "<u4"), ("codec", "u1")])
TABLE_DTYPE: Final = np.dtype(
    [("base", "<u4"), ("count", "<u4"), ("stride", "<u4"), ("evidence", "<f4"), ("shape", "u1")]
)


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """The table that a reference is an entry of.

    Args:
        base: ROM offset of the low byte of its first entry that leads to a block.
        count: Entries from that one to the last that leads to a block; others between them may lead elsewhere.
        stride: Bytes from one entry to the next.
        evidence: Nats; infinite for a table that a game profile names.
    """

    base: int
    count: int
    stride: int
    evidence: float

    @property
    def known(self) -> bool:
        """Whether a game profile names it."""
        return math.isinf(self.evidence)


@dataclass(frozen=True, slots=True)
class Reference:
    """A pointer in the ROM that leads to the start of a block.

    Args:
        offset: ROM offset of its first byte, the low one.
        shape: What it is made of.
        parts: ROM offsets of the low, the high and the bank byte; `None`: the bank is not stored beside it.
        address: The 24-bit SNES address that it holds, in the mirror that the game uses.
        table: The table that it is an entry of.
    """

    offset: int
    shape: Shape
    parts: tuple[int, int, int | None]
    address: int
    table: ReferenceTable


@dataclass(frozen=True, slots=True, eq=False)
class KnownTable:
    """A table of pointers that something known of this ROM names (a game profile).

    Args:
        codec: The name of the codec that reads what it leads to.
        stride: Bytes from one entry to the next.
        entries: ENTRY_DTYPE, in the table's order; those that lead to no stream are left out.
    """

    codec: str
    stride: int
    entries: NDArray[Any]

    @property
    def shape(self) -> Shape:
        """What its entries are made of."""
        first = self.entries[0]
        low, high, bank = int(first["low"]), int(first["high"]), int(first["bank"])
        if high != low + 1:
            return "parallel"
        if bank == NO_BANK:
            return "word"
        return "long" if bank == low + 2 else "word+bank"


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """The references of an index.

    Args:
        rows: REFERENCE_DTYPE, ascending by target. `codec` counts through the index's codecs, or is ANY_CODEC.
        tables: TABLE_DTYPE, which the rows' field `table` counts through.
    """

    rows: NDArray[Any]
    tables: NDArray[Any]

    @classmethod
    def none(cls) -> Self:
        """No references at all."""
        return cls(np.empty(0, REFERENCE_DTYPE), np.empty(0, TABLE_DTYPE))

    @classmethod
    def found(cls, rom: NDArray[np.uint8], positions: NDArray[np.uint32], targets: Any, entries: NDArray[Any]) -> Self:
        """Those of the tables that were found in a ROM.

        Args:
            rom: uint8, the image.
            positions: Where each pointer stands.
            targets: The ROM offset that each leads to.
            entries: What `locate_tables` says of each; those of no table are left out.
        """
        members = np.flatnonzero(entries["evidence"] > 0)
        if len(members) > MOST_REFERENCES:
            members = members[np.argsort(entries["table"][members], kind="stable")[:MOST_REFERENCES]]
        entries = entries[members]
        rows = np.zeros(len(members), REFERENCE_DTYPE)
        low = positions[members]
        rows["low"], rows["high"], rows["bank"] = low, low + 1, low + 2
        rows["address"] = rom[low] | rom[low + 1].astype(np.uint32) << 8 | rom[low + 2].astype(np.uint32) << 16
        rows["target"], rows["table"], rows["codec"] = targets[members], entries["table"], ANY_CODEC
        tables = np.zeros(int(entries["table"].max(initial=0)) + 1 if len(entries) else 0, TABLE_DTYPE)
        for field in ("evidence", "stride"):
            tables[field][entries["table"]] = entries[field]
        return cls(rows, _measured(rows, tables))

    @classmethod
    def known(cls, known: Sequence[KnownTable], names: Sequence[str]) -> Self:
        """Those of known tables, of codecs with these names."""
        known = [table for table in known if table.codec in names and len(table.entries)]
        parts, tables = [np.empty(0, REFERENCE_DTYPE)], np.zeros(len(known), TABLE_DTYPE)
        for number, table in enumerate(known):
            rows = np.zeros(len(table.entries), REFERENCE_DTYPE)
            for field in _ENTRY_FIELDS:
                rows[field] = table.entries[field]
            rows["table"], rows["codec"] = number, names.index(table.codec)
            parts.append(rows)
            tables[number] = (0, 0, table.stride, np.inf, SHAPES.index(table.shape))
        rows = np.concatenate(parts)
        return cls(rows, _measured(rows, tables))

    def joined(self, others: References) -> References:
        """These and others; what stands in both is taken from these."""
        if not len(self.rows):
            return others
        mine = {tuple(row) for row in self.rows[["low", "high", "bank"]].tolist()}
        fresh = [tuple(row) not in mine for row in others.rows[["low", "high", "bank"]].tolist()]
        rows = others.rows[np.array(fresh, np.bool_)]
        rows["table"] += len(self.tables)
        return References(np.concatenate([self.rows, rows]), np.concatenate([self.tables, others.tables]))

    def leading_to(self, offsets: NDArray[np.uint32]) -> References:
        """Those that lead to one of these ROM offsets, ascending by it, and their tables."""
        there = np.zeros(int(max(offsets.max(initial=0), self.rows["target"].max(initial=0))) + 1, np.bool_)
        there[offsets] = True
        rows = self.rows[there[self.rows["target"]]]
        rows = rows[np.lexsort((rows["low"], rows["target"]))]
        used = np.zeros(len(self.tables), np.bool_)
        used[rows["table"]] = True
        rows["table"] = (np.cumsum(used) - 1)[rows["table"]]
        return References(rows, self.tables[used])

    def of(self, target: int, codec: int) -> tuple[Reference, ...]:
        """Those that lead to a ROM offset where a codec reads, ascending by where they stand."""
        first, last = np.searchsorted(self.rows["target"], [target, target + 1])
        return tuple(self._value(row) for row in self.rows[first:last] if row["codec"] in (codec, ANY_CODEC))

    def fit(self, rom_size: int) -> bool:
        """Whether all of them lie in a ROM of this size and have a table: what comes from a file may be anything."""
        rows = self.rows
        if not len(rows):
            return True
        bank = np.where(rows["bank"] == NO_BANK, 0, rows["bank"])
        places = max(int(column.max()) for column in (rows["low"], rows["high"], bank, rows["target"]))
        return (
            places < rom_size
            and int(rows["table"].max()) < len(self.tables)
            and int(self.tables["shape"].max(initial=0)) < len(SHAPES)
            and bool((np.diff(rows["target"].astype(np.int64)) >= 0).all())
        )

    def _value(self, row: Any) -> Reference:
        table = self.tables[int(row["table"])]
        bank = int(row["bank"])
        return Reference(
            offset=int(row["low"]),
            shape=SHAPES[int(table["shape"])],
            parts=(int(row["low"]), int(row["high"]), None if bank == NO_BANK else bank),
            address=int(row["address"]),
            table=ReferenceTable(
                int(table["base"]), int(table["count"]), int(table["stride"]), float(table["evidence"])
            ),
        )


def known_offsets(known: Iterable[KnownTable], codec: str) -> NDArray[np.uint32]:
    """The ROM offsets that known tables of this codec lead to."""
    parts = [table.entries["target"] for table in known if table.codec == codec]
    return np.concatenate([np.empty(0, np.uint32), *parts]).astype(np.uint32)


def _measured(rows: NDArray[Any], tables: NDArray[Any]) -> NDArray[Any]:
    """The tables with their base and count, from the entries that are known."""
    first = np.full(len(tables), np.iinfo(np.int64).max)
    last = np.zeros(len(tables), np.int64)
    np.minimum.at(first, rows["table"], rows["low"].astype(np.int64))
    np.maximum.at(last, rows["table"], rows["low"].astype(np.int64))
    tables["base"] = first
    tables["count"] = (last - first) // np.maximum(tables["stride"], 1) + 1
    return tables
