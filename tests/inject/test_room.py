"""Edits that do not fit: a block takes its slack or moves, every pointer to it follows, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.export import bps, ips
from halscope.inject import Move, RoomOptions, RoomPlan, apply_patch, make_room, to_patch
from halscope.inject.edits import EditPlan
from halscope.rom import checksum
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import InjectError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import pointed_rom
from support.pointed_rom import PointedRom
from support.roomy_rom import applied, assert_only, filled, plan_of, pointed, pointed_at, unpointed

NEW_PLACES = 8  # bytes of a tag


def proven(made: PointedRom, index: RomIndex) -> list[int]:
    """The blocks whose own pointer is known, largest first."""
    known = [at for at, parts in made.parts.items() if any(r.parts == parts for r in index.references("hal", at))]
    sizes = {block.offset: block.packed_size for block in unpointed(made.rom.mapping).blocks}
    return sorted(known, key=lambda at: -sizes[at])


def patched(plan: EditPlan, room: RoomPlan) -> NDArray[np.uint8]:
    """The patched image, as two independent appliers make it."""
    source = plan.rom.data.tobytes()
    image = apply_patch(plan.rom, to_patch(plan, room))
    assert applied(source, bps.create(source, image), ips.create(source, image)) == image
    return np.frombuffer(image, np.uint8)


def named_places(made: PointedRom, plan: EditPlan, room: RoomPlan) -> list[tuple[int, int]]:
    """The only stretches that may differ: moved blocks, the true bytes of their pointers, and the checksum."""
    at = plan.rom.header_offset
    places = [(at + 0x17, at + 0x18)] * (room.size > plan.rom.data.size) + [(at + 0x1C, at + 0x20)]
    for move in room.moves:
        places.append((move.new - NEW_PLACES * move.tagged, move.new + move.size))
        places += [(part, part + 1) for part in made.parts[move.old] if part is not None]
    for block in plan.blocks:
        if room.move_of(block.key) is None:
            places.append((block.block_offset, block.block_offset + len(block.new_packed)))
    return places


def assert_moved(made: PointedRom, index: RomIndex, plan: EditPlan, room: RoomPlan, image: NDArray[np.uint8]) -> None:
    """The true pointers lead to the new places, which decode to the edits; all else is as it was."""
    assert_only(plan.rom.data, image, named_places(made, plan, room))
    blocks = {block.block_offset: block for block in plan.blocks}
    for true in unpointed(made.rom.mapping).blocks:
        parts, old = made.parts[true.offset], true.offset
        banks = {one.address >> 16 for one in index.references("hal", old) if one.parts == parts}
        led = pointed_at(made.rom, image, parts, banks.pop()) if banks else old
        move = room.move_of(("hal", old))
        assert led == (old if move is None else move.new), hex(old)
        wanted = blocks[old].new_data if old in blocks else true.data
        assert HAL.decode(image, led).data.tobytes() == wanted
        if move is not None:
            assert HAL.decode(image, old).data.tobytes() == true.data  # kept
            window = made.rom.mapping.window
            assert not window or move.new // window == (move.new + move.size - 1) // window
            assert {*made.rom.data[move.new : move.new + move.size].tolist()} in ({0xFF}, {0})
    assert checksum.is_right(image, plan.rom.header_offset)


@pytest.mark.slow
@pytest.mark.parametrize("shape", pointed_rom.SHAPES)
def test_a_block_that_does_not_fit_moves_and_every_pointer_follows(shape: str) -> None:
    made, index = pointed(shape)
    rng = np.random.default_rng(len(shape))
    moves: list[Move] = []
    for seed in range(3):
        known = proven(made, index)
        chosen = rng.permutation(known)[:3].tolist()
        edits = [filled(index, at, int(index.rom.decode(HAL, at).consumed * 1.2) + 20, seed) for at in chosen]
        outgrown = [edit for edit in edits if len(edit.new_packed) > edit.old_packed_size]
        plan = plan_of(index, edits)
        try:
            room = make_room(plan, index)
        except InjectError as error:
            if "stay in its bank" in str(error) and shape.endswith("of one bank"):
                continue  # only that bank's free space counts
            raise
        assert {*(move.old for move in room.moves), *(at for _, at in room.slack)} == {
            edit.block_offset for edit in outgrown
        }
        assert_moved(made, index, plan, room, patched(plan, room))
        moves += room.moves
    assert moves


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "mapping"),
    [("long", Mapping.HIROM), ("words and banks", Mapping.HIROM), ("code: registers", Mapping.SA1)],
)
def test_blocks_move_in_other_mappings_too(shape: str, mapping: Mapping) -> None:
    made, index = pointed(shape, mapping)
    edits = [filled(index, at, index.rom.decode(HAL, at).consumed + 200) for at in proven(made, index)[:4]]
    plan = plan_of(index, edits)
    room = make_room(plan, index)
    assert len(room.moves) >= 3
    assert_moved(made, index, plan, room, patched(plan, room))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_the_sizes_nothing_else_changes(data: st.DataObject) -> None:
    """Any number of edits of any size: each fits, takes its slack, moves, or all are refused together."""
    made, index = pointed("words and banks")
    known = proven(made, index)
    chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
    edits = [
        filled(index, at, data.draw(st.integers(1, 2 * index.rom.decode(HAL, at).consumed)), seed)
        for seed, at in enumerate(chosen)
    ]
    options = RoomOptions(rats=data.draw(st.booleans()), expand=data.draw(st.booleans()))
    plan = plan_of(index, [edit for edit in edits if edit.changes])
    room = make_room(plan, index, options)
    assert_moved(made, index, plan, room, patched(plan, room))
    assert all(move.tagged == options.rats for move in room.moves)
