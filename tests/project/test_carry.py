"""Edits are carried over to another build of the ROM by the bytes of their tiles, and none is ever lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    ColourEdit,
    EditedSheet,
    RoomOptions,
    Sheet,
    SheetEdit,
    apply_patch,
    edited_origins,
    make_room,
    palette_edit,
    sheet_edit,
    sheet_from_raw,
)
from halscope.project import CarriedProject, EditList, ProjectState, carry_over, new_project
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import RAW_CODEC, Origin
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_rom import PALETTE
from support.examples import examples
from support.layer_scene import KINDS, MAP_AT, TILES_AT, make_layer_scene
from support.rebuilt_rom import BLOCKS, TABLE, TILES, Build, build, noisy, painted

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def first() -> Build:
    return build()


@pytest.fixture(scope="module")
def second() -> Build:
    """A build with all blocks elsewhere, and the uncompressed tiles too."""
    return build([*range(BLOCKS - 1, -1, -1)], gap=5, raw=0x31011)


def no_sheet(_: str) -> Sheet | None:
    return None


def project(of: Build, *edits: SheetEdit) -> ProjectState:
    state = new_project(of.rom)
    for edit in edits:
        state = state.with_edits(state.edits.put([edit], NOON))
    return state


def carry(state: ProjectState, to: Build, sheet: Callable[[str], Sheet | None] = no_sheet) -> CarriedProject:
    return carry_over(state, sheet, to.rom, [HAL], to.index())


def decoded(image: bytes, at: int) -> bytes:
    return HAL.decode(image, at).data.tobytes()


def test_edits_follow_their_blocks_to_another_build(first: Build, second: Build) -> None:
    raw = sheet_from_raw(first.rom, first.raw, TILES, palette=PALETTE)
    state = project(first, painted(first.sheet(3), "a.png", 2, 7), painted(raw, "raw.png", 4))
    carried = carry(state, second)
    assert carried.moved == {1, 2}
    assert carried.state.left == ()
    assert [rom.sha256 for rom in carried.state.lineage] == [first.rom.sha256]
    edits = carried.state.edits
    assert [(edit.id, edit.name) for edit in edits.edits] == [(1, "a.png"), (2, "raw.png")]
    assert edits.edits[0].sheet.changes[0].origin.start == "pointer"
    image = apply_patch(second.rom, edits.patch(second.rom, [HAL], index=second.index()))
    before = apply_patch(first.rom, state.edits.patch(first.rom, [HAL]))
    for number in range(BLOCKS):
        assert decoded(image, second.offsets[number]) == decoded(before, first.offsets[number]), number
    size = TILES * 32
    assert image[second.raw : second.raw + size] == before[first.raw : first.raw + size]
    assert edits.undo().edits == edits.edits[:1], "the history came along"


@pytest.mark.parametrize("count", [16, 4])
def test_edited_colours_follow_too(first: Build, second: Build, count: int) -> None:
    def colours(of: Build, packed: bool) -> tuple[Origin, NDArray[np.uint16]]:
        origin = Origin("hal", of.offsets[3], 64, "pointer") if packed else Origin(RAW_CODEC, of.raw + 64, 0, "content")
        data = decoded(of.rom.data.tobytes(), of.offsets[3]) if packed else of.rom.data[of.raw :].tobytes()
        return origin, np.frombuffer(data, "<u2", count, 64).astype(np.uint16)

    edits = []
    for packed in (True, False):
        origin, old = colours(first, packed)
        run = ColourEdit(origin, old, np.full_like(old, 0x1F))  # one colour, which packs well
        edits.append(palette_edit(f"{origin.codec}.gpl", "colours", first.rom.sha256, [run]))
    state = project(first, *edits)
    assert not edited_origins(state.edits.plan(first.rom, [HAL])), "colours are no tiles"
    carried = carry(state, second)
    assert carried.moved == {1, 2}
    patch = carried.state.edits.patch(second.rom, [HAL], index=second.index())
    image = np.frombuffer(apply_patch(second.rom, patch), np.uint8)
    built = replace(second, rom=replace(second.rom, data=image))
    for packed in (True, False):
        assert (colours(built, packed)[1] & 0x7FFF == 0x1F).all()


RUNS = (0x28000, 0x28100, 0x28200)
"""Where a build has runs of plain colours, in noise."""
FEW = bytes.fromhex("1f00 e003 007c ff7f")
OTHER = bytes.fromhex("2100 4200 8400 0801 1002")


def with_colours(of: Build, *runs: tuple[int, bytes]) -> Build:
    image = bytearray(of.rom.data)
    for at, data in runs:
        image[at : at + len(data)] = data
    return replace(of, rom=Rom.from_bytes(fix(image, of.rom.header_offset), "coloured.sfc"))


def recoloured(of: Build, *runs: tuple[int, bytes]) -> SheetEdit:
    colours = [(Origin(RAW_CODEC, at, 0, "content"), np.frombuffer(data, "<u2").astype(np.uint16)) for at, data in runs]
    edits = [ColourEdit(origin, words, words ^ np.uint16(0x1F)) for origin, words in colours]
    return palette_edit("few.gpl", "few", of.rom.sha256, edits)


def places(carried: CarriedProject) -> list[int]:
    return [change.origin.block_offset for edit in carried.state.edits.edits for change in edit.sheet.changes]


def test_each_run_of_colours_is_found_by_itself(first: Build) -> None:
    """One stays, one moves; two with the same bytes, an edit of all places of a palette, move apart."""
    before = [(RUNS[0], FEW), (RUNS[1], OTHER), (RUNS[2], FEW)]
    state = project(old := with_colours(first, *before), recoloured(old, *before))
    after = with_colours(first, (RUNS[0], FEW), (RUNS[1] + 7, OTHER), (RUNS[2] + 100, FEW))
    carried = carry(state, after)
    assert places(carried) == [RUNS[0], RUNS[1] + 7, RUNS[2] + 100]
    assert carried.moved == {1}
    image = apply_patch(after.rom, carried.state.edits.patch(after.rom, [HAL], index=after.index()))
    assert bytes(image[RUNS[1] + 7 :][:2]) == (0x21 ^ 0x1F).to_bytes(2, "little")
    assert places(carry(carried.state, old)) == list(RUNS)


@pytest.mark.parametrize(
    ("colours", "after", "says"),
    [
        (FEW, [RUNS[1], RUNS[2]], "stand in 2 or more places in this ROM, and it is not known which is theirs"),
        (FEW, [], "are no longer there; they are nowhere in this ROM"),
        (FEW[:2] * 4, [RUNS[1]], "cannot be told from others elsewhere: fewer than three differ"),
    ],
)
def test_colours_whose_place_is_not_certain_are_listed_with_the_reason(
    first: Build, colours: bytes, after: list[int], says: str
) -> None:
    old = with_colours(first, (RUNS[0], colours))
    new = with_colours(first, *((at, colours) for at in after))
    carried = carry(project(old, recoloured(old, (RUNS[0], colours))), new)
    assert carried.state.edits.edits == ()
    (left,) = carried.state.left
    assert says in left.reason
    assert f"its 4 colours at {RUNS[0]:#x}" in left.reason
    assert left.state == "lost"
    assert places(carry(carried.state, old)) == [RUNS[0]], "they return with a ROM that has them"


def test_a_few_colours_of_a_block_follow_it_if_one_proven_block_alone_has_them(first: Build, second: Build) -> None:
    """What is not proven to be a block does not count; of two blocks with the same content nobody can tell."""
    old = HAL.decode(first.rom.data, first.offsets[3]).data[64:72].view("<u2").astype(np.uint16)
    run = ColourEdit(Origin("hal", first.offsets[3], 64, "pointer"), old, old ^ np.uint16(0x1F))
    state = project(first, palette_edit("few.gpl", "few", first.rom.sha256, [run]))
    image = bytearray(second.rom.data)
    stream = bytes(first.rom.data[first.offsets[3] :][: HAL.decode(first.rom.data, first.offsets[3]).consumed])
    free = 0x38000
    image[free : free + len(stream)] = stream
    left_behind = replace(second, rom=Rom.from_bytes(image, "left.sfc"))
    assert places(carry(state, left_behind)) == [second.offsets[3]]
    twice = RomIndex.build(left_behind.rom, [HAL], known_starts={"hal": np.array([free], np.uint32)})
    carried = carry_over(state, no_sheet, left_behind.rom, [HAL], twice)
    assert "the 8 that were edited are in 2 blocks: it is not known which was edited" in carried.state.left[0].reason


def test_a_layer_s_map_follows_too() -> None:
    scene = make_layer_scene(KINDS["mode 1, BG1"])
    image = bytearray(scene.rom.data.tobytes())
    size = scene.rom.decode(HAL, MAP_AT).consumed
    packed = image[MAP_AT : MAP_AT + size]
    image[MAP_AT : MAP_AT + size] = np.random.default_rng(8).integers(0, 256, size, np.uint8).tobytes()
    there = 0x18235
    image[there : there + size] = packed
    rom = Rom.from_bytes(fix(image, scene.rom.header_offset), "rebuilt.sfc")
    index = RomIndex.build(rom, [HAL], known_starts={"hal": np.array([TILES_AT, there], np.uint32)})
    sheet = scene.sheet()
    pixels = sheet.compose().pixels
    cell = sheet.cells[40]
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = pixels[:8, :8]  # the entry is pointed at another tile
    edit = sheet_edit(EditedSheet(sheet, pixels, "bg.png"))
    state = new_project(scene.rom)
    state = state.with_edits(state.edits.put([edit], NOON))
    carried = carry_over(state, lambda _: sheet, rom, [HAL], index)
    assert carried.state.left == ()
    new = carried.sheets["bg.png"]
    assert new.map is not None
    assert {origin and (origin.block_offset, origin.byte_offset) for origin in new.map.origins} == {
        (there, at) for at in range(0, 2048, 32)
    }
    again = sheet_edit(EditedSheet(new, pixels, "bg.png"))
    patched = apply_patch(rom, EditList(rom.sha256).put([again], NOON).patch(rom, [HAL], index=index))
    assert decoded(patched, there) != decoded(bytes(image), there)


def test_an_edit_whose_tiles_were_redrawn_is_left_and_returns(first: Build, second: Build) -> None:
    state = project(first, painted(first.sheet(3), "a.png", 2), painted(first.sheet(9), "b.png", 1, 5))
    redrawn = build([*range(BLOCKS - 1, -1, -1)], redrawn={9})
    carried = carry(state, redrawn)
    assert [edit.name for edit in carried.state.edits.edits] == ["a.png"]
    (left,) = carried.state.left
    assert (left.edit.id, left.edit.name, left.state) == (2, "b.png", "lost")
    assert "nowhere in this ROM" in left.reason or "are nowhere" in left.reason
    again = carry(carried.state, second)
    assert [(edit.id, edit.name) for edit in again.state.edits.edits] == [(1, "a.png"), (2, "b.png")]
    assert again.returned == {2}
    assert again.state.left == ()


def test_a_left_edit_is_kept_when_its_sheet_is_painted_anew(first: Build, second: Build) -> None:
    """It returns once the newer edit makes room for it."""
    redrawn = build([*range(BLOCKS - 1, -1, -1)], redrawn={9})
    state = carry(project(first, painted(first.sheet(9), "b.png", 1, 5)), redrawn).state
    assert [left.edit.id for left in state.left] == [1]
    sheet = redrawn.sheet(8)
    state = state.with_edits(state.edits.put([painted(sheet, "b.png", 2)], NOON))
    assert [(left.edit.id, edit.id) for left, edit in zip(state.left, state.edits.edits, strict=True)] == [(1, 2)]
    carried = carry(state, second, {"b.png": sheet}.get)
    (left,) = carried.state.left
    assert (left.edit.id, left.state, left.reason) == (1, "lost", "its sheet has another edit now")
    assert [edit.id for edit in carried.state.edits.edits] == [2]
    assert all(cell.origin is not None for cell in carried.sheets["b.png"].cells), "it is the newer edit's sheet"
    alone = carried.state.with_edits(carried.state.edits.revert(2))
    back = carry(alone, first).state
    assert ([edit.id for edit in back.edits.edits], back.left) == ([1], ())


def test_a_rom_that_has_the_edits_already_keeps_them_aside(first: Build) -> None:
    state = project(first, painted(first.sheet(3), "a.png", 2, 3), painted(first.sheet(4), "b.png", 0))
    patched = Rom.from_bytes(apply_patch(first.rom, state.edits.patch(first.rom, [HAL])), "patched.sfc")
    carried = carry(state, Build(patched, first.offsets, first.raw))
    assert [left.state for left in carried.state.left] == ["there", "there"]
    assert carried.state.edits.edits == ()
    back = carry(carried.state, first)
    assert back.state.edits.edits == state.edits.edits
    assert (back.state.base, back.state.left) == (state.base, ())


@pytest.mark.parametrize("tiles", [range(3), range(TILES)], ids=["some", "all"])
@pytest.mark.parametrize("with_sheet", [False, True])
def test_a_block_that_moved_with_its_edit_has_it_though_its_old_bytes_are_where_they_were(
    first: Build, tiles: Sequence[int], with_sheet: bool
) -> None:
    sheet = first.sheet(3)
    state = project(first, noisy(sheet, "a.png", *tiles))
    patch = state.edits.patch(first.rom, [HAL], index=first.index(), room=RoomOptions(expand=True))
    patched = Rom.from_bytes(apply_patch(first.rom, patch), "patched.sfc")
    assert decoded(patched.data.tobytes(), first.offsets[3]) == decoded(first.rom.data.tobytes(), first.offsets[3])
    after = Build(patched, first.offsets, first.raw)
    carried = carry(state, after, {"a.png": sheet}.get if with_sheet else no_sheet)
    (left,) = carried.state.left
    assert (left.state, carried.state.edits.edits) == ("there", ())
    assert f"{first.offsets[3]:#x}" not in left.reason, "it names the new place"
    if len(tiles) < TILES:  # an edit of tiles that the moved block still has goes there
        (edit,) = carry(project(first, painted(sheet, "b.png", TILES - 1)), after).state.edits.edits
        origin = edit.sheet.changes[0].origin
        assert (origin.start, origin.block_offset != first.offsets[3]) == ("pointer", True)


FREE = 0x38000


def roomy(one: Build, *, free: int = FREE) -> Build:
    """A build with free space."""
    image = bytearray(one.rom.data)
    image[free : free + 0x4000] = b"\xff" * 0x4000
    return Build(Rom.from_bytes(fix(image, one.rom.mapping.header_offset), "roomy.sfc"), one.offsets, one.raw)


def moves(state: ProjectState, one: Build) -> dict[int, int]:
    """Where the project's blocks are put in its ROM."""
    index = one.index()
    plan = state.edits.plan(one.rom, [HAL], index=index)
    return {move.old: move.new for move in make_room(plan, index, RoomOptions(moved=state.moved)).moves}


