"""The live lane: decodes the newest snapshot and locates its tiles, one at a time, and only what has changed."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from halscope_hooks import Changes, Event, Frame, HalscopeError, Snapshot, Update, VramOrigins
from numpy.typing import NDArray

from halscope.ppu import FrameDecoder, with_match
from halscope.session._cells import Cell
from halscope.session._job_terms import JobTimeoutError
from halscope.session._jobs import JobContext
from halscope.session._locks import Rank, about_to_call_out
from halscope.session._mailbox import Counts, Mailbox
from halscope.session._stats import Latencies

log: Final = logging.getLogger("halscope.session")

Locate = Callable[[NDArray[np.uint8]], VramOrigins]
"""Finds the origins of the tiles in a VRAM (uint8[65536])."""

FRAME: Final = "live frame"
LOOKUP: Final = "lookup of a frame"
MOST_FAILURES: Final = 3  # in a row; after that lookups are switched off, and undecodable frames are only counted


class Post(Protocol):
    """Posts a group of events to all subscribers."""

    def __call__(self, *events: Event, key: Hashable, rom: int) -> None:
        """Post them; see `Hub.post`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A snapshot and the time of its arrival. Without a snapshot, the last frame is located again."""

    snapshot: Snapshot | None
    came_in: float
    rom: int


class _Lookup(NamedTuple):
    """How origins are found in the ROM that runs, and which one that is: they are counted."""

    rom: int = 0
    locate: Locate | None = None


class LiveLane:
    """Decodes incoming snapshots.

    Args:
        post: Called with the resulting events.
        failed: Called with each failure: a name, the error, its traceback as text.
        layers: Whether frames get their background layers.
        compare: Whether frames are compared with the host's picture.
        locate: Finds the origins; `None` while the ROM is not indexed.
    """

    def __init__(
        self,
        post: Post,
        failed: Callable[[str, BaseException, str], None],
        *,
        layers: bool,
        compare: bool,
        locate: Locate | None,
    ) -> None:
        self._post = post
        self._failed = failed
        self._layers, self._compare = layers, compare
        self._lookup = Cell(_Lookup(0, locate), Rank.QUEUE)
        self._locate_failures = 0
        self._failures = 0  # decoding failures in a row
        self._mailbox: Mailbox[_Job] = Mailbox()
        self._decoder = FrameDecoder()
        self._last: tuple[Frame, int] | None = None  # with its ROM
        self.latency = Latencies()

    @property
    def counts(self) -> Counts:
        """Counts of the snapshots by outcome."""
        return self._mailbox.counts

    @property
    def unattended(self) -> bool:
        """Whether a snapshot waits and no thread is decoding, so that `work` must be called."""
        return self._mailbox.unattended

    def put(self, snapshot: Snapshot) -> None:
        """Leave a snapshot. Never waits."""
        self._mailbox.put(_Job(snapshot, time.perf_counter(), self._lookup.value.rom))

    def work(self, context: JobContext) -> None:
        """Decode until nothing waits. Failures are reported and do not stop the loop."""
        box, token = self._mailbox, context.token
        while box.waiting and not token.cancelled:  # checked again after the right was released
            with box.claim() as mine:
                if not mine:
                    return
                while (job := box.take()) is not None:
                    self._do(job)
                    if token.cancelled:
                        return

    def feed(self, snapshot: Snapshot, timeout: float) -> Update:
        """Decode this snapshot on the calling thread, after any decoding in progress.

        Raises:
            JobTimeoutError: Another thread was still decoding after `timeout` seconds.
            RuntimeError: The calling thread is itself decoding.
        """
        box = self._mailbox
        box.supersede()
        with box.claim(timeout) as mine:
            if not mine:
                if box.mine:
                    raise RuntimeError("this thread is decoding a frame already")
                raise JobTimeoutError(f"frame {snapshot.frame}: not decoded; another has been at it for {timeout:g} s")
            job = _Job(snapshot, time.perf_counter(), self._lookup.value.rom)
            box.feed(job)
            try:
                update = self._decode(snapshot, job)
            except BaseException:
                self._decoder = FrameDecoder()
                box.settle(done=False)
                raise
            box.settle(done=True)
        return update

    def set_locate(self, locate: Locate | None) -> None:
        """Look up in the ROM that runs with this from now on, the last frame at once."""
        _, lookup = self._lookup.change(lambda lookup: _Lookup(lookup.rom, locate))
        self._locate_failures = 0
        last = self._last
        if locate is not None and last is not None and last[1] == lookup.rom:
            self._mailbox.put_if_empty(_Job(None, time.perf_counter(), lookup.rom))

    def turn(self, rom: int) -> None:
        """From now on this ROM runs, and nothing is looked up until the next `set_locate`. Without effect if it does
        already."""
        self._lookup.change(lambda lookup: lookup if lookup.rom >= rom else _Lookup(rom))

    @property
    def paused(self) -> bool:
        """Whether it decodes nothing until `resume`."""
        return self._mailbox.paused

    def pause(self) -> None:
        """Decode nothing until `resume`; the newest snapshot is kept."""
        self._mailbox.pause()

    def resume(self) -> None:
        """End a pause."""
        self._mailbox.resume()

    def drop(self) -> None:
        """Drop the waiting snapshot, which will not be decoded."""
        self._mailbox.drop()

    def clear(self) -> None:
        """Let go of the last frame and of the lookup: the session is closed."""
        self._last = None
        self._lookup.change(lambda lookup: _Lookup(lookup.rom))

    def busy_here(self) -> bool:
        """Whether the calling thread is decoding."""
        return self._mailbox.mine

    def renew(self) -> None:
        """Reset after a fork: no other thread exists in the child."""
        self._mailbox.renew()
        self._lookup.renew()

    def _do(self, job: _Job) -> None:
        if job.snapshot is None:
            # The last one by now: a frame that was being decoded meanwhile is newer than that of `set_locate`.
            if (last := self._last) is not None and (origins := self._look_up(*last)) is not None:
                frame, rom = last
                self._post(Update(frame, origins, Changes()), key=(FRAME, rom), rom=rom)
            self._mailbox.settle(done=True)
            return
        try:
            self._decode(job.snapshot, job)
        except Exception as error:
            self._decoder = FrameDecoder()
            self._mailbox.settle(done=False)
            self._undecoded(error)
        else:
            self._failures = 0
            self._mailbox.settle(done=True)

    def _decode(self, snapshot: Snapshot, job: _Job) -> Update:
        frame = self._decoder.decode(snapshot, layers=self._layers)
        if self._compare:
            frame = with_match(frame)
        self._last = frame, job.rom
        update = Update(frame, self._look_up(frame, job.rom), self._decoder.changes)
        # Of each ROM one waits: an update of the next one must not come before the news that it runs.
        self._post(update, key=(FRAME, job.rom), rom=job.rom)
        self.latency.add(time.perf_counter() - job.came_in)
        return update

    def _undecoded(self, error: Exception) -> None:
        """Report a frame that cannot be decoded, but not sixty times a second."""
        self._failures += 1
        if self._failures <= MOST_FAILURES:
            self._fail(FRAME, error)
        if self._failures == MOST_FAILURES:
            told = (
                f"{MOST_FAILURES} frames in a row could not be decoded; further ones are only counted "
                "(stats().undecoded) until one can be decoded"
            )
            self._fail(FRAME, HalscopeError(told))

    def _look_up(self, frame: Frame, rom: int) -> VramOrigins | None:
        runs, locate = self._lookup.value
        if locate is None or rom != runs:
            return None
        about_to_call_out(LOOKUP)
        try:
            origins = locate(frame.snapshot.vram)
        except Exception as error:
            self._locate_failures += 1
            self._fail(LOOKUP, error)
            if self._locate_failures >= MOST_FAILURES:
                self._lookup.change(lambda now: _Lookup(now.rom) if now.locate is locate else now)
                log.error(
                    "lookups failed %d times in a row and are switched off; set_locate() switches them on again",
                    self._locate_failures,
                )
            return None
        self._locate_failures = 0
        return origins

    def _fail(self, what: str, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        # Logged as text: a record that kept the exception would keep its frames, and with them a snapshot.
        log.error("%s failed\n%s", what, text.rstrip())
        self._failed(what, error, text)
