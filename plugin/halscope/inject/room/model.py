"""Room for edits as values: what is wanted, which blocks move, which pointers change, and what remains a risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from halscope_hooks import Write
from numpy.typing import NDArray

from halscope.inject.plan import TileIndex
from halscope.rom.edges import Ranges
from halscope.rom.references import Reference, References

Key = tuple[str, int]
"""A block: name of its codec and its file offset before the edit."""


class RoomIndex(TileIndex, Protocol):
    """The part of a ROM's index that finding room uses."""

    @property
    def blocks(self) -> NDArray[Any]:
        """The best start of each family: offset, packed_size, codec, score, start and more."""

    @property
    def every_reference(self) -> References:
        """All pointers that are believed."""

    def references(self, codec: str, block_offset: int, /) -> tuple[Reference, ...]:
        """Return the believed pointers that lead to a block."""


class Moved(NamedTuple):
    """Where a block has been put by an earlier plan. A running game may have kept that address.

    Args:
        codec: Name of its codec.
        old: Its file offset in the ROM.
        new: That of its first packed byte after the move.
        size: The most packed bytes that it has had there.
    """

    codec: str
    old: int
    new: int
    size: int

    @property
    def key(self) -> Key:
        """The block."""
        return self.codec, self.old


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """How room may be made for a block that has outgrown its place.

    Args:
        move: Move it into free space.
        expand: Grow the image if there is no free space.
        rats: Put a RATS tag in front of each moved block, so that other tools leave it alone.
        free_old: Fill the old place of a moved block with FF.
        read: File offsets that the game was seen reading. Free space with one of them is not free.
        used: Stretches (begin, end) that a debugger saw the game execute or read. They are not free.
        moved: Where earlier plans have put blocks. They stay there if they can, and other blocks do not take their room
            while there is other room.
    """

    move: bool = True
    expand: bool = False
    rats: bool = False
    free_old: bool = False
    read: tuple[int, ...] = ()
    used: Ranges = ()
    moved: tuple[Moved, ...] = ()


STAY: Final = RoomOptions(move=False)
"""No block is moved."""


@dataclass(frozen=True, slots=True)
class PointerChange:
    """A pointer that is rewritten.

    Args:
        reference: The pointer with its evidence, as it is in the ROM.
        codec: Codec of the block that it leads to.
        target: File offset of that block before the edit.
        address: The 24-bit SNES address that it holds afterwards.
    """

    reference: Reference
    codec: str
    target: int
    address: int

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        table = self.reference.table
        return {
            "offset": self.reference.offset,
            "shape": self.reference.shape,
            "old": self.reference.address,
            "new": self.address,
            "parts": list(self.reference.parts),
            "evidence": {
                "base": table.base,
                "count": table.count,
                "stride": table.stride,
                "nats": None if table.known else round(table.evidence, 1),
            },
        }


@dataclass(frozen=True, slots=True)
class Move:
    """A block that gets another place.

    Args:
        codec: Name of its codec.
        old: Its file offset.
        new: The new one, of its first packed byte, behind the tag if it has one.
        size: Its packed bytes.
        pointers: Every pointer that leads to it.
        tagged: Whether a RATS tag of 8 bytes stands in front of it.
    """

    codec: str
    old: int
    new: int
    size: int
    pointers: tuple[PointerChange, ...]
    tagged: bool = False

    @property
    def key(self) -> Key:
        """The block."""
        return self.codec, self.old

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"from": self.old, "to": self.new, "size": self.size}


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """The room that was found. Nothing has been written yet.

    Args:
        moves: The blocks that move, ascending.
        size: Bytes of the image afterwards.
        slack: Bytes of padding behind a block that it takes, by block.
        writes: What is written besides the blocks that stay: moved blocks, tags, pointers, freed places and the size in
            the header. Ascending, without overlaps. A write at the end of the image makes it longer.
        notes: What was done, a line each.
        risks: What cannot be known, a line each.
    """

    moves: tuple[Move, ...] = ()
    size: int = 0
    slack: Mapping[Key, int] = field(default_factory=dict)
    writes: tuple[Write, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()

    def move_of(self, key: Key) -> Move | None:
        """Return how a block moves, or `None` if it stays."""
        return next((move for move in self.moves if move.key == key), None)

    def remembered(self, before: Iterable[Moved] = ()) -> tuple[Moved, ...]:
        """Return where blocks have been put, for the next plan.

        Args:
            before: The same of the plans before this one.
        """
        places = {one.key: one for one in before}
        for move in self.moves:
            last = places.get(move.key)
            size = max(move.size, last.size) if last is not None and last.new == move.new else move.size
            places[move.key] = Moved(*move.key, move.new, size)
        return tuple(sorted(places.values()))

    @property
    def pointers(self) -> tuple[PointerChange, ...]:
        """Every pointer that changes, ascending."""
        return tuple(
            sorted((one for move in self.moves for one in move.pointers), key=lambda one: one.reference.parts[0])
        )
