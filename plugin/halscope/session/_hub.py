"""Delivery: events to every subscriber, on the host's thread, on a thread of the subscriber's, or on its event loop."""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from asyncio import AbstractEventLoop
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Final

from halscope_hooks import Event, HostError, JobFailed

from halscope.session._delivery import Callback, Delivery, Kinds, Lane, Subscription, callback_of
from halscope.session._locks import Rank, about_to_call_out, ranked_lock
from halscope.session._threads import OwnThread, catchable, forget_frames

log: Final = logging.getLogger("halscope.session")

SLOW: Final = 0.05  # seconds; a callback on the host's thread that takes longer costs frames
SAY_SLOW_EVERY: Final = 10.0  # seconds between two lines about one slow callback
MOST_FAILURES: Final = 3  # in a row; after that a callback is switched off


@dataclass(frozen=True, slots=True)
class SubscriptionStats:
    """What became of one subscription's events.

    Args:
        name: Its name.
        delivery: On whose thread it is told.
        waiting: Items that wait.
        delivered: Events delivered.
        dropped: Frames and reports of progress that gave way to newer ones.
        slow: Callbacks that took longer than the limit.
        switched_off: Whether it failed so often that it is not called any more.
    """

    name: str
    delivery: Delivery
    waiting: int
    delivered: int
    dropped: int
    slow: int
    switched_off: bool


