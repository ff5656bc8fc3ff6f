"""The other places of the ROM that hold the colours of an edited palette: named, or edited too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from halscope_hooks import RAW_CODEC, Origin

from halscope.app._workspace import Workspace
from halscope.inject import COLOURS, SheetEdit, place_of

_NOTED: Final = 4


def with_colour_copies(
    workspace: Workspace, edits: Sequence[SheetEdit], *, everywhere: bool
) -> tuple[list[SheetEdit], tuple[str, ...]]:
    """Return edits with the other places of their colours, or as they are with notes that name these places.

    Args:
        workspace: The ROM.
        edits: The edits; those of tiles stay as they are.
        everywhere: Edit the other places too.
    """
    done: list[SheetEdit] = []
    notes: list[str] = []
    for edit in edits:
        places = _other_places(workspace, edit)
        done.append(_with_places(edit, places) if everywhere else edit)
        note = None if everywhere else _places_note(edit, places)
        notes += [] if note is None else [note]
    return done, tuple(notes)


def _other_places(workspace: Workspace, edit: SheetEdit) -> dict[int, tuple[Origin, ...]]:
    """Return the other places that hold all colours of a change before the edit, by the number of the change.

    Places inside packed streams and in doubtful blocks are left out: what stands there is part of something else.
    """
    found: dict[int, tuple[Origin, ...]] = {}
    for number, change in enumerate(edit.changes):
        if change.origin.transform == COLOURS:
            origins = workspace.colours().places(np.frombuffer(change.old, "<u2").astype(np.uint16))
            found[number] = tuple(one for one in origins if place_of(one)[:3] != change.place[:3])
    return found


def _with_places(edit: SheetEdit, places: dict[int, tuple[Origin, ...]]) -> SheetEdit:
    """Return an edit that changes these places as well, each with its own bits 15."""
    changes = list(edit.changes)
    for number, origins in places.items():
        change = edit.changes[number]
        changes += [replace(change, origin=replace(origin, transform=change.origin.transform)) for origin in origins]
    return replace(edit, changes=tuple(changes))


def _places_note(edit: SheetEdit, places: dict[int, tuple[Origin, ...]]) -> str | None:
    every = [*dict.fromkeys(origin for origins in places.values() for origin in origins)]
    if not every:
        return None
    named = ", ".join(_place(origin) for origin in every[:_NOTED])
    more = f" and {len(every) - _NOTED} more places" if len(every) > _NOTED else ""
    return (
        f"{edit.title}: the same colours are also in {named}{more}; those stay as they are (--everywhere changes them)"
    )


def _place(origin: Origin) -> str:
    if origin.codec == RAW_CODEC:
        return f"plain bytes at {origin.block_offset:#x}"
    return f"the {origin.codec} block at {origin.block_offset:#x}+{origin.byte_offset:#x}"
