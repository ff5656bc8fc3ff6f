"""Pulling: a subscriber that takes its events when it is ready, from a thread or from an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self, final

from halscope_hooks import Event

from halscope.session._delivery import Lane

_LOOK_EVERY: Final = 1.0  # seconds; iteration has no time-out, but nothing waits without end
_TURN: Final = 1.0  # seconds that one consumer waits for another that is just taking an event


@final
class Pull:
    """Events to be taken, in order.

    Of frames that wait the newest is kept, of progress the newest of each job: a consumer that stalls holds one frame.
    Everything else queues.

    Dropping or closing it unsubscribes; the session holds it weakly. It is iterated with `for` on a thread and with
    `async for` on an event loop, without a thread of its own; both end after `Detached`. It is a context manager of
    either kind, and may be shared by several consumers: each event goes to one of them.
    """

    def __init__(self, lane: Lane, delivered: Callable[[], object]) -> None:
        self._lane = lane
        self._delivered = delivered
        self._missed = 0
        self._dropped_before = 0
        weakref.finalize(self, lane.shut).atexit = False

    @property
    def name(self) -> str:
        """Its name in the session's figures."""
        return self._lane.name

    @property
    def closed(self) -> bool:
        """Whether nothing comes any more: it was closed, or `Detached` was taken."""
        return self._lane.closed

    @property
    def waiting(self) -> int:
        """How many events, or pairs of them that belong together, wait."""
        return len(self._lane)

    @property
    def missed(self) -> int:
        """How many were left out, because a newer one came, between the last two takes."""
        return self._missed

    def take(self, timeout: float) -> Event | None:
        """The next event, waiting for it at most `timeout` seconds; `None`: there was none, or it is `closed`."""
        until = time.monotonic() + timeout
        while True:
            event = self._next()
            left = until - time.monotonic()
            if event is not None or self.closed or left <= 0:
                return event
            self._lane.bell.wait(self._is_worth_a_look, left)

    def close(self) -> None:
        """Take nothing any more; what waits is dropped. Idempotent, from any thread; wakes whoever waits."""
        self._lane.shut()

    async def aclose(self) -> None:
        """As `close`, which never waits."""
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        while (event := self.take(_LOOK_EVERY)) is None:
            if self.closed:
                raise StopIteration
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while (event := self._next()) is None:
            if self.closed:
                raise StopAsyncIteration
            await self._something()
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self) -> Event | None:
        lane = self._lane
        with lane.claim(_TURN) as mine:
            taken = lane.take() if mine else None
            if taken is None:
                return None
            events: list[Event] = []
            taken.deliver(events.append)
            dropped = lane.dropped
            self._missed, self._dropped_before = dropped - self._dropped_before, dropped
            lane.delivered += 1
        self._delivered()
        return events[0]

    def _is_worth_a_look(self) -> bool:
        return self._lane.pending or self._lane.closed

    async def _something(self) -> None:
        """Wait for something to take, or the end, on the running event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        wake = partial(_wake, loop, future)
        self._lane.bell.listen(wake, wake)
        try:
            if not self._is_worth_a_look():
                await future
        finally:
            self._lane.bell.leave(wake)


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed, and its consumer with it
        loop.call_soon_threadsafe(_come, future)


def _come(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
