"""One page that is connected: what it is told, and what it asks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, final

from halscope_hooks import (
    Detached,
    HalscopeError,
    Host,
    HostError,
    Update,
    UsageError,
)
from starlette.websockets import WebSocket, WebSocketDisconnect

from halscope.app import BUTTONS, Controls, LiveEdits, Past, TileSearch, Timeline
from halscope.inspector._answers import Describer, previewed
from halscope.inspector._frames import FrameStream
from halscope.inspector._messages import BadRequestError, Request, answer, read_request, refusal
from halscope.inspector._notices import Notices, Waiting
from halscope.inspector._of_the_time import shown_again
from halscope.inspector._questions import KINDS, QUESTIONS
from halscope.inspector._uploads import Uploads
from halscope.session import Session

log: Final = logging.getLogger("halscope.inspector")

MOST_QUESTIONS: Final = 8
"""Requests of one page that may wait for their answers at once."""
_AHEAD: Final = 2  # frames sent that the page has not painted yet; a slow page gets fewer frames, and the newest
_STALLED: Final = 1.0  # seconds without a word that it has painted, after which a page is taken for one that is hidden
_KEPT: Final = 4  # frames that questions may be about, of either kind: what a page shows is not the newest frame
_LOOK_AGAIN: Final = 0.2  # seconds
_HOST_SECONDS: Final = 5.0  # how long the game's thread may take to answer a request


@final
class Page:
    """A connected page. All methods run on the server's event loop.

    Args:
        socket: Its WebSocket, accepted.
        session: The session that it looks at.
        controls: What it asks of the emulator.
        describer: Answers about tiles, figures and blocks.
        notices: What all pages are told.
        newest: Returns the newest frame, or `None` if there was none.
        edits: The edits of the running game, or `None`.
        uploads: The files that pages have sent.
        timeline: The frames that were, or `None`.
    """

    def __init__(
        self,
        socket: WebSocket,
        session: Session,
        controls: Controls,
        describer: Describer,
        notices: Notices,
        *,
        newest: Callable[[], Update | None] = lambda: None,
        edits: LiveEdits | None = None,
        uploads: Uploads | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        self._socket = socket
        self.session = session
        self.controls = controls
        self.describer = describer
        self.notices = notices
        self.edits = edits
        self.uploads = Uploads() if uploads is None else uploads
        self.timeline = timeline
        self.search: TileSearch | None = None
        self._stream = FrameStream()
        self.update: Update | None = None  # the last one sent, which questions are about
        self._sent: deque[Update] = deque(maxlen=_KEPT)
        self._named: deque[Update] = deque(maxlen=_KEPT)  # by the page: its figures are those of the last of these
        self._find_newest = newest
        self._newest = newest()  # of the running game
        self._past: Past | None = None  # the frame of the timeline that the page shows in its place
        self._again: Past | None = None  # the one that was last decoded again, as it had no origins
        self._news = asyncio.Event()
        if self._newest is not None:
            self._news.set()
        self._unseen = 0  # frames sent that the page has not painted yet
        self._room = asyncio.Semaphore(_AHEAD)
        self._full: float | None = None  # since when it has none, by the monotonic clock
        self._sending = asyncio.Lock()
        self._questions: set[asyncio.Task[None]] = set()
        self._posted = Waiting()  # notices to send
        self._key = object()  # of this page's jobs

    @property
    def awake(self) -> bool:
        """Whether it paints what it is sent. One that is hidden or stalls does not, until it says again that it has
        painted. For any thread."""
        since = self._full
        return since is None or time.monotonic() - since < _STALLED

    async def run(self) -> None:
        """Serve the page until it leaves, or the session ends."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._socket.send_json(self._hello())
            loop, posted = asyncio.get_running_loop(), self._posted
            self.notices.subscribe(self._key, lambda *notice: _call_soon(loop, posted.add, *notice))
            tasks += [asyncio.ensure_future(one) for one in (self._tell(), self._show(), self._post(), self._hear())]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.notices.unsubscribe(self._key)
            self.controls.hold(self, ())
            await _end([*tasks, *self._questions])
        code, reason = 1001, "the emulator is gone; waiting for the next one"
        for task in done:
            error = task.exception()
            if isinstance(error, WebSocketDisconnect):
                return  # it has left
            if isinstance(error, _NoTextError):
                code, reason = 1003, "a binary message is none that Halscope knows; send JSON texts"
            elif error is not None:
                raise error
        with contextlib.suppress(WebSocketDisconnect):
            await self._socket.close(code, reason)

    def _hello(self) -> dict[str, Any]:
        info = self.session.info
        return {
            "type": "hello",
            "emulator": info.emulator,
            "host": info.name,
            "rom": info.rom.path,
            "capabilities": sorted(info.capabilities),
            "paused": self.controls.paused,
            "speed": self.controls.speed,
        }

    async def _tell(self) -> None:
        """Tell the page what happens, as it happens; frames are left to `_show`, so that none of it waits for room."""
        async with self.session.pull(Update, Detached, name="inspector") as events:
            async for event in events:
                if isinstance(event, Update):
                    self._newest = event
                    if self._past is None:
                        self._news.set()
                    else:
                        self._locate_past()
                elif isinstance(event, Detached):
                    await asyncio.sleep(0)  # the last frame goes first, where there is room for it
                    await self._send(json.dumps({"type": "ended", "reason": event.reason}))

    async def _show(self) -> None:
        """Send the newest frame whenever the page has room for one."""
        while self._newest is None:  # one may have come before `_tell` subscribed, and a paused game sends no other
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_AGAIN)
                break
            self._newest = self._find_newest()
            if self._newest is not None:
                self._news.set()
        while True:
            await self._room.acquire()
            await self._news.wait()
            self._news.clear()
            past = self._past
            self.update = self._newest if past is None else past.update
            if self.update is None:
                self._room.release()
                continue
            self._sent.append(self.update)
            self._unseen += 1
            if self._unseen == _AHEAD:
                self._full = time.monotonic()
            await self._send(self._stream.message(self.update, past, still=self.controls.paused))

    async def _post(self) -> None:
        """Send what all pages are told."""
        while True:
            await self._send(await self._posted.take())

    async def _send(self, message: str | bytes) -> None:
        async with self._sending:
            await (self._socket.send_text(message) if isinstance(message, str) else self._socket.send_bytes(message))

    async def _hear(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000), message.get("reason"))
            text = message.get("text")
            if text is None:
                raise _NoTextError
            number = 0
            try:
                request = read_request(text, KINDS)
                number = request.id
                if request.kind == "seen":
                    self._seen()
                elif request.kind == "press":
                    self.controls.hold(self, request.names("buttons", sorted(BUTTONS)))
                elif len(self._questions) >= MOST_QUESTIONS:
                    raise UsageError(f"too many questions are open; {MOST_QUESTIONS} are allowed")
                else:
                    self._begin(self._question(request))
                    continue
            except BadRequestError as error:
                await self._send(refusal(error.number, error))
            except HalscopeError as error:
                await self._send(refusal(number, error))
            else:
                if number:
                    await self._send(answer(number, None))

    def _seen(self) -> None:
        if self._unseen:  # else the page says it of a frame that it was not sent
            self._unseen -= 1
            self._full = None
            self._room.release()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside all else; it ends with the page."""
        task = asyncio.ensure_future(work)
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    def _locate_past(self) -> None:
        """Show a past frame again, with the origins of its tiles, if the ROM has been indexed since it was decoded."""
        past, newest = self._past, self._newest
        is_indexed = newest is not None and newest.origins is not None
        if past is not None and past is not self._again and past.update.origins is None and is_indexed:
            self._again = past
            self._begin(self._show_again(past))

    async def _show_again(self, past: Past) -> None:
        with contextlib.suppress(HalscopeError):  # it is no longer kept: it stays as it is
            again = await shown_again(self, past)
            if self._past is past:
                self._show_in_place(again)

    async def _question(self, request: Request) -> None:
        """Answer a request that may take a while. Tasks start in the order in which they were made, so what they ask of
        the emulator is asked in the order of the requests."""
        try:
            text = answer(request.id, await QUESTIONS[request.kind](self, request))
        except HalscopeError as error:
            text = refusal(request.id, error)
        except Exception as error:
            log.exception("the page's question %r has failed", request.kind)
            text = refusal(request.id, error)
        else:
            if not request.id:
                return
        with contextlib.suppress(WebSocketDisconnect):  # `_hear` learns of it too
            await self._send(text)

    @property
    def past(self) -> Past | None:
        """As in `Asker`."""
        return self._past

    async def tell(self, kind: str, fields: dict[str, Any]) -> None:
        """As in `Asker`."""
        await self._send(json.dumps({"type": kind, **fields}))

    def show(self, past: Past | None) -> None:
        """As in `Asker`."""
        self._show_in_place(past)
        self._locate_past()

    def _show_in_place(self, past: Past | None) -> None:
        self._past = past
        if past is not None:
            self.update = past.update  # questions that come now are about it
        self._news.set()

    async def about[T](
        self, name: str, describe: Callable[[Update], T], number: int = 0, frame: int | None = None
    ) -> T | None:
        """As in `Asker`."""
        update = self._frame(frame)
        if update is None:
            return None
        return await previewed(self.session, name, (self._key, name, number), partial(describe, update))

    def _frame(self, number: int | None) -> Update | None:
        """Return the frame of this number, which is kept for the next questions, or the newest one."""
        if number is None:
            return self.update
        kept = (*reversed(self._sent), *reversed(self._named))
        found = next((one for one in kept if one.snapshot.frame == number), None)
        if found is None:
            return self.update
        if all(one is not found for one in self._named):
            self._named.append(found)
        return found

    async def game[T](self, work: Callable[[Host], T]) -> T:
        """As in `Asker`."""
        future = asyncio.wrap_future(self.controls.ask(work))
        try:  # shielded: what was asked of the emulator is done even if the page leaves at once
            return await asyncio.wait_for(asyncio.shield(future), _HOST_SECONDS)
        except TimeoutError as error:
            future.cancel()
            raise HostError("the emulator does not answer; it may be busy") from error


class _NoTextError(Exception):
    """The page sent bytes."""


def _call_soon[*A](loop: asyncio.AbstractEventLoop, call: Callable[[*A], None], *values: *A) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(call, *values)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
