"""Steps through a list of edits (undo, redo, revert one), its history, and the files that show it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from halscope_hooks import HalscopeError, Snapshot, Write
from numpy.typing import NDArray

from halscope.app._edited_files import is_palette
from halscope.app._sheet_folder import SheetFolder
from halscope.formats.palettes import read_palette, write_palette
from halscope.inject import (
    palette_of_edit,
    read_palette_sheet,
    read_sheet,
    write_sheet,
)
from halscope.project import Edit, EditList, edited_pixels

StepAction = Literal["undo", "redo", "revert"]
STEP_ACTIONS: Final[tuple[StepAction, ...]] = ("undo", "redo", "revert")
_SPACES: Final = ("vram", "wram", "bwram", "iram")


def stepped(edits: EditList, action: StepAction, number: int = 0) -> EditList:
    """Return the list after a step.

    Args:
        edits: The edits.
        action: The step.
        number: Id of the edit to revert.

    Raises:
        UsageError: There is nothing to undo or to redo, or no edit has this id.
    """
    match action:
        case "undo":
            return edits.undo()
        case "redo":
            return edits.redo()
        case "revert":
            return edits.revert(number)


@dataclass(frozen=True, slots=True)
class StepChange:
    """What a step changed of one edit.

    Args:
        step: Number of the step, from 1.
        what: "made", "changed" or "reverted".
        edit: The edit after the step; for a reverted one before it.
        undone: Whether the step is undone now.
    """

    step: int
    what: Literal["made", "changed", "reverted"]
    edit: Edit
    undone: bool


def step_changes(edits: EditList) -> list[StepChange]:
    """Return what each step changed, oldest first, those that are undone last."""
    found: list[StepChange] = []
    for number in range(1, len(edits.states)):
        before, after = ({edit.id: edit for edit in edits.states[at]} for at in (number - 1, number))
        for one in dict.fromkeys((*before, *after)):
            old, new = before.get(one), after.get(one)
            if old == new or (edit := new or old) is None:
                continue
            what: Literal["made", "changed", "reverted"] = "changed"
            if old is None or new is None:
                what = "made" if old is None else "reverted"
            found.append(StepChange(number, what, edit, number > edits.position))
    return found


def differing(old: EditList, new: EditList) -> dict[str, Edit | None]:
    """Return the edits that differ between two lists, by name: those of the new one, `None` where it has none."""
    before, after = ({edit.name: edit for edit in one.edits} for one in (old, new))
    return {name: after.get(name) for name in (*before, *after) if before.get(name) != after.get(name)}


def show_edits(folder: SheetFolder, edits: dict[str, Edit | None], report: Callable[[str], None]) -> None:
    """Write the files of a watched folder as their edits are now; `None` for a file without one.

    A file that was saved since it was last read stays: it holds a newer edit. So does one that is elsewhere.

    Args:
        folder: The folder.
        edits: The edits by the paths of their files.
        report: Called with a line about a file that cannot be written.
    """
    for name, edit in edits.items():
        path = Path(name)
        if not path.is_relative_to(folder.folder) or not folder.is_settled(path):
            continue
        try:
            (_show_palette if is_palette(path) else _show_sheet)(path, edit)
        except HalscopeError as error:
            report(f"{folder.name(path)}: does not show the step: {error}")
            continue
        with contextlib.suppress(OSError):  # it is gone again
            folder.settle(path)


def _show_sheet(path: Path, edit: Edit | None) -> None:
    sheet = read_sheet(path, nearest=True).sheet
    write_sheet(sheet, edited_pixels(sheet, None if edit is None else edit.sheet), path)


def _show_palette(path: Path, edit: Edit | None) -> None:
    sheet = read_palette_sheet(path)
    words = sheet.words
    if edit is not None:
        part, new = palette_of_edit(edit.sheet)
        edited = dict(zip((colour.origin for colour in part.colours), new.tolist(), strict=True))
        words = np.array(
            [edited.get(colour.origin, colour.word) if colour.origin else colour.word for colour in sheet.colours],
            np.uint16,
        )
    write_palette(path, words, read_palette(path, count=len(sheet.colours)).format, sheet.title)


def with_writes(snapshot: Snapshot, writes: Sequence[Write]) -> Snapshot:
    """Return a snapshot as it is after writes to its memories; writes to the ROM do not concern it."""
    changed: dict[str, Any] = {}
    for space in _SPACES:
        memory: NDArray[np.uint8] | None = getattr(snapshot, space)
        mine = [write for write in writes if write.space == space]
        if memory is not None and mine:
            changed[space] = _written(memory, mine)
    colours = [write for write in writes if write.space == "cgram"]
    if colours:
        changed["cgram"] = _written(snapshot.cgram.astype("<u2").view(np.uint8), colours).view("<u2").astype(np.uint16)
    return replace(snapshot, **changed) if changed else snapshot


def _written(memory: NDArray[np.uint8], writes: Sequence[Write]) -> NDArray[np.uint8]:
    after = memory.copy()
    for write in writes:
        after[write.offset : write.offset + len(write.data)] = np.frombuffer(write.data, np.uint8)
    return after
