"""Taps: who stands before the mailbox and sees every snapshot, in order; one that cannot keep up is stopped."""

from __future__ import annotations

import logging
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from halscope_hooks import HalscopeError, Snapshot

from halscope.formats.recording import RecordingWriter
from halscope.session._locks import Rank, about_to_call_out, ranked_lock
from halscope.session._threads import catchable

log: Final = logging.getLogger("halscope.session")

MOST_SNAPSHOTS: Final = 240  # four seconds of a game: longer than a disk sleeps
MOST_BYTES: Final = 256 << 20
MOST_FAILURES: Final = 3  # in a row
CLOSE_WAIT: Final = 5.0  # seconds that `close` waits for what came in to be taken

Look = Callable[[Snapshot], None]
Failed = Callable[[str, BaseException, str], None]
"""Takes what failed, its error, and the traceback as text."""


class TapOverflowError(HalscopeError):
    """A recorder or collector could not keep up with the game and was stopped."""


@dataclass(frozen=True, slots=True)
class TapStats:
    """How a tap is doing.

    Args:
        name: Its name.
        waiting: Snapshots that it has yet to take.
        taken: Snapshots that it took.
        stopped: Why it gets none any more, or `None`.
    """

    name: str
    waiting: int
    taken: int
    stopped: str | None


class Reel:
    """The queue of one tap; does not know whom it is for, so that the thread that empties it does not keep them."""

    def __init__(self, name: str, most: int, most_bytes: int, most_failures: int, failed: Failed) -> None:
        self.name = name
        self.tap: weakref.ref[Tap] | None = None
        self.wake: Callable[[], None] = nobody
        self.over: Callable[[], None] = nobody
        self.error: BaseException | None = None
        self.taken = 0
        self._failures = 0  # in a row
        self._most, self._most_bytes, self._most_failures = most, most_bytes, most_failures
        self._failed = failed
        self._lock = ranked_lock(Rank.LANE)
        self._still = threading.Condition(self._lock)  # type: ignore[arg-type]  # a CheckedLock has all that it uses
        self._queue: deque[Snapshot] = deque()
        self._bytes = 0
        self._at_work: int | None = None
        self._finished = False  # nothing comes in any more
        self._ended = False  # and all that came in was taken

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def finished(self) -> bool:
        """Whether nothing comes in any more."""
        return self._finished

    @property
    def ended(self) -> bool:
        """Whether, besides, all that came in was taken."""
        return self._ended

    def put(self, snapshot: Snapshot) -> None:
        """Add one; where too much waits already, stop the tap, and say so."""
        size = _size(snapshot)
        error = None
        with self._lock:
            if self._finished:
                return
            full = len(self._queue) >= self._most or (self._queue and self._bytes + size > self._most_bytes)
            if full:
                error = TapOverflowError(
                    f"tap {self.name}: it cannot keep up: {len(self._queue)} snapshots ({self._bytes >> 20} MiB) wait; "
                    f"it was stopped before frame {snapshot.frame}, and has everything up to there"
                )
                self._finished, self.error = True, error
            else:
                self._queue.append(snapshot)
                self._bytes += size
        self.wake()
        if error is not None:
            log.error("%s", error)
            self._failed(f"tap {self.name}", error, "")

    def drain(self) -> None:
        """Take all that is there, one after the other; at the end of everything, let the tap end, too."""
        while (snapshot := self._begin()) is not None:
            tap = None if self.tap is None else self.tap()
            if tap is None:
                self._done()
                self.abandon()
                return
            self._take(tap, snapshot)
            del tap
        self._end()

    def finish(self) -> None:
        """Let nothing in any more."""
        with self._lock:
            self._finished = True

    def abandon(self) -> None:
        """Nobody is there to take anything. Called by a finaliser, too: takes no lock."""
        self._finished = self._ended = True
        self._queue.clear()
        self.over()

    def wait(self, timeout: float) -> bool:
        """Wait until all was taken; True if so, or if the caller is at it."""
        until = time.monotonic() + timeout
        with self._lock:
            while not self._ended and self._at_work != threading.get_ident():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._still.wait(left)
        return True

    def _begin(self) -> Snapshot | None:
        with self._lock:
            if self._at_work is not None or not self._queue:
                return None
            self._at_work = threading.get_ident()
            snapshot = self._queue.popleft()
            self._bytes -= _size(snapshot)
            return snapshot

    def _done(self) -> None:
        with self._lock:
            self._at_work = None
            self._still.notify_all()

    def _take(self, tap: Tap, snapshot: Snapshot) -> None:
        about_to_call_out(self.name)
        try:
            tap._take(snapshot)
        except catchable() as error:
            self._failures += 1
            self._say(error)
            if self._failures >= self._most_failures:
                log.error("tap %s is stopped: it failed %d times in a row", self.name, self._failures)
                with self._lock:
                    self._finished, self.error = True, error
                    self._queue.clear()
                    self._bytes = 0
        else:
            self._failures = 0
            self.taken += 1
        finally:
            self._done()

    def _say(self, error: BaseException) -> None:
        log.error("tap %s failed", self.name, exc_info=error)
        self._failed(f"tap {self.name}", error, "".join(traceback.format_exception(error)))

    def _end(self) -> None:
        with self._lock:
            if not self._finished or self._ended or self._at_work is not None or self._queue:
                return
            self._at_work = threading.get_ident()
        tap = None if self.tap is None else self.tap()
        try:
            if tap is not None:
                tap._end()
        except catchable() as error:
            self.error = self.error or error
            self._say(error)
        finally:
            with self._lock:
                self._at_work, self._ended = None, True
                self._still.notify_all()
        self.over()


