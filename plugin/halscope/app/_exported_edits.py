"""Sheets that were exported from a game with edits, and still show them after a step: they are written again."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Final, final

import numpy as np
from halscope_hooks import HalscopeError

from halscope._files import read_limited
from halscope.app._edit_reports import EditReports
from halscope.app._edited_files import is_palette
from halscope.app._file_changes import edited_files
from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.inject import Sheet, SheetEdit, on_original, place_of, read_sheet, sidecar_path, write_sheet
from halscope.project import edited_pixels

_LIMIT: Final = 64 << 20
_EDITED: Final = b'"rom_tile"'
"""In the JSON of a sheet that was exported with edited tiles."""


@final
class ExportedEdits:
    """Keeps sheets up to date that were exported with edits.

    Args:
        folder: The sheets.
        reports: Told of a sheet that still shows what the game no longer has.
    """

    def __init__(self, folder: SheetFolder, reports: EditReports) -> None:
        self._folder = folder
        self._report = reports.report
        self._followed: set[Path] = set()
        """Sheets that were written again: they follow each further step."""

    def follow(self, running: RomEdits) -> None:
        """Write those sheets again that show edited tiles as the game no longer has them.

        What a sheet's own edit changes stays. So does a file that was saved since it was last read, and one that shows
        what no edit has made.
        """
        for path in map(Path, edited_files(self._folder.folder)):
            if is_palette(path) or not self._folder.is_settled(path) or not self._may_be_old(path):
                continue
            try:
                self._write(path, running)
            except HalscopeError as error:
                self._report(f"{self._folder.name(path)}: may show edits that the game no longer has: {error}")

    def _may_be_old(self, path: Path) -> bool:
        if path in self._followed:
            return True
        try:
            return _EDITED in read_limited(sidecar_path(path), _LIMIT, "sheet's JSON")
        except HalscopeError:
            return False  # it is no sheet of ours, or shows nothing that is known

    def _write(self, path: Path, running: RomEdits) -> None:
        read = read_sheet(path, nearest=True)
        mine = running.kept.find(str(path))
        edit = None if mine is None else mine.sheet
        if read.sheet.rom_sha256 != running.workspace.rom.sha256:
            return
        fresh = _as_in_game(read.sheet, edit, running)
        if fresh.cells == read.sheet.cells:
            return
        if not np.array_equal(read.pixels, edited_pixels(read.sheet, edit)):
            return  # the user's painting, which was refused
        if fresh.map is not None:
            self._report(
                f"{self._folder.name(path)}: shows edits as the game no longer has them; export the background again"
            )
            return
        write_sheet(fresh, edited_pixels(fresh, edit), path)
        self._followed.add(path)
        with contextlib.suppress(OSError):  # it is gone again
            self._folder.settle(path)


def _as_in_game(sheet: Sheet, edit: SheetEdit | None, running: RomEdits) -> Sheet:
    """Return a sheet as it would be exported from the game now, but for what its own edit changes."""
    workspace = running.workspace
    mine = frozenset(() if edit is None else (change.place for change in edit.changes))
    unedited = replace(sheet, cells=tuple(replace(cell, tile=cell.original, rom_tile=None) for cell in sheet.cells))
    now = on_original(unedited, workspace.rom, workspace.plugins.codecs(), workspace.running.rom)
    cells = tuple(
        old if old.origin is None or new.origin is None or place_of(old.origin) in mine else new
        for old, new in zip(sheet.cells, now.cells, strict=True)
    )
    return replace(sheet, cells=cells)
