"""Edits of a running game: each saved sheet changes the game at once, and all edits together make one patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from halscope_hooks import HalscopeError, HostError, Patch, Snapshot, Update, UsageError, Write

from halscope.app._dropped import Dropped, put_picture
from halscope.app._edit_reports import EditReports
from halscope.app._edit_steps import StepAction, differing, stepped
from halscope.app._edited_files import read_edit
from halscope.app._edits_view import (
    EditNews,
    EditPicture,
    EditsView,
    edit_picture,
    sheet_in,
    view_edits,
    view_steps,
)
from halscope.app._game_edits import GameEdits
from halscope.app._live_patch import (
    NOT_APPLIED,
    ExportedPatch,
    PatchSuffix,
    file_stem,
    write_edits,
)
from halscope.app._live_project import LiveProject
from halscope.app._outlining import EditedTile, edited_tiles
from halscope.app._patch_files import check_output
from halscope.app._regroup import Regrouping
from halscope.app._shown_edits import AppliedEdit
from halscope.app._uses import TileUses, uses_of_tile
from halscope.app._watched_folder import WatchedFolder
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan, SheetEdit
from halscope.project import EditList
from halscope.session import Session


class LiveEdits:
    """The edits of one running game.

    Without threads everything happens on the caller's thread. With threads, call `look` and `bring_in` on a thread of
    their own: they wait for the pool and for the game, which never waits for them.

    Args:
        workspace: The running ROM.
        session: The game.
        folder: Folder where metasprites are written as they appear, and which is watched for edits; `None` for none.
        force: Also edit blocks whose start is not proven.
        nearest: Replace colours that the palette does not have by the nearest one in it.
        everywhere: Whether new edits also change the other places of the ROM that hold their tiles; `None`: as the
            sheet's edit before, and only here if there was none.
        regrouping: Figures to merge or to split.
        strips: Figures whose pictures are collected in strips, by the names of their sheets or folders.
        report: Called with one line of text for each edit, whether it was applied or refused, and for each problem with
            the folder. A problem with the folder does not end the game.
        applied: Called for each saved sheet that was written into the game, once it is known when the game shows it.
        project: The project that the edits of this ROM are from, and saved in; the first `look` writes them.
    """

    def __init__(
        self,
        workspace: Workspace,
        session: Session,
        folder: Path | None = None,
        *,
        force: bool = False,
        nearest: bool = False,
        everywhere: bool | None = None,
        regrouping: Regrouping | None = None,
        strips: Sequence[str] = (),
        report: Callable[[str], None],
        applied: Callable[[AppliedEdit], None] = lambda _: None,
        project: LiveProject | None = None,
    ) -> None:
        self.reports = EditReports(report)
        self._report = self.reports.report
        self._game = GameEdits(
            workspace, session, force=force, everywhere=everywhere, reports=self.reports, project=project
        )
        self._roms = self._game.roms
        self._project = project
        if project is not None:
            self._roms.first.begin(project.edits, project.moved)
            project.report_to(self._report)
        self._force = force
        self._nearest = nearest
        self._regrouping = Regrouping() if regrouping is None else regrouping
        self._watched: WatchedFolder | None = None
        if folder is not None:
            self._watched = WatchedFolder(
                folder, self._game, self.reports, regrouping=self._regrouping, strips=strips, nearest=nearest
            )
        self._applied = applied
        self.awaited: tuple[Path, ...] = ()
        """Edited PNGs that `bring_in` is to get as soon as it can."""
        self._edited: tuple[EditPlan | None, Mapping[bytes, EditedTile]] = None, {}

    @property
    def folder(self) -> Path | None:
        """The watched folder, or `None`."""
        return None if self._watched is None else self._watched.folder

    @property
    def edits(self) -> EditList:
        """The edits in the running game, with the steps that can be undone. Raises HostError as `take` does."""
        return self._game.running.edits

    @property
    def plan(self) -> EditPlan | None:
        """The plan of the edits in the game, or `None` before the first edit. Raises HostError as `take` does."""
        return self._game.running.plan

    @property
    def patch(self) -> Patch | None:
        """The patch of the edits in the game, or `None` if there are none. Raises HostError as `take` does."""
        running = self._game.running
        return running.patch if running.edits.edits else None

    def follow(self, workspace: Workspace | None) -> None:
        """Switch to the ROM that the emulator has loaded. The next `look` writes the edits of this ROM again.

        Args:
            workspace: The ROM that runs now; `None` if its file is unknown, in which case edits are refused until a
                known ROM runs.
        """
        if self._watched is not None:
            self._watched.leave()
        self._roms.follow(workspace)
        self._game.newest = None

    def attach(self, session: Session, workspace: Workspace) -> None:
        """Switch to the session of an emulator that was attached again; the next `look` writes the edits again.

        Args:
            session: The new session; the old one is closed.
            workspace: The ROM that runs.
        """
        self._game.session = session
        self.follow(workspace)

    def bring_in(self, pngs: Sequence[Path], snapshot: Snapshot) -> None:
        """Apply edited sheets to the running game, in addition to the edits already in it.

        Args:
            pngs: The edited PNGs.
            snapshot: The current state of the game, including WRAM.

        Raises:
            HalscopeError: A sheet cannot be read, placed or written; the game is unchanged.
        """
        self.awaited = tuple(png for png in self.awaited if png not in pngs)  # a refusal says what is wrong with it
        sheets = [self._named(read_edit(png, nearest=self._nearest), png) for png in pngs]
        self.take(self._game.put(self._game.running.kept, sheets), snapshot)
        if self._project is not None:
            try:
                self._project.show([sheet.name for sheet in sheets])
            except HalscopeError as error:
                self._report(f"{error}; the game goes on")

    def _named(self, edit: SheetEdit, png: Path) -> SheetEdit:
        """Return an edit under the name that it has in the project, if there is one."""
        return edit if self._project is None else replace(edit, name=self._project.name_of(png))

    def wrote(self, writes: Sequence[Write]) -> None:
        """Note what others have just written into the game, such as colours that are tried: the next edit or step is
        written against it. On the game's thread."""
        self._game.wrote(writes)

    def saw(self, snapshot: Snapshot) -> None:
        """Keep the newest snapshot; the next edit is written against it. Cheap; any thread may call it."""
        self._game.saw(snapshot)

    @property
    def wants_frame(self) -> bool:
        """Whether a sheet may have been saved, so that `look` should get the next frame. Any thread may ask."""
        return self._watched is not None and self._watched.wants_frame

    @property
    def is_changing(self) -> bool:
        """Whether an edit is being made, whose write may come at any moment. Any thread may ask."""
        return self._game.is_changing

    def rest(self, seconds: float) -> None:
        """Rest on the game's thread, at most until a sheet was saved; see `WatchedFolder.rest`."""
        if self._watched is not None:
            self._watched.rest(seconds)

    def idle(self) -> None:
        """Call this again and again while the game sends no frames, on its thread.

        Memories that were written since the last frame are decoded again, for those who show them. Saved sheets are
        applied if the host can pause the game, as it then takes writes while it stands still; else they are reported to
        wait.
        """
        self._game.decode_written()
        if self._watched is not None:
            self._watched.idle()

    def look(self, update: Update) -> None:
        """Call this for each frame. Every `LOOK_EVERY` frames it writes new metasprites and applies saved sheets.

        With threads, a sheet is applied with the first frame after it was saved, where the system reports changes.
        """
        game = self._game
        if not game.session.threads:
            game.shown.saw(update.snapshot)
            game.newest = update.snapshot
        self._report_applied()
        if self._watched is not None:  # without the turn: what is saved meanwhile need not wait for new sheets
            self._watched.write(self._roms.now, update)
        with game.turn(wait=False) as mine:
            if mine:  # else a step is being made, and the next frame is looked at
                self._look(update)

    def _look(self, update: Update) -> None:
        game = self._game
        running = self._roms.now
        if running is not None:
            game.take_answer(running)
        if running is not None and running.missing is not None and not running.given_up and update.origins is not None:
            game.write_again(running.missing, update.snapshot)
        if self._watched is not None:
            self._watched.look(running, update)

    @property
    def edited_tiles(self) -> Mapping[bytes, EditedTile]:
        """The tiles that the edits in the running game have made, by their bytes. Any thread may ask for them."""
        running = self._roms.now
        plan = None if running is None else running.plan
        if plan is not self._edited[0]:
            self._edited = plan, edited_tiles(plan, self.folder)
        return self._edited[1]

    @property
    def sheets(self) -> int:
        """Number of sheets of the running ROM's figures that have appeared."""
        return 0 if self._roms.now is None else len(self._roms.now.shown)

    @property
    def unseen(self) -> list[str]:
        """The names of the regrouping and of strips that no figure has had yet, sorted."""
        return sorted(self._regrouping.names) if self._watched is None else self._watched.unseen

    def view(self) -> EditsView:
        """Return the edits of the ROM that runs, with their history and what was last said of them. Any thread."""
        running, folder = self._roms.now, self.folder
        kept = EditList(self._roms.first.workspace.rom.sha256) if running is None else running.kept
        return EditsView(
            None if folder is None else str(folder),
            None if self._project is None else str(self._project.folder),
            kept.position,
            len(kept.states) - 1 - kept.position,
            () if running is None else view_edits(running, folder),
            {} if self._watched is None else self._watched.refused,
            () if running is None else view_steps(running, folder),
            self.reports.news,
        )

    def step(self, action: StepAction, number: int = 0) -> None:
        """Undo or redo a step of the edits of the ROM that runs, or revert one edit. The game and the watched files
        follow, and the project is saved. Any thread but the game's may call it; the game need not send frames.

        Args:
            action: The step.
            number: Id of the edit to revert.

        Raises:
            UsageError: There is no such step or edit, or no frame has come yet.
            HalscopeError: As `take`; nothing has changed.
        """
        with self._game.turn(wait=True) as mine:
            if not mine:
                raise HostError("the last edit is not in the game yet; try again")
            running = self._game.running
            if self._watched is not None:
                self._watched.take_all(running)  # what was saved a moment ago is the newest step
            if (snapshot := self._game.newest) is None:
                raise UsageError("no frame has come yet, so nothing can be written into the game; try again")
            new = stepped(running.kept, action, number)
            changed = differing(running.kept, new)
            self.take(new, snapshot)
            if self._watched is not None:
                self._watched.show(changed)
            sheets = [sheet_in(self.folder, name) for name in changed]
            self._game.shown.stepped(sheets)
            names = ", ".join(sheets)
            did = {"undo": "undone", "redo": "done again", "revert": "reverted"}[action]
            self._report(f"{names or 'a step'}: {did}", "undone", names)

    def picture(self, step: int, number: int) -> EditPicture:
        """Return a version of an edit of the ROM that runs, before and after. Any thread may call it.

        Args:
            step: Number of the step after which it is meant.
            number: The edit's id.

        Raises:
            UsageError: There is no such step or edit.
            HalscopeError: Its sheet cannot be read.
        """
        running = self._roms.now
        states = () if running is None else running.kept.states
        edits = () if step >= len(states) else states[step]
        for edit in edits:
            if edit.id == number:
                return edit_picture(edit)
        raise UsageError(f"there is no edit {number} after step {step}")

    def uses(self, update: Update, vram_byte: int, bpp: Literal[2, 4, 8]) -> TileUses:
        """Return who uses a tile of the ROM that runs, also in the sheets of the folder; see `uses_of_tile`."""
        if self._roms.now is None:
            raise UsageError("the file of the running ROM is unknown")
        return uses_of_tile(self._roms.now.workspace, update, vram_byte, bpp, self.folder)

    def drop(self, update: Update, data: bytes, name: str, sprite: int | None) -> Dropped:
        """Save a picture as the sheet of a figure, and apply it; see `put_picture`. Any thread but the game's."""
        if self._roms.now is None or self._watched is None:
            raise UsageError("there is no folder for sheets to edit: start Halscope with --watch DIR")
        done = put_picture(self._roms.now.workspace, update, self._watched.folder, data, name, sprite)
        if done.inexact:
            sheet = self._watched.name(done.path)
            self._report(f"{sheet}: colours were replaced by the nearest of its palette: {done.inexact}", "note", sheet)
        self.catch_up()
        return done

    def catch_up(self) -> None:
        """Apply what was saved since the last frame, without waiting for one. Any thread but the game's may call it."""
        if self._watched is not None:
            self._watched.catch_up()

    def take(self, edits: EditList, snapshot: Snapshot, saved: AppliedEdit | None = None) -> None:
        """Change the running game from its current edits to these, for example `edits.undo()` or `edits.revert(1)`.

        They are planned from the original ROM, so nothing remains of an edit that is no longer in the list.

        Args:
            edits: The new edits, of the same ROM.
            snapshot: The current state of the game, including WRAM.
            saved: The sheet that changes them, if `applied` is to hear of it.

        Raises:
            HostError: The running ROM's file is unknown.
            WriteTimeoutError: The emulator has not answered this write, or an earlier one. If it makes the write after
                all, `look` reports it, and the game contains the edits.
            HalscopeError: The edits cannot be placed or written; the game and its current edits are unchanged.
        """
        self._game.take(edits, snapshot, saved)

    def export(self, suffix: PatchSuffix) -> ExportedPatch:
        """Write the patch of all edits of the first ROM into the project's folder, or else the watched one, under the
        ROM's name. Any thread but the game's may call it.

        Args:
            suffix: The format.

        Raises:
            UsageError: Nothing is edited, there is no folder, or the patch would not fit the ROM's file.
            HalscopeError: The edits cannot be placed, or the file cannot be written.
        """
        with self._game.turn(wait=True) as mine:
            if not mine:
                raise HostError("the last edit is not in the game yet; try again")
            folder = self.folder if self._project is None else self._project.folder
            if folder is None:
                raise UsageError("there is no folder for the patch: start Halscope with --project DIR")
            first = self._roms.first
            if not first.kept.edits:
                raise UsageError("nothing is edited, so there is no patch to write")
            output = folder / f"{file_stem(first.workspace.rom.name)}{suffix}"
            lines = self.write_patch(output)
        return ExportedPatch(output, output.read_bytes(), tuple(lines))

    def write_patch(self, output: Path, *, headered: bool = False) -> list[str]:
        """Write all edits of the first ROM as one patch, whichever ROM runs now, and report what is not in it. Returns
        the reported lines.

        Args:
            output: The patch or patched copy.
            headered: Make a patch for the ROM with a copier header.

        Raises:
            UsageError: The extension is unknown, or the output is the ROM itself.
            HalscopeError: The edits cannot be placed, or the file cannot be written.
        """
        self._game.take_answer(self._roms.first)
        check_output(self._roms.first.workspace, output, headered=headered)
        missing = [(str(png), NOT_APPLIED) for png in self.awaited]
        if self._watched is not None:
            missing += self._watched.left_out()
        lines = []
        for line in write_edits(self._roms, missing, output, headered=headered, force=self._force):
            self._report(line)
            lines.append(line)
        return lines

    def _report_applied(self) -> None:
        for edit in self._game.shown.take():
            self._applied(edit)
            if edit.shown_frame is not None:
                self.reports.tell(EditNews("shown", f"{edit.edit}: shown at frame {edit.shown_frame}", edit.edit))

    def finish(self) -> None:
        """Write what was put off: the page of the newest sheets and what they taught. Call it after the last `look`.

        Raises HalscopeError if the edits cannot be saved in the project.
        """
        self._game.shown.give_up()
        self._report_applied()
        if self._watched is not None:
            self._watched.close()
        if self._project is not None:
            self._project.finish()
