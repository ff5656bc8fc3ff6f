"""Delivers events to subscribers: on the host's thread, on a thread per subscriber, or on an event loop."""

from __future__ import annotations

import logging
import math
import time
import traceback
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple

from halscope_hooks import Event, HostChanged, HostError, JobFailed, Update

from halscope.session._cells import Cell
from halscope.session._delivery import Callback, Delivery, Kinds, Lane, Subscription, callback_of, every_event
from halscope.session._errors import forget_frames
from halscope.session._locks import Rank, about_to_call_out
from halscope.session._pull import Pull
from halscope.session._queue import Era, Taken
from halscope.session._rights import Right
from halscope.session._threads import OwnThread, catchable, give_thread

log: Final = logging.getLogger("halscope.session")

SLOW: Final = 0.05  # seconds; a slower callback on the host's thread costs frames
SAY_SLOW_EVERY: Final = 10.0  # seconds between two log lines about the same slow callback
MOST_FAILURES: Final = 3  # in a row; after that a callback is switched off


@dataclass(frozen=True, slots=True)
class SubscriptionStats:
    """Statistics of one subscription.

    Args:
        name: Name of the subscription.
        delivery: The thread that calls it, or "pull".
        waiting: Number of items that wait.
        delivered: Number of events delivered.
        dropped: Number of frames and progress reports replaced by newer ones.
        slow: Number of calls that took longer than the limit.
        switched_off: Whether it failed too often and is no longer called.
    """

    name: str
    delivery: Literal["host", "own", "pull"]
    waiting: int
    delivered: int
    dropped: int
    slow: int
    switched_off: bool


class _Subscribed(NamedTuple):
    lanes: tuple[Lane, ...] = ()
    era: Era = Era()
    opened: bool = False
    early: tuple[Lane, ...] = ()  # that were there when it was opened, until each has its first event
    finished: bool = False


Ticket = tuple[Sequence[Event], Lane | None]
"""Events that belong together, and the one subscriber that does not receive them. A lane takes each once."""


