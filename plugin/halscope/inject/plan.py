"""From an edited sheet to a plan: which bytes of which blocks change, each proven against the ROM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from halscope_hooks import Block, Codec, CodecError, InjectError, Origin, StartEvidence
from numpy.typing import NDArray

from halscope.inject.model import EditedSheet, Sheet
from halscope.inject.split import TileChange, changed_tiles
from halscope.rom.image import Rom

RAW: Final = "raw"
"""The codec name of an origin that is not compressed."""

_PROVEN_STARTS: Final[tuple[StartEvidence, ...]] = ("traced", "pointer")
_NOTED_PLACES: Final = 4


class TileIndex(Protocol):
    """What a plan asks of a ROM's index."""

    def lookup(self, tiles: NDArray[np.uint8], /) -> tuple[tuple[Origin, ...], ...]:
        """Every place of each tile, uint8[n, 32], best first."""


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


def plan_edit(
    rom: Rom, codecs: Sequence[Codec], edited: EditedSheet, *, index: TileIndex | None = None, force: bool = False
) -> EditPlan:
    """Plan the edit of one sheet, as `plan_edits` does."""
    return plan_edits(rom, codecs, [edited], index=index, force=force)


def plan_edits(
    rom: Rom,
    codecs: Sequence[Codec],
    edited: Sequence[EditedSheet],
    *,
    index: TileIndex | None = None,
    force: bool = False,
) -> EditPlan:
    """Plan edits: take the changed tiles, prove each one's place in the ROM, and pack their blocks anew.

    Args:
        rom: The ROM that the sheets were exported from.
        codecs: All codecs that origins may name.
        edited: Sheets with their edited pictures, one or more. Two may change one tile if they agree on it.
        index: The ROM's index, if there is one: its evidence for a block's start counts instead of the sheet's, and
            other places of the same tiles are noted.
        force: Also edit a block whose start is known by content or adjacency alone.

    Raises:
        InjectError: A sheet belongs to another ROM, a tile is locked or edited in two ways, the ROM does not hold
            what a sheet says, or a block's start is not proven.
    """
    for one in edited:
        if one.sheet.rom_sha256 != rom.sha256:
            raise InjectError(
                f"{one.name}: was exported from another ROM: its SHA-256 is {one.sheet.rom_sha256}, that of {rom.name} "
                f"is {rom.sha256}; give that ROM, or export the sheet again from this one"
            )
    changes = [change for one in edited for change in changed_tiles(one)]
    names = ", ".join(one.name for one in edited)
    by_name = {codec.name: codec for codec in codecs}
    known = _places(changes, index)
    groups: dict[tuple[str, int], list[TileChange]] = {}
    for change in changes:
        groups.setdefault((change.origin.codec, change.origin.block_offset), []).append(change)
    blocks: list[BlockEdit] = []
    notes: list[str] = []
    for (codec, block_offset), group in sorted(groups.items(), key=lambda item: item[0][1]):
        start = _start(group, known)
        if codec == RAW:
            block = _edit_raw(rom, group, start)
            _refuse_raw_over_block(rom, by_name, block, known)
        elif codec not in by_name:
            raise InjectError(f"{names}: names the codec {codec!r}; known are {', '.join([*sorted(by_name), RAW])}")
        else:
            block = _edit_block(rom, by_name[codec], block_offset, group, start)
            if start not in _PROVEN_STARTS and not force:
                raise InjectError(
                    f"{rom.name}: the {block.name} holds the tiles, but that it begins there is known by {start!r} "
                    "alone: the game may read it from another start, and the edit would damage it; "
                    "check it, then repeat with --force"
                )
        blocks.append(block)
        notes.extend(_other_places(rom, by_name, block, known))
    _refuse_overlaps(blocks)
    return EditPlan(rom, by_name, tuple(one.sheet for one in edited), tuple(blocks), tuple(notes))


