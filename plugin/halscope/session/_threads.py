"""A thread of our own that empties a queue whenever it is woken: what a subscriber or a tap gets."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

log: Final = logging.getLogger("halscope.session")

PREFIX: Final = "halscope "
"""Every thread of ours has a name that begins so."""

_LOOK_EVERY: Final = 5.0  # seconds; nothing waits without end, not even for work


def new_thread[*A](name: str, target: Callable[[*A], object], *arguments: *A) -> threading.Thread:
    """A thread, not yet begun: a daemon, for nobody waits for one of ours without a time-out, and deaf to Ctrl-C."""
    return threading.Thread(target=_deaf_to_ctrl_c, args=(target, *arguments), name=name, daemon=True)


def _deaf_to_ctrl_c[*A](target: Callable[[*A], object], *arguments: *A) -> None:
    """Let no SIGINT be taken by this thread, nor by the threads that C++ begins in it.

    A signal goes to any thread of a process, most likely to one that is just beginning, as those of an index build do.
    There it only sets a flag: the main thread sleeps on in its `time.sleep` or `result`, and Ctrl-C seems dead.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    target(*arguments)


class OwnThread:
    """Calls `drain` on a thread of its own after each `wake`, until it is told to end.

    The thread is a daemon: it is never waited for without a time-out, and never killed. It begins with the first
    `wake`, so who is never told anything costs no thread.

    Args:
        name: The thread's name.
        drain: Does all that is to be done; must not raise.
    """

    def __init__(self, name: str, drain: Callable[[], None]) -> None:
        self.name = PREFIX + name
        self._drain = drain
        # `SimpleQueue.put` may be called from a finaliser that interrupts anything, itself too; an Event's `set` not.
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._lock = threading.Lock()  # held only to begin the thread, and nothing else is taken inside
        self._thread: threading.Thread | None = None
        self._ending = False

    def wake(self) -> None:
        """There is something to do. After `end` this does nothing."""
        self._calls.put(True)
        if self._thread is None and not self._ending:
            self._begin()

    def end(self) -> None:
        """Ask the thread to do what there is, and end. Never waits; may be called from a finaliser."""
        self._ending = True
        self._calls.put(False)

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; True where it has ended (or is the caller itself, which ends when it returns)."""
        with self._lock:  # a thread that is just being begun is waited for, too
            thread = self._thread
        if thread is None or thread.ident == threading.get_ident():
            return True
        thread.join(max(timeout, 0))
        return not thread.is_alive()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._ending:
                thread = new_thread(self.name, _run, self._calls, self._drain)
                try:
                    thread.start()
                except RuntimeError as error:  # the system has none left, or the interpreter ends: the next wake tries
                    log.log(logging.DEBUG if "shutdown" in str(error) else logging.ERROR, "%s: %s", self.name, error)
                else:
                    self._thread = thread


def catchable() -> type[BaseException]:
    """What a stranger's code may raise without ending the thread that calls it: on the main thread not Ctrl-C."""
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
    """Whether the caller is a thread of a session's or of its pools: who stops a session waits for those, and they must
    not wait for the stop in turn."""
    return threading.current_thread().name.startswith(PREFIX)


def _run(calls: SimpleQueue[bool], drain: Callable[[], None]) -> None:
    go_on = True
    while go_on:
        try:
            go_on = calls.get(timeout=_LOOK_EVERY)
        except Empty:
            continue
        drain()
