"""Turn edited sheets into a plan: the bytes that change in each block, verified against the ROM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from halscope_hooks import (
    RAW_CODEC,
    TILE_BYTES,
    CancelSignal,
    Codec,
    CodecError,
    InjectError,
    Origin,
    StartEvidence,
)
from numpy.typing import NDArray

from halscope.inject._merge import SheetTile, merge
from halscope.inject._sheet_edit import COLOURS, SheetEdit
from halscope.inject._transforms import stored_tile
from halscope.inject.edits import PROVEN_STARTS, BlockEdit, Change, EditPlan
from halscope.inject.elsewhere import other_places, refuse_raw_over_block, shared_bytes
from halscope.inject.everywhere import Copies, find_copies
from halscope.inject.model import Place
from halscope.inject.split import TileChange
from halscope.rom.edges import Ranges
from halscope.rom.image import Rom, Stream

__all__ = ["BlockEdit", "Change", "EditPlan", "TileIndex", "plan_changes"]


class TileIndex(Protocol):
    """The part of a ROM's index that planning uses."""

    def lookup(self, tiles: NDArray[np.uint8], /) -> tuple[tuple[Origin, ...], ...]:
        """Return all origins of each tile in uint8[n, 32], best first."""

    def start_of(self, codec: str, block_offset: int, /) -> StartEvidence | None:
        """Return the evidence for the start of a block; `None` if the index does not know the start."""

    def proven_streams(self, ranges: Ranges, /) -> tuple[Origin, ...]:
        """Return the blocks with a proven start whose packed bytes share any with these stretches of the file."""


def plan_changes(
    rom: Rom,
    codecs: Sequence[Codec],
    edits: Sequence[SheetEdit],
    *,
    index: TileIndex | None = None,
    force: bool = False,
    cancel: CancelSignal | None = None,
    previous: EditPlan | None = None,
) -> EditPlan:
    """Plan edits: collect the changed tiles, verify their places in the ROM, and repack their blocks.

    Args:
        rom: The ROM that the sheets were exported from.
        codecs: All codecs that origins may name.
        edits: The changes of each sheet. Two sheets may change the same tile if the results agree, or if one of them
            was exported with what the other one made (`TileChange.over`) and replaces it. Overlapping tiles of
            different depths or offsets may each change their own bytes. May be empty.
        index: The ROM's index, if available. Its evidence for a block's start then replaces the sheet's, and other
            places of the same tiles are changed too, if the edit is made everywhere, or noted in the plan.
        force: Also edit blocks whose start is only known by content or adjacency, and blocks that share packed bytes
            with another one.
        cancel: Cancels the packing of a block.
        previous: An earlier plan of the same ROM: blocks that come out as they are there are not packed again.

    Raises:
        CancelledError: `cancel` was cancelled.
        InjectError: A sheet belongs to another ROM, a tile is edited in two ways, the ROM does not hold a sheet's
            original tiles, a block's start is not proven, or another block with a proven start has some of its bytes.
    """
    for edit in edits:
        if edit.rom_sha256 != rom.sha256:
            raise InjectError(
                f"{edit.name}: was exported from another ROM: its SHA-256 is {edit.rom_sha256}, that of {rom.name} "
                f"is {rom.sha256}; use that ROM, or export the sheet again from this one"
            )
    in_effect = _in_effect(edits)
    tiles = [_stored(edit.name, change, rom) for edit, change in in_effect]
    names = ", ".join(edit.name for edit in edits)
    by_name = {codec.name: codec for codec in codecs}
    copies = Copies()
    if index is not None and any(edit.everywhere for edit in edits):
        now = [replace(edit, changes=tuple(one for of, one in in_effect if of is edit)) for edit in edits]
        copies = find_copies(now, rom, by_name, index, force=force)
        tiles += [_stored(sheet, change, rom) for sheet, change in copies.edited]
    known = _places(tiles, index)
    packed = {} if previous is None or previous.rom.sha256 != rom.sha256 else _packed_before(previous, by_name)
    blocks: list[BlockEdit] = []
    shared: list[str] = []
    for group in _groups(tiles):
        codec, block_offset = group[0].origin.codec, group[0].origin.block_offset
        start = _start(group, index)
        if codec == RAW_CODEC:
            block = _edit_raw(rom, group, start)
            if index is not None:
                refuse_raw_over_block(rom, block, index.proven_streams(block.ranges))
        elif codec not in by_name:
            raise InjectError(
                f"{names}: names the codec {codec!r}; known are {', '.join([*sorted(by_name), RAW_CODEC])}"
            )
        else:
            sure = force or start in PROVEN_STARTS
            before = packed.get((codec, block_offset))
            block = _edit_block(rom, by_name[codec], block_offset, group, start, cancel, before, sure=sure)
            if start not in PROVEN_STARTS and not force:
                raise InjectError(
                    f"{rom.name}: the {block.name} holds the tiles, but the only evidence that it begins there is "
                    f"{start!r}: the game may read it from another start, and the edit would damage it; "
                    "check it, then repeat with --force"
                )
            if index is not None:
                shared += shared_bytes(rom, block, index.proven_streams(block.ranges), force=force)
        blocks.append(block)
    _refuse_overlaps(blocks)
    maps = {_place_of(tile.origin) for tile in tiles if not tile.change.cells}
    settled = {_place_of(change.origin) for edit, change in in_effect if edit.everywhere}
    settled |= {_place_of(copy.change.origin) for copy in copies.edited}
    elsewhere = [*copies.notes(), *other_places(blocks, rom, by_name, known, maps | settled)]
    notes = [*shared, *elsewhere, *_edge_notes(rom, blocks)]
    return EditPlan(rom, by_name, tuple(edits), tuple(blocks), tuple(notes))


