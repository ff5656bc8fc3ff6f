"""The queue of one subscriber, and the handle that the subscriber holds."""

from __future__ import annotations

import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Hashable
from dataclasses import replace
from types import TracebackType
from typing import Final, Literal, Self, final

from halscope_hooks import Event, JobFailed, Update

from halscope.session._queue import Queue, Taken

Delivery = Literal["host", "own"]
Callback = Callable[[Event], None]
Kinds = tuple[type[Event], ...]

CLOSE_WAIT: Final = 2.0  # seconds that `close` waits for a callback that is running


@final
class Lane(Queue[Event]):
    """What waits for one subscriber, in order. Frames and progress that wait give way to newer ones, equal failures
    become one with a count, and nothing else is left out.

    It does not know the callback: the thread that empties a lane holds the lane, and must not keep the subscriber.

    Args:
        name: The subscription's name.
        kinds: What it asked for; empty: everything.
        delivery: Who empties it; "pull": its consumer.
        conflate: Whether newer frames and progress replace waiting ones.
        loop: The event loop on which it is emptied, or `None`.
    """

    def __init__(
        self,
        name: str,
        kinds: Kinds,
        delivery: Delivery | Literal["pull"],
        *,
        conflate: bool,
        loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(name, conflate=conflate, opened=False)
        self.delivery = delivery
        self.loop = loop
        self.handle: weakref.ref[Subscription] | None = None
        self.delivered = 0
        self.slow = 0
        self.slow_told = 0.0
        self.failures_in_a_row = 0
        self.switched_off = False
        self.refused = 0
        """Updates that came while it was switched off."""
        self.skipped = 0
        """Updates that waited when it was."""
        self._missed = (0, 0)
        self._kinds = kinds
        self._updated = False  # whether an update was posted

    def post(
        self,
        events: tuple[Event, ...],
        key: Hashable = None,
        *,
        ticket: object = None,
        rom: int | None = None,
        runs: int = 0,
    ) -> None:
        """Add events to what waits, as far as they were asked for; see `Queue.put`."""
        wanted = tuple(event for event in events if self.wants(event)) if self._kinds else events
        if not wanted:
            return
        if self.switched_off:
            self.refused += isinstance(wanted[0], Update)
            return
        first = wanted[0]
        if isinstance(first, JobFailed):
            error = first.error
            self.put(wanted, (first.job, first.job_id, first.plugin, type(error), str(error)), merge=_counted)
        elif isinstance(first, Update):
            # Its changes count from the last update that this subscriber got, whatever it missed in between.
            self.put(
                (first if self._updated else first.as_first(),),
                key,
                lossy=True,
                merge=_replacing,
                rom=rom,
                runs=runs,
                late=_late,
            )
            self._updated = True
        else:
            self.put(wanted, key, lossy=key is not None, ticket=ticket)

    def amend(self, taken: Taken[Event]) -> None:
        """Before a delivery: who has missed an update, being switched off, gets the next one as the first."""
        event, missed = taken.item, (self.refused, self.skipped)
        if missed != self._missed and isinstance(event, Update):
            taken.amend(event.as_first())
            self._missed = missed

    def wants(self, event: Event) -> bool:
        """Whether it asked for events of this kind."""
        return not self._kinds or isinstance(event, self._kinds)


@final
class Subscription:
    """The handle of a subscription. Dropping or closing the handle unsubscribes.

    The session holds it weakly; it holds the callback. It can be used as a context manager.
    """

    def __init__(self, lane: Lane, callback: Callback) -> None:
        self._lane = lane
        self._callback = callback
        lane.handle = weakref.ref(self)
        weakref.finalize(self, lane.shut).atexit = False

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
        self._lane.shut()
        return self._lane.wait(timeout)

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


def _replacing(old: Event, new: Event) -> Event:
    return new.replacing(old) if isinstance(new, Update) and isinstance(old, Update) else new


def _late(event: Event) -> Event | None:
    """An update that comes after the news that another ROM runs: its origins are in the one before."""
    if not isinstance(event, Update) or event.origins is None:
        return event
    return Update(event.frame, None, event.changes) if event.changes else None


def _counted(old: Event, new: Event) -> Event:
    if isinstance(old, JobFailed) and isinstance(new, JobFailed):
        return replace(old, count=old.count + new.count)
    return new