def moved_project(of: Build) -> ProjectState:
    """A project of two blocks that have outgrown their places, the first of which was taken back since."""
    sheets = of.sheet(3), of.sheet(5)
    state = project(of, noisy(sheets[0], "a.png", *range(TILES)), noisy(sheets[1], "b.png", *range(TILES - 2)))
    index = of.index()
    room = make_room(state.edits.plan(of.rom, [HAL], index=index), index)
    assert len(room.moves) == 2
    return state.with_edits(state.edits.revert(1), room.remembered())


def test_a_moved_block_stays_where_it_was_put_in_another_build(first: Build, second: Build) -> None:
    of, to = roomy(first), roomy(second)
    state = moved_project(of)
    carried = carry(state, to).state
    assert {(one.old, one.new, one.size) for one in carried.moved} == {
        (to.offsets[number], one.new, one.size)
        for one in state.moved
        for number in (3, 5)
        if one.old == of.offsets[number]
    }, "also that of the edit that was taken back, which can be undone"
    new = next(one.new for one in state.moved if one.old == of.offsets[5])
    assert moves(carried, to) == {to.offsets[5]: new}
    assert moves(replace(carried, moved=()), to) != {to.offsets[5]: new}, "without it the block goes elsewhere"


def test_a_new_place_that_another_build_uses_itself_is_not_taken(first: Build, second: Build) -> None:
    of, to = roomy(first), roomy(second, free=FREE - 0x4000)
    carried = carry(moved_project(of), to).state
    assert all(FREE - 0x4000 <= new < FREE for new in moves(carried, to).values())


