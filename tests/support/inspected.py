"""A session with the inspector's server, and clients of it that are no browsers."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from halscope.app import Controls, Timeline, Workspace
from halscope.inspector import Inspector
from halscope.session import Session
from support.made_host import MadeHost
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


@dataclass(frozen=True)
class Answer:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes


class Inspected:
    """A made game that runs on a thread of its own, inspected."""

    def __init__(self, host: MadeHost | None = None, timeline: Timeline | None = None) -> None:
        self.host, self.controls = MadeHost() if host is None else host, Controls()
        self.session = Session(self.host, threads=True, owns_host=True)
        self.workspace: Callable[[], Workspace | None] = lambda: None
        self.inspector = Inspector(self.controls, lambda: self.workspace(), timeline=timeline)
        self.inspector.follow(self.session)
        self.token = self.inspector.address.rpartition("#")[2]
        self.frames = 0
        self._goes_on = True
        self._thread = threading.Thread(target=self._run, name="made game")

    def _run(self) -> None:
        while self._goes_on:
            self.controls.run(self.host)
            self.session.tick()
            self.frames += 1
            threading.Event().wait(0.002)

    def halt(self) -> None:
        """Let no more frames come."""
        self._goes_on = False
        self._thread.join(60)

    def end(self, reason: str) -> None:
        """Stop the game and end its session; the inspector goes on."""
        self.halt()
        self.session.close(reason)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a file. Header names have underscores for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.inspector.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest("GET", path, skip_host="Host" in named, skip_accept_encoding=True)
        for name, value in named.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.closing(connection), connection.getresponse() as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())

    def page(
        self, *, token: str | None = None, origin: str | None = "", via: socket.socket | None = None, **headers: str
    ) -> ClientConnection:
        """Connect as a page does, over a socket that is connected to the server if one is given."""
        own = f"http://127.0.0.1:{self.inspector.port}"
        return connect(
            f"ws://127.0.0.1:{self.inspector.port}/live?token={self.token if token is None else token}",
            origin=own if origin == "" else origin,  # type: ignore[arg-type] # websockets has a NewType for it
            additional_headers=headers,
            sock=via,
            open_timeout=60,
            compression=None,
        )

    def __enter__(self) -> Inspected:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._goes_on = False
        self._thread.join(60)
        self.inspector.close()
        self.session.close()


def posted(
    port: int, token: str, body: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """POST a body to `/upload` as a page does; headers replace its own, an empty one leaves it out."""
    sent = {"Origin": f"http://127.0.0.1:{port}", "Authorization": f"Bearer {token}"} | (headers or {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Length", str(len(body) if length is None else length))
    for name, value in sent.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(body)
    with contextlib.closing(connection), connection.getresponse() as answer:
        return answer.status, answer.read()


@contextlib.contextmanager
def inspected(host: MadeHost | None = None) -> Iterator[Inspected]:
    """Run the game within the block."""
    with Inspected(host) as game:
        yield game


def text_message(page: ClientConnection, kind: str) -> dict[str, Any]:
    """The next text message of a kind; frames are acknowledged meanwhile."""
    while True:
        message = page.recv(timeout=60)
        if isinstance(message, bytes):
            with contextlib.suppress(ConnectionClosed):  # what was sent before the end is still to be read
                page.send('{"type": "seen"}')
            continue
        found: dict[str, Any] = json.loads(message)
        if found["type"] == kind:
            return found


def frame_numbers(page: ClientConnection, count: int) -> list[int]:
    """The numbers of the next frames, each acknowledged."""
    found: list[int] = []
    while len(found) < count:
        message = page.recv(timeout=60)
        if isinstance(message, bytes):
            length = int.from_bytes(message[:4], "little")
            found.append(json.loads(message[4 : 4 + length])["frame"])
            page.send('{"type": "seen"}')
    return found
