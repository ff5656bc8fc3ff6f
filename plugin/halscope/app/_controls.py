"""What other threads ask of the emulator, done on the game's thread: only that thread may call the host."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, final

from halscope_hooks import HalscopeError, Host


@final
class Controls:
    """Requests to a host from other threads. The game's thread calls `run` for each frame, and while it is idle."""

    def __init__(self) -> None:
        self._requests: SimpleQueue[tuple[Callable[[Host], Any], Future[Any]]] = SimpleQueue()
        self._held: dict[object, frozenset[str]] = {}
        self.paused = False
        """Whether the game was paused by a request."""
        self.speed = 1.0
        """The multiple of the console's speed that was asked for last; 0 means as fast as possible."""

    def ask[T](self, work: Callable[[Host], T]) -> Future[T]:
        """Have the game's thread call `work` with the host. The future has its result, or its HalscopeError.

        Cancelled before its turn, it is not done.
        """
        answer: Future[T] = Future()
        self._requests.put((work, answer))
        return answer

    def hold(self, who: object, buttons: Collection[str]) -> None:
        """Hold exactly these buttons for one asker, until it asks for others; an empty set releases all."""
        held = {key: value for key, value in self._held.items() if key is not who}
        self._held = held if not buttons else {**held, who: frozenset(buttons)}

    @property
    def held(self) -> frozenset[str]:
        """The buttons that any asker holds."""
        return frozenset().union(*self._held.values())

    def run(self, host: Host) -> None:
        """Do what was asked since the last call. On the game's thread."""
        while True:
            try:
                work, answer = self._requests.get_nowait()
            except Empty:
                return
            if not answer.set_running_or_notify_cancel():
                continue  # whoever asked has left, or waits no longer
            try:
                answer.set_result(work(host))
            except HalscopeError as error:
                answer.set_exception(error)
            except BaseException as error:
                answer.set_exception(error)
                raise