def test_a_block_that_is_no_longer_proven_stays_where_no_other_is_proven(first: Build) -> None:
    state = project(first, painted(first.sheet(3), "a.png", 2))
    image = bytearray(first.rom.data)
    image[TABLE : TABLE + 3 * BLOCKS] = bytes(3 * BLOCKS)
    (edit,) = carry(state, Build(Rom.from_bytes(bytes(image), "x.sfc"), first.offsets, first.raw)).state.edits.edits
    assert edit.sheet.changes == state.edits.edits[0].sheet.changes


def test_a_plain_tile_is_found_by_the_tiles_beside_it_on_its_sheet(first: Build, second: Build) -> None:
    """A blank tile is in hundreds of places; the sheet's other tiles tell which of them is meant."""
    sheet = first.sheet(5)
    edit = painted(sheet, "a.png", 3)
    blank = bytes(32)
    image = bytearray(first.rom.data)
    other = bytearray(second.rom.data)
    plain = decoded(bytes(image), first.offsets[5])
    plain = plain[: 3 * 32] + blank + plain[4 * 32 :]
    packed = HAL.encode(plain)
    for data, at in ((image, first.offsets[5]), (other, second.offsets[5])):
        data[at : at + len(packed)] = packed
    before = Build(Rom.from_bytes(bytes(image), "before.sfc"), first.offsets, first.raw)
    after = Build(Rom.from_bytes(bytes(other), "after.sfc"), second.offsets, second.raw)
    sheet = before.sheet(5)
    edit = painted(sheet, "a.png", 3)
    assert edit.changes[0].old == blank
    state = project(before, edit)
    assert [left.state for left in carry(state, after).state.left] == ["lost"], "by itself it says nothing"
    carried = carry(state, after, {"a.png": sheet}.get)
    (one,) = carried.state.edits.edits
    assert (one.sheet.changes[0].origin.block_offset, one.sheet.changes[0].origin.byte_offset) == (
        second.offsets[5],
        3 * 32,
    )
    new = carried.sheets["a.png"]
    assert new.rom_sha256 == after.rom.sha256
    assert all(cell.origin is not None and cell.origin.block_offset == second.offsets[5] for cell in new.cells)


