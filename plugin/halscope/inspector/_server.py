"""What the pages of a site are shown: a session, and the edits of its game."""

from __future__ import annotations

import contextlib
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

from halscope_hooks import Event, HostError, JobFailed, JobProgress, Update

from halscope.app import SeenTiles
from halscope.inspector._answers import Answers
from halscope.inspector._notices import Notices
from halscope.inspector._of_the_edits import post_edits
from halscope.inspector._page import Page
from halscope.inspector._site import NO_GAME, Site
from halscope.session import Session, State, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.websockets import WebSocket

    from halscope.app import Controls, LiveEdits, Timeline, Workspace


@final
class Inspector:
    """Context manager: serves the page from its creation until it is closed. It shows the session of `follow`.

    Args:
        controls: What pages ask of the emulator; the game's thread runs it.
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        sheets: Folder in which sheets to edit appear, or `None`.
        force: Also store colours in blocks whose start is not proven.
        site: The site that serves the page already, which is closed with this; `None` for one on any free port.
        timeline: The frames that were, which it follows sessions with; the caller closes it. `None` for none.
    """

    def __init__(
        self,
        controls: Controls,
        workspace: Callable[[], Workspace | None],
        *,
        sheets: Path | None = None,
        force: bool = False,
        site: Site | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        self._timeline = timeline
        self._session: Session | None = None
        self._following: Subscription | None = None
        self._newest: Update | None = None  # what a page shows first: a paused game sends no more
        self._controls = controls
        self._answers = Answers(workspace, sheets, force=force)
        self.notices: Final = Notices()
        """What all pages are told."""
        if timeline is not None:
            timeline.tell = self.notices.post
        self._under_way: set[str] = set()  # names of jobs that have reported progress and not ended
        self._edits: LiveEdits | None = None
        self._open: tuple[Page, ...] = ()  # those that show a session; replaced, never changed
        self._site = Site() if site is None else site
        self._site.serve_pages(self._show)

    def follow(self, session: Session, edits: LiveEdits | None = None) -> None:
        """Show this session from now on. Pages that showed an earlier one, which has ended, connect again.

        Args:
            session: The session.
            edits: The edits of its game: pages are told of them, and may undo and export them. `None` if it has none.
        """
        if self._timeline is not None:
            self._timeline.follow(session)
        self._newest = None
        self._under_way.clear()
        self.notices.forget("progress", "failed")
        self._answers.seen = SeenTiles()
        self._following = session.subscribe(self._keep, Update, JobProgress, JobFailed, name="what pages have not seen")
        self._answers.of_figures.follow(session)
        self._edits = edits
        if edits is not None:
            edits.reports.listener = partial(post_edits, self.notices, edits)
            edits.reports.outcome = lambda path, error: self._answers.pixels.judge(path, error, self.notices)
            edits.reports.listener()
        self._session = session  # last: a page that waits for it takes all the rest at once, and keeps it

    def _keep(self, event: Event) -> None:
        if isinstance(event, Update):
            self._newest = event
            self._answers.seen.see(event)
        elif isinstance(event, JobProgress):
            self._tell_progress(event)
        elif isinstance(event, JobFailed):
            self._tell_failure(event)

    def _tell_progress(self, event: JobProgress) -> None:
        """Tell all pages of a job, also those that come while it is under way."""
        if event.done < event.total and event.job not in self._under_way:
            self._under_way.add(event.job)
            self.notices.forget("failed")
        elif event.done >= event.total:
            self._under_way.discard(event.job)
        self.notices.post("progress", {"job": event.job, "done": event.done, "total": event.total})

    def _tell_failure(self, event: JobFailed) -> None:
        """Tell all pages of a job; those that come later too, unless it is a question's, which has its answer."""
        keep = event.job in self._under_way
        if keep:
            self._under_way.discard(event.job)
            self.notices.forget("progress")
        self.notices.post("failed", {"job": event.job, "error": str(event.error)}, keep=keep)

    @property
    def address(self) -> str:
        """The address to open in a browser. It contains the token: whoever has it may use the page."""
        return self._site.address

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._site.port

    @property
    def pages(self) -> int:
        """Number of connected pages."""
        return self._site.pages

    @property
    def needs_frames(self) -> bool:
        """Whether every frame is to be decoded for pages: one paints them, or what one has asked for is collected or
        watched. Not for pages that are hidden or stall. For any thread."""
        return any(page.awake for page in self._open) or self._answers.of_figures.needs_frames

    def close(self) -> None:
        """Disconnect all pages and stop. Idempotent."""
        self._site.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    async def _show(self, websocket: WebSocket) -> bool:
        """Show a page the session. Returns false if there is none yet: the game is being started."""
        session = self._session
        if session is None:
            return False
        if session.state is not State.CLOSED:
            with contextlib.suppress(HostError):  # it is being closed at this moment
                page = Page(
                    *(websocket, session, self._controls, self._answers, self.notices),
                    newest=lambda: self._newest,
                    edits=self._edits,
                    uploads=self._site.uploads,
                    timeline=self._timeline,
                )
                self._open = (*self._open, page)
                try:
                    await page.run()
                finally:
                    self._open = tuple(one for one in self._open if one is not page)
                return True
        await websocket.close(1013, NO_GAME)
        return True
