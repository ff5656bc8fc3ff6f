"""The changes made by an edited sheet, without its picture. This is all that planning needs and all that is stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from halscope_hooks import InjectError

import halscope._fields as read
from halscope._fields import Fields
from halscope.inject.layer_edit import layer_changes
from halscope.inject.metadata import origin_from_json, origin_to_json
from halscope.inject.model import MAX_CELLS, EditedSheet, Place, Sheet
from halscope.inject.split import TileChange, changed_tiles

COLOURS: Final = "colours"
"""Transform name, in edits alone, of bytes that are colours: two bytes each, BGR555, little-endian."""
MOST_COLOURS: Final = 32
"""Colours of one change; longer runs are several."""

MOST_OVER: Final = 64
"""Tiles that one change takes the place of; the oldest are dropped."""

_LONGEST_NAME: Final = 1 << 16  # twice the longest path on Windows


class Shown(NamedTuple):
    """A tile that was in VRAM when its sheet was exported.

    Args:
        vram_byte: Byte address of the tile.
        tile: Bytes of the tile.
    """

    vram_byte: int
    tile: bytes


@dataclass(frozen=True, slots=True)
class SheetEdit:
    """The changes made by an edited sheet.

    Args:
        name: File that it was read from, for messages. Unique among the sheets being edited.
        title: Title of the sheet, for users.
        rom_sha256: SHA-256 of the headerless image that it was exported from, lower-case hex.
        changes: The tiles that differ, in the order of the sheet's cells.
        shown: All of its tiles that were in VRAM, including unchanged ones: they show if the figure is still there.
        edited_before: The tiles that were edited when the sheet was exported, and that its picture leaves so. Only of a
            sheet that was just read: `with_edited_before` settles which of them are changes of this edit.
        places: All places of its tiles; `None` if it was not just read.
        everywhere: Whether the other places of the ROM that hold its tiles are changed too, as far as they are proven.

    Raises:
        InjectError: The two versions of a change differ in size, or have a size that no tile has.
    """

    name: str
    title: str
    rom_sha256: str
    changes: tuple[TileChange, ...]
    shown: tuple[Shown, ...] = field(default=(), repr=False)
    edited_before: tuple[TileChange, ...] = field(default=(), repr=False, compare=False)
    places: frozenset[Place] | None = field(default=None, repr=False, compare=False)
    everywhere: bool = False

    def __post_init__(self) -> None:
        for change in self.changes:
            size = len(change.old)
            if change.origin.transform == COLOURS:
                if len(change.new) != size or not 2 <= size <= 2 * MOST_COLOURS or size % 2:
                    raise InjectError(
                        f"{self.name}: {size} bytes of colours become {len(change.new)}; an edit has 1 to "
                        f"{MOST_COLOURS} colours of two bytes, before and after"
                    )
                continue
            if any(len(tile) != size for tile in (change.new, *change.over)) or not 8 <= size <= 64 or size % 8:
                raise InjectError(
                    f"{self.name}: a tile of {size} bytes becomes one of {len(change.new)}; a tile has 8 bytes per bit "
                    "of depth, before and after"
                )


def sheet_edit(edited: EditedSheet) -> SheetEdit:
    """Return the changes made by an edited sheet. Raises InjectError like `changed_tiles` or `layer_changes`."""
    sheet = edited.sheet
    shown = tuple(Shown(cell.vram_byte, cell.tile) for cell in sheet.cells if cell.vram_byte is not None)
    changes = layer_changes(edited) if sheet.kind == "layer" else changed_tiles(edited)
    return as_read(SheetEdit(edited.name, sheet.title, sheet.rom_sha256, changes, shown), sheet)


def as_read(edit: SheetEdit, sheet: Sheet) -> SheetEdit:
    """Return the changes that a picture makes to a sheet with what the sheet knows of earlier edits."""
    painted = {change.place for change in edit.changes}
    before = []
    for place, cells in sheet.places.items():
        cell = sheet.cells[cells[0]] if cells else None
        if cell is not None and cell.origin is not None and cell.tile != cell.original and place not in painted:
            vram = {at for number in cells if (at := sheet.cells[number].vram_byte) is not None}
            before.append(TileChange(cell.origin, cell.original, cell.tile, cells, tuple(sorted(vram)), (cell.tile,)))
    return replace(edit, edited_before=tuple(before), places=frozenset(sheet.places))


def edit_to_json(edit: SheetEdit) -> dict[str, Any]:
    """Return the edit as a JSON object, without the ROM's hash, which the enclosing document stores once."""
    document: dict[str, Any] = {
        "name": edit.name,
        "title": edit.title,
        "changes": [
            {
                "origin": origin_to_json(change.origin),
                "old": change.old.hex(),
                "new": change.new.hex(),
                "cells": list(change.cells),
                "vram_bytes": list(change.vram_bytes),
                **_over_to_json(change.over),
            }
            for change in edit.changes
        ],
    }
    if edit.everywhere:
        document["everywhere"] = True
    if edit.shown:
        document["shown"] = [{"vram_byte": shown.vram_byte, "tile": shown.tile.hex()} for shown in edit.shown]
    return document


def edit_from_json(fields: Fields, rom_sha256: str) -> SheetEdit:
    """Read an edit back. Raises the error type of `fields`."""
    name = fields.take("name", read.any_text(_LONGEST_NAME))
    title = fields.take("title", read.any_text(_LONGEST_NAME))
    changes = tuple(_change(change) for change in fields.each("changes", MAX_CELLS))
    shown = tuple(_shown(shown) for shown in fields.each_or("shown", MAX_CELLS))
    everywhere = fields.take_or("everywhere", read.flag, False)
    fields.finish()
    try:
        return SheetEdit(name, title, rom_sha256, changes, shown, everywhere=everywhere)
    except InjectError as error:
        raise fields.wrong(str(error)) from None


def _change(fields: Fields) -> TileChange:
    change = TileChange(
        origin=origin_from_json(fields.inner("origin")),
        old=fields.take("old", read.hex_bytes),
        new=fields.take("new", read.hex_bytes),
        cells=tuple(fields.take("cells", read.listed(MAX_CELLS, read.whole(0, MAX_CELLS - 1), least=0))),
        vram_bytes=tuple(fields.take("vram_bytes", read.listed(MAX_CELLS, read.whole(0, 0xFFFF), least=0))),
        over=fields.take_or("over", _over, ()),
    )
    fields.finish()
    return change


def _over_to_json(over: tuple[bytes, ...]) -> dict[str, Any]:
    if not over:
        return {}
    tiles = [tile.hex() for tile in over]
    return {"over": tiles[0] if len(tiles) == 1 else tiles}


def _over(value: object) -> tuple[bytes, ...]:
    if isinstance(value, list):
        return tuple(read.listed(MOST_OVER, read.hex_bytes, least=2)(value))
    return (read.hex_bytes(value),)


def _shown(fields: Fields) -> Shown:
    shown = Shown(fields.take("vram_byte", read.whole(0, 0xFFFF)), fields.take("tile", read.hex_bytes))
    fields.finish()
    return shown
