"""One page that is connected: what it is told, and what it asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, final

from halscope_hooks import (
    Detached,
    HalscopeError,
    Host,
    HostError,
    JobFailed,
    JobProgress,
    Paced,
    Update,
    capability,
)
from starlette.websockets import WebSocket, WebSocketDisconnect

from halscope.app import BUTTONS, Controls
from halscope.inspector._answers import Describer, previewed
from halscope.inspector._frames import FrameStream
from halscope.inspector._messages import Request, answer, read_request, refusal
from halscope.session import Session

_AHEAD: Final = 2  # frames sent that the page has not painted yet; a slow page gets fewer frames, and the newest
_HOST_SECONDS: Final = 5.0  # how long the game's thread may take to answer a request


@final
class Page:
    """A connected page. All methods run on the server's event loop.

    Args:
        socket: Its WebSocket, accepted.
        session: The session that it looks at.
        controls: What it asks of the emulator.
        describer: Answers about tiles and figures.
    """

    def __init__(self, socket: WebSocket, session: Session, controls: Controls, describer: Describer) -> None:
        self._socket = socket
        self._session = session
        self._controls = controls
        self._describer = describer
        self._stream = FrameStream()
        self._update: Update | None = None
        self._room = asyncio.Semaphore(_AHEAD)
        self._key = object()  # of this page's jobs

    async def run(self) -> None:
        """Serve the page until it leaves, or the session ends."""
        try:
            await self._socket.send_json(self._hello())
            tasks = [asyncio.ensure_future(self._tell()), asyncio.ensure_future(self._hear())]
            done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                task.cancel()
            for task in (*done, *others):
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                    await task
        finally:
            self._controls.hold(self, ())

    def _hello(self) -> dict[str, Any]:
        info = self._session.info
        return {
            "type": "hello",
            "emulator": info.emulator,
            "host": info.name,
            "rom": info.rom.path,
            "capabilities": sorted(info.capabilities),
            "paused": self._controls.paused,
        }

    async def _tell(self) -> None:
        async with self._session.pull(Update, JobProgress, JobFailed, Detached, name="inspector") as events:
            async for event in events:
                if isinstance(event, Update):
                    await self._room.acquire()
                    self._update = event
                    await self._socket.send_bytes(self._stream.message(event))
                elif isinstance(event, JobProgress):
                    await self._socket.send_json(
                        {"type": "progress", "job": event.job, "done": event.done, "total": event.total}
                    )
                elif isinstance(event, JobFailed):
                    await self._socket.send_json({"type": "failed", "job": event.job, "error": str(event.error)})
                elif isinstance(event, Detached):
                    await self._socket.send_json({"type": "ended", "reason": event.reason})

    async def _hear(self) -> None:
        while True:
            text = await self._socket.receive_text()
            number = 0
            try:
                request = read_request(text)
                number = request.id
                value = await self._answer(request)
            except HalscopeError as error:
                await self._socket.send_text(refusal(number, error))
            else:
                if number:
                    await self._socket.send_text(answer(number, value))

    async def _answer(self, request: Request) -> object:
        match request.kind:
            case "seen":
                self._room.release()
            case "origin":
                vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
                origins = self._describer.origins
                return await self._about("origin", lambda update: origins(update, vram, bpp), request.id)
            case "figures":
                return await self._about("figures", self._describer.figures)
            case "blocks":
                return await self._about("blocks", self._describer.blocks)
            case "block":
                codec, offset = request.text("codec"), request.integer("offset", 0, 1 << 24)
                describe = self._describer.block
                return await self._about("block", lambda update: describe(update, codec, offset), request.id)
            case "edit":
                sprite, edit = request.integer("sprite", 0, 127), self._describer.edit
                return await self._about("edit", lambda update: edit(update, sprite))
            case "press":
                self._controls.hold(self, request.names("buttons", sorted(BUTTONS)))
            case "pause":
                await self._ask(_pause)
                self._controls.paused = True
            case "resume":
                await self._ask(_resume)
                self._controls.paused = False
            case "step":
                await self._ask(_step)
            case "speed":
                factor = request.number("factor", 0, 16)
                await self._ask(lambda host: _paced(host).set_speed(factor))
        return None

    async def _about[T](self, name: str, describe: Callable[[Update], T], number: int = 0) -> T | None:
        """Describe the newest frame. A newer question of the same name and number takes the place of one that waits."""
        update = self._update
        if update is None:
            return None
        return await previewed(self._session, name, (self._key, name, number), partial(describe, update))

    async def _ask(self, work: Callable[[Host], object]) -> None:
        future = asyncio.wrap_future(self._controls.ask(work))
        try:
            await asyncio.wait_for(future, _HOST_SECONDS)
        except TimeoutError as error:
            raise HostError("the emulator does not answer; it may be busy") from error


def _paced(host: Host) -> Paced:
    paced = capability(host, "paced")
    if paced is None:
        raise HostError(f"{host.info.emulator} cannot be paused from here (host {host.info.name})")
    return paced


def _pause(host: Host) -> None:
    _paced(host).pause()


def _resume(host: Host) -> None:
    _paced(host).resume()


def _step(host: Host) -> None:
    _paced(host).step_frame()
