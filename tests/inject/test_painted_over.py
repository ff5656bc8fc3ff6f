"""A sheet that was exported with edited tiles: painting over them takes the place of the edit that made them."""

from __future__ import annotations

import json
from dataclasses import replace

import halscope._fields as read
import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    Sheet,
    SheetEdit,
    apply_patch,
    edit_from_json,
    edit_to_json,
    edited_origins,
    on_original,
    plan_changes,
    sheet_edit,
    sheet_from_block,
    to_patch,
)
from halscope.inject.metadata import from_json, to_json
from halscope.rom.image import Rom
from halscope_hooks import FormatError, InjectError
from support.rebuilt_rom import Build, build, painted


@pytest.fixture(scope="module")
def game() -> Build:
    return build()


@pytest.fixture(scope="module")
def first(game: Build) -> SheetEdit:
    """The edit of two tiles."""
    return painted(game.sheet(3), "first.png", 2, 5, colour=6)


@pytest.fixture(scope="module")
def again(game: Build, first: SheetEdit) -> Sheet:
    """The sheet as it is exported while the game contains that edit."""
    image = apply_patch(game.rom, to_patch(plan_changes(game.rom, [HAL], [first])))
    edited = Build(Rom.from_bytes(image, "edited.sfc"), game.offsets, game.raw)
    return on_original(replace(edited.sheet(3), rom_sha256=game.rom.sha256), game.rom, [HAL])


def tiles(game: Build, *edits: SheetEdit) -> dict[int, bytes]:
    """The tiles of the block that the edits change, by their numbers."""
    image = apply_patch(game.rom, to_patch(plan_changes(game.rom, [HAL], edits)))
    old, new = (HAL.decode(data, game.offsets[3]).data.tobytes() for data in (game.rom.data, image))
    return {at // 32: new[at : at + 32] for at in range(0, len(new), 32) if new[at : at + 32] != old[at : at + 32]}


def test_an_exported_edit_is_no_edit_and_knows_the_tiles_of_the_rom(again: Sheet, first: SheetEdit) -> None:
    assert {cell.rom_tile: cell.tile for cell in again.cells if cell.rom_tile} == {
        change.old: change.new for change in first.changes
    }
    assert sheet_edit(EditedSheet(again, again.compose().pixels, "again.png")).changes == ()
    assert to_json(from_json(to_json(again), "again.json")) == to_json(again)


def test_the_later_edit_wins_where_it_was_painted_over_the_earlier_one(
    game: Build, first: SheetEdit, again: Sheet
) -> None:
    later = painted(again, "again.png", 2, colour=11)
    (change,) = later.changes
    assert (change.old, change.over) == (first.changes[0].old, (first.changes[0].new,))
    assert tiles(game, first, later) == {2: change.new, 5: first.changes[1].new}
    assert tiles(game, later) == {2: change.new}, "by itself it starts from the ROM"
    other = painted(game.sheet(3), "other.png", 2, colour=12)
    with pytest.raises(InjectError, match="is edited in two ways"):
        tiles(game, other, later)
    for over in ((), change.over, (*change.over, bytes(32))):
        edit = replace(later, changes=(replace(change, over=over),))
        fields = read.document(json.dumps(edit_to_json(edit)), "edit", FormatError, "")
        assert edit_from_json(fields, later.rom_sha256) == edit


def test_a_sheet_of_another_depth_knows_the_edited_tiles_too(game: Build, first: SheetEdit) -> None:
    image = apply_patch(game.rom, to_patch(plan_changes(game.rom, [HAL], [first])))
    edited = Rom.from_bytes(image, "edited.sfc")
    at, palette = game.offsets[3], np.arange(4, dtype=np.uint16)
    sheet = sheet_from_block(edited, HAL, at, palette=palette, start="pointer", bpp=2)
    again = on_original(replace(sheet, rom_sha256=game.rom.sha256), game.rom, [HAL])
    known = {cell.origin.byte_offset for cell in again.cells if cell.origin and cell.rom_tile}
    assert known <= {64, 80, 160, 176}
    assert known


def test_painting_the_tile_of_the_rom_again_takes_the_edit_back(game: Build, first: SheetEdit, again: Sheet) -> None:
    pixels = again.compose().pixels.copy()
    cell = again.cells[2]
    area = slice(cell.y, cell.y + 8), slice(cell.x, cell.x + 8)
    pixels[area] = game.sheet(3).compose().pixels[area]
    back = sheet_edit(EditedSheet(again, pixels, "again.png"))
    assert tiles(game, first, back) == {5: first.changes[1].new}


def test_the_tiles_that_a_plan_makes_have_the_origins_of_the_tiles_that_they_replace(
    game: Build, first: SheetEdit
) -> None:
    plan = plan_changes(game.rom, [HAL], [first])
    found = edited_origins(plan)
    vram = b"".join(change.new for change in first.changes) + bytes(64)
    places = found.find(np.frombuffer(vram, np.uint8))
    assert {unit: (one.codec, one.block_offset, one.byte_offset) for unit, (one,) in places.items()} == {
        0: ("hal", game.offsets[3], 64),
        1: ("hal", game.offsets[3], 160),
    }
    assert not edited_origins(None)
