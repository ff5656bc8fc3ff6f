"""A sheet in a folder as the running game is now, with the edits of all sheets, but not over what a person painted."""

from __future__ import annotations

from pathlib import Path

from halscope_hooks import HalscopeError

from halscope.app._extract import write
from halscope.inject import EditedSheet, Sheet, read_sheet, sheet_edit


def write_current(sheet: Sheet, path: Path) -> None:
    """Write a sheet that was just exported, unless its file has what the game does not show, or shows the same.

    Args:
        sheet: The sheet, with the tiles that edits of the running game have made.
        path: Its file.

    Raises:
        HalscopeError: It cannot be written.
    """
    if not path.exists():
        write(sheet, path, overwrite=False)
        return
    try:
        there = read_sheet(path)
        if is_older(there, sheet):
            write(sheet, path, overwrite=True)
    except HalscopeError:
        return  # it holds something else, which is reported when it is read as an edit


def is_older(there: EditedSheet, sheet: Sheet) -> bool:
    """Whether all that a file's picture changes is in the game, and the game shows edits that the picture does not."""
    if there.sheet.rom_sha256 != sheet.rom_sha256:
        return not sheet_edit(there).changes
    shown = {place: sheet.cells[cells[0]].tile for place, cells in sheet.places.items() if cells}
    edit = sheet_edit(there)
    if any(shown.get(change.place) != change.new for change in edit.changes):
        return False
    pictured = {place: there.sheet.cells[cells[0]].tile for place, cells in there.sheet.places.items() if cells}
    pictured |= {change.place: change.new for change in edit.changes}
    return any(pictured.get(place) != tile for place, tile in shown.items())
