"""References: the pointers that prove where blocks begin, with their locations and shapes.

Relocating a block rewrites its pointers, so a reference records every byte of one. All references belong to a group:
the entries of a table that was found in the ROM or named by a game profile, or the immediates of code that calls one
routine. A single match proves nothing (see halscope.rom.pointers).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

Shape = Literal["long", "word", "word+bank", "parallel", "code", "tagged"]
"""The layout of a pointer: three consecutive bytes, low byte first; two bytes, with a bank that is not stored in a
table; two bytes, with the bank in a separate table; each of the three bytes in a separate table; immediates that code
loads before it calls a routine; or three bytes behind a tag."""

SHAPES: Final[tuple[Shape, ...]] = ("long", "word", "word+bank", "parallel", "code", "tagged")
"""Shapes in the order of the field `shape` in TABLE_DTYPE."""

NO_BANK: Final = 0xFFFFFFFF
ANY_CODEC: Final = 0xFF
"""Value of `codec` in REFERENCE_DTYPE for a table found in the ROM: it proves a block's start, but not its codec."""

MOST_REFERENCES: Final = 1 << 16
"""Maximum number of references in an index, from the strongest tables first. A game has hundreds or thousands."""

_ENTRY_FIELDS: Final = ("low", "high", "bank", "address", "target")

ENTRY_DTYPE: Final = np.dtype([(name, "<u4") for name in _ENTRY_FIELDS])
"""An entry: the ROM offsets of its bytes (`bank` is NO_BANK if not stored in the ROM), the 24-bit SNES address that
they hold, in the mirror that the game uses, and the ROM offset it leads to."""

REFERENCE_DTYPE: Final = np.dtype([*((name, "<u4") for name in _ENTRY_FIELDS), ("table", "<u4"), ("codec", "u1")])
TABLE_DTYPE: Final = np.dtype(
    [("base", "<u4"), ("count", "<u4"), ("stride", "<u4"), ("evidence", "<f4"), ("shape", "u1")]
)


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """The table that a reference belongs to.

    Args:
        base: ROM offset of the low byte of the first entry that leads to a block.
        count: Number of entries from that one to the last that leads to a block. Entries between may lead elsewhere.
        stride: Bytes from one entry to the next; 0 for pointers that are not in a table but belong together (code
            that calls one routine, or pointers behind one tag).
        evidence: Evidence in nats; infinite for a table from a game profile.
    """

    base: int
    count: int
    stride: int
    evidence: float

    @property
    def known(self) -> bool:
        """Whether the table comes from a game profile."""
        return math.isinf(self.evidence)


@dataclass(frozen=True, slots=True)
class Reference:
    """A pointer in the ROM that leads to the start of a block.

    Args:
        offset: ROM offset of its first byte, the low one.
        shape: The layout of its bytes.
        parts: ROM offsets of the low, high and bank bytes. The bank is `None` if it is not stored with the pointer.
        address: The 24-bit SNES address that it holds, in the mirror that the game uses.
        table: The table that it belongs to.
    """

    offset: int
    shape: Shape
    parts: tuple[int, int, int | None]
    address: int
    table: ReferenceTable