painting = st.tuples(st.integers(0, BLOCKS - 1), st.sets(st.integers(0, TILES - 1), min_size=1, max_size=4))


@pytest.mark.slow
@examples(25, deadline=None)
@given(st.lists(painting, min_size=1, max_size=5, unique_by=lambda one: one[0]), st.permutations(range(BLOCKS)))
def test_project_to_patch_to_rom_to_index_to_project(edits: list[tuple[int, set[int]]], order: list[int]) -> None:
    """The edits of a project, applied, are recognised in the new ROM; there and back they are the same; and in another
    build the same pixels change, and no others."""
    first = build()
    state = project(first, *(painted(first.sheet(number), f"{number}.png", *tiles) for number, tiles in edits))
    image = apply_patch(first.rom, state.edits.patch(first.rom, [HAL]))
    patched = Build(Rom.from_bytes(image, "patched.sfc"), first.offsets, first.raw)
    there = carry(state, patched)
    assert {left.state for left in there.state.left} == {"there"}
    assert carry(there.state, first).state.edits.edits == state.edits.edits
    other = build(order, gap=1)
    moved = carry(state, other).state
    assert carry(moved, first).state.edits.edits == state.edits.edits
    rebuilt = apply_patch(other.rom, moved.edits.patch(other.rom, [HAL]))
    for number in range(BLOCKS):
        assert decoded(rebuilt, other.offsets[number]) == decoded(image, first.offsets[number])
    assert np.count_nonzero(np.frombuffer(rebuilt, np.uint8) != other.rom.data)
