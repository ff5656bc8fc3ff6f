"""Taps: recorders and collectors ahead of the mailbox. A tap receives every snapshot in order, or is stopped."""

from __future__ import annotations

import logging
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final, override

from halscope_hooks import HalscopeError, Snapshot, Touched

from halscope.formats.recording import RecordingWriter, trimmed
from halscope.session._errors import told_error
from halscope.session._locks import about_to_call_out
from halscope.session._queue import Queue, Taken, nobody, shut_with
from halscope.session._threads import catchable

log: Final = logging.getLogger("halscope.session")

MOST_SNAPSHOTS: Final = 240  # four seconds of a game: longer than a disk takes to spin up
MOST_BYTES: Final = 256 << 20
MOST_FAILURES: Final = 3  # in a row
CLOSE_WAIT: Final = 5.0  # seconds that `close` waits for waiting snapshots to be processed

Look = Callable[[Snapshot], None]
Failed = Callable[[str, BaseException, str], None]
"""Called with the name of what failed, the error, and the traceback as text."""


def always() -> bool:
    """Say that a tap wants every snapshot."""
    return True


class TapOverflowError(HalscopeError):
    """A recorder or collector could not keep up with the game and was stopped."""


@dataclass(frozen=True, slots=True)
class TapStats:
    """Statistics of a tap.

    Args:
        name: Name of the tap.
        waiting: Number of snapshots that wait.
        taken: Number of snapshots processed.
        stopped: Why it receives no more snapshots, or `None`.
    """

    name: str
    waiting: int
    taken: int
    stopped: str | None


@final
class Reel(Queue[Snapshot]):
    """The queue of a tap. It holds the tap weakly, so that the thread that empties it does not keep the tap alive."""

    def __init__(
        self,
        name: str,
        most: int,
        most_bytes: int,
        most_failures: int,
        failed: Failed,
        wanted: Callable[[], bool] = always,
        gathered: int = 1,
    ) -> None:
        super().__init__(name, most=most, most_size=most_bytes)
        self._gathered = gathered
        self.wanted = wanted
        """Whether the tap wants a snapshot that comes now."""
        self.tap: weakref.ref[Tap] | None = None
        self.error: BaseException | None = None
        self.taken = 0
        self._failures = 0  # in a row
        self._most_failures = most_failures
        self._failed = failed
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the reel accepts no more snapshots, all were processed, and the tap's `_end` has run."""
        return self._ended or self.shut_down

    def offer(self, snapshot: Snapshot, ticket: object = None) -> None:
        """Add a snapshot; if too much waits already, stop the tap and report it."""
        if self.put((snapshot,), size=_size(snapshot), ticket=ticket):
            return
        error = TapOverflowError(
            f"tap {self.name}: cannot keep up: {len(self)} snapshots ({self.size >> 20} MiB) wait; it was stopped "
            f"before frame {snapshot.frame} and has everything up to there"
        )
        self.error = error
        self.finish()
        log.error("%s", error)
        self._failed(f"tap {self.name}", error, "")

    def drain(self) -> None:
        """Process all waiting snapshots in order; after the last one of all, end the tap."""
        # A signal handler may have closed the session after the last step and left the end to this call.
        while self._step() or ((self.pending or self.finished) and not self.ended and not self._right.held):
            pass

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until all snapshots were processed; True if so, or if the caller is processing one."""
        return self.bell.wait(lambda: self.ended or self.mine, timeout)

    @override
    def _call_for_taker(self) -> None:
        if self.finished or len(self) >= self._gathered:  # the thread looks by itself now and then
            super()._call_for_taker()

    def _step(self) -> bool:
        """Process one snapshot; return False if none waits, or if another thread is processing."""
        with self.claim() as mine:
            if not mine or self.ended:
                return False
            tap = None if self.tap is None else self.tap()
            if tap is None:
                self.shut()
                return False
            taken = self.take()
            if taken is not None:
                self._take(tap, taken)
                return True
            if self.closed:  # not `finished`: a snapshot may have come in since, before the end
                self._end(tap)
        self.bell.ring()
        return False

    def _take(self, tap: Tap, taken: Taken[Snapshot]) -> None:
        about_to_call_out(self.name)
        try:
            tap._take(taken)
        except catchable() as error:
            self._failures += 1
            self._tell(error)
            if self._failures >= self._most_failures:
                log.error("tap %s is stopped: it failed %d times in a row", self.name, self._failures)
                self.error = told_error(error)
                self.clear()
        else:
            self._failures = 0
            self.taken += 1

    def _tell(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        log.error("tap %s failed\n%s", self.name, text.rstrip())
        self._failed(f"tap {self.name}", error, text)

    def _end(self, tap: Tap) -> None:
        try:
            tap._end()
        except catchable() as error:
            self.error = self.error or told_error(error)
            self._tell(error)
        self._ended = True
        self.over()


class Tap:
    """The handle of a collector, which receives every snapshot until the handle is closed or dropped. The session holds
    it weakly."""

    def __init__(self, reel: Reel, look: Look, touches: Callable[[Sequence[Touched]], None] | None = None) -> None:
        self._reel = reel
        self._look = look
        self._touched = touches
        self._offered: Sequence[Touched] = ()
        reel.tap = weakref.ref(self)
        shut_with(self, reel)

    @property
    def name(self) -> str:
        """The tap's name in the log and in failures."""
        return self._reel.name

    @property
    def taken(self) -> int:
        """Number of snapshots processed."""
        return self._reel.taken

    @property
    def closed(self) -> bool:
        """Whether it accepts no more snapshots."""
        return self._reel.finished

    @property
    def ended(self) -> bool:
        """Whether it is closed and all snapshots were processed."""
        return self._reel.ended

    @property
    def error(self) -> BaseException | None:
        """The error that stopped it, without a traceback (the failure that was reported has it as text), or `None`."""
        return self._reel.error

    def offer_touches(self, touches: Sequence[Touched]) -> None:
        """Take what the game was seen reading in the frame that was offered last. Calling it again with the same list
        does nothing."""
        if self._touched is not None and not self.closed and self._offered is not touches:
            self._offered = touches
            self._touched(touches)

    def close(self, timeout: float = CLOSE_WAIT) -> bool:
        """Accept no more snapshots, and process those that wait. Idempotent; any thread may call it.

        Returns:
            Whether all were processed within `timeout` seconds; if not, the rest is still processed later.
        """
        self._reel.finish()
        if self._reel.wake is nobody:
            self._reel.drain()
        return self._reel.wait_for_end(timeout)

    def stats(self) -> TapStats:
        """Return the statistics."""
        error = self._reel.error
        why = str(error) if error is not None else "closed" if self.closed else None
        return TapStats(self.name, len(self._reel), self.taken, why)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, taken: Taken[Snapshot]) -> None:
        taken.deliver(self._look)

    def _end(self) -> None:
        """Called after the last snapshot, and again if it was interrupted."""


