"""The page's address and its server: on the loopback address alone, on a thread of its own.

It imports little, so that a command can serve the page, and a browser load it, while the rest of the program and the
game are still being started.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from halscope._output import is_our_thread
from halscope._processes import block_ctrl_c
from halscope.inspector._access import Guard, policy
from halscope.inspector._files import PageFiles
from halscope.inspector._messages import MOST_PICTURE
from halscope.inspector._uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.websockets import WebSocket

log: Final = logging.getLogger("halscope.inspector")

MOST_PAGES: Final = 16
"""Pages that may be connected at once."""
PORTS: Final = tuple(range(15400, 15408))
"""Ports of a command's page, the first free one of which it takes. A browser keeps the layout of a page, its files, and
what it has compiled of them, by the address: with another port they would be another page's."""
NO_GAME: Final = "no emulator is attached; waiting for one"
_MOST_REASON: Final = 123  # bytes: RFC 6455, 5.5
_STOP_SECONDS: Final = 1.0
_START_SECONDS: Final = 3.0  # how long a page that came before the first session waits for it
_LOOK_SECONDS: Final = 0.02


@final
class Site:
    """Context manager: serves the page from its creation until it is closed.

    Args:
        ports: Ports on the loopback address, of which it takes the first that is free; 0 for any.

    Raises:
        OSError: None of the ports is free.
    """

    def __init__(self, ports: Sequence[int] = (0,)) -> None:
        self._serve_page: Callable[[WebSocket], Awaitable[bool]] | None = None
        self._reason = ""  # why no game comes any more
        self._pages = 0
        self.uploads: Final = Uploads()
        """The files that pages have sent."""
        self._socket = _listening(ports)
        self.port: Final = int(self._socket.getsockname()[1])
        """The port that it listens on."""
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
        self._thread = threading.Thread(target=self._serve, name="halscope inspector", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The address to open in a browser. It contains the token: whoever has it may use the page."""
        return f"http://127.0.0.1:{self.port}/#{self._token}"

    @property
    def pages(self) -> int:
        """Number of connected pages."""
        return self._pages

    def serve_pages(self, serve: Callable[[WebSocket], Awaitable[bool]]) -> None:
        """Show pages something from now on.

        Args:
            serve: Called on the server's event loop with each page that connects. Returns whether it has dealt with
                it; while it has not, it is asked again for three seconds.
        """
        self._serve_page = serve

    def close(self, reason: str = "") -> None:
        """Disconnect all pages and stop. Idempotent.

        Args:
            reason: What pages that still wait for a game are told first.
        """
        self._reason = reason
        until = time.monotonic() + _STOP_SECONDS
        while reason and self._pages and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
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
        is_our_thread()
        block_ctrl_c()  # it is the main thread's
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
                Route("/upload", self.uploads.receive, methods=["POST"]),
                Route("/{path:path}", files.send),
            ]
        )
        return Guard(application, port=self.port, token=self._token, policy=policy(files.page, self.port))

    async def _connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        if self._pages >= MOST_PAGES:
            await websocket.close(1013, f"{MOST_PAGES} pages are open already; close one")
            return
        self._pages += 1
        try:
            loop = asyncio.get_running_loop()
            until = loop.time() + _START_SECONDS
            while not (self._serve_page is not None and await self._serve_page(websocket)):
                if self._reason or loop.time() >= until:
                    await websocket.close(1013, _cut(self._reason) or NO_GAME)
                    return
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._pages -= 1


def _cut(reason: str) -> str:
    return reason.encode()[:_MOST_REASON].decode(errors="ignore")


def _listening(ports: Sequence[int]) -> socket.socket:
    """Return a socket that listens on the first of these ports that is free. Raises OSError if none is."""
    for n, port in enumerate(ports, 1):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":  # there, the other option would share the port with another process
                found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(("127.0.0.1", port))
            found.listen(128)  # whoever comes before the thread runs waits for it
        except OSError:
            found.close()
            if n == len(ports):
                raise
        else:
            return found
    raise OSError("no port was named")
