"""What waits for one subscriber, and the handle that the subscriber holds."""

from __future__ import annotations

import threading
import time
import weakref
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Final, Literal, Self, final

from halscope_hooks import Event

from halscope.session._changes import ChangesOf
from halscope.session._locks import Rank, ranked_lock

Delivery = Literal["host", "own"]
Callback = Callable[[Event], None]
Kinds = tuple[type[Event], ...]

CLOSE_WAIT: Final = 2.0  # seconds that `close` waits for a callback that is running


class _Waiting:
    """Events that belong together, and the key under which a newer group takes their place."""

    __slots__ = ("events", "key")

    def __init__(self, events: tuple[Event, ...], key: Hashable) -> None:
        self.events = events
        self.key = key


@final
class Lane:
    """What waits for one subscriber, in order. Frames and progress that wait give way to newer ones; nothing else does.

    It does not know the callback: the thread that empties a lane holds the lane, and must not keep the subscriber.

    Args:
        name: The subscription's name.
        kinds: What it asked for; empty: everything.
        delivery: Who empties it.
        conflate: Whether newer frames and progress replace waiting ones.
        loop: The event loop on which it is emptied, or `None`.
    """

    def __init__(
        self, name: str, kinds: Kinds, delivery: Delivery, *, conflate: bool, loop: AbstractEventLoop | None = None
    ) -> None:
        self.name = name
        self.delivery = delivery
        self.loop = loop
        self.handle: weakref.ref[Subscription] | None = None
        self.wake: Callable[[], None] = _nobody
        self.over: Callable[[], None] = _nobody
        self.dropped = 0
        self.delivered = 0
        self.slow = 0
        self.slow_said = 0.0
        self.failures_in_a_row = 0
        self.switched_off = False
        self._kinds = kinds
        self._conflate = conflate
        self._changes = ChangesOf()
        self._lock = ranked_lock(Rank.LANE)
        self._still = threading.Condition(self._lock)  # type: ignore[arg-type]  # a CheckedLock has all that it uses
        self._queue: deque[_Waiting] = deque()
        self._by_key: dict[Hashable, _Waiting] = {}
        self._at_work: int | None = None  # the thread that is in the callback
        self._finished = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def closed(self) -> bool:
        """Whether nothing is delivered any more. It is so from the moment that the handle is gone."""
        return self._closed

    def put(self, events: tuple[Event, ...], key: Hashable | None, over: Hashable | None = None) -> None:
        """Add events to what waits; with a key, in the place of older ones with the same key.

        What waits with the key `over` is out of date: it would come after what is newer.
        """
        wanted = tuple(event for event in events if isinstance(event, self._kinds)) if self._kinds else events
        if not wanted:
            return
        with self._lock:
            if self._closed or self._finished or self.switched_off:
                return
            stale = self._by_key.pop(over, None) if over is not None and self._conflate else None
            if stale is not None:
                self._queue.remove(stale)
                self.dropped += 1
            older = self._by_key.get(key) if key is not None and self._conflate else None
            if older is not None:
                # In its place, not at the end: a subscriber that takes one item a turn would else never see the rest.
                older.events = self._changes.events(wanted, older.events)
                self.dropped += 1
                return
            waiting = _Waiting(self._changes.events(wanted), key)
            self._queue.append(waiting)
            if key is not None:
                self._by_key[key] = waiting
        self.wake()

    def finish(self, last: Event) -> None:
        """Let nothing in any more, forget what could be left out, and end with `last`."""
        with self._lock:
            if self._closed or self._finished:
                return
            self._finished = True
            kept = [waiting for waiting in self._queue if waiting.key is None]
            self.dropped += len(self._queue) - len(kept)
            self._queue = deque(kept)
            self._by_key.clear()
            if not self._kinds or isinstance(last, self._kinds):
                self._queue.append(_Waiting((last,), None))
        self.wake()

    def begin(self) -> tuple[Event, ...]:
        """The next events, and from now on the caller is in the callback, until `end`; empty where there is nothing,
        or another thread is in it."""
        with self._lock:
            if self._closed or self._at_work is not None:
                return ()
            if not self._queue:
                self._closed = self._finished
                return ()
            waiting = self._queue.popleft()
            if self._by_key.get(waiting.key) is waiting:
                del self._by_key[waiting.key]
            self._at_work = threading.get_ident()
            return waiting.events

    def end(self) -> None:
        """The callback has returned."""
        with self._lock:
            self._at_work = None
            self._still.notify_all()

    def close(self, timeout: float) -> bool:
        """Deliver nothing any more; True where no callback runs (or the caller is inside it)."""
        until = time.monotonic() + timeout
        self.over()
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._by_key.clear()
            while self._at_work is not None and self._at_work != threading.get_ident():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._still.wait(left)
        return True

    def unwatched(self) -> None:
        """No thread empties it any more; what comes in waits."""
        self.wake = self.over = _nobody

    def abandon(self) -> None:
        """The handle is gone. Called by a finaliser, at any point of any thread: takes no lock."""
        self._closed = True
        self.over()


@final
class Subscription:
    """The handle of a subscription. Who drops it, or closes it, is told nothing any more.

    The session holds it weakly; it holds the callback. It can be used as a context manager.
    """

    def __init__(self, lane: Lane, callback: Callback) -> None:
        self._lane = lane
        self._callback = callback
        lane.handle = weakref.ref(self)
        weakref.finalize(self, lane.abandon).atexit = False

    @property
    def name(self) -> str:
        """Its name in the log and in failures."""
        return self._lane.name

    @property
    def closed(self) -> bool:
        """Whether nothing is delivered any more."""
        return self._lane.closed

    @property
    def dropped(self) -> int:
        """How many frames and reports of progress gave way to newer ones before they were delivered."""
        return self._lane.dropped

    @property
    def switched_off(self) -> bool:
        """Whether the callback has failed so often that it is not called until `switch_on`."""
        return self._lane.switched_off

    def switch_on(self) -> None:
        """Call a callback that was switched off again, from the next event on."""
        self._lane.failures_in_a_row = 0
        self._lane.switched_off = False

    def close(self, timeout: float = CLOSE_WAIT) -> bool:
        """Deliver nothing any more. Idempotent, from any thread.

        A callback that runs just now in another thread is waited for, at most `timeout` seconds. So after True it has
        returned, unless the caller is inside it.
        """
        return self._lane.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def callback_of(lane: Lane) -> Callback | None:
    """The lane's callback, while its handle lives."""
    handle = None if lane.handle is None else lane.handle()
    return None if handle is None else handle._callback


def _nobody() -> None:
    """What a lane wakes, and ends, that is emptied by who pumps."""
