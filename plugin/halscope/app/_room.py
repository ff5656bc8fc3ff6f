"""The room that edits of a workspace may take, and what moved blocks need in a running game."""

from __future__ import annotations

from halscope_hooks import HostInfo

from halscope.app._workspace import Workspace
from halscope.inject import Moved, RoomOptions, RoomPlan


def room_options(
    workspace: Workspace,
    *,
    move: bool = True,
    expand: bool = False,
    rats: bool = False,
    free_old: bool = False,
    moved: tuple[Moved, ...] = (),
) -> RoomOptions:
    """Return the options, with the places that the game was seen using. Arguments as for `RoomOptions`."""
    read, notes = workspace.seen_reads, workspace.rom_notes
    return RoomOptions(
        move=move,
        expand=expand,
        rats=rats,
        free_old=free_old,
        read=read,
        used=(*notes.executed, *notes.read),
        moved=moved,
    )


def rom_is_fixed(info: HostInfo) -> bool:
    """Whether a running game's ROM cannot be written, but what it shows can."""
    return "rom" not in info.writable and "vram" in info.writable


def room_lines(info: HostInfo, room: RoomPlan, before: RoomPlan) -> list[str]:
    """Return lines for the user of a running game: which blocks have moved, and what the game needs to follow.

    Args:
        info: The host's.
        room: The room of its edits.
        before: That of the edits before, `RoomPlan()` before the first: what has not changed is not said again.
    """
    lines = list(room.notes) if room.notes != before.notes else []
    left = [one for one in before.moves if (now := room.move_of(one.key)) is None or now.new != one.new]
    lines += [
        f"the {one.codec} block at {one.old:#x} is no longer at {one.new:#x}: a game that has kept that address needs "
        "the ROM to be loaded again"
        for one in left
        if not rom_is_fixed(info)
    ]
    if rom_is_fixed(info) and (lines or not before.size):
        moved = ", and to find the blocks that moved" if room.moves else ""
        lines.append(
            "the emulator's ROM cannot be written: the edit lasts until the game loads these graphics again, and needs "
            f"the patched ROM to be loaded to stay{moved}"
        )
    elif room.moves and lines:
        lines.append(
            "the game follows the rewritten pointers when it reads them again; if it has kept a copy of them, this "
            "edit needs the patched ROM to be loaded again"
        )
    return lines