def _place_of(origin: Origin) -> tuple[str, int, int]:
    return origin.codec, origin.block_offset, origin.byte_offset


def _in_effect(edits: Sequence[SheetEdit]) -> list[tuple[SheetEdit, TileChange]]:
    """Return the changes that no other edit has painted over, without those that lead back to the ROM's tile."""
    at_place: dict[Place, list[tuple[int, TileChange]]] = {}
    for number, edit in enumerate(edits):
        for change in edit.changes:
            at_place.setdefault(change.place, []).append((number, change))

    def is_in_effect(number: int, change: TileChange) -> bool:
        others = [(which, other) for which, other in at_place[change.place] if which != number]
        return not any(_gives_way(change, other, later=which > number) for which, other in others)

    return [
        (edit, change)
        for number, edit in enumerate(edits)
        for change in edit.changes
        if change.new != change.old and is_in_effect(number, change)
    ]


def _gives_way(one: TileChange, other: TileChange, *, later: bool) -> bool:
    """Whether a change has no effect where another sheet, further down the list or not, changes the same tile too."""
    if one.is_unpainted or other.is_unpainted:
        return one.is_unpainted and (later or not other.is_unpainted)
    return one.new in other.over and (later or other.new not in one.over)


def _stored(sheet: str, change: TileChange, rom: Rom) -> SheetTile:
    """Return a changed tile as the game stores it. Raises InjectError if the game cannot store it."""
    if change.origin.transform == COLOURS:
        return SheetTile(sheet, change, b"")
    old, new = (stored_tile(change.origin.transform, tile, rom.transforms) for tile in (change.old, change.new))
    if old is None or new is None:
        which = "original" if old is None else "edited"
        raise InjectError(f"{sheet}: the {which} tile of {change.origin} cannot be stored as {change.origin.transform}")
    return SheetTile(sheet, replace(change, old=old, new=new), change.old)


def decode_proven(rom: Rom, codec: Codec, block_offset: int, *, sure: bool) -> Stream:
    """Decode a block and check that the game can read it at that offset.

    Args:
        rom: The ROM.
        codec: The block's codec.
        block_offset: File offset of the block.
        sure: Whether the start is proven, or the user wants it. Then a stream across a bank edge is accepted where the
            rule of the game's decoder is not known.

    Raises:
        InjectError: No stream begins there, or it crosses a bank edge, and it is not known that the game reads it so.
    """
    try:
        stream = rom.read_stream(codec, block_offset)
    except CodecError as error:
        raise InjectError(f"{rom.name}: no {codec.name} stream at {block_offset:#x}: {error.reason}") from error
    edge = rom.crossed_edge(block_offset, stream.block.consumed)
    if edge is None or sure or rom.edges.get(codec.name) is not None:
        return stream
    raise InjectError(
        f"{rom.name}: the {codec.name} stream at {block_offset:#x} crosses the bank edge at {edge:#x}, and it is not "
        "known whether the game reads on there; a game profile can say so (`edge`)"
    )


def _edit_block(
    rom: Rom,
    codec: Codec,
    block_offset: int,
    group: list[SheetTile],
    start: StartEvidence,
    cancel: CancelSignal | None,
    before: BlockEdit | None,
    *,
    sure: bool,
) -> BlockEdit:
    block, ranges = decode_proven(rom, codec, block_offset, sure=sure)
    old = block.data.tobytes()
    name = f"{rom.name}: {codec.name} block at {block_offset:#x}"
    new, changes = merge(old, group, name, 0)
    packed = before.new_packed if before is not None and before.new_data == new else _pack(codec, new, name, cancel)
    old_packed = b"".join(rom.data[begin:end].tobytes() for begin, end in ranges)
    wrapped = ranges if len(ranges) > 1 else ()
    return BlockEdit(codec.name, block_offset, start, old, new, old_packed, packed, changes, wrapped)


