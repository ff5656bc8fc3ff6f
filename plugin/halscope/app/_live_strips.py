"""Strips in a watched folder: written once a figure has shown nothing new for a while, and never written again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from halscope_hooks import TILE_BYTES, HalscopeError, ImageError, Update, VramOrigins

from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.app._strips import Strips, strip_name
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan, Sheet, read_sheet


class LiveStrips:
    """Writes the strips of some figures while a game runs.

    A strip that grew would take the file away from whoever edits it, so a strip is written once: what the figure shows
    later comes as `NAME-2`, with the new pictures alone.

    Args:
        folder: Where they are written.
        wanted: Names of sheets, or of the folders that they are in.
        report: Called with one line of text.
    """

    def __init__(self, folder: SheetFolder, wanted: Sequence[str], report: Callable[[str], None]) -> None:
        self._folder = folder
        self._wanted = tuple(wanted)
        self._report = report
        self._strips: Strips | None = None
        self._edited: tuple[EditPlan | None, frozenset[bytes]] = None, frozenset()
        self._seen: set[str] = set()

    @property
    def wanted(self) -> bool:
        """Whether any figure is wanted, so that every frame counts."""
        return bool(self._wanted)

    @property
    def unseen(self) -> list[str]:
        """The wanted names that no figure has had yet."""
        now = () if self._strips is None else self._strips.unseen
        return [name for name in (self._wanted if self._strips is None else now) if name not in self._seen]

    def look(self, running: RomEdits, update: Update, origins: VramOrigins) -> None:
        """Follow the figures of a frame, and write the strips that are due. Raises HalscopeError."""
        if not self._wanted:
            return
        strips = self._of(running.workspace)
        strips.add(update.frame, lambda: origins, self._edited_tiles(running))
        self._write(strips, update.snapshot.frame)

    def finish(self) -> None:
        """Write what is still waited for. Raises HalscopeError."""
        if self._strips is not None:
            self._write(self._strips, None)

    def _of(self, workspace: Workspace) -> Strips:
        if self._strips is None or self._strips.workspace is not workspace:
            if self._strips is not None:
                self._seen |= {*self._wanted} - {*self._strips.unseen}
                self._write(self._strips, None)
            self._strips = Strips(workspace, self._wanted, lambda name: self._there(name, workspace))
        return self._strips

    def _there(self, wanted: str, workspace: Workspace) -> list[Sheet]:
        """Return the strips of a figure that an earlier run has written for this ROM."""
        sheets: list[Sheet] = []
        for number in range(1, self._free(strip_name(wanted))):
            try:
                sheet = read_sheet(self._path(strip_name(wanted), number)).sheet
            except HalscopeError:
                continue  # reported when it is read as an edit
            if sheet.rom_sha256 == workspace.rom.sha256:
                sheets.append(sheet)
        return sheets

    def _write(self, strips: Strips, frame: int | None) -> None:
        try:
            for strip in strips.settled(frame):
                name = _numbered(strip.name, self._free(strip.name))
                if self._folder.add(name, strip.sheet):
                    self._report(
                        f"{name}.png: a strip of {strip.pictures} picture{'s' * (strip.pictures != 1)}; "
                        "what the figure shows later comes as a strip of its own"
                    )
        except ImageError as error:
            self._report(f"no strip is written: {error}")

    def _free(self, name: str) -> int:
        """Return the first number for which there is no file of this name."""
        number = 1
        while self._path(name, number).exists():
            number += 1
        return number

    def _path(self, name: str, number: int) -> Path:
        return self._folder.folder / f"{_numbered(name, number)}.png"

    def _edited_tiles(self, running: RomEdits) -> frozenset[bytes]:
        """Return the tiles that the edits in the game have made, apart from plain ones, which stand anywhere."""
        plan = running.plan
        if plan is not self._edited[0]:
            blocks = () if plan is None else plan.blocks
            new = [tile.new for block in blocks for tile in block.changes if len(tile.new) == TILE_BYTES]
            telling = running.workspace.index().informative(b"".join(new))
            own = frozenset(tile for tile, tells in zip(new, telling, strict=True) if tells)
            self._edited = plan, own
        return self._edited[1]


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
