"""The queue of a subscriber, and the handle that the subscriber holds."""

from __future__ import annotations

import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Hashable
from dataclasses import replace
from types import TracebackType
from typing import Final, Literal, Self, final

from halscope_hooks import Event, JobFailed, Update

from halscope.session._queue import Queue, Taken, shut_with

Delivery = Literal["host", "own"]
Callback = Callable[[Event], None]
Kinds = tuple[type[Event], ...]

CLOSE_WAIT: Final = 2.0  # seconds that `close` waits for a running callback


def every_event(_event: Event) -> bool:
    """Say that a subscriber wants every event."""
    return True


@final
class Lane(Queue[Event]):
    """The events that wait for one subscriber, in order. Newer frames and progress replace waiting ones, equal failures
    are merged into one with a count, and all other events are kept.

    The lane does not refer to the callback: the thread that empties it must not keep the subscriber alive.

    Args:
        name: Name of the subscription.
        kinds: The event classes to deliver; empty for all.
        delivery: The thread that empties the lane; "pull" for the consumer itself.
        conflate: Whether newer frames and progress replace waiting ones.
        loop: The event loop that empties it, or `None`.
        plugin: Id of the plugin that subscribed, or an empty string.
        wanted: Asked of each event that comes. It must not keep the subscriber alive either.
    """

    def __init__(
        self,
        name: str,
        kinds: Kinds,
        delivery: Delivery | Literal["pull"],
        *,
        conflate: bool,
        loop: AbstractEventLoop | None = None,
        plugin: str = "",
        wanted: Callable[[Event], bool] = every_event,
    ) -> None:
        super().__init__(name, conflate=conflate, opened=False)
        self._wanted = wanted
        self.delivery = delivery
        self.loop = loop
        self.plugin = plugin
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
        wanted = tuple(event for event in events if self.wants(event))
        if not wanted:
            return
        if self.switched_off:
            self.refused += isinstance(wanted[0], Update)
            return
        first = wanted[0]
        if isinstance(first, JobFailed):
            error = first.error
            self.put(
                wanted, (first.job, first.job_id, first.plugin, type(error), str(error)), merge=_counted, ticket=ticket
            )
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
        """Whether the subscriber wants this event."""
        return (not self._kinds or isinstance(event, self._kinds)) and self._wanted(event)


@final
class Subscription:
    """The handle of a subscription. Dropping or closing the handle unsubscribes.

    The session holds the handle weakly; the handle holds the callback. It is a context manager.
    """

    def __init__(self, lane: Lane, callback: Callback) -> None:
        self._lane = lane
        self._callback = callback
        lane.handle = weakref.ref(self)
        shut_with(self, lane)

    @property
    def name(self) -> str:
        """The subscription's name in the log and in failures."""
        return self._lane.name

    @property
    def closed(self) -> bool:
        """Whether the subscription has ended."""
        return self._lane.closed

    @property
    def dropped(self) -> int:
        """Number of frames and progress reports that were replaced by newer ones before delivery."""
        return self._lane.dropped

    @property
    def switched_off(self) -> bool:
        """Whether the callback failed too often and is not called until `switch_on`."""
        return self._lane.switched_off

    def switch_on(self) -> None:
        """Resume calling a callback that was switched off, from the next event on."""
        self._lane.failures_in_a_row = 0
        self._lane.switched_off = False

    def close(self, timeout: float = CLOSE_WAIT) -> bool:
        """Unsubscribe. Idempotent; any thread may call it.

        Waits at most `timeout` seconds for a callback that is running on another thread. Returns True if the callback
        has returned, or if the caller is inside it.
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
    """Return the lane's callback, or `None` if the handle was dropped."""
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