class Hub:
    """All subscriptions of a session.

    Args:
        threads: Whether the session uses threads; without them `flush` delivers everything, and nothing is dropped.
        slow: Seconds after which a callback counts as slow.
        most_failures: Failures in a row after which a callback is switched off.
    """

    def __init__(self, *, threads: bool, slow: float = SLOW, most_failures: int = MOST_FAILURES) -> None:
        self._with_threads = threads
        self._slow = slow
        self._most_failures = most_failures
        self._subscribed = Cell(_Subscribed(), Rank.SESSION)
        self._threads: dict[Lane, OwnThread] = {}
        self._running = False
        self._pumping = Right()
        self._posting = Right()
        self._unposted: deque[Ticket] = deque()
        self._turn = 0
        self._failures = Cell(0, Rank.FIGURES)
        self._delivered = Cell(0, Rank.FIGURES)

    @property
    def failures(self) -> int:
        """Number of failures reported."""
        return self._failures.value

    @property
    def delivered(self) -> int:
        """Number of events delivered so far."""
        return self._delivered.value

    def subscribe(
        self,
        callback: Callback,
        kinds: Kinds,
        delivery: Delivery,
        loop: AbstractEventLoop | None,
        name: str,
        plugin: str = "",
        *,
        wanted: Callable[[Event], bool] = every_event,
    ) -> Subscription:
        """Add a subscriber of the events for which `wanted` is true when they are posted; dropping the handle
        unsubscribes. Raises HostError after `finish`."""
        lane = Lane(
            name or getattr(callback, "__qualname__", type(callback).__name__),
            kinds,
            "own" if loop is not None else delivery,
            conflate=self._with_threads,
            loop=loop,
            plugin=plugin,
            wanted=wanted,
        )
        if loop is not None:
            lane.wake = partial(_wake_loop, loop, lane, partial(self._drain, lane))
        handle = Subscription(lane, callback)
        self.add(lane)
        return handle

    def pull(self, kinds: Kinds, name: str) -> Pull:
        """Add a subscriber that polls its events; see `Pull`. Raises HostError after `finish`."""
        lane = Lane(name or "pull", kinds, "pull", conflate=True)
        pull = Pull(lane, self._count)
        self.add(lane)
        return pull

    def add(self, lane: Lane) -> None:
        """Add a lane. Raises HostError after `finish`."""

        def add(old: _Subscribed) -> _Subscribed:
            if old.finished:
                raise HostError("the session is closed; it delivers no more events")
            return old._replace(lanes=(*(other for other in old.lanes if not other.closed), lane))

        _, subscribed = self._subscribed.change(add)
        if subscribed.opened:
            lane.open(None)
        self._equip(lane)

    def post(
        self, *events: Event, key: Hashable | None = None, but: Lane | None = None, rom: int | None = None
    ) -> None:
        """Queue events for all subscribers (but one). With a key, they replace queued events with the same key.

        Args:
            events: They are delivered one after the other.
            key: What newer events replace; `None`: nothing is ever left out.
            but: Receives nothing.
            rom: The era's ROM that they are about: if it no longer runs, an update is delivered without origins.
        """
        if key is None:
            self.post_each([(events, but)])
            return
        subscribed = self._subscribed.value
        for lane in subscribed.lanes:
            if lane is not but:
                lane.post(events, key, rom=rom, runs=subscribed.era.rom)

    def post_each(self, tickets: Iterable[Ticket]) -> None:
        """Queue events that are never left out, not even if an interrupt comes between two subscribers.

        Args:
            tickets: An iterator is consumed in one step in C, so calling this again with it posts nothing twice.
        """
        self._unposted.extend(tickets)
        self.settle()

    def settle(self) -> None:
        """Post what an interrupt has withheld from some subscribers."""
        while self._unposted:  # checked again after the right was released
            with self._posting.claim() as mine:
                if not mine:
                    return  # the thread that has the right posts it
                while self._unposted:
                    ticket = self._unposted[0]
                    self._post_ticket(ticket)
                    if self._unposted and self._unposted[0] is ticket:
                        self._unposted.popleft()

    def _post_ticket(self, ticket: Ticket) -> None:
        events, but = ticket
        subscribed = self._subscribed.value
        for lane in subscribed.lanes if events else ():
            if lane is not but:
                lane.post(tuple(events), ticket=ticket, runs=subscribed.era.rom)
        if any(isinstance(event, JobFailed) for event in events):
            self._failures.change(lambda failures: failures + 1)

    def turn(self, news: HostChanged, era: Era) -> None:
        """Tell everybody that the host has changed, once: a call that an interrupt has cut short may be repeated."""
        _, subscribed = self._subscribed.change(lambda old: old._replace(era=max(old.era, era)))
        for lane in subscribed.lanes:
            lane.turn(news if lane.wants(news) else None, era)

    def open(self, first: Event) -> None:
        """Post `first`, once, to everyone who subscribed before the first call.

        A call that an interrupt has cut short may be repeated.
        """

        def open_(old: _Subscribed) -> _Subscribed:
            return old if old.opened else old._replace(opened=True, early=old.lanes)

        _, subscribed = self._subscribed.change(open_)
        for lane in subscribed.early:
            lane.open(first if lane.wants(first) else None)
        self._subscribed.change(lambda old: old._replace(early=()) if old.early else old)

    def finish(self, last: Event) -> None:
        """Post `last` to all subscribers, and nothing after it. It is delivered like any other event."""
        _, subscribed = self._subscribed.change(lambda old: old._replace(finished=True))
        for lane in subscribed.lanes:
            lane.finish(last if lane.wants(last) else None)

    def pump(self, budget: float) -> int:
        """Deliver items that wait for this thread, for `budget` seconds but at least one; return the number of events.

        Does nothing inside a callback that it calls, or while another thread pumps.
        """
        delivered = 0
        for _again in range(2):  # once more, in case a signal handler closed the session after the last check
            with self._pumping.claim() as mine:
                if not mine:
                    return delivered
                delivered += self._pump(budget)
            subscribed = self._subscribed.value
            if not subscribed.finished or not any(self._is_pumped(lane) and lane.pending for lane in subscribed.lanes):
                break
        return delivered

    def flush(self) -> None:
        """Without threads, deliver everything now (immediate delivery)."""
        while not self._with_threads and self.pump(math.inf):
            pass

    def start(self) -> None:
        """Start a thread for each subscriber with delivery "own"."""
        self._running = self._with_threads
        for lane in self._subscribed.value.lanes:
            self._equip(lane)
            if lane.pending:
                lane.wake()

    def end_threads(self) -> None:
        """Ask the threads to deliver what waits, and end. Does not wait."""
        self._running = False
        for lane, thread in list(self._threads.items()):
            lane.unwatched()
            thread.end()

    def join(self, until: float) -> list[str]:
        """Wait for the threads; return the names of those that did not end in time. Undelivered items stay queued."""
        late = []
        for lane, thread in list(self._threads.items()):
            if not thread.join(until - time.monotonic()):
                late.append(thread.name)
            self._threads.pop(lane, None)
        return late

    def here(self) -> bool:
        """Whether the calling thread is inside a pump."""
        return self._pumping.mine

    def stats(self) -> tuple[SubscriptionStats, ...]:
        """Statistics of every subscription."""
        return tuple(
            SubscriptionStats(
                lane.name, lane.delivery, len(lane), lane.delivered, lane.dropped, lane.slow, lane.switched_off
            )
            for lane in self._subscribed.value.lanes
            if not lane.closed
        )

    def renew(self) -> None:
        """Reset after a fork: nothing is delivered in the child, and no other thread exists there."""
        for lane in self._subscribed.value.lanes:
            lane.renew()
        self._threads.clear()
        self._pumping.renew()
        self._posting.renew()
        self._unposted.clear()
        self._subscribed.renew()
        self._subscribed.value = _Subscribed(finished=True)

    def _is_pumped(self, lane: Lane) -> bool:
        if lane.loop is not None or lane.delivery == "pull":
            return False
        return lane.delivery == "host" or not self._with_threads

    def _equip(self, lane: Lane) -> None:
        if not self._running or lane.closed or lane.loop is not None or lane.delivery != "own":
            return
        for old, thread in list(self._threads.items()):
            if old.closed:
                thread.end()
                self._threads.pop(old, None)
        give_thread(self._threads, lane, OwnThread(lane.name, partial(self._drain, lane)))
        lane.wake()  # starts it: no thread can start once the interpreter exits, and the last event comes then

    def _count(self) -> None:
        self._delivered.change(lambda delivered: delivered + 1)

    def _drain(self, lane: Lane) -> None:
        while self._deliver(lane):
            pass

    def _pump(self, budget: float) -> int:
        delivered = idle = 0
        until = time.perf_counter() + budget
        while lanes := tuple(lane for lane in self._subscribed.value.lanes if self._is_pumped(lane)):
            self._turn += 1  # the next pump continues with the subscriber after this one
            lane = lanes[self._turn % len(lanes)]
            events = self._deliver(lane) if lane.pending else 0
            idle = 0 if events else idle + 1
            delivered += events
            if idle >= len(lanes):
                break
            if events and time.perf_counter() >= until and not self._subscribed.value.finished:
                break  # but deliver the end completely: a session that a callback has closed is not pumped again
        return delivered

    def _deliver(self, lane: Lane) -> int:
        """Deliver one item of a lane; return the number of its events."""
        with lane.claim() as mine:
            taken = lane.take() if mine else None
            if taken is None:
                return 0
            count = taken.left
            callback = callback_of(lane)
            lane.amend(taken)
            while taken.left and callback is not None and not lane.shut_down and not lane.switched_off:
                self._call(lane, callback, taken)
                lane.delivered += 1
                self._count()
            lane.skipped += taken.left > 0 and isinstance(taken.item, Update)
            taken.skip()
            return count

    def _call(self, lane: Lane, callback: Callback, taken: Taken[Event]) -> None:
        event = taken.item
        about_to_call_out(lane.name)
        began = time.perf_counter()
        try:
            taken.deliver(callback)
        except catchable() as error:
            self._failed(lane, event, error)
        else:
            lane.failures_in_a_row = 0
        took = time.perf_counter() - began
        if took > self._slow:
            lane.slow += 1
            if began - lane.slow_told > SAY_SLOW_EVERY or lane.slow == 1:
                lane.slow_told = began
                # On its own thread, a slow callback only delays itself.
                log.log(
                    logging.WARNING if self._is_pumped(lane) else logging.INFO,
                    "subscription %s: %s took %.0f ms (%d slow calls so far)",
                    *(lane.name, type(event).__name__, took * 1000, lane.slow),
                )

    def _failed(self, lane: Lane, event: Event, error: BaseException) -> None:
        lane.failures_in_a_row += 1
        what = f"subscription {lane.name}"
        text = "".join(traceback.format_exception(error))
        forget_frames(error)
        # Logged as text: a record that kept the traceback would keep every frame.
        log.error("%s failed at %s\n%s", what, type(event).__name__, text.rstrip())
        if not isinstance(event, JobFailed):  # reporting a failure to handle failures would recurse forever
            self.post(JobFailed(what, error, text, lane.plugin), but=lane)
        if lane.failures_in_a_row >= self._most_failures:
            lane.switched_off = True
            log.error(
                "%s failed %d times in a row and is switched off; switch_on() calls it again",
                *(what, lane.failures_in_a_row),
            )


def _wake_loop(loop: AbstractEventLoop, lane: Lane, drain: partial[None]) -> None:
    try:
        loop.call_soon_threadsafe(drain)
    except RuntimeError:  # the loop is closed
        log.warning("subscription %s: its event loop is closed; nothing more is delivered to it", lane.name)
        lane.shut()
