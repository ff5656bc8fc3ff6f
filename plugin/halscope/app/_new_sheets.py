"""The sheets of figures that come on screen while a game runs, their index page, and the palettes they teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from halscope_hooks import RAW_CODEC, HalscopeError, Update, VramOrigins

from halscope.app._doubts import doubts
from halscope.app._figure_looks import figure_look
from halscope.app._figure_sheet import figure_sheet
from halscope.app._regroup import Regrouping, regroup
from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.app._workspace import Workspace
from halscope.inject import Sheet
from halscope.project import Knowledge

TELL_EVERY: Final = 180  # frames between two pages: with many sheets, one takes as long as some of these frames
MOST_SHEETS: Final = 500


class NewSheets:
    """Writes a sheet for each figure that appears, once for each ROM.

    Args:
        folder: Where they are written.
        regrouping: Figures to merge or to split.
        report: Called with one line of text.
    """

    def __init__(self, folder: SheetFolder, regrouping: Regrouping, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._regrouping = regrouping
        self._report = report
        self._unseen = set(regrouping.names)
        self._full = False
        self._learns = True
        self._put_off: list[Sheet] = []  # new sheets that are not in the knowledge yet
        self._page_is_old = False
        self._told = 0  # frame at which page and knowledge were written

    @property
    def unseen(self) -> list[str]:
        """The names of the regrouping that no figure has had yet, sorted."""
        return sorted(self._unseen)

    def write(self, running: RomEdits, update: Update, origins: VramOrigins) -> None:
        """Write the sheets of figures that were not seen before in this ROM. Raises HalscopeError."""
        folder = self._folder
        workspace = running.workspace
        regrouping = workspace.figures.regrouping(self._regrouping)
        groups = workspace.plugins.group_sprites(update.frame)
        looks: set[bytes] = set()
        if not regrouping.names:  # composing a sheet takes milliseconds, and most figures stay for a while
            named = {figure_look(update.frame, group): group for group in groups}
            looks = named.keys() - running.looks
            groups = tuple(group for look, group in named.items() if look in looks)
        figures, found = regroup(
            update.frame,
            groups,
            regrouping,
            lambda group: figure_sheet(workspace, update.frame, group, origins),
            workspace.figures.sheet_name,
        )
        self._unseen -= found
        fresh: dict[str, Sheet] = {}
        for figure in figures:
            cells = figure.sheet.cells
            if figure.name in running.shown or all(cell.origin is None for cell in cells):
                continue
            fresh.setdefault(figure.name, figure.sheet)
        room = MOST_SHEETS - len(running.shown)
        if len(fresh) > room and not self._full:
            self._full = True
            self._report(
                f"{folder.folder}: {MOST_SHEETS} sheets have appeared, and no more are written; start again with "
                "another --watch folder to see what comes later"
            )
        written: list[Sheet] = []
        notes = doubts(update.frame) if fresh else ()
        try:
            for name, plain in [*fresh.items()][: max(room, 0)]:
                sheet = replace(plain, doubts=notes)
                if folder.add(name, sheet):
                    written.append(sheet)
                running.shown.add(name)
            running.looks |= looks
        finally:
            self._put_off += written
        if fresh and room > 0:
            self._page_is_old = True
        since = update.snapshot.frame - self._told
        if self._told == 0 or since < 0 or since >= TELL_EVERY:
            self._told = update.snapshot.frame
            self.tell(running)

    def leave(self, workspace: Workspace) -> None:
        """Store what the sheets of a ROM taught, as another ROM runs from now on."""
        sheets, self._put_off = self._put_off, []
        self._note_palettes(workspace, sheets)

    def tell(self, running: RomEdits) -> None:
        """Write the page of all sheets and the knowledge, which take longer than the sheets, unless nothing is new.

        Raises HalscopeError.
        """
        sheets, self._put_off = self._put_off, []
        self._note_palettes(running.workspace, sheets)
        if self._page_is_old:
            self._folder.write_page(running.workspace.rom.title or running.workspace.rom.name)
            self._page_is_old = False

    def _note_palettes(self, workspace: Workspace, sheets: Sequence[Sheet]) -> None:
        """Store the palettes that the blocks of new sheets were shown with."""
        if not sheets or not self._learns:
            return

        def learn(known: Knowledge) -> Knowledge:
            return known.saw(
                (codec, block_offset, colours)
                for sheet in sheets
                for (codec, block_offset), palettes in block_palettes(sheet).items()
                for colours in palettes
            )

        try:
            workspace.knowledge.update(learn)
        except HalscopeError as error:  # not fatal: edits do not need this knowledge
            self._learns = False
            self._report(f"knowledge about this ROM is not saved: {error}")


def block_palettes(sheet: Sheet) -> dict[tuple[str, int], set[tuple[int, ...]]]:
    """Return the palettes (BGR555) in which a sheet shows each compressed block, by codec and block offset."""
    colours = [tuple(palette) for palette in sheet.palettes.tolist()]
    seen: dict[tuple[str, int], set[tuple[int, ...]]] = {}
    for cell in sheet.cells:
        if cell.origin is not None and cell.origin.codec != RAW_CODEC:
            seen.setdefault((cell.origin.codec, cell.origin.block_offset), set()).add(colours[cell.palette])
    return seen