class Recording(Tap):
    """The handle of a recording in progress. The session keeps it alive until either of them is closed."""

    def __init__(self, reel: Reel, writer: RecordingWriter, path: Path, *, wram: bool, picture: bool) -> None:
        self._touches: deque[Sequence[Touched]] = deque()  # to be written behind their frames
        super().__init__(reel, writer.append, self._touches.append)
        self._writer = writer
        self._wram, self._picture = wram, picture
        self.path = path

    def disown(self) -> None:
        """Detach in a forked child: the file belongs to the parent, and nothing more is written to it here."""
        self._writer.disown()

    def _take(self, taken: Taken[Snapshot]) -> None:
        written = len(self._writer)
        try:
            taken.deliver(self._write)
        except BaseException as error:
            if not isinstance(error, Exception) and len(self._writer) == written:
                taken.take_back()  # Ctrl-C came before the write: the next call writes it, so no frame is lost
            raise

    def _write(self, snapshot: Snapshot) -> None:
        self._write_touches(snapshot.frame)
        self._writer.append(trimmed(snapshot, wram=self._wram, picture=self._picture))

    def _write_touches(self, before: int | None = None) -> None:
        """Write the touches of the frames before this one, or all; those from before the first frame are left out."""
        while self._touches and (before is None or self._touches[0][-1].frame < before):
            if len(self._writer):
                self._writer.append_touches(self._touches[0])
            self._touches.popleft()

    def _end(self) -> None:
        self._write_touches()
        self._writer.close()


def _size(snapshot: Snapshot) -> int:
    """Size of a snapshot's memories, in bytes."""
    optional = (snapshot.wram, snapshot.picture, snapshot.bwram, snapshot.iram, snapshot.raster)
    more = [array.nbytes for array in optional if array is not None]
    return snapshot.vram.nbytes + snapshot.cgram.nbytes + snapshot.oam.nbytes + sum(more)
