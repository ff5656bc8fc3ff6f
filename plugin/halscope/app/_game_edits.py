"""The edits in a running game: planned from the original ROM, and written into the game."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, final

from halscope_hooks import HalscopeError, HostError, Patch, Snapshot, Write

from halscope.app._edit_reports import EditReports
from halscope.app._edit_steps import with_writes
from halscope.app._live_project import LiveProject
from halscope.app._rom_edits import EditsByRom, RomEdits, Unanswered
from halscope.app._room import rom_is_fixed, room_lines, room_options
from halscope.app._shown_edits import AppliedEdit, ShownEdits
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan, RoomPlan, SheetEdit, live_writes, make_room, rom_writes, to_patch
from halscope.project import EditList
from halscope.session import JobContext, JobTimeoutError, Session, WriteTimeoutError

PLAN_WAIT: Final = 120.0  # seconds for compressing the edited blocks
WRITE_WAIT: Final = 5.0  # seconds for the game's thread to apply the writes
ANSWER_WAIT: Final = 6.0  # seconds for the session to give up an emulator that does not answer
FRAME_WAIT: Final = 0.2  # seconds that a game takes to its next frame, if it goes on
WRITE_ATTEMPTS: Final = 8  # for a game that continues while its memory is searched


@final
class GameEdits:
    """Plans edits and writes them into the running game. One call at a time changes the game; see `turn`.

    Args:
        workspace: The running ROM.
        session: The game.
        force: Also edit blocks whose start is not proven.
        everywhere: Whether new edits also change the other places of the ROM that hold their tiles; `None`: as the
            sheet's edit before.
        reports: Told what becomes of the edits.
        project: The project that the edits of this ROM are saved in.
    """

    def __init__(
        self,
        workspace: Workspace,
        session: Session,
        *,
        force: bool,
        everywhere: bool | None,
        reports: EditReports,
        project: LiveProject | None,
    ) -> None:
        self.roms = EditsByRom.of(workspace)
        self.session = session
        self.shown = ShownEdits()
        self.newest: Snapshot | None = None
        self.active = time.monotonic()  # the last frame, or the last report that none comes
        self.answered: Callable[[EditList], None] = lambda _: None
        """Called with the edits of a write that the emulator has made after its time-out."""
        self._force = force
        self._everywhere = everywhere
        self._report = reports.report
        self._project = project
        self._turn = threading.Lock()  # of `look` and `step`, of which one at a time changes the game
        self._written: Snapshot | None = None  # the newest one with an edit that no decoded frame has shown yet

    @property
    def running(self) -> RomEdits:
        """The edits of the ROM that runs. Raises HostError as `take` does."""
        if self.roms.now is None:
            raise HostError(
                "the file of the running ROM is unknown, so it cannot be edited; load "
                f"{self.roms.first.workspace.rom.name} again"
            )
        self.take_answer(self.roms.now)
        return self.roms.now

    @property
    def is_changing(self) -> bool:
        """Whether a thread has the right to change the game now. Any thread may ask."""
        return self._turn.locked()

    @contextlib.contextmanager
    def turn(self, *, wait: bool) -> Iterator[bool]:
        """Claim the right to change the game; return whether it was obtained. `wait` as long as a plan takes."""
        mine = self._turn.acquire(timeout=PLAN_WAIT if wait else 0)
        try:
            yield mine
        finally:
            if mine:
                self._turn.release()

    def wrote(self, writes: Sequence[Write]) -> None:
        """Note what others have just written into the game, such as colours that are tried: the next edit or step is
        written against it. On the game's thread."""
        newest = self.newest
        if newest is not None:
            after = with_writes(newest, writes)
            if self._written is newest:
                self._written = after
            self.newest = after

    def saw(self, snapshot: Snapshot) -> None:
        """Keep the newest snapshot; the next edit is written against it. Cheap; any thread may call it."""
        self.newest = snapshot
        self.active = time.monotonic()
        self.shown.saw(snapshot)

    def decode_written(self) -> None:
        """Decode memories that were written since the last frame again, for those who show them."""
        written, self._written = self._written, None
        if written is None or written is not self.newest:
            return  # the game has gone on
        with contextlib.suppress(HostError, JobTimeoutError):  # it has ended, or the next frame is being decoded
            self.session.feed(written)

    def put(self, kept: EditList, sheets: Sequence[SheetEdit]) -> EditList:
        """Return the edits with those of saved sheets; `kept` itself if nothing changes. A sheet that was only read
        again keeps what was chosen for its edit."""
        now = datetime.now(UTC)
        edits = kept.put(sheets, now)
        return edits if edits is kept else kept.put(sheets, now, everywhere=self._everywhere)

    def take(self, edits: EditList, snapshot: Snapshot, saved: AppliedEdit | None = None) -> None:
        """See `LiveEdits.take`."""
        open_write = None if self.roms.now is None else self.roms.now.unanswered
        if open_write is not None:  # an answer is not taken here, as `edits` were made from those before it
            raise WriteTimeoutError(
                "the emulator has not answered the last write, and may still make it, so nothing else can be written "
                "now; check that it is running, and save again",
                open_write.receipt,
            )
        running = self.running
        workspace = running.workspace
        rom, index, codecs = workspace.rom, workspace.index(), workspace.plugins.codecs()

        options = room_options(workspace, moved=running.moved)

        def make_plan(context: JobContext) -> tuple[EditPlan, RoomPlan]:
            plan = edits.plan(
                *(rom, codecs), index=index, cancel=context.token, force=self._force, previous=running.plan
            )
            return plan, make_room(plan, index, options)

        plan, room = self.session.run("edit", make_plan, deadline=PLAN_WAIT).result(PLAN_WAIT)
        patch = to_patch(plan, room)
        in_rom = () if rom_is_fixed(self.session.info) else rom_writes(rom, patch, running.patch)
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            now = self.newest if self.newest is not None and self.session.threads else snapshot
            # A console's VRAM cannot be written from outside: there the edit shows with the next load of the graphics.
            writable = self.session.info.writable
            live = [write for write in live_writes(plan, now, previous=running.plan) if write.space in writable]
            try:
                with self.shown.expected(saved, now.frame, live):
                    self._write(patch, (*in_rom, *live))
                if self.newest is now:  # a paused game sends no newer one, and the next edit is written against it
                    self.newest = self._written = with_writes(now, live)
                break
            except WriteTimeoutError as error:
                running.unanswered = Unanswered(edits, plan, room, patch, error.receipt)
                raise
            except HostError:
                # Nothing was written. If the game goes on meanwhile, search its memory again.
                if attempt == WRITE_ATTEMPTS or not self.session.threads or not self._goes_on(now):
                    raise
        before = running.room
        running.put(edits, plan, room, patch)
        for line in room_lines(self.session.info, room, before):
            self._report(line)
        self._save(running)

    def _save(self, running: RomEdits) -> None:
        """Save the edits of the project's ROM."""
        if self._project is not None and running is self.roms.first:
            self._project.save(running.edits, running.moved)

    def _goes_on(self, after: Snapshot) -> bool:
        """Wait until there is a newer snapshot, for a short time; return whether there is one."""
        until = time.monotonic() + FRAME_WAIT
        while self.newest is after and time.monotonic() < until:
            time.sleep(0.002)
        return self.newest is not after

    def take_answer(self, running: RomEdits) -> None:
        """Look whether the emulator has answered a write that it had not answered in time."""
        late = running.take_answer()
        if late is None:
            return
        if late.receipt.error is not None:
            self._report(f"the write that the emulator had not answered was not made: {late.receipt.error}; save again")
            return
        self._save(running)
        self.answered(late.edits)
        self._report("the emulator has made the write that it had not answered: the edits are in the game")

    def write_again(self, edits: EditList, snapshot: Snapshot) -> None:
        """Write the edits into a game that was reloaded. Where that fails, it is reported, and not tried again."""
        try:
            self.take(edits, snapshot)
        except HalscopeError as error:
            # Not retried before the next load, as each attempt plans all blocks again.
            self.running.given_up = True
            self._report(f"the edits could not be written into the reloaded game: {error}")
        else:
            count = len(edits.edits)
            self._report(f"{count} edit{'s' * (count != 1)} written into the game again, at frame {snapshot.frame}")

    def _write(self, patch: Patch, writes: Sequence[Write]) -> None:
        job = self.session.apply(patch, writes=writes)
        try:
            job.result(WRITE_WAIT)
        except JobTimeoutError:
            if job.cancel("the game does not run"):
                raise
            job.result(ANSWER_WAIT)  # it was sent, and can no longer be cancelled
