"""What an edit comes to: tiles, blocks and the plan, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from halscope_hooks import Codec, StartEvidence

from halscope.inject.model import Sheet
from halscope.rom.image import Rom

RAW: Final = "raw"
"""The codec name of an origin that is not compressed."""

PROVEN_STARTS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer")
"""What must be known of a block's start before its bytes are changed."""


@dataclass(frozen=True, slots=True)
class TileEdit:
    """A tile of a block before and after.

    Args:
        byte_offset: Where it stands in the block's decoded bytes.
        old: Its bytes in the ROM, 8 × bpp.
        new: Its bytes after the edit.
        vram_bytes: VRAM byte addresses at which it was when the sheet was exported.
    """

    byte_offset: int
    old: bytes
    new: bytes
    vram_bytes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockEdit:
    """A block before and after. For "raw" the block is one tile, and packed and decoded bytes are the same.

    Args:
        codec: Name of the codec, or "raw".
        block_offset: File offset of the packed bytes in the headerless image.
        start: How the block's start is known.
        old_data: Decoded bytes in the ROM.
        new_data: Decoded bytes after the edit: only bytes of edited tiles differ.
        old_packed: Packed bytes in the ROM, terminator included.
        new_packed: The smallest packing of `new_data`.
        tiles: The edited tiles, by byte offset.
    """

    codec: str
    block_offset: int
    start: StartEvidence
    old_data: bytes = field(repr=False)
    new_data: bytes = field(repr=False)
    old_packed: bytes = field(repr=False)
    new_packed: bytes = field(repr=False)
    tiles: tuple[TileEdit, ...]

    @property
    def old_packed_size(self) -> int:
        """Bytes that the block takes in the ROM: all that an edit may use."""
        return len(self.old_packed)

    @property
    def end(self) -> int:
        """File offset behind the block's last packed byte."""
        return self.block_offset + len(self.old_packed)

    @property
    def name(self) -> str:
        """The block's name in messages."""
        return (
            f"{self.codec} block at {self.block_offset:#x}" if self.codec != RAW else f"tile at {self.block_offset:#x}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class EditPlan:
    """What an edit does to a ROM; nothing has been written yet.

    Args:
        rom: The ROM that it was planned for.
        codecs: The codecs by name, to decode again when the result is checked.
        sheets: The sheets as exported.
        blocks: The changed blocks, ascending; empty when the picture was not changed.
        notes: What a person should know: other places that hold the same tiles and stay as they are.
    """

    rom: Rom = field(repr=False)
    codecs: Mapping[str, Codec] = field(repr=False)
    sheets: tuple[Sheet, ...] = field(repr=False)
    blocks: tuple[BlockEdit, ...]
    notes: tuple[str, ...]
