"""The folder of a running game: figures are written into it as they appear, and each saved sheet changes the game."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, final

from halscope_hooks import (
    RAW_CODEC,
    CancelledError,
    HalscopeError,
    HostGoneError,
    Snapshot,
    Update,
    VramOrigins,
    capability,
)

from halscope.app._edit_reports import EditReports
from halscope.app._edit_steps import show_edits
from halscope.app._edited_files import is_palette, read_edit
from halscope.app._edits_view import sheet_in
from halscope.app._exported_edits import ExportedEdits
from halscope.app._game_edits import GameEdits
from halscope.app._live_patch import left_out
from halscope.app._live_strips import LiveStrips
from halscope.app._new_palettes import NewPalettes
from halscope.app._new_sheets import NewSheets
from halscope.app._patch_files import block_fill
from halscope.app._regroup import Regrouping
from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.app._shown_edits import AppliedEdit
from halscope.inject import SheetEdit
from halscope.project import Edit, EditList
from halscope.session import JobTimeoutError, PoolStoppedError, WriteTimeoutError

LOOK_EVERY: Final = 30  # frames between two scans of the folder: half a second in real time
RUNNING: Final = 0.1  # seconds since the last frame in which a game counts as running
IDLE_AFTER: Final = 1.0  # seconds without a frame after which saved sheets are said to wait
_WAKEFUL: Final = 1.0  # seconds after a saved sheet: its writes wait for the game's thread, and others may follow
_NOT_NOW: Final = (HostGoneError, JobTimeoutError, CancelledError, PoolStoppedError)
"""Errors that say nothing about an edit: the emulator is gone, or the game does not run."""


@final
class WatchedFolder:
    """Writes what appears in a game into a folder, and applies what is saved there.

    Args:
        folder: The folder.
        game: The edits of the running game.
        reports: Told of each saved sheet whether it was applied or refused, and of problems with the folder.
        regrouping: Figures to merge or to split.
        strips: Figures whose pictures are collected in strips, by the names of their sheets or folders.
        nearest: Replace colours that the palette does not have by the nearest one in it.
    """

    def __init__(
        self,
        folder: Path,
        game: GameEdits,
        reports: EditReports,
        *,
        regrouping: Regrouping,
        strips: Sequence[str],
        nearest: bool,
    ) -> None:
        self._game = game
        self._reports = reports
        self._report = reports.report
        self._nearest = nearest
        self._folder = SheetFolder(folder, self._report)
        self._new_sheets = NewSheets(self._folder, regrouping, self._report)
        self._new_palettes = NewPalettes(self._folder)
        self._exported = ExportedEdits(self._folder, reports)
        self._strips = LiveStrips(self._folder, strips, self._report)
        self._looked: int | None = None
        self._due = False  # whether `look` looks at all files
        self._scanned = False  # whether the sheets of earlier runs have been looked at
        self._in_trouble = False
        self._refused: set[str] = set()  # saved sheets whose edit is not in the game
        self._waiting: dict[str, str] = {}  # what was last reported of a sheet that was not applied
        self._noted: set[str] = set()
        self._saved = threading.Event()
        self._saved_at = 0.0
        game.answered = self._answered

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.folder

    @property
    def wants_frame(self) -> bool:
        """Whether a sheet may have been saved, so that `look` should get the next frame. Any thread may ask."""
        return self._strips.wanted or self._folder.may_have_changed

    @property
    def unseen(self) -> list[str]:
        """The names of the regrouping and of strips that no figure has had yet, sorted."""
        return sorted({*self._new_sheets.unseen, *self._strips.unseen})

    @property
    def refused(self) -> dict[str, str]:
        """Saved sheets whose edit is not in the game, with what was last reported of each. Any thread may ask."""
        return {name: self._waiting.get(name, "") for name in sorted(self._refused.copy())}

    def leave(self) -> None:
        """Store what the sheets of the running ROM taught, as another ROM runs from now on."""
        running = self._game.roms.now
        if running is not None:
            self._new_sheets.leave(running.workspace)
        self._looked = None

    def rest(self, seconds: float) -> None:
        """Rest on the game's thread, at most until a sheet was saved, and not at all soon after that."""
        if self._saved.is_set():
            if time.monotonic() - self._saved_at < _WAKEFUL:
                return
            self._saved.clear()
        self._saved.wait(seconds)

    def idle(self) -> None:
        """Apply saved sheets of a game that sends no frames; where it cannot be paused, report that they wait."""
        now = time.monotonic()
        game = self._game
        if not self._scanned or now - game.active < IDLE_AFTER:
            return
        game.active = now
        if capability(game.session.host, "paced") is not None and game.session.threads:
            if self._folder.is_waiting:  # applying it waits for this thread
                game.session.preview("saved sheets", lambda _: self.catch_up(), key="saved sheets")
            return
        for path in self._folder.waiting():
            self._report(
                f"{self._folder.name(path)}: was saved; it is applied with the next frame, and the emulator sends none "
                "now (it may be paused)"
            )

    def write(self, running: RomEdits | None, update: Update) -> None:
        """Write what is new in a frame: call this for each, on the thread of `look`, before it.

        It does not need the turn to change the game, so that a saved sheet is applied while new sheets are composed.
        """
        frame = update.snapshot.frame
        located = None if running is None or update.origins is None else (running, update.origins)
        collected = located is None or self._safely(self._strips.look, located[0], update, located[1])
        since = None if self._looked is None else frame - self._looked
        first = located is not None and not self._scanned  # the frames before it came while the ROM was being indexed
        if since is not None and 0 <= since < LOOK_EVERY and not first:
            return
        self._looked = frame
        self._due = True
        if self._safely(self._write_new, located, update) and collected:
            self._in_trouble = False

    def look(self, running: RomEdits | None, update: Update) -> None:
        """Apply saved sheets: call this for each frame after `write`, with the turn to change the game."""
        if running is None or update.origins is None:
            return
        if not self._due:
            if self._folder.changed():
                self._take_saved(running, update.snapshot, self._folder)
            return
        self._due = False
        self._report_deleted(running, self._folder)
        self._take_saved(running, update.snapshot, self._folder)
        self._scanned = True
        if self._game.session.threads:
            self._folder.watch(self._take_at_once)

    def _write_new(self, located: tuple[RomEdits, VramOrigins] | None, update: Update) -> None:
        """Write the game's picture, and the figures and palettes that are new."""
        if update.snapshot.picture is not None:
            self._folder.show_screen(update.snapshot.picture)
        if located is not None:
            running, origins = located
            self._new_sheets.write(running, update, origins)
            self._new_palettes.write(running, update.snapshot)

    def _safely[**P](self, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Write files; a full disk or a folder that is gone is reported once, as the game and its edits do not depend
        on it. Returns whether they were written."""
        try:
            write(*args, **kwargs)
        except HalscopeError as error:
            if not self._in_trouble:  # whichever file is the first to fail
                self._report(f"{error}; the game goes on")
            self._in_trouble = True
            return False
        return True

    def catch_up(self) -> None:
        """Apply what was saved since the last frame, without waiting for one. Any thread but the game's may call it."""
        with self._game.turn(wait=True) as mine:
            if mine and (running := self._game.roms.now) is not None:
                self.take_all(running)

    def take_all(self, running: RomEdits) -> None:
        """Apply all that was saved since the last frame, with the turn to change the game; before the first look none.

        Not on the game's thread.
        """
        while self._scanned and (snapshot := self._game.newest) is not None:
            if not self._take_saved(running, snapshot, self._folder):
                return

    def _take_at_once(self) -> None:
        """Apply what the system reports as saved, without waiting for the next frame to be decoded.

        In a game that stands still, the next `look` or `idle` does it.
        """
        if time.monotonic() - self._game.active > RUNNING:
            return
        with self._game.turn(wait=True) as mine:  # `look` may have been before the change
            running, snapshot, folder = self._game.roms.now, self._game.newest, self._folder
            if not mine or running is None or snapshot is None or not self._scanned:
                return
            if running.missing is None and running.workspace.built_index is not None and folder.changed():
                self._saved_at = time.monotonic()
                self._saved.set()
                self._take_saved(running, snapshot, folder)

    def show(self, changed: dict[str, Edit | None]) -> None:
        """Write the files of these edits as they are now (see `show_edits`), and others that show what they made.

        A file whose newest edit was refused stays as it was saved, as nothing else holds that edit.
        """
        refused = {name for name in changed if sheet_in(self.folder, name) in self._refused}
        for name in refused:
            self._report(f"{sheet_in(self.folder, name)}: was saved with an edit that was refused, so the file stays")
        show_edits(self._folder, {name: changed[name] for name in changed if name not in refused}, self._report)
        if (running := self._game.roms.now) is not None:
            self._exported.follow(running)

    def name(self, path: Path) -> str:
        """Return the name of a sheet in the folder."""
        return self._folder.name(path)

    def left_out(self) -> list[tuple[str, str]]:
        """Return the name of each saved sheet whose edit is not in the game, and why."""
        return left_out(self._folder, self._refused, nearest=self._nearest)

    def close(self) -> None:
        """Stop watching. Call it after the last `look`; it waits for what is being applied."""
        self._folder.close()
        with self._game.turn(wait=True):  # what is being applied now is an edit of this game
            pass
        running = self._game.roms.now
        if running is None:
            return
        try:
            self._strips.finish()
            self._new_sheets.tell(running)
        except HalscopeError as error:
            if not self._in_trouble:
                self._report(str(error))

    def _answered(self, edits: EditList) -> None:
        folder = self._folder
        self._refused = {name for name in self._refused if edits.find(str(folder.folder / name)) is None}

    def _report_deleted(self, running: RomEdits, folder: SheetFolder) -> None:
        """Say which sheets the user deleted, and that an edit does not go with its sheet."""
        unedited = 0
        gone = folder.deleted()
        for path in gone:
            self._refused.discard(folder.name(path))
            if running.kept.find(str(path)) is None:
                unedited += 1
            else:
                self._report(
                    f"{folder.name(path)}: was deleted, but its edit stays in the game and in the patch; put "
                    "the unedited sheet there again to take it back"
                )
        if unedited:
            sheets = "a sheet without edits was" if unedited == 1 else f"{unedited} sheets without edits were"
            self._report(
                f"{folder.folder}: {sheets} deleted; what is deleted is not written again before the next start"
            )
        if gone:
            with contextlib.suppress(HalscopeError):  # as the folder may be gone too, which `look` reports
                folder.write_page(running.workspace.rom.title or running.workspace.rom.name)

    def _take_saved(self, running: RomEdits, snapshot: Snapshot, folder: SheetFolder) -> bool:
        """Apply a saved sheet, with the turn to change the game. Returns whether one was applied: others may wait."""
        for path in folder.saved():
            name = folder.name(path)
            self._refused.discard(name)
            try:
                edit = read_edit(path, nearest=self._nearest)
                edits = self._game.put(running.kept, [edit])
                in_game = running.missing is None and not self._scanned
                if edits is running.kept and (in_game or not edit.changes):
                    self._reports.outcome(path, None)
                    continue  # of the project, or from an earlier run, or exported, and never painted
                saved = AppliedEdit(name, folder.saved_ns(path), snapshot.frame)
                self._game.take(edits, snapshot, saved)
            except HalscopeError as error:
                self._refused.add(name)
                self._reports.outcome(path, error)
                reason = str(error)
                if isinstance(error, _NOT_NOW):
                    folder.read_again(path)
                    if not isinstance(error, WriteTimeoutError):  # which says itself what to do
                        reason = f"{name}: {error}; it is applied as soon as the game takes it"
                before, self._waiting[name] = self._waiting.get(name), reason
                if before != reason:
                    self._report(reason, "refused", name)
            else:
                self._reports.outcome(path, None)
                self._waiting.pop(name, None)
                what, space = ("colours", "cgram") if is_palette(path) else ("graphics", "vram")
                at_once = space in self._game.session.info.writable
                later = "" if at_once else f", which shows it when it loads these {what} again"
                line = f"{name}: applied to the game at frame {snapshot.frame}{later}{self._fill(edit)}"
                self._report(line, "applied", name)
                self._report_notes()
                return True  # the snapshot predates this edit, so the next file waits for the next scan
        return False

    def _report_notes(self) -> None:
        """Tell what the plan notes, such as other places of an edited tile, each once."""
        plan = self._game.running.plan
        notes = () if plan is None else plan.notes
        for note in notes:
            if note not in self._noted:
                self._report(f"note: {note}")
        self._noted.update(notes)

    def _fill(self, edit: SheetEdit) -> str:
        """Say how full the compressed blocks are that a sheet changed."""
        touched = {(change.origin.codec, change.origin.block_offset) for change in edit.changes}
        plan = self._game.running.plan
        return "".join(
            f"; {block_fill(block, self._game.running.room)}"
            for block in (() if plan is None else plan.blocks)
            if (block.codec, block.block_offset) in touched and block.codec != RAW_CODEC
        )
