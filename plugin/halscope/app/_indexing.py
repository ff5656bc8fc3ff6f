"""Indexing a ROM while its game or recording is shown already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from halscope_hooks import Event, JobFailed, JobProgress

from halscope.app._background import background_threads, in_background
from halscope.app._workspace import Workspace
from halscope.rom.index import RomIndex
from halscope.session import Job, JobContext, Session

INDEXING: Final = "indexing"
"""Name of the job, in the events about it."""


def index_meanwhile(session: Session, workspace: Workspace, shown: Callable[[], Workspace | None]) -> None:
    """Index a ROM on the session's pool, at low priority; from then on the session locates its tiles.

    An index that is still being built for the session is given up. The last frame is located again, so that a game
    that stands still has origins too.

    Args:
        session: The session.
        workspace: The ROM.
        shown: Returns the ROM that is shown when the index is ready; if it is another one, the session is left alone.
    """

    def index(context: JobContext) -> RomIndex:
        threads = background_threads()
        return in_background(lambda: workspace.index(context.report, context.token.native, threads), context.token)

    def locate(job: Job[RomIndex]) -> None:
        runs = session.info.rom.sha256
        if job.exception(0) is None and shown() is workspace and runs in (None, workspace.rom.sha256):
            session.set_locate(workspace.tracker())

    session.run(INDEXING, index, replaces=INDEXING).add_done_callback(locate)


def report_indexing(event: Event, progress: Callable[[int, int], None], report: Callable[[str], None]) -> None:
    """Tell the user about the index, if the event is about it.

    Args:
        event: An event of the session.
        progress: Called with (done, total).
        report: Called with a line of text if the index could not be built.
    """
    if isinstance(event, JobProgress) and event.job == INDEXING:
        progress(event.done, event.total)
    elif isinstance(event, JobFailed) and event.job == INDEXING:
        report(f"the index could not be built, so origins of tiles are unknown: {event.error}")
