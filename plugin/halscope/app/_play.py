"""Playing a game in real time, while the index, the sheets and the edits are made in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from halscope_hooks import (
    Event,
    HalscopeError,
    HostChanged,
    JobFailed,
    JobProgress,
    RomIdentity,
    Update,
)

from halscope.app._controls import Controls
from halscope.app._game_run import Press, run_in_real_time
from halscope.app._indexing import index_meanwhile, report_indexing
from halscope.app._live_edits import LiveEdits
from halscope.app._outlining import Outlining
from halscope.app._start_watch import StartWatch
from halscope.app._workspace import Workspace
from halscope.session import Session


class Play:
    """Plays a session with threads until Ctrl-C, or until the host has no more frames.

    The game runs on the caller's thread, which steps it, pumps, and never waits. The index is built on the codec pool.
    A third thread handles decoded frames and applies edits.

    Args:
        workspace: The ROM that runs at first. If the emulator loads another one, the index and the edits follow.
        session: The game, with threads.
        edits: The edits of the game.
        resolve: Returns the workspace of a ROM that the emulator has loaded, or `None` if its file is unknown.
        bring_in: Edited PNGs to apply as soon as the index is ready.
        seen: Called with each frame that is decoded for `every`, on the thread of the edits; origins are `None` until
            the index is ready.
        progress: Called with (done, total) while the index is built, on the game's thread.
        report: Called with each line of text for the user.
        every: Of so many frames one is decoded, and each before which a sheet was saved.
        outlining: Follows the ROM that runs; the caller closes it.
        controls: What other threads ask of the host.
        all_frames: Asked before each frame whether it is decoded whatever `every` says. `edits` and `seen` get no more
            of them for that.
        rests: Whether frames may be taken some together where nobody asks for all of them.
    """

    def __init__(
        self,
        workspace: Workspace,
        session: Session,
        edits: LiveEdits,
        *,
        resolve: Callable[[RomIdentity], Workspace | None],
        bring_in: Sequence[Path] = (),
        seen: Callable[[Update], None],
        progress: Callable[[int, int], None],
        report: Callable[[str], None],
        every: int = 1,
        outlining: Outlining | None = None,
        controls: Controls | None = None,
        all_frames: Callable[[], bool] = lambda: False,
        rests: bool = False,
    ) -> None:
        self._controls = controls
        self._rests = rests
        self._all_frames = all_frames
        self._outlining = outlining
        self._every = every
        self._workspace = workspace
        self._session = session
        self._edits = edits
        self._resolve = resolve
        self._bring_in = bring_in
        edits.awaited = tuple(bring_in)
        self._seen = seen
        self._progress = progress
        self._report = report
        self._watch = StartWatch(session, report)
        self.located = False
        """Whether the tiles of a frame have been located, and `bring_in` applied."""
        self._looked: int | None = None  # number of the last frame that the edits got
        self._refused: HalscopeError | None = None
        self.last: Update | None = None
        """The newest decoded frame."""

    def run(self, schedule: Iterable[Press], speed: float = 1.0) -> None:
        """Play until an exception (Ctrl-C), or until the host has no more frames.

        Args:
            schedule, speed: As for `run_in_real_time`.

        Raises:
            HalscopeError: The emulator failed, an edit of `bring_in` cannot be applied, or a file cannot be written.
        """
        with (
            self._session,
            self._session.subscribe(self._look, Update, HostChanged, delivery="own", name="live edits"),
            self._session.subscribe(self._hear, JobProgress, JobFailed, name="play"),
            self._watch,
        ):
            self._build_index(self._workspace)
            for snapshot in run_in_real_time(
                *(self._session, schedule, speed, self._every),
                idle=self._edits.idle,
                wanted=self._wanted,
                controls=self._controls,
                rest=self._rest if self._rests else None,
                hurried=lambda: self._edits.is_changing,
            ):
                self._watch.ask()
                self._edits.saw(snapshot)
                if self._refused is not None:
                    raise self._refused

    def _wanted(self) -> bool:
        return self._edits.wants_frame or self._all_frames()

    def _rest(self, seconds: float) -> None:
        """Rest while the game runs on, but not from a saved sheet that has to be in the game."""
        if not self._all_frames():
            self._edits.rest(seconds)

    @property
    def workspace(self) -> Workspace:
        """The ROM that runs now."""
        return self._workspace

    def _build_index(self, workspace: Workspace) -> None:
        """Index the ROM in the background; from then on its tiles are located."""
        self._watch.follow(workspace)
        if self._outlining is not None:
            self._outlining.follow(workspace)
        index_meanwhile(self._session, workspace, lambda: self._workspace)

    def _follow(self, event: HostChanged) -> None:
        """Index and edit the ROM that the emulator has loaded."""
        rom = event.host.rom
        workspace = self._resolve(rom)
        self._edits.follow(workspace)
        if workspace is None:
            self._report(f"{rom.path or 'another ROM'} is running now; its file cannot be read, so it cannot be edited")
            return
        self._workspace = workspace
        self._session.set_rom(workspace.rom)
        self._report(f"{workspace.rom.name} is running now")
        self._build_index(workspace)

    def _look(self, event: Event) -> None:
        """Handle an event on the edits' thread, so that the game does not wait for files."""
        try:
            if isinstance(event, Update):
                self._see(event)
            elif isinstance(event, HostChanged) and event.rom_changed:
                self._follow(event)
        except HalscopeError as error:  # a full disk, an edit that cannot be applied: `run` raises it
            self._refused = error

    def _see(self, update: Update) -> None:
        self.last = update
        self._watch.look(update)
        if update.origins is not None and not self.located:
            self.located = True
            if self._bring_in:
                self._edits.bring_in(self._bring_in, update.snapshot)
        if self._is_due(update.snapshot.frame):
            self._edits.look(update)
            self._seen(update)

    def _is_due(self, frame: int) -> bool:
        """Whether the edits and the caller get this frame: those between are decoded for `all_frames` alone."""
        if self._looked is not None and 0 < frame - self._looked < self._every and not self._edits.wants_frame:
            return False
        self._looked = frame
        return True

    def _hear(self, event: Event) -> None:
        report_indexing(event, self._progress, self._report)
