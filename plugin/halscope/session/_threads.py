"""A thread of our own that empties a queue whenever it is woken: what a subscriber or a tap gets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol, cast

from halscope.session._rights import Right

log: Final = logging.getLogger("halscope.session")

PREFIX: Final = "halscope "
"""The names of our threads begin so, for people who look at a list of threads."""

_LOOK_EVERY: Final = 1.0  # seconds; nothing waits without end, not even for work


class OurThread(threading.Thread):
    """A thread of a session's or of its pools. A stop waits for those, so they must not wait for a stop in turn."""


def new_thread[*A](name: str, target: Callable[[*A], object], *arguments: *A) -> threading.Thread:
    """A thread, not yet begun: a daemon, for nobody waits for one of ours without a time-out, and deaf to Ctrl-C."""
    return OurThread(target=_deaf_to_ctrl_c, args=(target, *arguments), name=name, daemon=True)


def _deaf_to_ctrl_c[*A](target: Callable[[*A], object], *arguments: *A) -> None:
    """Let no SIGINT be taken by this thread, nor by the threads that C++ begins in it.

    A signal goes to any thread of a process, most likely to one that is just beginning, as those of an index build do.
    There it only sets a flag: the main thread sleeps on in its `time.sleep` or `result`, and Ctrl-C seems dead.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    target(*arguments)


async def on_a_thread[T](name: str, work: Callable[[], T]) -> T:
    """Do `work` on a thread that is not waited for by anybody but the caller, whose event loop goes on meanwhile."""
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
        except BaseException as caught:  # it belongs to the caller
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    # No OurThread: it waits for those, and nobody who stops a session waits for it.
    threading.Thread(target=_deaf_to_ctrl_c, args=(run,), name=name, daemon=True).start()
    return await future


class OwnThread:
    """Calls `drain` on a thread of its own after each `wake`, until it is told to end.

    The thread is a daemon: it is never waited for without a time-out, and never killed. It begins with the first
    `wake`, so a subscriber that is never told anything costs no thread.

    Args:
        name: The thread's name.
        drain: Does all that is to be done; must not raise.
    """

    def __init__(self, name: str, drain: Callable[[], None]) -> None:
        self.name = PREFIX + name
        self.ending = False
        self._drain = drain
        # `SimpleQueue.put` may be called from a finaliser that interrupts anything, itself too; an Event's `set` not.
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._begun: tuple[threading.Thread, ...] = ()
        self._right = Right()

    def wake(self) -> None:
        """There is something to do. After `end` this does nothing."""
        self._calls.put(True)
        if not self.ending and not any(thread.is_alive() for thread in self._begun):
            self._begin()

    def end(self) -> None:
        """Ask the thread to do what there is, and end. Never waits; may be called from a finaliser."""
        self.ending = True
        for _ in range(len(self._begun) + 1):  # after an interrupt there may be two; a word too many does no harm
            self._calls.put(False)

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; True where it has ended (or is the caller itself, which ends when it returns)."""
        until = time.monotonic() + timeout
        for thread in self._begun:
            if thread.ident is not None and thread.ident != threading.get_ident():
                thread.join(max(until - time.monotonic(), 0))
                if thread.is_alive():
                    return False
        return True

    def _begin(self) -> None:
        with self._right.claim() as mine:
            if mine and not any(thread.is_alive() for thread in self._begun):
                thread = new_thread(self.name, self._run)
                # Before it begins: an interrupt must not lose sight of it.
                self._begun = (*(other for other in self._begun if other.ident is not None), thread)
                try:
                    thread.start()
                except RuntimeError as error:  # the system has none left, or the interpreter ends: the next wake tries
                    self._begun = self._begun[:-1]
                    log.log(logging.DEBUG if "shutdown" in str(error) else logging.ERROR, "%s: %s", self.name, error)

    def _run(self) -> None:
        go_on = True
        while go_on:
            with contextlib.suppress(Empty):  # an interrupt may have kept it from being woken: it looks all the same
                go_on = self._calls.get(timeout=_LOOK_EVERY)
            go_on = go_on and not self.ending
            self._drain()


class Woken(Protocol):
    """A queue that wakes whoever empties it."""

    wake: Callable[[], None]
    over: Callable[[], None]


def give_thread[Q: Woken](threads: dict[Q, OwnThread], queue: Q, fresh: OwnThread) -> None:
    """Have a queue emptied by the thread that it has in `threads`, or by the fresh one. It wakes it by itself."""
    there = threads.get(queue)
    if there is not None and there.ending:
        there.end()  # again: an interrupt may have come before the thread was told
        threads.pop(queue, None)
    thread = threads.setdefault(queue, fresh)
    queue.wake, queue.over = thread.wake, thread.end


def catchable() -> type[BaseException]:
    """What third-party code may raise without ending the thread that calls it: on the main thread not Ctrl-C."""
    return Exception if threading.current_thread() is threading.main_thread() else BaseException


def forget_frames(error: BaseException) -> None:
    """Let an error that was caught and told, its traceback as text, forget where it came from.

    A frame leads to its callers, so the error of a callback to `Session.pump` and the session: whoever kept the error,
    or had yet to be told of it, would keep a session alive that everybody else has dropped.
    """
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            link.__traceback__ = None
            chain += (link.__cause__, link.__context__)


def inside() -> bool:
    """Whether the caller is a thread of a session's or of its pools."""
    return isinstance(threading.current_thread(), OurThread)
