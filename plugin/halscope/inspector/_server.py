"""The server of the page: on the loopback address alone, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import threading
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

import uvicorn
from halscope_hooks import Event, HostError, Update
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from halscope.app import SeenTiles
from halscope.inspector._access import Guard, policy
from halscope.inspector._answers import Answers
from halscope.inspector._files import PageFiles
from halscope.inspector._messages import MOST_PICTURE
from halscope.inspector._notices import Notices
from halscope.inspector._of_the_edits import post_edits
from halscope.inspector._page import Page
from halscope.inspector._uploads import Uploads
from halscope.session import Session, State, Subscription, new_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.websockets import WebSocket

    from halscope.app import Controls, LiveEdits, Timeline, Workspace

log: Final = logging.getLogger("halscope.inspector")

MOST_PAGES: Final = 16
"""Pages that may be connected at once."""
_STOP_SECONDS: Final = 1.0
_START_SECONDS: Final = 3.0  # how long a page that came before the first session waits for it
_LOOK_SECONDS: Final = 0.02


@final
class Inspector:
    """Context manager: serves the page from its creation until it is closed. It shows the session of `follow`.

    Args:
        controls: What pages ask of the emulator; the game's thread runs it.
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        sheets: Folder in which sheets to edit appear, or `None`.
        force: Also store colours in blocks whose start is not proven.
        port: The port on the loopback address, or 0 for any.
        timeline: The frames that were, which it follows sessions with; the caller closes it. `None` for none.

    Raises:
        OSError: The port is in use.
    """

    def __init__(
        self,
        controls: Controls,
        workspace: Callable[[], Workspace | None],
        *,
        sheets: Path | None = None,
        force: bool = False,
        port: int = 0,
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
        self._edits: LiveEdits | None = None
        self._uploads = Uploads()
        self._pages = 0
        self._open: tuple[Page, ...] = ()  # those that show a session; replaced, never changed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
            self._socket.listen(128)  # whoever comes before the thread runs waits for it
        except OSError:
            self._socket.close()
            raise
        self.port: Final = int(self._socket.getsockname()[1])
        self._token = secrets.token_urlsafe(24)
        config = uvicorn.Config(
            self._application(),
            ws="websockets-sansio",
            ws_max_size=MOST_PICTURE,
            ws_per_message_deflate=False,
            limit_concurrency=200,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = new_thread("halscope inspector", self._serve)
        self._thread.start()

    def follow(self, session: Session, edits: LiveEdits | None = None) -> None:
        """Show this session from now on. Pages that showed an earlier one, which has ended, connect again.

        Args:
            session: The session.
            edits: The edits of its game: pages are told of them, and may undo and export them. `None` if it has none.
        """
        if self._timeline is not None:
            self._timeline.follow(session)
        self._newest = None
        self._answers.seen = SeenTiles()
        self._following = session.subscribe(self._keep, Update, name="what pages have not seen")
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

    @property
    def address(self) -> str:
        """The address to open in a browser. It contains the token: whoever has it may use the page."""
        return f"http://127.0.0.1:{self.port}/#{self._token}"

    @property
    def pages(self) -> int:
        """Number of connected pages."""
        return self._pages

    @property
    def needs_frames(self) -> bool:
        """Whether every frame is to be decoded for pages: one paints them, or what one has asked for is collected or
        watched. Not for pages that are hidden or stall. For any thread."""
        return any(page.awake for page in self._open) or self._answers.of_figures.needs_frames

    def close(self) -> None:
        """Disconnect all pages and stop. Idempotent."""
        self._server.should_exit = True
        self._server.force_exit = True
        if threading.current_thread() is not self._thread:
            self._thread.join(_STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        except Exception:
            log.exception("the inspector's server has failed; the game goes on without it")
        finally:
            self._socket.close()

    def _application(self) -> Guard:
        files = PageFiles()
        application = Starlette(
            routes=[
                Route("/", files.send_page),
                WebSocketRoute("/live", self._connect),
                Route("/upload", self._uploads.receive, methods=["POST"]),
                Route("/{path:path}", files.send),
            ]
        )
        return Guard(application, port=self.port, token=self._token, policy=policy(files.page, self.port))

    async def _first_session(self) -> Session | None:
        """Return the session that pages look at. One that comes while a game is being started waits for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _START_SECONDS
        while self._session is None and loop.time() < until:
            await asyncio.sleep(_LOOK_SECONDS)
        return self._session

    async def _connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        if self._pages >= MOST_PAGES:
            await websocket.close(1013, f"{MOST_PAGES} pages are open already; close one")
            return
        self._pages += 1
        try:
            session = await self._first_session()
            if session is not None and session.state is not State.CLOSED:
                with contextlib.suppress(HostError):  # it is being closed at this moment
                    told, files = self.notices, self._uploads
                    page = Page(
                        *(websocket, session, self._controls, self._answers, told),
                        newest=lambda: self._newest,
                        edits=self._edits,
                        uploads=files,
                        timeline=self._timeline,
                    )
                    self._open = (*self._open, page)
                    try:
                        await page.run()
                    finally:
                        self._open = tuple(one for one in self._open if one is not page)
                    return
            await websocket.close(1013, "no emulator is attached; waiting for one")
        finally:
            self._pages -= 1
