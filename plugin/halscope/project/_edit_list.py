"""The edits of one ROM as a value: an ordered list, each edit with an id, and the history needed for undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from halscope_hooks import CancelSignal, Codec, InjectError, Patch, UsageError

from halscope.inject import (
    EditPlan,
    RoomIndex,
    RoomOptions,
    SheetEdit,
    TileChange,
    TileIndex,
    make_room,
    plan_changes,
    to_patch,
    with_edited_before,
    yielding,
)
from halscope.rom.image import Rom

MOST_STATES: Final = 256
"""States kept: the current list and the steps that can be undone. Older ones are dropped."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edited sheet in the list.

    Args:
        id: Unique in its list. A sheet keeps its id when it is saved again, and ids are never reused.
        sheet: The changes made by the sheet.
        made: When it was saved, an aware datetime in UTC.
    """

    id: int
    sheet: SheetEdit
    made: datetime

    def __hash__(self) -> int:
        return hash((self.id, self.made))  # of hundreds of tiles it would take most of the time of a save

    @property
    def name(self) -> str:
        """File name of the sheet."""
        return self.sheet.name

    @property
    def blocks(self) -> dict[tuple[str, int], tuple[TileChange, ...]]:
        """The changed tiles by codec and block offset, in the order of the sheet."""
        blocks: dict[tuple[str, int], tuple[TileChange, ...]] = {}
        for change in self.sheet.changes:
            key = change.origin.codec, change.origin.block_offset
            blocks[key] = (*blocks.get(key, ()), change)
        return blocks


@dataclass(frozen=True, slots=True)
class EditList:
    """The edits of one ROM. Immutable: each step returns a new list, so a failed step changes nothing.

    Args:
        rom_sha256: SHA-256 of the headerless image that all edits start from, lower-case hex.
        states: The edits after each step, oldest first.
        position: Index of the current state. The states after it have been undone.
        next_id: Id that the next edit will get.

    Raises:
        UsageError: The fields contradict each other.
    """

    rom_sha256: str
    states: tuple[tuple[Edit, ...], ...] = field(default=((),), repr=False)
    position: int = 0
    next_id: int = 1

    def __post_init__(self) -> None:
        if not 1 <= len(self.states) <= MOST_STATES or not 0 <= self.position < len(self.states):
            raise UsageError(f"edit list: position {self.position} of {len(self.states)} states; at most {MOST_STATES}")
        for state in self.states:
            ids, names = {edit.id for edit in state}, {edit.name for edit in state}
            if len(ids) < len(state) or len(names) < len(state):
                raise UsageError("edit list: two edits have the same id or the same sheet")
            if any(not 1 <= number < self.next_id for number in ids):
                raise UsageError(f"edit list: an edit's id is not between 1 and {self.next_id - 1}")
            for edit in state:
                self._check_rom(edit.sheet)
                if edit.made.tzinfo is None:
                    raise UsageError(f"edit list: the time of {edit.name} has no time zone")

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The current edits, in the order in which their sheets were first saved."""
        return self.states[self.position]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone and nothing has been done since."""
        return self.position + 1 < len(self.states)

    def find(self, name: str) -> Edit | None:
        """Return the edit of the sheet with this name, or `None`."""
        return next((edit for edit in self.edits if edit.name == name), None)

    def edit(self, number: int) -> Edit:
        """Return the edit with this id. Raises UsageError if it does not exist."""
        for edit in self.edits:
            if edit.id == number:
                return edit
        known = ", ".join(str(edit.id) for edit in self.edits) or "none"
        raise UsageError(f"there is no edit {number}; the edits are: {known}")

    def add(self, sheet: SheetEdit, made: datetime) -> Self:
        """Append an edit. Raises UsageError if its sheet is already in the list or belongs to another ROM."""
        present = self.find(sheet.name)
        if present is not None:
            raise UsageError(f"{sheet.name}: is already edit {present.id}; replace or revert that one")
        self._check_rom(sheet)
        return self._after((*self.edits, Edit(self.next_id, sheet, made)), self.next_id + 1)

    def replace(self, number: int, sheet: SheetEdit, made: datetime) -> Self:
        """Replace an edit by a newer one, which keeps its id and its position.

        Raises:
            UsageError: No edit has this id, another edit has this sheet, or the sheet belongs to another ROM.
        """
        self.edit(number)
        present = self.find(sheet.name)
        if present is not None and present.id != number:
            raise UsageError(f"{sheet.name}: is edit {present.id}; it cannot replace edit {number}")
        self._check_rom(sheet)
        return self._after(_replaced(self.edits, Edit(number, sheet, made)), self.next_id)

    def put(self, sheets: Iterable[SheetEdit], made: datetime, *, everywhere: bool | None = None) -> Self:
        """Apply saved sheets as one step: add or replace the edit of each; a sheet without changes reverts its edit.

        A sheet that was exported with edits keeps what it shows of them; see `with_edited_before`.

        Args:
            sheets: What the sheets change.
            made: When they were saved.
            everywhere: Whether the other places that hold their tiles are changed too; `None`: as the sheet's edit
                before, and only here if there was none.

        Returns:
            The new list, or this one if nothing changes, so that no empty step is recorded.

        Raises:
            UsageError: A sheet belongs to another ROM.
        """
        edits, next_id = self.edits, self.next_id
        for sheet in sheets:
            self._check_rom(sheet)
            present = next((edit for edit in edits if edit.name == sheet.name), None)
            before = None if present is None else present.sheet
            others = [edit.sheet for edit in edits if edit is not present]
            new = with_edited_before(sheet, before, others, self._versions(besides=sheet.name))
            new = replace(new, everywhere=_is_everywhere(new, before, everywhere))
            if not new.changes:
                edits = tuple(edit for edit in edits if edit is not present)
                continue
            edits = tuple(edit if edit is present else _yielding(edit, new, before) for edit in edits)
            if present is None:
                edits, next_id = (*edits, Edit(next_id, new, made)), next_id + 1
            elif present.sheet != new:
                edits = _replaced(edits, Edit(present.id, new, made))
        return self if edits == self.edits else self._after(edits, next_id)

    def _versions(self, besides: str) -> Iterator[SheetEdit]:
        """Yield every version of every edit but those of one sheet."""
        for edit in dict.fromkeys(edit for state in self.states for edit in state):
            if edit.name != besides:
                yield edit.sheet

    def revert(self, number: int) -> Self:
        """Remove one edit and keep those made after it. Raises UsageError if no edit has this id."""
        gone = self.edit(number)
        return self._after(tuple(edit for edit in self.edits if edit is not gone), self.next_id)

    def restore(self, edits: Iterable[Edit]) -> Self:
        """Append edits that were in the list before, with their ids, as one step.

        Returns:
            The new list, or this one if there are none.

        Raises:
            UsageError: The list has an edit with this id or of this sheet.
        """
        restored = tuple(edits)
        return self._after((*self.edits, *restored), self.next_id) if restored else self

    def undo(self) -> Self:
        """Undo the last step. Raises UsageError if there is none."""
        if not self.can_undo:
            raise UsageError("there is no edit to undo")
        return replace(self, position=self.position - 1)

    def redo(self) -> Self:
        """Redo the last undone step. Raises UsageError if there is none."""
        if not self.can_redo:
            raise UsageError("there is no edit to redo")
        return replace(self, position=self.position + 1)

    def mapped(self, change: Callable[[Edit], Edit | None], rom_sha256: str | None = None) -> Self:
        """Return the list with each version of each edit replaced, in all states. Steps that then change nothing go.

        Args:
            change: Returns the edit to put in a version's place, with the same id, or `None` to leave it out. It is
                called once for each version.
            rom_sha256: The ROM that the new edits belong to, if it is another one.

        Raises:
            UsageError: The new edits contradict each other.
        """
        versions = dict.fromkeys(edit for state in self.states for edit in state)
        new = {edit: change(edit) for edit in versions}
        states: list[tuple[Edit, ...]] = []
        position = 0
        for number, state in enumerate(self.states):
            edits = tuple(edit for old in state if (edit := new[old]) is not None)
            if not states or edits != states[-1]:
                states.append(edits)
            if number == self.position:
                position = len(states) - 1
        rom = self.rom_sha256 if rom_sha256 is None else rom_sha256
        return replace(self, rom_sha256=rom, states=tuple(states), position=position)

    def plan(
        self,
        rom: Rom,
        codecs: Sequence[Codec],
        *,
        index: TileIndex | None = None,
        force: bool = False,
        cancel: CancelSignal | None = None,
        previous: EditPlan | None = None,
    ) -> EditPlan:
        """Plan all edits, starting from the original ROM. Arguments as for `plan_changes`.

        Raises:
            CancelledError: `cancel` was cancelled.
            InjectError: `rom` is a different ROM, or the edits cannot be planned together.
        """
        if rom.sha256 != self.rom_sha256:
            raise InjectError(
                f"{rom.name}: the edits start from the ROM with the SHA-256 {self.rom_sha256}, this one has "
                f"{rom.sha256}; use that ROM"
            )
        sheets = [edit.sheet for edit in self.edits]
        return plan_changes(rom, codecs, sheets, index=index, force=force, cancel=cancel, previous=previous)

    def patch(
        self,
        rom: Rom,
        codecs: Sequence[Codec],
        *,
        index: RoomIndex | None = None,
        force: bool = False,
        room: RoomOptions | None = None,
    ) -> Patch:
        """Return the patch of all edits. Arguments as for `plan` and `make_room`.

        Raises:
            InjectError: Like `plan`, and if there is no room for an edited block.
        """
        plan = self.plan(rom, codecs, index=index, force=force)
        return to_patch(plan, make_room(plan, index, room))

    def _after(self, edits: tuple[Edit, ...], next_id: int) -> Self:
        """Return the list after a step to these edits. Undone steps are dropped and can no longer be redone."""
        states = (*self.states[: self.position + 1], edits)[-MOST_STATES:]
        return replace(self, states=states, position=len(states) - 1, next_id=next_id)

    def _check_rom(self, sheet: SheetEdit) -> None:
        if sheet.rom_sha256 != self.rom_sha256:
            raise UsageError(
                f"{sheet.name}: was exported from the ROM with the SHA-256 {sheet.rom_sha256}, the edits belong to "
                f"{self.rom_sha256}; export the sheet again from that ROM"
            )


def _is_everywhere(new: SheetEdit, before: SheetEdit | None, choice: bool | None) -> bool:
    """Return what an edit is to keep of a choice. Colours and parts of maps have no cells: nothing is looked up."""
    if choice is None:
        choice = before is not None and before.everywhere
    return choice and any(change.cells for change in new.changes)


def _yielding(edit: Edit, to: SheetEdit, before: SheetEdit | None) -> Edit:
    sheet = yielding(edit.sheet, to, before)
    return edit if sheet is edit.sheet else replace(edit, sheet=sheet)


def _replaced(edits: tuple[Edit, ...], new: Edit) -> tuple[Edit, ...]:
    """Return the edits with `new` in place of the edit that has its id."""
    return tuple(new if edit.id == new.id else edit for edit in edits)