class Hub:
    """All subscriptions of a session.

    Args:
        threads: Whether there are threads; without, everything is delivered by `flush`, nothing is left out.
        slow: Seconds after which a callback is called slow.
        most_failures: How many times in a row a callback may fail.
    """

    def __init__(self, *, threads: bool, slow: float = SLOW, most_failures: int = MOST_FAILURES) -> None:
        self._with_threads = threads
        self._slow = slow
        self._most_failures = most_failures
        self._lock = ranked_lock(Rank.SESSION)
        self._figures = ranked_lock(Rank.FIGURES)
        self._lanes: tuple[Lane, ...] = ()  # replaced, never changed: who posts reads it without the lock
        self._threads: dict[Lane, OwnThread] = {}
        self._running = False
        self._finished = False
        self._pumping: int | None = None
        self._turn = 0
        self.failures = 0

    def subscribe(
        self, callback: Callback, kinds: Kinds, delivery: Delivery, loop: AbstractEventLoop | None, name: str
    ) -> Subscription:
        """Add a subscriber; who drops the handle is no longer one. Raises HostError after `finish`."""
        lane = Lane(
            name or getattr(callback, "__qualname__", type(callback).__name__),
            kinds,
            "own" if loop is not None else delivery,
            conflate=self._with_threads,
            loop=loop,
        )
        if loop is not None:
            lane.wake = partial(_wake_loop, loop, lane, partial(self._drain, lane))
        handle = Subscription(lane, callback)
        with self._lock:
            if self._finished:
                raise HostError("the session is closed; nothing more can be heard of it")
            self._lanes = (*(other for other in self._lanes if not other.closed), lane)
            self._equip(lane)
        return handle

    def post(
        self, *events: Event, key: Hashable | None = None, over: Hashable | None = None, but: Lane | None = None
    ) -> None:
        """Hand events that belong together to every subscriber (but one); with a key they take the place of older ones
        with this key that still wait, and those with the key `over` are left out. Nothing is called here."""
        if any(isinstance(event, JobFailed) for event in events):
            with self._figures:
                self.failures += 1
        for lane in self._lanes:
            if lane is not but:
                lane.put(events, key, over)

    def pump(self, budget: float) -> int:
        """Deliver what waits for this thread until the time is up, at least one item; returns how many events.

        Inside a callback that it calls, and while another thread pumps, it does nothing.
        """
        with self._lock:
            if self._pumping is not None:
                return 0
            self._pumping = threading.get_ident()
            lanes = tuple(lane for lane in self._lanes if self._is_pumped(lane))
        delivered = 0
        until = time.perf_counter() + budget
        try:
            idle = 0
            while lanes and idle < len(lanes):
                self._turn += 1  # the next pump goes on with the subscriber after this one
                events = self._deliver(lanes[self._turn % len(lanes)])
                idle = 0 if events else idle + 1
                delivered += events
                if events and time.perf_counter() >= until and not self._finished:
                    break  # but the end is delivered whole: nobody pumps a session that a callback has closed
        finally:
            with self._lock:
                self._pumping = None
        return delivered

    def flush(self) -> None:
        """Deliver everything, if there are no threads: what is called immediate delivery."""
        while not self._with_threads and self.pump(math.inf):
            pass

    def start(self) -> None:
        """Give each subscriber that wants one its thread."""
        with self._lock:
            self._running = self._with_threads
            lanes = self._lanes
            for lane in lanes:
                self._equip(lane)
        for lane in lanes:
            if len(lane):
                lane.wake()

    def stop(self, timeout: float) -> list[str]:
        """End the threads; what waits stays. Returns the names of those whose callback has not returned in time."""
        with self._lock:
            self._running = False
            threads = [*self._threads.values()]
            for lane in self._threads:
                lane.unwatched()
            self._threads = {}
        for thread in threads:
            thread.end()
        until = time.monotonic() + timeout
        return [thread.name for thread in threads if not thread.join(until - time.monotonic())]

    def here(self) -> bool:
        """Whether the caller is inside a pump."""
        return self._pumping == threading.get_ident()

    def finish(self, last: Event) -> None:
        """Say `last` to everybody, and nothing after it. It is delivered as everything else is."""
        with self._lock:
            self._finished = True
            lanes = self._lanes
        for lane in lanes:
            lane.finish(last)

    def stats(self) -> tuple[SubscriptionStats, ...]:
        """What became of everything."""
        return tuple(
            SubscriptionStats(
                lane.name, lane.delivery, len(lane), lane.delivered, lane.dropped, lane.slow, lane.switched_off
            )
            for lane in self._lanes
            if not lane.closed
        )

    @property
    def delivered(self) -> int:
        """How many events were delivered to the subscriptions that there are."""
        return sum(lane.delivered for lane in self._lanes)

    def _is_pumped(self, lane: Lane) -> bool:
        return lane.loop is None and (lane.delivery == "host" or not self._with_threads)

    def _equip(self, lane: Lane) -> None:
        if not self._running or lane.closed or lane in self._threads or self._is_pumped(lane) or lane.loop is not None:
            return
        for old in [other for other in self._threads if other.closed]:
            del self._threads[old]
        thread = OwnThread(lane.name, partial(self._drain, lane))
        self._threads[lane] = thread
        lane.wake, lane.over = thread.wake, thread.end

    def _drain(self, lane: Lane) -> None:
        while self._deliver(lane):
            pass

    def _deliver(self, lane: Lane) -> int:
        """Deliver one item of a lane; returns how many events."""
        events = lane.begin()
        if not events:
            return 0
        callback = callback_of(lane)
        delivered = 0
        try:
            for event in events:
                if callback is None or lane.closed or lane.switched_off:
                    break
                self._call(lane, callback, event)
                delivered += 1
        finally:
            lane.delivered += delivered
            lane.end()
        return len(events)

    def _call(self, lane: Lane, callback: Callback, event: Event) -> None:
        about_to_call_out(lane.name)
        began = time.perf_counter()
        try:
            callback(event)
        except catchable() as error:
            self._failed(lane, event, error)
        else:
            lane.failures_in_a_row = 0
        took = time.perf_counter() - began
        if took > self._slow:
            lane.slow += 1
            if began - lane.slow_said > SAY_SLOW_EVERY or lane.slow == 1:
                lane.slow_said = began
                # On a thread of its own it costs nobody anything but its own frames.
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
        # As text: a log record that kept the error's traceback would keep every frame.
        log.error("%s failed at %s\n%s", what, type(event).__name__, text.rstrip())
        if not isinstance(event, JobFailed):  # a failure to hear of failures would go round for ever
            self.post(JobFailed(what, error, text), but=lane)
        if lane.failures_in_a_row >= self._most_failures:
            lane.switched_off = True
            log.error(
                "%s failed %d times in a row and is switched off; switch_on() calls it again",
                *(what, lane.failures_in_a_row),
            )


def _wake_loop(loop: AbstractEventLoop, lane: Lane, drain: partial[None]) -> None:
    try:
        loop.call_soon_threadsafe(drain)
    except RuntimeError:  # the loop is closed, and nobody can be told any more
        log.warning("subscription %s: its event loop is closed; it is told nothing any more", lane.name)
        lane.close(0)
