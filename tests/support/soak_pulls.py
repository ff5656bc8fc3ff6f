"""Those in a soak who pull: on a thread, on an event loop, hardly ever, or no more."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Coroutine
from typing import Any, Literal

from halscope.session import Pull
from support.made_host import WAIT
from support.soak_game import MadeError
from support.soak_people import Ledger, Moody

Kind = Literal["takes", "iterates", "async", "stalls"]


class LoopThread:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="soak's event loop", daemon=True)
        self._thread.start()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run it there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT)

    def end(self) -> None:
        """Stop and close it."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(60)
        self.loop.close()


class Puller:
    """Takes what a Pull has, and checks it.

    Args:
        kind: How.
        pull: From where.
        ledger: Checks it.
        mood: Whether it dawdles.
        seed: Its time-outs follow from this.
    """

    def __init__(self, kind: Kind, pull: Pull, ledger: Ledger, mood: Moody, seed: float) -> None:
        self.kind = kind
        self.ledger = ledger
        self._pull: Pull | None = pull
        self._mood = mood
        self._rng = random.Random(seed)
        target = {"takes": self._take, "iterates": self._iterate, "async": self._loop, "stalls": None}[kind]
        self._thread: threading.Thread | None = None
        if target is not None:
            self._thread = threading.Thread(
                target=target, args=(pull,), name=f"soak's puller {ledger.name}", daemon=True
            )
            self._thread.start()

    def leave(self, *, drop: bool) -> None:
        """Pull no more: close it, or, where no thread has it, drop it."""
        pull, self._pull = self._pull, None
        assert pull is not None
        if not drop or self._thread is not None:
            pull.close()
        self._join()

    def end(self) -> None:
        """After the session's end: all that there was is taken, `Detached` last."""
        pull = self._pull
        if pull is not None and self.kind == "stalls":
            if pull.waiting > 2 * self.ledger.roms + 2:
                self.ledger.breach(f"{pull.waiting} events wait for one that stalls")
            while (event := pull.take(0)) is not None:
                self.ledger.note(event)
        self._join()
        if pull is not None and not (self.ledger.detached and pull.closed):
            self.ledger.breach("was not told of the end")
        self._pull = None

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join(WAIT)
            if self._thread.is_alive():
                self.ledger.breach("pulls on after the end")
            self._thread = None

    def _dawdle(self) -> None:
        with contextlib.suppress(MadeError):
            self._mood.be()

    def _take(self, pull: Pull) -> None:
        while not pull.closed:
            event = pull.take(self._rng.random() * 0.01)
            if event is not None:
                self.ledger.note(event)
            self._dawdle()

    def _iterate(self, pull: Pull) -> None:
        for event in pull:
            self.ledger.note(event)
            self._dawdle()

    def _loop(self, pull: Pull) -> None:
        async def consume() -> None:
            async for event in pull:
                self.ledger.note(event)
                await asyncio.sleep(0)
                self._dawdle()

        asyncio.run(consume())
