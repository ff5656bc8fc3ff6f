"""The edit list as JSON: each version of an edit is stored once, and the states refer to it by number."""

from __future__ import annotations

from typing import Any, Final

from halscope_hooks import UsageError

import halscope._fields as read
from halscope._fields import Fields
from halscope.inject import edit_from_json, edit_to_json
from halscope.project._edit_list import MOST_STATES, Edit, EditList
from halscope.project._knowledge_json import NewerVersionError

TILES: Final = "tiles"
"""The kind of an edit that changes tiles."""

_MOST: Final = 1 << 20


def edit_list_fields(edits: EditList) -> dict[str, Any]:
    """Return the list as the fields of a JSON object, without the ROM's hash, for `edit_list_from_fields`."""
    versions = {edit: number for number, edit in enumerate(dict.fromkeys(e for state in edits.states for e in state))}
    return {
        "edits": [edit_fields(edit) for edit in versions],
        "states": [{"edits": [versions[edit] for edit in state]} for state in edits.states],
        "position": edits.position,
        "next_id": edits.next_id,
    }


def edit_fields(edit: Edit) -> dict[str, Any]:
    """Return an edit as a JSON object, without the ROM's hash, for `edit_from_fields`."""
    return {"id": edit.id, "kind": TILES, "made": edit.made.isoformat(), "sheet": edit_to_json(edit.sheet)}


def edit_list_from_fields(root: Fields, rom_sha256: str) -> EditList:
    """Read a list from the fields of a JSON object, and leave its other fields. Raises the error type of `root`."""
    versions = [edit_from_fields(fields, rom_sha256) for fields in root.each("edits", _MOST)]
    states = tuple(_state(fields, versions) for fields in root.each("states", MOST_STATES, least=1))
    values: dict[str, Any] = {
        "position": root.take("position", read.whole(0, MOST_STATES - 1)),
        "next_id": root.take("next_id", read.whole(1, 1 << 31)),
    }
    try:
        return EditList(rom_sha256, states, **values)
    except UsageError as error:
        raise root.wrong(str(error)) from None


def edit_from_fields(fields: Fields, rom_sha256: str) -> Edit:
    """Read an edit. Raises the error type of `fields`; NewerVersionError if it is of a kind that is not known."""
    kind = fields.take_or("kind", read.text, TILES)  # the first lists had no kinds
    if kind != TILES:
        raise NewerVersionError(f"{fields.source}: has an edit of the kind {kind!r}; a newer Halscope reads it; update")
    number = fields.take("id", read.whole(1, 1 << 31))
    made = fields.take("made", read.moment)
    sheet = edit_from_json(fields.inner("sheet"), rom_sha256)
    fields.finish()
    return Edit(number, sheet, made)


def _state(fields: Fields, versions: list[Edit]) -> tuple[Edit, ...]:
    numbers = fields.take("edits", read.listed(_MOST, read.whole(0, max(0, len(versions) - 1)), least=0))
    fields.finish()
    if numbers and not versions:
        raise fields.wrong("refers to edits, but the list has none")
    return tuple(versions[number] for number in numbers)
