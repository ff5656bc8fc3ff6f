"""Sheets that are exported from a game with edits: what they show is in the game after they are saved, all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import halscope._fields as read
import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    Sheet,
    SheetEdit,
    apply_patch,
    each_with_edited_before,
    edit_from_json,
    edit_to_json,
    is_version,
    on_original,
    plan_changes,
    sheet_edit,
    to_patch,
)
from halscope.project import EditList, edited_pixels
from halscope.rom.image import Rom
from halscope_hooks import FormatError, InjectError
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.rebuilt_rom import Build, build, painted

BLOCK = 3
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def game() -> Build:
    return build()


def block(game: Build, edits: EditList | Sequence[SheetEdit]) -> bytes:
    """The block's tiles as the edits make them."""
    sheets = [edit.sheet for edit in edits.edits] if isinstance(edits, EditList) else edits
    plan = plan_changes(game.rom, [HAL], sheets)
    return plan.blocks[0].new_data if plan.blocks else HAL.decode(game.rom.data, game.offsets[BLOCK]).data.tobytes()


def exported(game: Build, edits: EditList) -> Sheet:
    """The block's sheet, as it is exported while the game contains the edits."""
    image = apply_patch(game.rom, to_patch(plan_changes(game.rom, [HAL], [edit.sheet for edit in edits.edits])))
    there = Build(Rom.from_bytes(image, "edited.sfc"), game.offsets, game.raw)
    return on_original(replace(there.sheet(BLOCK), rom_sha256=game.rom.sha256), game.rom, [HAL])


def saved(sheet: Sheet, name: str) -> SheetEdit:
    return sheet_edit(EditedSheet(sheet, sheet.compose().pixels, name))


def changed(game: Build, edits: EditList | Sequence[SheetEdit]) -> set[int]:
    """The numbers of the tiles that differ from the ROM's."""
    old, new = block(game, []), block(game, edits)
    return {at // 32 for at in range(0, len(new), 32) if new[at : at + 32] != old[at : at + 32]}


def test_painting_one_tile_of_an_exported_sheet_keeps_the_other_edits_of_its_name(game: Build) -> None:
    edits = EditList(game.rom.sha256).put([painted(game.sheet(BLOCK), "a.png", 2, 5)], NOON)
    again = exported(game, edits)
    assert edits.put([saved(again, "a.png")], NOON) is edits, "saved as it was exported"
    later = edits.put([painted(again, "a.png", 7)], NOON)
    assert changed(game, later) == {2, 5, 7}
    [edit] = later.edits
    assert later.put([painted(again, "a.png", 7)], NOON) is later, "saved twice"
    third = exported(game, later)
    assert changed(game, later.put([painted(third, "a.png", 2, colour=9)], NOON)) == {2, 5, 7}
    plain = later.put([saved(game.sheet(BLOCK), "a.png")], NOON)
    assert not plain.edits, "a sheet that shows the ROM's tiles takes the edit back"
    # What is stored tells which file it is of.
    fields = read.document(json.dumps(edit_to_json(edit.sheet)), "edit", FormatError, "")
    stored = edit_from_json(fields, game.rom.sha256)
    assert is_version(painted(again, "a.png", 7), stored.changes)
    assert not is_version(painted(again, "a.png", 7, 8), stored.changes)
    assert not is_version(painted(again, "a.png", 8), stored.changes)
    assert not is_version(painted(again, "a.png", 7, colour=3), stored.changes)
    of_file = sheet_edit(EditedSheet(again, edited_pixels(again, stored), "a.png"))
    assert is_version(of_file, stored.changes)


def test_tiles_that_another_sheet_has_edited_stay_with_that_one(game: Build) -> None:
    edits = EditList(game.rom.sha256).put([painted(game.sheet(BLOCK), "a.png", 2, 5)], NOON)
    edits = edits.put([painted(exported(game, edits), "b.png", 7)], NOON)
    assert changed(game, edits) == {2, 5, 7}
    assert changed(game, edits.revert(1)) == {7}
    assert changed(game, edits.revert(2)) == {2, 5}
    reverted = edits.revert(1).put([painted(exported(game, edits), "b.png", 8)], NOON)
    assert changed(game, reverted) == {7, 8}, "and what was taken back does not return by a sheet that still shows it"


def test_sheets_by_themselves_bring_what_they_show(game: Build) -> None:
    edits = EditList(game.rom.sha256).put([painted(game.sheet(BLOCK), "a.png", 2, 5)], NOON)
    again = exported(game, edits)
    assert changed(game, each_with_edited_before([painted(again, "b.png", 7)])) == {2, 5, 7}
    assert changed(game, each_with_edited_before([saved(again, "b.png"), saved(again, "c.png")])) == {2, 5}
    both = [painted(again, "b.png", 7), painted(game.sheet(BLOCK), "a.png", 2, colour=9)]
    for order in (both, both[::-1]):
        together = each_with_edited_before(order)
        assert changed(game, together) == {2, 5, 7}
        assert block(game, together)[64:96] == both[1].changes[0].new, "who painted the tile decides"


def test_painting_over_what_a_later_sheet_made_of_ones_own_tile_lands(game: Build) -> None:
    plain = game.sheet(BLOCK)
    edits = EditList(game.rom.sha256).put([painted(plain, "a.png", 2, colour=6)], NOON)
    edits = edits.put([painted(exported(game, edits), "b.png", 2, colour=9)], NOON)
    first = edits.edits[0].sheet.changes[0].new
    back = edits.put([painted(exported(game, edits), "a.png", 2, colour=6)], NOON)
    assert block(game, back)[64:96] == first, "the same tile again"
    stale = edits.put([painted(plain, "a.png", 2, 5, colour=6)], NOON)
    assert block(game, stale)[64:96] != first, "a file from before does not undo what was painted since"
    assert changed(game, stale) == {2, 5}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("export"), st.sampled_from("abc"), st.just(0), st.just(0)),
        st.tuples(st.just("paint"), st.sampled_from("abc"), st.integers(0, 3), st.integers(5, 7)),
        st.tuples(st.just("undo"), st.just(""), st.just(0), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)


@given(steps=STEPS)
@examples(60)
def test_what_a_fresh_sheet_shows_is_in_the_game_after_any_history(
    game: Build, steps: Sequence[tuple[str, str, int, int]]
) -> None:
    edits = EditList(game.rom.sha256)
    files: dict[str, tuple[Sheet, dict[int, int]]] = {}  # the sheet as exported, and the colour of each painted tile
    fresh: set[str] = set()  # exported from the game as it is now
    time = NOON
    for what, name, tile, colour in steps:
        time += timedelta(seconds=1)
        if what == "export":
            files[name] = exported(game, edits), {}
            fresh.add(name)
        elif what == "undo" and edits.can_undo:
            edits = edits.undo()
            fresh.clear()
        elif what == "paint" and name in files:
            sheet, colours = files[name]
            colours[tile] = colour
            pixels = sheet.compose().pixels
            for number, value in colours.items():
                cell = sheet.cells[number]
                pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = value
            edit = sheet_edit(EditedSheet(sheet, pixels, name))
            after = edits.put([edit], time)
            try:
                now = block(game, after)
            except InjectError as error:  # of a file from before that another sheet's edit was painted over
                if name not in fresh and "is edited in two ways" in str(error):
                    continue
                raise
            edits = after
            if name in fresh:
                shown = [pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] for cell in sheet.cells]
                assert now == b"".join(sheet.encode(np.stack(shown)))
            fresh &= {name}
