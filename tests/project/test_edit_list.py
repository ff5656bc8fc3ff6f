"""The edit list: every step returns a new list, each can be undone, and a plan always starts from the ROM."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    Sheet,
    SheetEdit,
    Shown,
    TileChange,
    apply_patch,
    sheet_edit,
    sheet_from_block,
)
from halscope.project import MOST_STATES, EditList
from halscope_hooks import FormatError, InjectError, Origin, UsageError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.edit_lists import edit_list_from_json, edit_list_to_json
from support.edit_rom import FIRST, LEAD, PALETTE, EditRom, make_edit_rom
from support.examples import examples

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HASH = "0" * 64


@pytest.fixture(scope="module")
def edit_rom() -> EditRom:
    return make_edit_rom()


@pytest.fixture(scope="module")
def sheet(edit_rom: EditRom) -> Sheet:
    return sheet_from_block(edit_rom.rom, HAL, FIRST, palette=PALETTE, start="pointer", lead=LEAD, title="walk")


@pytest.fixture(scope="module")
def blank(sheet: Sheet) -> Callable[..., SheetEdit]:
    """An edit that makes these tiles of the sheet blank, saved under a name."""

    def make(name: str, *numbers: int) -> SheetEdit:
        pixels = sheet.compose().pixels
        for number in numbers:
            cell = sheet.cells[number]
            pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
        return sheet_edit(EditedSheet(sheet, pixels, name))

    return make


def made(name: str, *tiles: int, rom: str = HASH) -> SheetEdit:
    """An edit of some tiles of a block that is in no ROM."""
    changes = tuple(
        TileChange(Origin("hal", 0x8000, 32 * tile, "pointer"), bytes(32), bytes([tile + 1]) * 32, (tile,), ())
        for tile in tiles
    )
    return SheetEdit(name, name.upper(), rom, changes)


def test_edits_of_several_files_make_one_patch_and_each_can_be_taken_back(
    edit_rom: EditRom, blank: Callable[..., SheetEdit]
) -> None:
    edits = EditList(edit_rom.rom.sha256)
    edits = edits.add(blank("a.png", 3), NOON).add(blank("b.png", 9, 11), NOON)
    edits = edits.replace(1, blank("a.png", 4), NOON)
    assert [(edit.id, edit.name) for edit in edits.edits] == [(1, "a.png"), (2, "b.png")]
    assert [change.origin.byte_offset for change in edits.edit(2).blocks["hal", FIRST]] == [
        LEAD + 32 * 9,
        LEAD + 32 * 11,
    ]

    def blank_tiles(of: EditList) -> list[int]:
        data = HAL.decode(apply_patch(edit_rom.rom, of.patch(edit_rom.rom, [HAL])), FIRST).data
        old = np.frombuffer(edit_rom.first, np.uint8)
        return sorted({(at - LEAD) // 32 for at in np.flatnonzero(data != old).tolist()})

    assert blank_tiles(edits) == [4, 9, 11]
    assert blank_tiles(edits.revert(1)) == [9, 11]
    assert blank_tiles(edits.undo()) == [3, 9, 11]
    assert blank_tiles(edits.undo().undo()) == [3]
    assert blank_tiles(edits.undo().undo().redo().redo()) == [4, 9, 11]
    assert edits.revert(1).revert(2).patch(edit_rom.rom, [HAL]).rom == ()


def test_edits_that_cannot_be_planned_together_leave_the_list_as_it_was(
    edit_rom: EditRom, sheet: Sheet, blank: Callable[..., SheetEdit]
) -> None:
    edits = EditList(edit_rom.rom.sha256).add(blank("a.png", 3), NOON)
    pixels = sheet.compose().pixels
    pixels[:8, 24:32] = 5
    clash = edits.put([sheet_edit(EditedSheet(sheet, pixels, "b.png"))], NOON)
    with pytest.raises(InjectError, match=r"edited in two ways.*a\.png and b\.png"):
        clash.plan(edit_rom.rom, [HAL])
    assert len(edits.edits) == 1
    assert edits.plan(edit_rom.rom, [HAL]).blocks
    with pytest.raises(FrozenInstanceError):
        edits.position = 0  # type: ignore[misc]


def test_saved_sheets_come_in_as_one_step_and_an_original_reverts_its_edit() -> None:
    edits = EditList(HASH).put([made("a", 1), made("b", 2)], NOON)
    assert len(edits.states) == 2
    assert edits.put([made("b", 2)], NOON + timedelta(hours=1)) is edits, "it changes nothing: no step to undo"
    edits = edits.put([made("c", 3), made("a", 4), made("b")], NOON)
    assert [(edit.id, edit.name, edit.sheet) for edit in edits.edits] == [
        (1, "a", made("a", 4)),
        (3, "c", made("c", 3)),
    ]
    assert edits.put([made("new")], NOON) is edits
    assert [edit.name for edit in edits.undo().edits] == ["a", "b"]
    assert edits.put([made("b", 2)], NOON).edit(4).name == "b", "an id is never reused"


def test_a_new_step_forgets_what_was_undone_but_gives_no_id_twice() -> None:
    edits = EditList(HASH).add(made("a", 1), NOON).add(made("b", 2), NOON).undo()
    assert edits.can_redo
    edits = edits.add(made("c", 3), NOON)
    assert not edits.can_redo
    assert [edit.id for edit in edits.edits] == [1, 3]


def test_old_steps_are_dropped_and_the_edits_stay() -> None:
    edits = EditList(HASH).add(made("other", 9), NOON)
    for number in range(2 * MOST_STATES):
        edits = edits.put([made("a", number % 60)], NOON)
    assert len(edits.states) == MOST_STATES
    for _ in range(MOST_STATES - 1):
        edits = edits.undo()
    assert not edits.can_undo
    assert [edit.name for edit in edits.edits] == ["other", "a"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda edits: edits.undo().undo(), "no edit to undo"),
        (lambda edits: edits.redo(), "no edit to redo"),
        (lambda edits: edits.revert(7), "there is no edit 7; the edits are: 1"),
        (lambda edits: edits.replace(7, made("b"), NOON), "there is no edit 7; the edits are: 1"),
        (lambda edits: edits.add(made("a", 2), NOON), "a: is already edit 1; replace or revert that one"),
        (
            lambda edits: edits.add(made("b", 2), NOON).replace(2, made("a", 2), NOON),
            "a: is edit 1; it cannot replace edit 2",
        ),
        (lambda edits: edits.put([made("b", rom="1" * 64)], NOON), f"b: was exported .* {'1' * 64}, .* {HASH}"),
        (lambda edits: edits.add(made("b", rom="1" * 64), NOON), "export the sheet again from that ROM"),
        (lambda edits: edits.replace(1, made("b", rom="1" * 64), NOON), "export the sheet again from that ROM"),
        (lambda edits: edits.add(made("b"), NOON.replace(tzinfo=None)), "the time of b has no time zone"),
        (lambda edits: replace(edits, position=2), "position 2 of 2 states"),
        (lambda edits: replace(edits, next_id=1), "id is not between 1 and 0"),
        (lambda edits: replace(edits, states=(edits.edits * 2,), position=0), "the same id or the same sheet"),
    ],
)
def test_a_step_that_cannot_be_done_says_why(step: Callable[[EditList], EditList], message: str) -> None:
    edits = EditList(HASH).add(made("a", 1), NOON)
    with pytest.raises(UsageError, match=message):
        step(edits)


def test_edits_of_another_rom_are_refused_even_where_the_list_is_empty(edit_rom: EditRom) -> None:
    with pytest.raises(InjectError, match=f"start from the ROM with the SHA-256 {HASH}, .* {edit_rom.rom.sha256}"):
        EditList(HASH).plan(edit_rom.rom, [HAL])


def test_a_change_has_the_size_of_a_tile_before_and_after() -> None:
    origin = Origin("hal", 0, 0, "pointer")
    for old, new in ((32, 16), (0, 0), (12, 12), (72, 72)):
        with pytest.raises(InjectError, match=f"a tile of {old} bytes becomes one of {new}"):
            SheetEdit("a", "A", HASH, (TileChange(origin, bytes(old), bytes(new), (), ()),))


class Steps(RuleBasedStateMachine):
    """Any steps in any order: undo and redo return exactly the earlier lists."""

    def __init__(self) -> None:
        super().__init__()
        self.edits = EditList(HASH)
        self.past = [self.edits.edits]
        self.at = 0

    def then(self, edits: EditList) -> None:
        if edits is not self.edits:
            self.past = [*self.past[: self.at + 1], edits.edits]
            self.at += 1
            self.edits = edits

    @rule(names=st.lists(st.sampled_from("abc"), max_size=3), tile=st.integers(0, 3), original=st.booleans())
    def put(self, names: list[str], tile: int, original: bool) -> None:
        self.then(self.edits.put([made(name, *([] if original else [tile])) for name in names], NOON))

    @rule(number=st.integers(1, 6))
    def revert(self, number: int) -> None:
        if any(edit.id == number for edit in self.edits.edits):
            self.then(self.edits.revert(number))

    @rule()
    def undo(self) -> None:
        if self.edits.can_undo:
            self.edits, self.at = self.edits.undo(), self.at - 1

    @rule()
    def redo(self) -> None:
        if self.edits.can_redo:
            self.edits, self.at = self.edits.redo(), self.at + 1

    @invariant()
    def holds(self) -> None:
        assert self.edits.edits == self.past[self.at]
        assert (self.edits.can_undo, self.edits.can_redo) == (self.at > 0, self.at + 1 < len(self.past))
        assert edit_list_from_json(edit_list_to_json(self.edits), "test") == self.edits


TestSteps = Steps.TestCase
TestSteps.settings = examples(40, stateful_step_count=20)


tile_changes = st.integers(1, 8).flatmap(
    lambda bpp: st.builds(
        TileChange,
        st.builds(
            Origin,
            st.sampled_from(["hal", "raw", "lz2"]),
            st.integers(0, 0xFFFFFF),
            st.integers(0, 0xFFFF),
            st.sampled_from(["traced", "pointer", "adjacent", "content"]),
        ),
        st.binary(min_size=8 * bpp, max_size=8 * bpp),
        st.binary(min_size=8 * bpp, max_size=8 * bpp),
        st.lists(st.integers(0, 8191), max_size=3).map(tuple),
        st.lists(st.integers(0, 0xFFFF), max_size=3).map(tuple),
    )
)
sheet_edits = st.builds(
    SheetEdit,
    st.text(max_size=5),
    st.text(max_size=5),
    st.just(HASH),
    st.lists(tile_changes, min_size=1, max_size=3).map(tuple),
    st.lists(st.builds(Shown, st.integers(0, 0xFFFF), st.binary(min_size=1, max_size=64)), max_size=3).map(tuple),
)
moments = st.datetimes(timezones=st.sampled_from([UTC]))
choices = st.sampled_from([None, True, False])


@pytest.mark.slow
@examples(30)
@given(st.lists(st.tuples(st.lists(sheet_edits, max_size=3), moments, choices), max_size=5), st.integers(0, 5))
def test_any_list_comes_back_from_json_as_it_was(
    steps: list[tuple[list[SheetEdit], datetime, bool | None]], undone: int
) -> None:
    edits = EditList(HASH)
    for sheets, when, everywhere in steps:
        edits = edits.put(sheets, when, everywhere=everywhere)
    for _ in range(min(undone, edits.position)):
        edits = edits.undo()
    text = edit_list_to_json(edits)
    assert text.isascii()
    assert edit_list_from_json(text, "test") == edits
    assert edit_list_from_json(text.encode(), "test").edits == edits.edits


def test_each_version_of_an_edit_stands_once_in_the_json() -> None:
    edits = EditList(HASH)
    for number in range(50):
        edits = edits.put([made(f"{number}", 1)], NOON)
    assert len(json.loads(edit_list_to_json(edits))["edits"]) == 50


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("position",), 9, "position 9 of 2 states.*; restore the file from a backup"),
        (("next_id",), 1, "an edit's id is not between 1 and 0"),
        (("states", 1, "edits"), [1], r'"states\[1\]\.edits" is \[1\], expected a list whose item 0 is a whole number'),
        (("states", 1, "edits"), [0, 0], "the same id or the same sheet"),
        (("edits", 0, "made"), "yesterday", r'"edits\[0\]\.made" is "yesterday", expected a date and time as ISO 8601'),
        (("edits", 0, "made"), "2026-05-04T12:00:00", "expected a date and time as ISO 8601 with its offset"),
        (("edits", 0, "made"), "0001-01-01T00:00:00+23:59", "between the years 1 and 9999"),
        (("edits", 0, "sheet", "changes", 0, "new"), "00", "a tile of 32 bytes becomes one of 1"),
        (("edits", 0, "sheet", "changes", 0, "origin", "start"), "guess", "start.* expected one of traced"),
        (("edits", 0, "sheet", "extra"), 1, r"unknown field .*edits\[0\]\.sheet\.extra"),
        (("rom_sha256",), "no", "expected 64 lower-case hex digits"),
        (("edits",), [], r'"states\[1\]\.edits" is \[0\]|refers to edits, but the list has none'),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(path: tuple[str | int, ...], value: object, message: str) -> None:
    document = json.loads(edit_list_to_json(EditList(HASH).add(made("a", 1), NOON)))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(FormatError, match=message):
        edit_list_from_json(json.dumps(document), "edits.json")


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_anything_else_is_refused_by_one_kind_of_error(text: str | bytes) -> None:
    with pytest.raises(FormatError):
        edit_list_from_json(text, "x")


def test_the_same_edits_are_equal_and_other_ones_are_not() -> None:
    one, same = (EditList(HASH).add(made("a", 1), NOON) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != EditList(HASH).add(made("a", 2), NOON)
    assert one != one.revert(1).undo()  # the steps that can be redone are part of the list
