"""A block that was moved stays where it was put: a running game may have kept the address."""

from __future__ import annotations

from pathlib import Path

from halscope.app import Workspace
from halscope.app._rom_edits import RomEdits
from halscope.codecs.hal import HAL
from halscope.inject import EditPlan, Moved, RoomOptions, RoomPlan, apply_patch, make_room, to_patch
from halscope.project import EditList
from inject.test_room_refused import FREE, Made, made
from support.edit_rom import FIRST, SECOND
from support.roomy_rom import filled, plan_of


def plan(one: Made, first: int, second: int) -> EditPlan:
    """Both blocks, edited so that each packs to so many bytes more."""
    sizes = {FIRST: first, SECOND: second}
    return plan_of(
        one.index, [filled(one.index, at, one.rom.decode(HAL, at).consumed + more) for at, more in sizes.items()]
    )


def placed(one: Made, edits: EditPlan, moved: tuple[Moved, ...]) -> tuple[dict[int, int], RoomPlan]:
    """Where the blocks are put; the patch has been verified."""
    room = make_room(edits, one.index, RoomOptions(moved=moved))
    apply_patch(one.rom, to_patch(edits, room))
    return {move.old: move.new for move in room.moves}, room


def test_moved_blocks_stay_as_they_grow_and_shrink_and_a_new_place_is_the_last_resort() -> None:
    one = made()
    places, room = placed(one, plan(one, 80, 40), ())
    moved = room.remembered()
    assert {move.key: move.new for move in moved} == {("hal", at): new for at, new in places.items()}
    assert placed(one, plan(one, 40, 80), ())[0] != places, "the larger block is put first, so they would change places"
    assert placed(one, plan(one, 40, 80), moved)[0] == places
    assert placed(one, plan(one, 0, 0), moved)[0] == places, "though both fit their old places again"
    ahead, behind = sorted(places, key=lambda at: places[at])
    grown = plan(one, *(400 if at == ahead else 40 for at in (FIRST, SECOND)))
    after, again = placed(one, grown, moved)
    assert after[behind] == places[behind]
    assert after[ahead] > places[behind]
    remembered = again.remembered(moved)
    assert placed(one, plan(one, 80, 40), remembered)[0] == after, "it does not go back either"


def test_the_room_of_a_moved_block_is_given_to_another_one_only_if_there_is_no_other() -> None:
    one = made()
    alone = plan_of(one.index, [filled(one.index, FIRST, one.rom.decode(HAL, FIRST).consumed + 80)])
    places, room = placed(one, alone, ())
    other = plan_of(one.index, [filled(one.index, SECOND, one.rom.decode(HAL, SECOND).consumed + 80)])
    assert placed(one, other, ())[0][SECOND] == places[FIRST]
    moved = room.remembered()
    assert placed(one, other, moved)[0][SECOND] >= moved[0].new + moved[0].size
    full = Moved("hal", FIRST, FREE[0], FREE[1] - FREE[0])
    assert FREE[0] < placed(one, other, (full,))[0][SECOND] < FREE[1]


def test_a_running_rom_reads_a_moved_block_where_it_is_now(tmp_path: Path) -> None:
    one = made()
    path = tmp_path / "game.sfc"
    path.write_bytes(one.rom.data)
    running = RomEdits(Workspace.open(path), EditList(one.rom.sha256))
    edits = plan(one, 80, 40)
    room = make_room(edits, one.index)
    running.put(running.edits, edits, room, to_patch(edits, room))
    contained = running.workspace.running.rom
    assert contained is not None
    for block in edits.blocks:
        assert contained.decode(HAL, block.block_offset).data.tobytes() == block.new_data
        assert one.rom.decode(HAL, block.block_offset).data.tobytes() == block.old_data
    assert {one.key for one in running.moved} == {block.key for block in edits.blocks}
