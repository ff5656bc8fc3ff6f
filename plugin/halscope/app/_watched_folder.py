"""Edits of a running game: each saved sheet changes the game at once, and all edits together make one patch."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from halscope_hooks import (
    RAW_CODEC,
    CancelledError,
    HalscopeError,
    HostError,
    HostGoneError,
    Patch,
    Snapshot,
    Update,
    UsageError,
    Write,
    capability,
)

from halscope.app._dropped import Dropped, put_picture
from halscope.app._edit_steps import StepAction, differing, show_edits, stepped, with_writes
from halscope.app._edited_files import is_palette, read_edit
from halscope.app._edits_view import (
    MOST_NEWS,
    EditNews,
    EditPicture,
    EditsView,
    NewsKind,
    edit_picture,
    sheet_in,
    view_edits,
    view_steps,
)
from halscope.app._live_patch import (
    NOT_APPLIED,
    ExportedPatch,
    PatchSuffix,
    file_stem,
    left_out,
    write_edits,
)
from halscope.app._live_project import LiveProject
from halscope.app._live_strips import LiveStrips
from halscope.app._new_palettes import NewPalettes
from halscope.app._new_sheets import NewSheets
from halscope.app._outlining import EditedTile, edited_tiles
from halscope.app._patch_files import block_fill, check_output
from halscope.app._regroup import Regrouping
from halscope.app._rom_edits import EditsByRom, RomEdits, Unanswered
from halscope.app._room import rom_is_fixed, room_lines, room_options
from halscope.app._sheet_folder import SheetFolder
from halscope.app._shown_edits import AppliedEdit, ShownEdits
from halscope.app._uses import TileUses, uses_of_tile
from halscope.app._workspace import Workspace
from halscope.inject import (
    EditPlan,
    RoomPlan,
    SheetEdit,
    live_writes,
    make_room,
    rom_writes,
    to_patch,
)
from halscope.project import EditList
from halscope.session import JobContext, JobTimeoutError, PoolStoppedError, Session, WriteTimeoutError

LOOK_EVERY: Final = 30  # frames between two scans of the folder: half a second in real time
IDLE_AFTER: Final = 1.0  # seconds without a frame after which saved sheets are said to wait
PLAN_WAIT: Final = 120.0  # seconds for compressing the edited blocks
WRITE_WAIT: Final = 5.0  # seconds for the game's thread to apply the writes
ANSWER_WAIT: Final = 6.0  # seconds for the session to give up an emulator that does not answer
FRAME_WAIT: Final = 0.2  # seconds that a game takes to its next frame, if it goes on
WRITE_ATTEMPTS: Final = 8  # for a game that continues while its memory is searched
_NOT_NOW: Final = (HostGoneError, JobTimeoutError, CancelledError, PoolStoppedError)
"""Errors that say nothing about an edit: the emulator is gone, or the game does not run."""


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
        everywhere: Also edit the other places of the ROM that hold an edited tile.
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
        everywhere: bool = False,
        regrouping: Regrouping | None = None,
        strips: Sequence[str] = (),
        report: Callable[[str], None],
        applied: Callable[[AppliedEdit], None] = lambda _: None,
        project: LiveProject | None = None,
    ) -> None:
        self._roms = EditsByRom.of(workspace)
        self._project = project
        if project is not None:
            self._roms.first.begin(project.edits, project.moved)
        self._session = session
        self._folder = None if folder is None else SheetFolder(folder, self._report)
        self._force = force
        self._nearest = nearest
        self._everywhere = everywhere
        self._regrouping = Regrouping() if regrouping is None else regrouping
        self._new_sheets = None if self._folder is None else NewSheets(self._folder, self._regrouping, self._report)
        self._new_palettes = None if self._folder is None else NewPalettes(self._folder)
        self._strips = None if self._folder is None else LiveStrips(self._folder, strips, self._report)
        self._applied = applied
        self._said = report
        self._news: deque[EditNews] = deque(maxlen=MOST_NEWS)
        self.listener: Callable[[], None] = lambda: None
        """Called on any thread when `view` may have changed. It must not block."""
        self._turn = threading.Lock()  # of `look` and `step`, of which one at a time changes the game
        if project is not None:
            project.report_to(self._report)
        self.outcome: Callable[[Path, HalscopeError | None], None] = lambda *_: None
        """Called for each saved sheet with why it was refused, or `None` if the game contains it. It must not block."""
        self._shown = ShownEdits()
        self._looked: int | None = None
        self._scanned = False  # whether the sheets of earlier runs have been looked at
        self._active = time.monotonic()  # the last frame, or the last report that none comes
        self._in_trouble = False
        self._newest: Snapshot | None = None
        self._written: Snapshot | None = None  # the newest one with an edit that no decoded frame has shown yet
        self._refused: set[str] = set()  # saved sheets whose edit is not in the game
        self.awaited: tuple[Path, ...] = ()
        """Edited PNGs that `bring_in` is to get as soon as it can."""
        self._edited: tuple[EditPlan | None, Mapping[bytes, EditedTile]] = None, {}
        self._noted: set[str] = set()
        self._waiting: dict[str, str] = {}  # what was last reported of a sheet that was not applied

    @property
    def edits(self) -> EditList:
        """The edits in the running game, with the steps that can be undone. Raises HostError as `take` does."""
        return self._running.edits

    @property
    def plan(self) -> EditPlan | None:
        """The plan of the edits in the game, or `None` before the first edit. Raises HostError as `take` does."""
        return self._running.plan

    @property
    def patch(self) -> Patch | None:
        """The patch of the edits in the game, or `None` if there are none. Raises HostError as `take` does."""
        running = self._running
        return running.patch if running.edits.edits else None

    def follow(self, workspace: Workspace | None) -> None:
        """Switch to the ROM that the emulator has loaded. The next `look` writes the edits of this ROM again.

        Args:
            workspace: The ROM that runs now; `None` if its file is unknown, in which case edits are refused until a
                known ROM runs.
        """
        if self._roms.now is not None and self._new_sheets is not None:
            self._new_sheets.leave(self._roms.now.workspace)
        self._roms.follow(workspace)
        self._looked = None
        self._newest = None

    def attach(self, session: Session, workspace: Workspace) -> None:
        """Switch to the session of an emulator that was attached again; the next `look` writes the edits again.

        Args:
            session: The new session; the old one is closed.
            workspace: The ROM that runs.
        """
        self._session = session
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
        self.take(self._running.kept.put(sheets, datetime.now(UTC)), snapshot)
        if self._project is not None:
            try:
                self._project.show([sheet.name for sheet in sheets])
            except HalscopeError as error:
                self._report(f"{error}; the game goes on")

    def _named(self, edit: SheetEdit, png: Path) -> SheetEdit:
        """Return an edit under the name that it has in the project, if there is one."""
        return edit if self._project is None else replace(edit, name=self._project.name_of(png))

    def saw(self, snapshot: Snapshot) -> None:
        """Keep the newest snapshot; the next edit is written against it. Cheap; any thread may call it."""
        self._newest = snapshot
        self._active = time.monotonic()
        self._shown.saw(snapshot)

    @property
    def wants_frame(self) -> bool:
        """Whether a sheet may have been saved, so that `look` should get the next frame. Any thread may ask."""
        collects = self._strips is not None and self._strips.wanted
        return self._folder is not None and (collects or self._folder.may_have_changed)

    def idle(self) -> None:
        """Call this again and again while the game sends no frames, on its thread.

        Memories that were written since the last frame are decoded again, for those who show them. Saved sheets are
        applied if the host can pause the game, as it then takes writes while it stands still; else they are reported to
        wait.
        """
        self._decode_written()
        now = time.monotonic()
        if self._folder is None or not self._scanned or now - self._active < IDLE_AFTER:
            return
        self._active = now
        if capability(self._session.host, "paced") is not None and self._session.threads:
            if self._folder.is_waiting:  # applying it waits for this thread
                self._session.preview("saved sheets", lambda _: self.catch_up(), key="saved sheets")
            return
        for path in self._folder.waiting():
            self._report(
                f"{self._folder.name(path)}: was saved; it is applied with the next frame, and the emulator sends none "
                "now (it may be paused)"
            )

    def _decode_written(self) -> None:
        written, self._written = self._written, None
        if written is None or written is not self._newest:
            return  # the game has gone on
        with contextlib.suppress(HostError, JobTimeoutError):  # it has ended, or the next frame is being decoded
            self._session.feed(written)

    def look(self, update: Update) -> None:
        """Call this for each frame. Every `LOOK_EVERY` frames it writes new metasprites and applies saved sheets.

        With threads, a sheet is applied with the first frame after it was saved, where the system reports changes.
        """
        with self._my_turn(wait=False) as mine:
            if mine:  # else a step is being made, and the next frame is looked at
                self._look(update)

    @contextlib.contextmanager
    def _my_turn(self, *, wait: bool) -> Iterator[bool]:
        mine = self._turn.acquire(timeout=PLAN_WAIT if wait else 0)
        try:
            yield mine
        finally:
            if mine:
                self._turn.release()

    def _look(self, update: Update) -> None:
        frame = update.snapshot.frame
        if not self._session.threads:
            self._shown.saw(update.snapshot)
            self._newest = update.snapshot
        self._report_applied()
        running = self._roms.now
        if running is not None:
            self._take_answer(running)
        if running is not None and running.missing is not None and not running.given_up and update.origins is not None:
            self._write_again(running.missing, update.snapshot)
        if self._folder is None or self._new_sheets is None:
            return
        self._collect(running, update)
        if self._looked is not None and 0 <= frame - self._looked < LOOK_EVERY:
            if running is not None and update.origins is not None and self._folder.changed():
                self._take_saved(running, update.snapshot, self._folder)
            return
        self._looked = frame
        try:
            if update.snapshot.picture is not None:
                self._folder.show_screen(update.snapshot.picture)
            if update.origins is not None and running is not None:
                self._new_sheets.write(running, update, update.origins)
                if self._new_palettes is not None:
                    self._new_palettes.write(running, update.snapshot)
        except HalscopeError as error:  # a full disk, a folder that is gone: the game and its edits do not depend on it
            if not self._in_trouble:  # once, whichever file is the first to fail the next time
                self._report(f"{error}; the game goes on")
            self._in_trouble = True
        else:
            self._in_trouble = False
        if update.origins is not None and running is not None:
            self._report_deleted(running, self._folder)
            self._take_saved(running, update.snapshot, self._folder)
            self._scanned = True
            if self._session.threads:
                self._folder.watch()

    def _collect(self, running: RomEdits | None, update: Update) -> None:
        """Collect the pictures of this frame for strips."""
        if running is None or self._strips is None or update.origins is None:
            return
        try:
            self._strips.look(running, update, update.origins)
        except HalscopeError as error:
            if not self._in_trouble:
                self._report(f"{error}; the game goes on")
            self._in_trouble = True

    @property
    def edited_tiles(self) -> Mapping[bytes, EditedTile]:
        """The tiles that the edits in the running game have made, by their bytes. Any thread may ask for them."""
        running = self._roms.now
        plan = None if running is None else running.plan
        if plan is not self._edited[0]:
            self._edited = plan, edited_tiles(plan, None if self._folder is None else self._folder.folder)
        return self._edited[1]

    @property
    def sheets(self) -> int:
        """Number of sheets of the running ROM's figures that have appeared."""
        return 0 if self._roms.now is None else len(self._roms.now.shown)

    @property
    def unseen(self) -> list[str]:
        """The names of the regrouping and of strips that no figure has had yet, sorted."""
        if self._new_sheets is None or self._strips is None:
            return sorted(self._regrouping.names)
        return sorted({*self._new_sheets.unseen, *self._strips.unseen})

    def view(self) -> EditsView:
        """Return the edits of the ROM that runs, with their history and what was last said of them. Any thread."""
        running, folder = self._roms.now, None if self._folder is None else self._folder.folder
        kept = EditList(self._roms.first.workspace.rom.sha256) if running is None else running.kept
        return EditsView(
            None if folder is None else str(folder),
            None if self._project is None else str(self._project.folder),
            kept.position,
            len(kept.states) - 1 - kept.position,
            () if running is None else view_edits(running, folder),
            {name: self._waiting.get(name, "") for name in sorted(self._refused.copy())},
            () if running is None else view_steps(running, folder),
            tuple(self._news),
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
        with self._my_turn(wait=True) as mine:
            if not mine:
                raise HostError("the last edit is not in the game yet; try again")
            running, snapshot = self._running, self._newest
            if snapshot is None:
                raise UsageError("no frame has come yet, so nothing can be written into the game; try again")
            new = stepped(running.kept, action, number)
            changed = differing(running.kept, new)
            self.take(new, snapshot)
            folder = self._folder
            if folder is not None:
                show_edits(folder, changed, self._report)
                self._refused -= {sheet_in(folder.folder, name) for name in changed}
            names = ", ".join(sheet_in(None if folder is None else folder.folder, name) for name in changed)
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
        folder = None if self._folder is None else self._folder.folder
        return uses_of_tile(self._roms.now.workspace, update, vram_byte, bpp, folder)

    def drop(self, update: Update, data: bytes, name: str, sprite: int | None) -> Dropped:
        """Save a picture as the sheet of a figure, and apply it; see `put_picture`. Any thread but the game's."""
        if self._roms.now is None or self._folder is None:
            raise UsageError("there is no folder for sheets to edit: start Halscope with --watch DIR")
        done = put_picture(self._roms.now.workspace, update, self._folder.folder, data, name, sprite)
        if done.inexact:
            sheet = self._folder.name(done.path)
            self._report(f"{sheet}: colours were replaced by the nearest of its palette: {done.inexact}", "note", sheet)
        self.catch_up()
        return done

    def catch_up(self) -> None:
        """Apply what was saved since the last frame, without waiting for one. Any thread but the game's may call it."""
        with self._my_turn(wait=True) as mine:
            running, snapshot = self._roms.now, self._newest
            if mine and running is not None and snapshot is not None and self._folder is not None and self._scanned:
                self._take_saved(running, snapshot, self._folder)

    def _report(self, text: str, kind: NewsKind = "note", sheet: str = "") -> None:
        """Say a line, here and to whoever listens."""
        self._said(text)
        self._tell(EditNews(kind, text, sheet))

    def _tell(self, news: EditNews) -> None:
        self._news.append(news)
        self.listener()

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
        open_write = None if self._roms.now is None else self._roms.now.unanswered
        if open_write is not None:  # an answer is not taken here, as `edits` were made from those before it
            raise WriteTimeoutError(
                "the emulator has not answered the last write, and may still make it, so nothing else can be written "
                "now; check that it is running, and save again",
                open_write.receipt,
            )
        running = self._running
        workspace = running.workspace
        rom, index, codecs = workspace.rom, workspace.index(), workspace.plugins.codecs()

        options = room_options(workspace, moved=running.moved)

        def make_plan(context: JobContext) -> tuple[EditPlan, RoomPlan]:
            how = {"force": self._force, "everywhere": self._everywhere}
            plan = edits.plan(rom, codecs, index=index, cancel=context.token, **how)
            return plan, make_room(plan, index, options)

        plan, room = self._session.run("edit", make_plan, deadline=PLAN_WAIT).result(PLAN_WAIT)
        patch = to_patch(plan, room)
        in_rom = () if rom_is_fixed(self._session.info) else rom_writes(rom, patch, running.patch)
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            now = self._newest if self._newest is not None and self._session.threads else snapshot
            # A console's VRAM cannot be written from outside: there the edit shows with the next load of the graphics.
            writable = self._session.info.writable
            live = [write for write in live_writes(plan, now, previous=running.plan) if write.space in writable]
            try:
                with self._shown.expected(saved, now.frame, live):
                    self._write(patch, (*in_rom, *live))
                if self._newest is now:  # a paused game sends no newer one, and the next edit is written against it
                    self._newest = self._written = with_writes(now, live)
                break
            except WriteTimeoutError as error:
                running.unanswered = Unanswered(edits, plan, room, patch, error.receipt)
                raise
            except HostError:
                # Nothing was written. If the game goes on meanwhile, search its memory again.
                if attempt == WRITE_ATTEMPTS or not self._session.threads or not self._goes_on(now):
                    raise
        before = running.room
        running.put(edits, plan, room, patch)
        for line in room_lines(self._session.info, room, before):
            self._report(line)
        self._save(running)

    def _save(self, running: RomEdits) -> None:
        """Save the edits of the project's ROM."""
        if self._project is not None and running is self._roms.first:
            self._project.save(running.edits, running.moved)

    def _goes_on(self, after: Snapshot) -> bool:
        """Wait until there is a newer snapshot, for a short time; return whether there is one."""
        until = time.monotonic() + FRAME_WAIT
        while self._newest is after and time.monotonic() < until:
            time.sleep(0.002)
        return self._newest is not after

    def _take_answer(self, running: RomEdits) -> None:
        """Look whether the emulator has answered a write that it had not answered in time."""
        late = running.take_answer()
        if late is None:
            return
        if late.receipt.error is not None:
            self._report(f"the write that the emulator had not answered was not made: {late.receipt.error}; save again")
            return
        self._save(running)
        folder = self._folder
        if folder is not None:
            self._refused = {name for name in self._refused if late.edits.find(str(folder.folder / name)) is None}
        self._report("the emulator has made the write that it had not answered: the edits are in the game")

    @property
    def _running(self) -> RomEdits:
        if self._roms.now is None:
            raise HostError(
                "the file of the running ROM is unknown, so it cannot be edited; load "
                f"{self._roms.first.workspace.rom.name} again"
            )
        self._take_answer(self._roms.now)
        return self._roms.now

    def _write_again(self, edits: EditList, snapshot: Snapshot) -> None:
        try:
            self.take(edits, snapshot)
        except HalscopeError as error:
            # Not retried before the next load, as each attempt plans all blocks again.
            self._running.given_up = True
            self._report(f"the edits could not be written into the reloaded game: {error}")
        else:
            count = len(edits.edits)
            self._report(f"{count} edit{'s' * (count != 1)} written into the game again, at frame {snapshot.frame}")

    def _write(self, patch: Patch, writes: Sequence[Write]) -> None:
        job = self._session.apply(patch, writes=writes)
        try:
            job.result(WRITE_WAIT)
        except JobTimeoutError:
            if job.cancel("the game does not run"):
                raise
            job.result(ANSWER_WAIT)  # it was sent, and can no longer be cancelled

    def export(self, suffix: PatchSuffix) -> ExportedPatch:
        """Write the patch of all edits of the first ROM into the project's folder, or else the watched one, under the
        ROM's name. Any thread but the game's may call it.

        Args:
            suffix: The format.

        Raises:
            UsageError: Nothing is edited, there is no folder, or the patch would not fit the ROM's file.
            HalscopeError: The edits cannot be placed, or the file cannot be written.
        """
        with self._my_turn(wait=True) as mine:
            if not mine:
                raise HostError("the last edit is not in the game yet; try again")
            watched = None if self._folder is None else self._folder.folder
            folder = watched if self._project is None else self._project.folder
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
        self._take_answer(self._roms.first)
        check_output(self._roms.first.workspace, output, headered=headered)
        missing = [(str(png), NOT_APPLIED) for png in self.awaited]
        if self._folder is not None:
            missing += left_out(self._folder, self._refused, nearest=self._nearest)
        how = {"force": self._force, "everywhere": self._everywhere}
        lines = []
        for line in write_edits(self._roms, missing, output, headered=headered, **how):
            self._report(line)
            lines.append(line)
        return lines

    def _report_applied(self) -> None:
        for edit in self._shown.take():
            self._applied(edit)
            if edit.shown_frame is not None:
                self._tell(EditNews("shown", f"{edit.edit}: shown at frame {edit.shown_frame}", edit.edit))

    def finish(self) -> None:
        """Write what was put off: the page of the newest sheets and what they taught. Call it after the last `look`.

        Raises HalscopeError if the edits cannot be saved in the project.
        """
        self._shown.give_up()
        self._report_applied()
        self._finish_folder()
        if self._project is not None:
            self._project.finish()

    def _finish_folder(self) -> None:
        if self._folder is None or self._new_sheets is None:
            return
        self._folder.close()
        if self._roms.now is None:
            return
        try:
            if self._strips is not None:
                self._strips.finish()
            self._new_sheets.tell(self._roms.now)
        except HalscopeError as error:
            if not self._in_trouble:
                self._report(str(error))

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

    def _take_saved(self, running: RomEdits, snapshot: Snapshot, folder: SheetFolder) -> None:
        for path in folder.saved():
            name = folder.name(path)
            self._refused.discard(name)
            try:
                edit = read_edit(path, nearest=self._nearest)
                edits = running.kept.put([edit], datetime.now(UTC))
                in_game = running.missing is None and not self._scanned
                if edits is running.kept and (in_game or not edit.changes):
                    self.outcome(path, None)
                    continue  # of the project, or from an earlier run, or exported, and never painted
                saved = AppliedEdit(name, folder.saved_ns(path), snapshot.frame)
                self.take(edits, snapshot, saved)
            except HalscopeError as error:
                self._refused.add(name)
                self.outcome(path, error)
                reason = str(error)
                if isinstance(error, _NOT_NOW):
                    folder.read_again(path)
                    if not isinstance(error, WriteTimeoutError):  # which says itself what to do
                        reason = f"{name}: {error}; it is applied as soon as the game takes it"
                before, self._waiting[name] = self._waiting.get(name), reason
                if before != reason:
                    self._report(reason, "refused", name)
            else:
                self.outcome(path, None)
                self._waiting.pop(name, None)
                what, space = ("colours", "cgram") if is_palette(path) else ("graphics", "vram")
                at_once = space in self._session.info.writable
                later = "" if at_once else f", which shows it when it loads these {what} again"
                line = f"{name}: applied to the game at frame {snapshot.frame}{later}{self._fill(edit)}"
                self._report(line, "applied", name)
                self._report_notes()
                return  # the snapshot predates this edit, so the next file waits for the next scan

    def _report_notes(self) -> None:
        """Tell what the plan notes, such as other places of an edited tile, each once."""
        plan = self._running.plan
        notes = () if plan is None else plan.notes
        for note in notes:
            if note not in self._noted:
                self._report(f"note: {note}")
        self._noted.update(notes)

    def _fill(self, edit: SheetEdit) -> str:
        """Say how full the compressed blocks are that a sheet changed."""
        touched = {(change.origin.codec, change.origin.block_offset) for change in edit.changes}
        plan = self._running.plan
        return "".join(
            f"; {block_fill(block, self._running.room)}"
            for block in (() if plan is None else plan.blocks)
            if (block.codec, block.block_offset) in touched and block.codec != RAW_CODEC
        )
