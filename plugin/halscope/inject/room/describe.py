"""What an edit will do to a ROM, in the JSON form that `halscope inject --dry-run` prints."""

from __future__ import annotations

from typing import Any

from halscope_hooks import Patch, Write

from halscope.inject.edits import EditPlan
from halscope.inject.room.expand import SIZE_AT
from halscope.inject.room.model import RoomPlan
from halscope.rom.checksum import COMPLEMENT_AT


def describe_room(plan: EditPlan, room: RoomPlan, patch: Patch) -> dict[str, Any]:
    """Return the writes, moves, pointers and risks of a patch.

    Args:
        plan: The edits.
        room: Their room.
        patch: Their patch.
    """
    return {
        "writes": [
            {"offset": write.offset, "size": len(write.data), "what": _what(plan, room, write)} for write in patch.rom
        ],
        "moves": [move.describe() for move in room.moves],
        "pointers": [one.describe() for one in room.pointers],
        "risks": list(room.risks),
    }


def _what(plan: EditPlan, room: RoomPlan, write: Write) -> str:
    """Return what a write holds: "block", "pointer", "freed", "size", "checksum" or "expansion"."""
    begin, end = write.offset, write.offset + len(write.data)
    if begin >= plan.rom.data.size:
        return "expansion"
    if plan.rom.has_header and begin == plan.rom.header_offset + COMPLEMENT_AT:
        return "checksum"
    if plan.rom.has_header and begin == plan.rom.header_offset + SIZE_AT:
        return "size"
    if any(begin in one.reference.parts for one in room.pointers):
        return "pointer"
    if any(begin <= move.new < end for move in room.moves):
        return "block"
    staying = (block for block in plan.blocks if room.move_of(block.key) is None)
    return "block" if any(low <= begin < high for block in staying for low, high in block.ranges) else "freed"
