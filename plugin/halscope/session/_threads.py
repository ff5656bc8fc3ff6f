"""Threads of subscribers and taps: each empties a queue whenever it is woken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol, cast

from halscope._output import is_our_thread
from halscope._processes import block_ctrl_c
from halscope.session._rights import Right

log: Final = logging.getLogger("halscope.session")

PREFIX: Final = "halscope "
"""Prefix of the names of our threads, for users who list threads."""

_START_LOOK: Final = 0.001  # seconds between two looks at a thread that is just starting
_LOOK_EVERY: Final = 0.25  # seconds between two checks of an idle thread, which an interrupt may have left unwoken


class OurThread(threading.Thread):
    """A thread of a session or its pools. A stop waits for these threads, so they must not wait for a stop."""


def new_thread[*A](name: str, target: Callable[[*A], object], *arguments: *A) -> threading.Thread:
    """Return a thread, not yet started. It is a daemon, as our threads are never joined without a time-out, and it
    blocks SIGINT."""
    return OurThread(target=_deaf_to_ctrl_c, args=(target, *arguments), name=name, daemon=True)


def _deaf_to_ctrl_c[*A](target: Callable[[*A], object], *arguments: *A) -> None:
    """Block SIGINT in this thread and in the threads that C++ starts from it.

    A signal may go to any thread of a process, most likely to one that is just starting, such as those of an index
    build. There it only sets a flag: the main thread stays in `time.sleep` or `result`, and Ctrl-C seems to do nothing.
    """
    is_our_thread()
    block_ctrl_c()
    target(*arguments)


def join_thread(thread: threading.Thread, until: float) -> bool:
    """Wait until a thread has ended, or was never started; return whether it has."""
    while thread.ident is not None:
        try:
            thread.join(max(until - time.monotonic(), 0))
            return not thread.is_alive()
        except RuntimeError:  # "cannot join thread before it is started": it has its ident since a moment
            if time.monotonic() >= until:
                return False
            time.sleep(_START_LOOK)
    return True


async def on_a_thread[T](name: str, work: Callable[[], T]) -> T:
    """Run `work` on a thread for which only the caller waits, without blocking the caller's event loop."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if future.done():  # the caller was cancelled
            return
        if error is None:
            future.set_result(cast("T", value))
        else:
            future.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except BaseException as caught:  # raised again in the caller
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    # Not an OurThread: `work` may wait for those, and a stop of a session does not wait for this one.
    threading.Thread(target=_deaf_to_ctrl_c, args=(run,), name=name, daemon=True).start()
    return await future


class OwnThread:
    """Calls `drain` on a thread of its own after each `wake`, until `end`.

    The thread is a daemon: it is never joined without a time-out, and never killed. It starts with the first `wake`.

    Args:
        name: Name of the thread.
        drain: Does all pending work; must not raise.
    """

    def __init__(self, name: str, drain: Callable[[], None]) -> None:
        self.name = PREFIX + name
        self.ending = False
        self._drain = drain
        # Unlike `Event.set`, `SimpleQueue.put` is safe in a finaliser, which may interrupt any line, even `put` itself.
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._begun: tuple[threading.Thread, ...] = ()
        self._right = Right()

    def wake(self) -> None:
        """Call `drain` on the thread. Does nothing after `end`."""
        self._calls.put(True)
        if not self.ending and not any(thread.is_alive() for thread in self._begun):
            self._begin()

    def end(self) -> None:
        """Ask the thread to do the pending work and end. Never waits; may be called in a finaliser."""
        self.ending = True
        for _ in range(len(self._begun) + 1):  # an interrupt may have left two threads; a surplus request does no harm
            self._calls.put(False)

    def join(self, timeout: float) -> bool:
        """Wait for the thread to end; True if it has ended, or if it is the caller, which ends when it returns."""
        until = time.monotonic() + timeout
        others = (thread for thread in self._begun if thread.ident != threading.get_ident())
        return all(join_thread(thread, until) for thread in others)

    def _begin(self) -> None:
        with self._right.claim() as mine:
            if mine and not any(thread.is_alive() for thread in self._begun):
                thread = new_thread(self.name, self._run)
                # Stored before it starts, so that an interrupt cannot lose it.
                self._begun = (*(other for other in self._begun if other.ident is not None), thread)
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads, or interpreter exit: the next wake retries
                    self._begun = self._begun[:-1]
                    log.log(logging.DEBUG if "shutdown" in str(error) else logging.ERROR, "%s: %s", self.name, error)

    def _run(self) -> None:
        go_on = True
        while go_on:
            with contextlib.suppress(Empty):  # drain anyway: an interrupt may have prevented a wake
                go_on = self._calls.get(timeout=_LOOK_EVERY)
            go_on = go_on and not self.ending
            self._drain()


class Woken(Protocol):
    """A queue that wakes the thread that empties it."""

    wake: Callable[[], None]
    over: Callable[[], None]


def give_thread[Q: Woken](threads: dict[Q, OwnThread], queue: Q, fresh: OwnThread) -> None:
    """Connect a queue to its thread in `threads`, or else to the fresh one; the queue wakes that thread from now on."""
    there = threads.get(queue)
    if there is not None and there.ending:
        there.end()  # again: an interrupt may have prevented the request
        threads.pop(queue, None)
    thread = threads.setdefault(queue, fresh)
    queue.wake, queue.over = thread.wake, thread.end


def catchable() -> type[BaseException]:
    """Return what to catch around third-party code: everything, but on the main thread not Ctrl-C or sys.exit."""
    return Exception if threading.current_thread() is threading.main_thread() else BaseException


def inside() -> bool:
    """Whether the calling thread belongs to a session or its pools."""
    return isinstance(threading.current_thread(), OurThread)
