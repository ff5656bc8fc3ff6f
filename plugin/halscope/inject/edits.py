"""The result of an edit as values: changed tiles, changed blocks and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from halscope_hooks import NO_TRANSFORM, RAW_CODEC, Codec, StartEvidence

from halscope.inject._sheet_edit import COLOURS, SheetEdit
from halscope.rom.edges import Ranges
from halscope.rom.image import Rom

PROVEN_STARTS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer")
"""Evidence that a block's start must have before its bytes are changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One tile of a block before and after the edit. Changes from a 2bpp and a 4bpp sheet may overlap.

    Args:
        byte_offset: Offset of the tile in the block's decoded bytes.
        old: Its bytes in the ROM, as the game stores them.
        new: Its bytes after the complete edit, including any overlapping changes; same length as `old`.
        vram_bytes: VRAM byte addresses of the tile when its sheet was exported, ascending.
        transforms: Names of the transforms by which the game converts it, ascending; more than one if sheets differ.
    """

    byte_offset: int
    old: bytes
    new: bytes
    vram_bytes: tuple[int, ...] = ()
    transforms: tuple[str, ...] = (NO_TRANSFORM,)

    @property
    def size(self) -> int:
        """Size of the tile in bytes."""
        return len(self.old)

    @property
    def end(self) -> int:
        """Offset just past its last byte in the block's decoded bytes."""
        return self.byte_offset + len(self.old)


@dataclass(frozen=True, slots=True)
class BlockEdit:
    """A block before and after the edit.

    A "raw" block is one tile or several overlapping ones; its packed and decoded bytes are the same.

    Args:
        codec: Name of the codec, or "raw".
        block_offset: File offset of the packed bytes in the headerless image.
        start: Evidence for the start of the block.
        old_data: Decoded bytes in the ROM.
        new_data: Decoded bytes after the edit. Only bytes inside `changes` differ.
        old_packed: Packed bytes in the ROM, including the terminator.
        new_packed: The smallest packing of `new_data`.
        changes: The edited tiles, by byte offset, then size.
        wrapped: Where the packed bytes are if they are not one stretch of the file: where the decoder wraps at the end
            of a bank. Empty otherwise.
    """

    codec: str
    block_offset: int
    start: StartEvidence
    old_data: bytes = field(repr=False)
    new_data: bytes = field(repr=False)
    old_packed: bytes = field(repr=False)
    new_packed: bytes = field(repr=False)
    changes: tuple[Change, ...]
    wrapped: Ranges = ()

    @property
    def key(self) -> tuple[str, int]:
        """Codec and file offset: what identifies the block."""
        return self.codec, self.block_offset

    @property
    def ranges(self) -> Ranges:
        """The stretches of the file that hold the packed bytes, in the order in which they are read."""
        return self.wrapped or ((self.block_offset, self.end),)

    @property
    def old_packed_size(self) -> int:
        """Size of the block in the ROM in bytes: the space that an edit may use."""
        return len(self.old_packed)

    @property
    def end(self) -> int:
        """File offset just past the block's last packed byte, if it is one stretch of the file."""
        return self.block_offset + len(self.old_packed)

    def place(self, change: Change) -> tuple[str, int, int]:
        """Return codec, block offset and byte offset of a change, as in the origin of its tile."""
        if self.codec == RAW_CODEC:
            return RAW_CODEC, self.block_offset + change.byte_offset, 0
        return self.codec, self.block_offset, change.byte_offset

    @property
    def name(self) -> str:
        """The block's name in messages."""
        if self.codec != RAW_CODEC:
            return f"{self.codec} block at {self.block_offset:#x}"
        return f"{'palette' if self.colours else 'tile'} at {self.block_offset:#x}"

    @property
    def colours(self) -> int:
        """Number of edited colours."""
        return sum(
            change.old[at : at + 2] != change.new[at : at + 2]
            for change in self.changes
            if COLOURS in change.transforms
            for at in range(0, change.size, 2)
        )

    @property
    def tiles(self) -> int:
        """Number of edited tiles."""
        return sum(COLOURS not in change.transforms for change in self.changes)


@dataclass(frozen=True, slots=True, eq=False)
class EditPlan:
    """The planned changes to a ROM. Nothing has been written yet.

    Args:
        rom: The ROM that the plan is for.
        codecs: The codecs by name, used to verify the result by decoding it again.
        edits: The changes of each sheet.
        blocks: The changed blocks, ascending; empty if the picture was not changed.
        notes: Notes for the user: other places that hold the same tiles and are left as they are.
    """

    rom: Rom = field(repr=False)
    codecs: Mapping[str, Codec] = field(repr=False)
    edits: tuple[SheetEdit, ...] = field(repr=False)
    blocks: tuple[BlockEdit, ...]
    notes: tuple[str, ...]

    @property
    def map_places(self) -> frozenset[tuple[str, int, int]]:
        """The places, as `BlockEdit.place` returns them, where the edits change a layer's map instead of a tile."""
        return frozenset(
            (change.origin.codec, change.origin.block_offset, change.origin.byte_offset)
            for edit in self.edits
            for change in edit.changes
            if not change.cells and change.origin.transform != COLOURS
        )
