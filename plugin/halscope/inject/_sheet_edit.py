"""What an edited sheet changes, without its picture: all that a plan needs, kept and stored where a picture is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from halscope_hooks import InjectError

import halscope._fields as read
from halscope._fields import Fields
from halscope.inject.metadata import origin_from_json, origin_to_json
from halscope.inject.model import MAX_CELLS, EditedSheet
from halscope.inject.split import TileChange, changed_tiles

_LONGEST_NAME: Final = 1 << 16  # a path on Windows has up to half as many characters


class Shown(NamedTuple):
    """A tile in VRAM when its sheet was exported.

    Args:
        vram_byte: Byte address of its first byte.
        tile: Its bytes.
    """

    vram_byte: int
    tile: bytes


@dataclass(frozen=True, slots=True)
class SheetEdit:
    """What an edited sheet changes.

    Args:
        name: The file that it was read from, for messages; one sheet of that name is edited at a time.
        title: The sheet's title, for a person.
        rom_sha256: SHA-256 of the headerless image that it was exported from, lower-case hex.
        changes: The tiles that differ, in the order of the sheet's cells.
        shown: All its tiles that were in VRAM, the unchanged ones too: they show whether the figure still stands there.

    Raises:
        InjectError: A change's two versions are of different sizes, or of a size that no tile has.
    """

    name: str
    title: str
    rom_sha256: str
    changes: tuple[TileChange, ...]
    shown: tuple[Shown, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for change in self.changes:
            size = len(change.old)
            if len(change.new) != size or not 8 <= size <= 64 or size % 8:
                raise InjectError(
                    f"{self.name}: a tile of {size} bytes becomes one of {len(change.new)}; a tile has 8 bytes a bit "
                    "of depth, before and after"
                )


def sheet_edit(edited: EditedSheet) -> SheetEdit:
    """Find what an edited sheet changes. Raises InjectError as `changed_tiles` does."""
    sheet = edited.sheet
    shown = tuple(Shown(cell.vram_byte, cell.tile) for cell in sheet.cells if cell.vram_byte is not None)
    return SheetEdit(edited.name, sheet.title, sheet.rom_sha256, changed_tiles(edited), shown)


def edit_to_json(edit: SheetEdit) -> dict[str, Any]:
    """The edit as a JSON object, without the ROM's hash: whatever holds it says that once."""
    return {
        "name": edit.name,
        "title": edit.title,
        "changes": [
            {
                "origin": origin_to_json(change.origin),
                "old": change.old.hex(),
                "new": change.new.hex(),
                "cells": list(change.cells),
                "vram_bytes": list(change.vram_bytes),
            }
            for change in edit.changes
        ],
        "shown": [{"vram_byte": shown.vram_byte, "tile": shown.tile.hex()} for shown in edit.shown],
    }


def edit_from_json(fields: Fields, rom_sha256: str) -> SheetEdit:
    """Read an edit back; raises what `fields` raises."""
    name = fields.take("name", read.any_text(_LONGEST_NAME))
    title = fields.take("title", read.any_text(_LONGEST_NAME))
    changes = tuple(_change(change) for change in fields.each("changes", MAX_CELLS))
    shown = tuple(_shown(shown) for shown in fields.each("shown", MAX_CELLS))
    fields.finish()
    try:
        return SheetEdit(name, title, rom_sha256, changes, shown)
    except InjectError as error:
        raise fields.wrong(str(error)) from None


def _change(fields: Fields) -> TileChange:
    change = TileChange(
        origin=origin_from_json(fields.inner("origin")),
        old=fields.take("old", read.hex_bytes),
        new=fields.take("new", read.hex_bytes),
        cells=tuple(fields.take("cells", read.listed(MAX_CELLS, read.whole(0, MAX_CELLS - 1), least=0))),
        vram_bytes=tuple(fields.take("vram_bytes", read.listed(MAX_CELLS, read.whole(0, 0xFFFF), least=0))),
    )
    fields.finish()
    return change


def _shown(fields: Fields) -> Shown:
    shown = Shown(fields.take("vram_byte", read.whole(0, 0xFFFF)), fields.take("tile", read.hex_bytes))
    fields.finish()
    return shown
