"""A game that a person plays: it runs at once and in real time; index, sheets and edits are made beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from halscope_hooks import Event, HalscopeError, JobFailed, JobProgress, Update

from halscope.app._background import background_threads, in_background
from halscope.app._games import Press, run_in_real_time
from halscope.app._watched_folder import LiveEdits
from halscope.app._workspace import Workspace
from halscope.rom.index import RomIndex, VramTracker
from halscope.session import Job, JobContext, Session

INDEXING: Final = "indexing"


class Play:
    """Plays a session with threads until Ctrl-C.

    The game's thread is the caller's: it steps the game, pumps, and waits for nothing. The index is built on the codec
    pool; what is seen is looked at, and edits are taken in, on a thread of its own.

    Args:
        workspace: The ROM that runs.
        session: The game, with threads.
        edits: Its edits.
        bring_in: Edited PNGs that are in the game from the start, which is when the index is ready.
        seen: Called for each frame that is decoded, on the thread of the edits; origins are `None` until the index is
            ready.
        progress: Called with (done, total) while the index is built, on the game's thread.
        report: Takes a line for the person.
    """

    def __init__(
        self,
        workspace: Workspace,
        session: Session,
        edits: LiveEdits,
        *,
        bring_in: Sequence[Path] = (),
        seen: Callable[[Update], None],
        progress: Callable[[int, int], None],
        report: Callable[[str], None],
    ) -> None:
        self._workspace = workspace
        self._session = session
        self._edits = edits
        self._bring_in = bring_in
        self._seen = seen
        self._progress = progress
        self._report = report
        self._located = False
        self._refused: HalscopeError | None = None
        self.last: Update | None = None
        """The newest frame that was decoded."""

    def run(self, schedule: Iterable[Press]) -> None:
        """Play until an exception (Ctrl-C) comes.

        Raises:
            HalscopeError: The emulator failed, an edit of `bring_in` cannot be taken, or a file cannot be written.
        """
        with (
            self._session,
            self._session.subscribe(self._look, Update, delivery="own", name="live edits"),
            self._session.subscribe(self._hear, JobProgress, JobFailed, name="play"),
        ):
            self._session.run(INDEXING, self._index).add_done_callback(self._locate)
            for snapshot in run_in_real_time(self._session, schedule):
                self._edits.saw(snapshot)
                if self._refused is not None:
                    raise self._refused

    def _index(self, context: JobContext) -> RomIndex:
        threads = background_threads()
        return in_background(
            lambda: self._workspace.index(context.report, context.token.native, threads), context.token
        )

    def _locate(self, job: Job[RomIndex]) -> None:
        if job.exception(0) is None:
            self._session.set_locate(VramTracker(job.result(0)).update)

    def _look(self, event: Event) -> None:
        """On a thread of its own: the game does not wait for files."""
        try:
            if isinstance(event, Update):
                self._see(event)
        except HalscopeError as error:  # a full disk, an edit that cannot be taken: the run ends with this
            self._refused = error

    def _see(self, update: Update) -> None:
        self.last = update
        if update.origins is not None and not self._located:
            self._located = True
            if self._bring_in:
                self._edits.bring_in(self._bring_in, update.snapshot)
        self._edits.look(update)
        self._seen(update)

    def _hear(self, event: Event) -> None:
        if isinstance(event, JobProgress) and event.job == INDEXING:
            self._progress(event.done, event.total)
        elif isinstance(event, JobFailed) and event.job == INDEXING:
            self._report(f"where tiles come from is not known: {event.error}")
