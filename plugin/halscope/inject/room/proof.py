"""The proof that making room damages nothing else: every write is where it is meant to be."""

from __future__ import annotations

import numpy as np
from halscope_hooks import InjectError

from halscope.inject.edits import EditPlan
from halscope.inject.room.model import RoomIndex, RoomPlan
from halscope.rom.references import NO_BANK


def proven(plan: EditPlan, index: RoomIndex, room: RoomPlan) -> RoomPlan:
    """Return the room if no write touches a byte of another proven block, or of a pointer that is not to be rewritten.

    Then every other block decodes to the same bytes as before, and every other pointer leads where it did.

    Args:
        plan: The edits.
        index: The ROM's index.
        room: Their room.

    Raises:
        InjectError: A write does.
    """
    named = {at for one in room.pointers for at in one.reference.parts if at is not None}
    edited = {block.block_offset for block in plan.blocks}
    rows = index.every_reference.rows
    places = np.concatenate([rows[column].astype(np.int64) for column in ("low", "high", "bank")])
    places = places[places != NO_BANK]
    stretches = [(write.offset, write.offset + len(write.data)) for write in room.writes]
    stretches += [(block.end, block.end + room.slack.get(block.key, 0)) for block in plan.blocks]
    for begin, end in stretches:
        inside = {*places[(places >= begin) & (places < end)].tolist()} - named
        if inside:
            raise InjectError(f"{plan.rom.name}: {min(inside):#x} is a byte of another pointer; nothing was changed")
        for stream in index.proven_streams(((begin, end),)):
            if begin < end and stream.block_offset not in edited:
                raise InjectError(
                    f"{plan.rom.name}: {begin:#x} to {end:#x} has bytes of the {stream.codec} block at "
                    f"{stream.block_offset:#x}; nothing was changed"
                )
    return room