@dataclass(frozen=True, slots=True, eq=False)
class KnownTable:
    """A table of pointers known in advance (from a game profile).

    Args:
        codec: Name of the codec of the blocks that it leads to.
        stride: Bytes from one entry to the next.
        entries: ENTRY_DTYPE, in table order, without entries that do not lead to a stream.
    """

    codec: str
    stride: int
    entries: NDArray[Any]

    @property
    def shape(self) -> Shape:
        """The layout of its entries."""
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
        rows: REFERENCE_DTYPE, ascending by target. `codec` is an index into the index's codecs, or ANY_CODEC.
        tables: TABLE_DTYPE, indexed by the rows' field `table`.
    """

    rows: NDArray[Any]
    tables: NDArray[Any]

    @classmethod
    def none(cls) -> Self:
        """Return an empty set of references."""
        return cls(np.empty(0, REFERENCE_DTYPE), np.empty(0, TABLE_DTYPE))

    @classmethod
    def found(cls, rom: NDArray[np.uint8], positions: NDArray[np.uint32], targets: Any, entries: NDArray[Any]) -> Self:
        """Return the references of tables found in a ROM.

        Args:
            rom: uint8, the image.
            positions: ROM offset of each pointer.
            targets: ROM offset that each pointer leads to.
            entries: The result of `locate_tables` for each pointer. Pointers without a table are left out.
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
        tables["shape"] = np.where(tables["stride"], SHAPES.index("long"), SHAPES.index("tagged"))
        return cls(rows, _measured(rows, tables))

    @classmethod
    def shaped(cls, found: NDArray[Any], groups: NDArray[Any], targets: NDArray[np.uint32]) -> Self:
        """Return the references of the shapes that `locate_shapes` found.

        Args:
            found: Its references.
            groups: Their groups.
            targets: ROM offset of each start that it was given.
        """
        members = np.arange(len(found))
        if len(members) > MOST_REFERENCES:
            members = np.argsort(-groups["evidence"][found["group"]], kind="stable")[:MOST_REFERENCES]
        found = found[members]
        rows = np.zeros(len(found), REFERENCE_DTYPE)
        for field in ("low", "high", "bank", "address"):
            rows[field] = found[field]
        rows["target"], rows["table"], rows["codec"] = targets[found["target"]], found["group"], ANY_CODEC
        tables = np.zeros(len(groups), TABLE_DTYPE)
        for field in ("evidence", "stride", "shape"):
            tables[field] = groups[field]
        return cls(rows, _measured(rows, tables))

    @classmethod
    def known(cls, known: Sequence[KnownTable], names: Sequence[str]) -> Self:
        """Return the references of known tables whose codecs have these names."""
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
        """Return the union of both; a reference that is in both is taken from these."""
        if not len(self.rows):
            return others
        mine = {tuple(row) for row in self.rows[["low", "high", "bank"]].tolist()}
        fresh = [tuple(row) not in mine for row in others.rows[["low", "high", "bank"]].tolist()]
        rows = others.rows[np.array(fresh, np.bool_)]
        rows["table"] += len(self.tables)
        return References(np.concatenate([self.rows, rows]), np.concatenate([self.tables, others.tables]))

    def without_bytes_of(self, others: References) -> References:
        """Return the references whose bytes are not the words of others, without tables that lose most of theirs."""
        claimed = np.concatenate([others.rows["low"], others.rows["high"]])
        free = ~np.any([among(self.rows[byte], claimed) for byte in ("low", "high", "bank")], axis=0)
        lost = np.bincount(self.rows["table"][~free], minlength=len(self.tables))
        left = np.bincount(self.rows["table"][free], minlength=len(self.tables))
        return References(self.rows[free & (left >= lost)[self.rows["table"]]], self.tables)

    def of_tables(self, kept: NDArray[np.bool_]) -> References:
        """Return the references of some of the tables, bool[tables]. Their numbers do not change."""
        return References(self.rows[kept[self.rows["table"]]], self.tables)

    def leading_to(self, offsets: NDArray[np.uint32]) -> References:
        """Return the references that lead to any of these ROM offsets, ascending by target, with their tables."""
        rows = self.rows[among(self.rows["target"], offsets)]
        rows = rows[np.lexsort((rows["low"], rows["target"]))]
        used = np.zeros(len(self.tables), np.bool_)
        used[rows["table"]] = True
        rows["table"] = (np.cumsum(used) - 1)[rows["table"]]
        return References(rows, self.tables[used])

    def of(self, target: int, codec: int) -> tuple[Reference, ...]:
        """Return the references to a block of a codec at a ROM offset, ascending by their own location."""
        first, last = np.searchsorted(self.rows["target"], [target, target + 1])
        return tuple(self._value(row) for row in self.rows[first:last] if row["codec"] in (codec, ANY_CODEC))

    def fit(self, rom_size: int) -> bool:
        """Whether all references fit a ROM of this size and have a table. Data from a file is not trusted."""
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


def among(offsets: NDArray[Any], chosen: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which ROM offsets are among the chosen ones. numpy's own function may abort: see `.ci/gil-guard`."""
    flags = np.zeros(max(int(offsets.max(initial=0)), int(chosen.max(initial=0))) + 1, np.bool_)
    flags[chosen] = True
    found: NDArray[np.bool_] = flags[offsets]
    return found


def known_offsets(known: Iterable[KnownTable], codec: str) -> NDArray[np.uint32]:
    """Return the ROM offsets that known tables of this codec lead to."""
    parts = [table.entries["target"] for table in known if table.codec == codec]
    return np.concatenate([np.empty(0, np.uint32), *parts]).astype(np.uint32)


def _measured(rows: NDArray[Any], tables: NDArray[Any]) -> NDArray[Any]:
    """Return the tables with base and count computed from their known entries."""
    first = np.full(len(tables), np.iinfo(np.int64).max)
    last = np.zeros(len(tables), np.int64)
    np.minimum.at(first, rows["table"], rows["low"].astype(np.int64))
    np.maximum.at(last, rows["table"], rows["low"].astype(np.int64))
    tables["base"] = first
    each = np.bincount(rows["table"], minlength=len(tables))
    tables["count"] = np.where(tables["stride"], (last - first) // np.maximum(tables["stride"], 1) + 1, each)
    return tables
