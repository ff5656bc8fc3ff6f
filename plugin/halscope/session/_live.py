"""The live lane: the newest snapshot is decoded and looked up, one at a time, and only what changed since the last."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from halscope_hooks import Changes, Event, Frame, Snapshot, Update, VramOrigins
from numpy.typing import NDArray

from halscope.ppu import FrameDecoder
from halscope.session._jobs import JobTimeoutError
from halscope.session._locks import about_to_call_out
from halscope.session._mailbox import Mailbox
from halscope.session._stats import Latencies
from halscope.session._work import JobContext

log: Final = logging.getLogger("halscope.session")

Locate = Callable[[NDArray[np.uint8]], VramOrigins]
"""The origins of a VRAM (uint8[65536])."""

FRAME: Final = "live frame"
LOOKUP: Final = "lookup of a frame"
MOST_FAILURES: Final = 3  # lookups in a row; after that they are switched off


class Post(Protocol):
    """Hands events that belong together to all subscribers."""

    def __call__(self, *events: Event, key: Hashable) -> None:
        """Post them; see `Hub.post`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A snapshot and when it came in; without one, the last frame is only looked up again."""

    snapshot: Snapshot | None
    came_in: float


class LiveLane:
    """Decodes what comes in.

    Args:
        post: Takes what came of it.
        failed: Takes what failed: a name, the error, its traceback.
        layers: Whether frames get their background layers.
        locate: Finds the origins; `None`: not known yet.
    """

    def __init__(
        self,
        post: Post,
        failed: Callable[[str, BaseException, str], None],
        *,
        layers: bool,
        locate: Locate | None,
    ) -> None:
        self._post = post
        self._failed = failed
        self._layers = layers
        self._locate = locate
        self._locate_failures = 0
        self._mailbox: Mailbox[_Job] = Mailbox()
        self._decoder = FrameDecoder()
        self._last: Frame | None = None
        self.latency = Latencies()
        self.decoded = 0
        self.undecoded = 0  # as `decoded`, changed only by who has the right to decode
        self._fed = 0

    @property
    def seen(self) -> int:
        """Snapshots that came in."""
        return self._mailbox.seen + self._fed

    @property
    def dropped(self) -> int:
        """Snapshots that gave way to a newer one before they were decoded."""
        return self._mailbox.replaced

    def __len__(self) -> int:
        return len(self._mailbox)

    def put(self, snapshot: Snapshot) -> bool:
        """Leave a snapshot; True where the caller must see that `work` is called. Never waits."""
        return self._mailbox.put(_Job(snapshot, time.perf_counter()))

    def work(self, context: JobContext) -> None:
        """Decode until nothing is left. A failure is told and the next snapshot decoded."""
        try:
            while (job := self._mailbox.take()) is not None:
                if context.token.cancelled:
                    self._mailbox.give_up(taken=int(job.snapshot is not None))
                    return
                self._do(job)
        finally:
            if self._mailbox.mine():
                self._mailbox.give_up()

    def feed(self, snapshot: Snapshot, timeout: float) -> tuple[Update, bool]:
        """Decode this snapshot here and now, waiting for one that is being decoded.

        Returns:
            What came of it, and whether the caller must see that `work` is called.

        Raises:
            JobTimeoutError: It was not to be had in time.
        """
        self._mailbox.supersede()
        if not self._mailbox.acquire(timeout):
            raise JobTimeoutError(f"frame {snapshot.frame}: not decoded, others are at it for {timeout:g} s already")
        more = False
        self._fed += 1
        try:
            update = self._decode(snapshot, time.perf_counter())
        except BaseException:
            self.undecoded += 1
            raise
        finally:
            more = self._mailbox.release()
        return update, more

    def set_locate(self, locate: Locate | None) -> bool:
        """Look up with this from now on, the last frame at once; True where the caller must see to `work`."""
        self._locate, self._locate_failures = locate, 0
        if locate is None or self._last is None:
            return False
        return self._mailbox.put_if_empty(_Job(None, time.perf_counter()))

    def pause(self) -> None:
        """Decode nothing until `resume`; the newest snapshot is kept."""
        self._mailbox.pause()

    def resume(self) -> bool:
        """Go on; True where the caller must see that `work` is called."""
        return self._mailbox.resume()

    def abandoned(self) -> None:
        """The worker that was asked for did not come."""
        self._mailbox.unclaim()

    def clear(self) -> None:
        """Let go of the last frame and of the lookup: the session is closed."""
        self._last = self._locate = None

    def busy_here(self) -> bool:
        """Whether the caller's thread is decoding."""
        return self._mailbox.mine()

    def _do(self, job: _Job) -> None:
        if job.snapshot is None:
            # The last one by now: a frame that was being decoded meanwhile is newer than that of `set_locate`.
            if (last := self._last) is not None and (origins := self._look_up(last)) is not None:
                self._post(Update(last, origins, Changes()), key=FRAME)
            return
        try:
            self._decode(job.snapshot, job.came_in)
        except Exception as error:
            self.undecoded += 1
            self._fail(FRAME, error)
            self._decoder = FrameDecoder()

    def _decode(self, snapshot: Snapshot, came_in: float) -> Update:
        frame = self._decoder.decode(snapshot, layers=self._layers)
        self._last = frame
        update = Update(frame, self._look_up(frame), self._decoder.changes)
        self._post(update, key=FRAME)
        self.decoded += 1
        self.latency.add(time.perf_counter() - came_in)
        return update

    def _look_up(self, frame: Frame) -> VramOrigins | None:
        locate = self._locate
        if locate is None:
            return None
        about_to_call_out(LOOKUP)
        try:
            origins = locate(frame.snapshot.vram)
        except Exception as error:
            self._locate_failures += 1
            self._fail(LOOKUP, error)
            if self._locate_failures >= MOST_FAILURES and self._locate is locate:
                self._locate = None
                log.error(
                    "lookups failed %d times in a row and are switched off; set_locate() switches them on again",
                    self._locate_failures,
                )
            return None
        self._locate_failures = 0
        return origins

    def _fail(self, what: str, error: BaseException) -> None:
        log.error("%s failed", what, exc_info=error)
        self._failed(what, error, "".join(traceback.format_exception(error)))