def decode_proven(rom: Rom, codec: Codec, block_offset: int) -> Block:
    """Decode a block and check that the game can read it where it stands.

    Raises:
        InjectError: No stream begins there, or it crosses a bank edge.
    """
    try:
        block = codec.decode(rom.data, block_offset)
    except CodecError as error:
        raise InjectError(f"{rom.name}: no {codec.name} stream at {block_offset:#x}: {error.reason}") from error
    window = rom.mapping.window
    if window and block_offset // window != (block_offset + block.consumed - 1) // window:
        edge = (block_offset // window + 1) * window
        raise InjectError(
            f"{rom.name}: the {codec.name} stream at {block_offset:#x} crosses the bank edge at {edge:#x}, which the "
            "game cannot read across: this is no block of the game"
        )
    return block


def _edit_block(rom: Rom, codec: Codec, block_offset: int, group: list[TileChange], start: StartEvidence) -> BlockEdit:
    block = decode_proven(rom, codec, block_offset)
    old = block.data.tobytes()
    name = f"{rom.name}: {codec.name} block at {block_offset:#x}"
    new, tiles = _change(old, group, name)
    try:
        packed = codec.encode(new)
        again = codec.decode(packed)
    except CodecError as error:
        raise InjectError(f"{name}: the edited block cannot be packed: {error}") from error
    if again.data.tobytes() != new or again.consumed != len(packed):
        raise InjectError(f"{name}: the edited block does not unpack to what was packed; nothing was changed")
    old_packed = rom.data[block_offset : block_offset + block.consumed].tobytes()
    return BlockEdit(codec.name, block_offset, start, old, new, old_packed, packed, tiles)


def _edit_raw(rom: Rom, group: list[TileChange], start: StartEvidence) -> BlockEdit:
    at = group[0].origin.block_offset
    if any(change.origin.byte_offset for change in group):
        raise InjectError(f"{rom.name}: the uncompressed tile at {at:#x} names a byte offset; export the sheet again")
    old = rom.data[at : at + len(group[0].old)].tobytes()
    new, tiles = _change(old, group, f"{rom.name}: uncompressed tile at {at:#x}")
    return BlockEdit(RAW, at, start, old, new, old, new, tiles)


def _change(old: bytes, group: list[TileChange], name: str) -> tuple[bytes, tuple[TileEdit, ...]]:
    """Put the new tiles into a block's decoded bytes, after proving that the old ones stand there."""
    new = bytearray(old)
    for change in group:
        at = change.origin.byte_offset
        if old[at : at + len(change.old)] != change.old:
            raise InjectError(f"{name}: does not hold the sheet's tile at byte {at:#x}; export the sheet again")
        for place, (before, after) in enumerate(zip(change.old, change.new, strict=True), at):
            if after != before:
                new[place] = after
    edits: dict[int, TileEdit] = {}
    for change in sorted(group, key=lambda change: change.origin.byte_offset):
        at = change.origin.byte_offset
        if new[at : at + len(change.new)] != change.new:
            raise InjectError(
                f"{name}: the tile at byte {at:#x} shares bytes with another edited tile, and they do not agree; "
                "edit one of them only"
            )
        vram = set(change.vram_bytes)
        if at in edits:
            vram |= set(edits[at].vram_bytes)
        edits[at] = TileEdit(at, change.old, change.new, tuple(sorted(vram)))
    return bytes(new), tuple(edits.values())


def _places(changes: Sequence[TileChange], index: TileIndex | None) -> dict[bytes, tuple[Origin, ...]]:
    """All that the index knows of the changed tiles, by the tile's old bytes (the index holds 32-byte tiles)."""
    tiles = sorted({change.old for change in changes if len(change.old) == 32})
    if index is None or not tiles:
        return {}
    found = index.lookup(np.frombuffer(b"".join(tiles), np.uint8).reshape(-1, 32))
    return dict(zip(tiles, found, strict=True))


def _start(group: list[TileChange], known: Mapping[bytes, tuple[Origin, ...]]) -> StartEvidence:
    """How the block's start is known: by the index where it knows the block, else by what the sheet says."""
    block = (group[0].origin.codec, group[0].origin.block_offset)
    for change in group:
        for origin in known.get(change.old, ()):
            if (origin.codec, origin.block_offset) == block:
                return origin.start
    return group[0].origin.start


def _other_places(
    rom: Rom, codecs: Mapping[str, Codec], block: BlockEdit, known: Mapping[bytes, tuple[Origin, ...]]
) -> list[str]:
    """Notes on other places that hold a block's edited tiles; twins that share the block's bytes are no other place."""
    notes = []
    for tile in block.tiles:
        origins = known.get(tile.old, ())
        if block.codec == RAW and not origins:
            origins = tuple(Origin(RAW, at, 0, "content") for at in _occurrences(rom, tile.old))
        others = [origin for origin in origins if _is_elsewhere(rom, codecs, origin, block, tile)]
        if not others:
            continue
        shown = ", ".join(
            f"{origin.codec} {origin.block_offset:#x}" + (f"+{origin.byte_offset:#x}" if origin.codec != RAW else "")
            for origin in others[:_NOTED_PLACES]
        )
        more = f" and {len(others) - _NOTED_PLACES} more" if len(others) > _NOTED_PLACES else ""
        where = (
            f" at byte {tile.byte_offset:#x} of the {block.name}"
            if block.codec != RAW
            else f" at {block.block_offset:#x}"
        )
        notes.append(f"the tile{where} also stands at {shown}{more}; only the first is changed")
    return notes


def _is_elsewhere(rom: Rom, codecs: Mapping[str, Codec], origin: Origin, block: BlockEdit, tile: TileEdit) -> bool:
    if (origin.codec, origin.block_offset) == (block.codec, block.block_offset):
        return origin.byte_offset != tile.byte_offset
    end = _end(rom, codecs, origin, len(tile.old))
    return end is not None and (end <= block.block_offset or origin.block_offset >= block.end)


def _refuse_raw_over_block(
    rom: Rom, codecs: Mapping[str, Codec], block: BlockEdit, known: Mapping[bytes, tuple[Origin, ...]]
) -> None:
    """Raw bytes never go over a compressed stream: they would be read as commands."""
    for origin in known.get(block.tiles[0].old, ()):
        end = None if origin.codec == RAW or origin.start not in _PROVEN_STARTS else _end(rom, codecs, origin, 0)
        if end is not None and origin.block_offset < block.end and end > block.block_offset:
            raise InjectError(
                f"{rom.name}: the uncompressed {block.name} lies inside the {origin.codec} block at "
                f"{origin.block_offset:#x}; export the tile from that block"
            )


def _end(rom: Rom, codecs: Mapping[str, Codec], origin: Origin, raw_size: int) -> int | None:
    """File offset behind an origin's packed bytes, or `None` where nothing can be decoded."""
    if origin.codec == RAW:
        return origin.block_offset + raw_size
    if origin.codec not in codecs:
        return None
    try:
        return origin.block_offset + codecs[origin.codec].decode(rom.data, origin.block_offset).consumed
    except CodecError:
        return None


def _occurrences(rom: Rom, tile: bytes) -> list[int]:
    """The first places of a tile's bytes in the image, at any alignment."""
    image, at = rom.data.tobytes(), -1
    found: list[int] = []
    while len(found) < 2 * _NOTED_PLACES and (at := image.find(tile, at + 1)) >= 0:
        found.append(at)
    return found


def _refuse_overlaps(blocks: Sequence[BlockEdit]) -> None:
    for first, second in pairwise(blocks):
        if second.block_offset < first.end:
            raise InjectError(
                f"the {first.name} and the {second.name} share bytes of the ROM (the first ends at {first.end:#x}); "
                "edit the tiles of one of them only"
            )