class Tap:
    """The handle of a collector: it sees every snapshot until it is closed, or dropped. The session holds it weakly."""

    def __init__(self, reel: Reel, look: Look) -> None:
        self._reel = reel
        self._look = look
        reel.tap = weakref.ref(self)
        weakref.finalize(self, reel.abandon).atexit = False

    @property
    def name(self) -> str:
        """Its name in the log and in failures."""
        return self._reel.name

    @property
    def taken(self) -> int:
        """How many snapshots it took."""
        return self._reel.taken

    @property
    def closed(self) -> bool:
        """Whether it gets no more snapshots."""
        return self._reel.finished

    @property
    def error(self) -> BaseException | None:
        """Why it was stopped, if it was not closed in order."""
        return self._reel.error

    def close(self, timeout: float = CLOSE_WAIT) -> bool:
        """Take what has come in, and no more. Idempotent, from any thread.

        Returns:
            Whether everything was taken within `timeout` seconds (the rest still is, later).
        """
        self._reel.finish()
        self._reel.wake()
        if self._reel.wake is nobody:
            self._reel.drain()
        return self._reel.wait(timeout)

    def stats(self) -> TapStats:
        """How it is doing."""
        error = self._reel.error
        why = str(error) if error is not None else "closed" if self.closed else None
        return TapStats(self.name, len(self._reel), self.taken, why)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, snapshot: Snapshot) -> None:
        self._look(snapshot)

    def _end(self) -> None:
        """Called once, after the last snapshot."""


class Recording(Tap):
    """The handle of a recording that is being made. The session holds it until one of them is closed."""

    def __init__(self, reel: Reel, writer: RecordingWriter, path: Path, *, wram: bool, picture: bool) -> None:
        super().__init__(reel, writer.append)
        self._writer = writer
        self._wram, self._picture = wram, picture
        self.path = path

    def _take(self, snapshot: Snapshot) -> None:
        if not (self._wram and self._picture):
            snapshot = replace(
                snapshot,
                wram=snapshot.wram if self._wram else None,
                picture=snapshot.picture if self._picture else None,
            )
        self._writer.append(snapshot)

    def _end(self) -> None:
        self._writer.close()


def nobody() -> None:
    """What a tap wakes that has no thread now."""


def _size(snapshot: Snapshot) -> int:
    """Bytes that a snapshot keeps."""
    optional = (snapshot.wram, snapshot.picture, snapshot.bwram, snapshot.iram, snapshot.raster)
    more = [array.nbytes for array in optional if array is not None]
    return snapshot.vram.nbytes + snapshot.cgram.nbytes + snapshot.oam.nbytes + sum(more)
