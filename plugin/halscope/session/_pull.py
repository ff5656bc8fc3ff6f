"""Pull subscriptions: the subscriber takes events when it is ready, on a thread or on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self, final

from halscope_hooks import Event

from halscope.session._delivery import Lane
from halscope.session._queue import shut_with

_LOOK_EVERY: Final = 1.0  # seconds between the checks of an iteration: an interrupt may have left it unwoken
_TURN: Final = 1.0  # seconds that one consumer waits for another that is taking an event


@final
class Pull:
    """A pull subscription: events in order, taken by the consumer.

    Of waiting frames only the newest is kept, and of progress only the newest per job, so a stalled consumer holds one
    frame. All other events are queued.

    Dropping or closing it unsubscribes; the session holds it weakly. Iterate it with `for` on a thread or `async for`
    on an event loop; neither needs a thread of its own, and both end after `Detached`. It is a context manager of
    either kind. Several consumers may share it: each event goes to one of them.
    """

    def __init__(self, lane: Lane, delivered: Callable[[], object]) -> None:
        self._lane = lane
        self._delivered = delivered
        self._missed = 0
        self._dropped_before = 0
        shut_with(self, lane)

    @property
    def name(self) -> str:
        """The subscription's name in the session's statistics."""
        return self._lane.name

    @property
    def closed(self) -> bool:
        """Whether the subscription has ended: it was closed, or `Detached` was taken."""
        return self._lane.closed

    @property
    def waiting(self) -> int:
        """Number of waiting events; a group of events counts as one."""
        return len(self._lane)

    @property
    def missed(self) -> int:
        """Number of events that newer ones replaced between the last two takes."""
        return self._missed

    def take(self, timeout: float) -> Event | None:
        """Return the next event, waiting at most `timeout` seconds; `None` if none came, or if it is `closed`."""
        until = time.monotonic() + timeout
        while True:
            event = self._next()
            left = until - time.monotonic()
            if event is not None or self.closed or left <= 0:
                return event
            self._lane.bell.wait(self._is_worth_a_look, left)

    def close(self) -> None:
        """Unsubscribe and drop waiting events. Idempotent; any thread may call it. Wakes waiting consumers."""
        self._lane.shut()

    async def aclose(self) -> None:
        """Same as `close`, which never waits."""
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
        """Wait on the running event loop for an event or the end."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        wake = partial(_wake, loop, future)
        self._lane.bell.listen(wake, wake)
        look = loop.call_later(_LOOK_EVERY, _set, future)
        try:
            if not self._is_worth_a_look():
                await future
        finally:
            look.cancel()
            self._lane.bell.leave(wake)


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed, and its consumer has ended
        loop.call_soon_threadsafe(_set, future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
