"""Sheets that were exported from a game with edits: which of the edited tiles that they show are changes of their own.

A person who paints in such a sheet, or saves it unpainted, wants to have what it shows. Some of it other sheets' edits
make; the rest would be lost with this sheet's previous edit, whose place the new one takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from halscope.inject._sheet_edit import MOST_OVER, SheetEdit
from halscope.inject.model import Place
from halscope.inject.split import TileChange


def with_edited_before(
    edit: SheetEdit, present: SheetEdit | None, others: Sequence[SheetEdit], past: Iterable[SheetEdit] = ()
) -> SheetEdit:
    """Return the edit of a sheet that was just read with all that it is to keep; any other edit as it is.

    Kept are: what the sheet's previous edit made and the picture still shows, and what it made of tiles that the
    sheet does not show; and other tiles that were edited before, unless another edit makes them, or did: then that one
    decides.

    Args:
        edit: What the picture changes.
        present: The sheet's previous edit, or `None`.
        others: The edits of other sheets.
        past: Edits of other sheets that were undone or reverted.
    """
    if edit.places is None:
        return edit
    mine = {} if present is None else {one.place: one for one in present.changes}
    rivals = _by_place(others) if edit.edited_before else {}
    reverted = {(one.place, one.new) for other in past for one in other.changes} if edit.edited_before else set()
    changes = [_painted(change, mine.get(change.place)) for change in edit.changes]
    for kept in edit.edited_before:
        same = [one for one in rivals.get(kept.place, ()) if one.new == kept.new]
        before = mine.get(kept.place)
        if before is None:
            if kept.place not in rivals and (kept.place, kept.new) not in reverted:
                changes.append(kept)
        elif before.new == kept.new or any(before.new in one.over for one in same):
            changes.append(replace(before, cells=kept.cells, vram_bytes=kept.vram_bytes))
        elif not same:
            changes.append(_painted(replace(kept, over=()), before))
    changes += [one for place, one in mine.items() if place not in edit.places]
    changes.sort(key=lambda one: one.cells[:1] or (1 << 30,))
    return replace(edit, changes=tuple(changes), edited_before=(), places=None)


def each_with_edited_before(edits: Sequence[SheetEdit]) -> list[SheetEdit]:
    """Return the edits of sheets that were read together, in no list, with all that they are to keep."""
    done: list[SheetEdit] = []
    for number, edit in enumerate(edits):
        done.append(with_edited_before(edit, None, [*done, *edits[number + 1 :]]))
    return done


def yielding(edit: SheetEdit, to: SheetEdit, before: SheetEdit | None) -> SheetEdit:
    """Return an edit after another sheet was painted over what it made: it no longer takes that sheet's place.

    Args:
        edit: The edit.
        to: The edit that is new in the list.
        before: The previous edit of the same sheet, or `None`.
    """
    fresh = {one.place: one for one in to.changes if one.over and not one.is_unpainted}
    if before is not None and fresh:
        for one in before.changes:
            same = fresh.get(one.place)
            if same is not None and (same.new, same.over) == (one.new, one.over):
                del fresh[one.place]  # it was painted before
    if not fresh:
        return edit

    def after(change: TileChange) -> TileChange:
        other = fresh.get(change.place)
        if other is None or change.is_unpainted or change.new not in other.over or other.new not in change.over:
            return change
        return replace(change, over=tuple(tile for tile in change.over if tile != other.new))

    changes = tuple(map(after, edit.changes))
    return edit if changes == edit.changes else replace(edit, changes=changes)


def is_version(read: SheetEdit, stored: Sequence[TileChange]) -> bool:
    """Whether the edit of a sheet that was just read is one that `with_edited_before` returned earlier.

    Args:
        read: What the picture changes.
        stored: The changes of the earlier edit.
    """
    if read.places is None:
        return read.changes == tuple(stored)
    painted, before, there = (
        {(one.place, one.old): one.new for one in some} for some in (read.changes, read.edited_before, stored)
    )
    shown = {**before, **painted}
    return painted.items() <= there.items() and all(
        key[0] not in read.places or shown.get(key) == new for key, new in there.items()
    )


def _painted(change: TileChange, before: TileChange | None) -> TileChange:
    """Return a painted tile that takes the place of all that the sheet's previous edit took the place of."""
    over = (*change.over, *(() if before is None else before.over))
    return replace(change, over=tuple(dict.fromkeys(tile for tile in over if tile != change.new))[:MOST_OVER])


def _by_place(edits: Iterable[SheetEdit]) -> dict[Place, list[TileChange]]:
    found: dict[Place, list[TileChange]] = {}
    for edit in edits:
        for one in edit.changes:
            found.setdefault(one.place, []).append(one)
    return found