def _pack(codec: Codec, data: bytes, name: str, cancel: CancelSignal | None) -> bytes:
    """Pack a block, and check that it unpacks to the same."""
    try:
        packed = codec.encode(data, cancel=cancel)
        again = codec.decode(packed)
    except CodecError as error:
        raise InjectError(f"{name}: the edited block cannot be packed: {error}") from error
    if again.data.tobytes() != data or again.consumed != len(packed):
        raise InjectError(f"{name}: the edited block does not unpack to what was packed; nothing was changed")
    return packed


def _packed_before(previous: EditPlan, codecs: Mapping[str, Codec]) -> dict[tuple[str, int], BlockEdit]:
    """Return the blocks that an earlier plan has packed with these same codecs."""
    return {
        block.key: block
        for block in previous.blocks
        if block.codec in codecs and previous.codecs.get(block.codec) is codecs[block.codec]
    }


def _edit_raw(rom: Rom, group: list[SheetTile], start: StartEvidence) -> BlockEdit:
    at = group[0].origin.block_offset
    if any(tile.origin.byte_offset for tile in group):
        raise InjectError(f"{rom.name}: the uncompressed tile at {at:#x} names a byte offset; export the sheet again")
    old = rom.data[at : max(tile.end for tile in group)].tobytes()
    new, changes = merge(old, group, f"{rom.name}: uncompressed tile at {at:#x}", at)
    return BlockEdit(RAW_CODEC, at, start, old, new, old, new, changes)


def _groups(tiles: Sequence[SheetTile]) -> list[list[SheetTile]]:
    """Group tiles by block, ascending. Overlapping uncompressed tiles form one block."""
    packed: dict[tuple[str, int], list[SheetTile]] = defaultdict(list)
    groups: list[list[SheetTile]] = []
    end = -1
    for tile in sorted(tiles, key=lambda tile: tile.at):
        if tile.origin.codec != RAW_CODEC:
            packed[tile.origin.codec, tile.origin.block_offset].append(tile)
        elif tile.at < end:
            groups[-1].append(tile)
            end = max(end, tile.end)
        else:
            groups.append([tile])
            end = tile.end
    return sorted([*groups, *packed.values()], key=lambda group: group[0].origin.block_offset)


def _places(tiles: Sequence[SheetTile], index: TileIndex | None) -> dict[bytes, tuple[Origin, ...]]:
    """Look up the changed tiles of 32 bytes in the index, keyed by their old bytes as stored."""
    looked = dict.fromkeys((tile.change.old, tile.shown) for tile in tiles if len(tile.shown) == TILE_BYTES)
    if index is None or not looked:
        return {}
    found = index.lookup(np.frombuffer(b"".join(shown for _, shown in looked), np.uint8).reshape(-1, TILE_BYTES))
    places: dict[bytes, dict[Origin, None]] = {}
    for (old, _), origins in zip(looked, found, strict=True):  # several transforms may store the same bytes
        places.setdefault(old, {}).update(dict.fromkeys(origins))
    return {old: tuple(origins) for old, origins in places.items()}


def _start(group: list[SheetTile], index: TileIndex | None) -> StartEvidence:
    """Return the evidence for the block's start: from the index if it knows the block, otherwise from the sheet.

    What was traced when the sheet was written remains so: another machine's index cannot know it.
    """
    block = (group[0].origin.codec, group[0].origin.block_offset)
    if any(tile.origin.start == "traced" for tile in group):
        return "traced"
    if index is not None and (start := index.start_of(*block)) is not None:
        return start
    return group[0].origin.start


def _edge_notes(rom: Rom, blocks: Sequence[BlockEdit]) -> list[str]:
    """Return a note for each block across a bank edge where it is not known how the game's decoder reads on."""
    notes = []
    for block in blocks:
        edge = None if block.codec == RAW_CODEC else rom.crossed_edge(block.block_offset, block.old_packed_size)
        if edge is not None and rom.edges.get(block.codec) is None:
            how = "at the beginning of the bank" if block.wrapped else "in the file"
            notes.append(
                f"the {block.name} crosses the bank edge at {edge:#x} and was read on {how}; how the game's decoder "
                "reads on is not known, and a game file can say so (`edge`)"
            )
    return notes


def _refuse_overlaps(blocks: Sequence[BlockEdit]) -> None:
    pieces = sorted((begin, end, number) for number, block in enumerate(blocks) for begin, end in block.ranges)
    for (_, end, first), (begin, _, second) in pairwise(pieces):
        if begin < end:
            raise InjectError(
                f"the {blocks[first].name} and the {blocks[second].name} share bytes of the ROM (the first ends at "
                f"{end:#x}); edit the tiles of only one of them"
            )
