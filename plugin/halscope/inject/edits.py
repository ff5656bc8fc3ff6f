"""What an edit comes to: tiles, blocks and the plan, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from halscope_hooks import RAW_CODEC, Codec, StartEvidence

from halscope.inject._sheet_edit import SheetEdit
from halscope.rom.image import Rom

PROVEN_STARTS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer")
"""What must be known of a block's start before its bytes are changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of a block before and after: one tile of a sheet. Those of a 2bpp and a 4bpp sheet may overlap.

    Args:
        byte_offset: Where it begins in the block's decoded bytes.
        old: Its bytes in the ROM, 8 × bpp.
        new: Its bytes after the whole edit, as many: those of an overlapping change included.
        vram_bytes: VRAM byte addresses at which the tile was when its sheet was exported, ascending.
    """

    byte_offset: int
    old: bytes
    new: bytes
    vram_bytes: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.old)

    @property
    def end(self) -> int:
        """Offset in the block's decoded bytes behind its last byte."""
        return self.byte_offset + len(self.old)


@dataclass(frozen=True, slots=True)
class BlockEdit:
    """A block before and after. For "raw" it is a tile, or several that overlap; packed and decoded bytes are the same.

    Args:
        codec: Name of the codec, or "raw".
        block_offset: File offset of the packed bytes in the headerless image.
        start: How the block's start is known.
        old_data: Decoded bytes in the ROM.
        new_data: Decoded bytes after the edit: only bytes inside `changes` differ.
        old_packed: Packed bytes in the ROM, terminator included.
        new_packed: The smallest packing of `new_data`.
        changes: The edited tiles, by byte offset, then size.
    """

    codec: str
    block_offset: int
    start: StartEvidence
    old_data: bytes = field(repr=False)
    new_data: bytes = field(repr=False)
    old_packed: bytes = field(repr=False)
    new_packed: bytes = field(repr=False)
    changes: tuple[Change, ...]

    @property
    def old_packed_size(self) -> int:
        """Bytes that the block takes in the ROM: all that an edit may use."""
        return len(self.old_packed)

    @property
    def end(self) -> int:
        """File offset behind the block's last packed byte."""
        return self.block_offset + len(self.old_packed)

    def place(self, change: Change) -> tuple[str, int, int]:
        """Codec, block offset and byte offset of a change, as an origin names its tile."""
        if self.codec == RAW_CODEC:
            return RAW_CODEC, self.block_offset + change.byte_offset, 0
        return self.codec, self.block_offset, change.byte_offset

    @property
    def name(self) -> str:
        """The block's name in messages."""
        return (
            f"{self.codec} block at {self.block_offset:#x}"
            if self.codec != RAW_CODEC
            else f"tile at {self.block_offset:#x}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class EditPlan:
    """What an edit does to a ROM; nothing has been written yet.

    Args:
        rom: The ROM that it was planned for.
        codecs: The codecs by name, to decode again when the result is checked.
        edits: What each sheet changes.
        blocks: The changed blocks, ascending; empty when the picture was not changed.
        notes: What a person should know: other places that hold the same tiles and stay as they are.
    """

    rom: Rom = field(repr=False)
    codecs: Mapping[str, Codec] = field(repr=False)
    edits: tuple[SheetEdit, ...] = field(repr=False)
    blocks: tuple[BlockEdit, ...]
    notes: tuple[str, ...]
