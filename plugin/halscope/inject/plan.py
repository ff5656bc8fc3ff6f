"""From an edited sheet to a plan: which bytes of which blocks change, each proven against the ROM."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from halscope_hooks import Block, CancelSignal, Codec, CodecError, InjectError, Origin, StartEvidence
from numpy.typing import NDArray

from halscope.inject.edits import PROVEN_STARTS, RAW, BlockEdit, EditPlan, TileEdit
from halscope.inject.elsewhere import Known, other_places, refuse_raw_over_block
from halscope.inject.model import EditedSheet
from halscope.inject.split import TileChange, changed_tiles
from halscope.rom.image import Rom

__all__ = ["BlockEdit", "EditPlan", "TileEdit", "TileIndex", "plan_edit", "plan_edits"]


class TileIndex(Protocol):
    """What a plan asks of a ROM's index."""

    def lookup(self, tiles: NDArray[np.uint8], /) -> tuple[tuple[Origin, ...], ...]:
        """Every place of each tile, uint8[n, 32], best first."""


def plan_edit(
    rom: Rom,
    codecs: Sequence[Codec],
    edited: EditedSheet,
    *,
    index: TileIndex | None = None,
    force: bool = False,
    cancel: CancelSignal | None = None,
) -> EditPlan:
    """Plan the edit of one sheet, as `plan_edits` does."""
    return plan_edits(rom, codecs, [edited], index=index, force=force, cancel=cancel)


def plan_edits(
    rom: Rom,
    codecs: Sequence[Codec],
    edited: Sequence[EditedSheet],
    *,
    index: TileIndex | None = None,
    force: bool = False,
    cancel: CancelSignal | None = None,
) -> EditPlan:
    """Plan edits: take the changed tiles, prove each one's place in the ROM, and pack their blocks anew.

    Args:
        rom: The ROM that the sheets were exported from.
        codecs: All codecs that origins may name.
        edited: Sheets with their edited pictures, one or more. Two may change one tile if they agree on it.
        index: The ROM's index, if there is one: its evidence for a block's start counts instead of the sheet's, and
            other places of the same tiles are noted.
        force: Also edit a block whose start is known by content or adjacency alone.
        cancel: Ends the packing of a block soon after it is cancelled.

    Raises:
        CancelledError: `cancel` was cancelled.
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
    for (codec, block_offset), group in sorted(groups.items(), key=lambda item: item[0][1]):
        start = _start(group, known)
        if codec == RAW:
            block = _edit_raw(rom, group, start)
            refuse_raw_over_block(rom, by_name, block, known)
        elif codec not in by_name:
            raise InjectError(f"{names}: names the codec {codec!r}; known are {', '.join([*sorted(by_name), RAW])}")
        else:
            block = _edit_block(rom, by_name[codec], block_offset, group, start, cancel)
            if start not in PROVEN_STARTS and not force:
                raise InjectError(
                    f"{rom.name}: the {block.name} holds the tiles, but that it begins there is known by {start!r} "
                    "alone: the game may read it from another start, and the edit would damage it; "
                    "check it, then repeat with --force"
                )
        blocks.append(block)
    _refuse_overlaps(blocks)
    notes = other_places(blocks, rom, by_name, known)
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


def _edit_block(
    rom: Rom,
    codec: Codec,
    block_offset: int,
    group: list[TileChange],
    start: StartEvidence,
    cancel: CancelSignal | None,
) -> BlockEdit:
    block = decode_proven(rom, codec, block_offset)
    old = block.data.tobytes()
    name = f"{rom.name}: {codec.name} block at {block_offset:#x}"
    new, tiles = _change(old, group, name)
    try:
        packed = codec.encode(new, cancel=cancel)
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
    edits: dict[int, TileEdit] = {}
    new = bytearray(old)
    for change in sorted(group, key=lambda change: change.origin.byte_offset):
        at = change.origin.byte_offset
        if old[at : at + len(change.old)] != change.old:
            raise InjectError(f"{name}: does not hold the sheet's tile at byte {at:#x}; export the sheet again")
        vram = set(change.vram_bytes)
        if at in edits:
            if edits[at].new != change.new:
                raise InjectError(f"{name}: the tile at byte {at:#x} is edited in two ways; edit it in one sheet only")
            vram.update(edits[at].vram_bytes)
        edits[at] = TileEdit(at, change.old, change.new, tuple(sorted(vram)))
        for place, (before, after) in enumerate(zip(change.old, change.new, strict=True), at):
            if after != before:
                new[place] = after
    for at, edit in edits.items():
        if new[at : at + len(edit.new)] != edit.new:
            raise InjectError(
                f"{name}: the tile at byte {at:#x} shares bytes with another edited tile, and they do not agree; "
                "edit one of them only"
            )
    return bytes(new), tuple(edits.values())


def _places(changes: Sequence[TileChange], index: TileIndex | None) -> dict[bytes, tuple[Origin, ...]]:
    """All that the index knows of the changed tiles, by the tile's old bytes (the index holds 32-byte tiles)."""
    tiles = sorted({change.old for change in changes if len(change.old) == 32})
    if index is None or not tiles:
        return {}
    found = index.lookup(np.frombuffer(b"".join(tiles), np.uint8).reshape(-1, 32))
    return dict(zip(tiles, found, strict=True))


def _start(group: list[TileChange], known: Known) -> StartEvidence:
    """How the block's start is known: by the index where it knows the block, else by what the sheet says."""
    block = (group[0].origin.codec, group[0].origin.block_offset)
    for change in group:
        for origin in known.get(change.old, ()):
            if (origin.codec, origin.block_offset) == block:
                return origin.start
    return group[0].origin.start


def _refuse_overlaps(blocks: Sequence[BlockEdit]) -> None:
    for first, second in pairwise(blocks):
        if second.block_offset < first.end:
            raise InjectError(
                f"the {first.name} and the {second.name} share bytes of the ROM (the first ends at {first.end:#x}); "
                "edit the tiles of one of them only"
            )
