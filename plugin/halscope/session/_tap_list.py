"""The taps of a session and their threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from halscope_hooks import HostError, Snapshot, Touched

from halscope.formats.recording import RecordingWriter
from halscope.session._cells import Cell
from halscope.session._locks import Rank
from halscope.session._taps import (
    MOST_BYTES,
    MOST_FAILURES,
    MOST_SNAPSHOTS,
    Failed,
    Look,
    Recording,
    Reel,
    Tap,
    TapStats,
    always,
)
from halscope.session._threads import OwnThread, give_thread


class _List(NamedTuple):
    reels: tuple[Reel, ...] = ()
    recordings: tuple[Recording, ...] = ()  # held until they are closed
    closed: bool = False


class Taps:
    """The taps of a session.

    Args:
        threads: Whether each tap gets a thread; otherwise it is called on the thread that submits the snapshot.
        failed: Called with every failure.
    """

    def __init__(self, *, threads: bool, failed: Failed) -> None:
        self._with_threads = threads
        self._failed = failed
        self._list = Cell(_List(), Rank.SESSION)
        self._threads: dict[Reel, OwnThread] = {}
        self._running = False

    def collect(
        self,
        look: Look,
        name: str = "",
        most: int = MOST_SNAPSHOTS,
        most_bytes: int = MOST_BYTES,
        *,
        wanted: Callable[[], bool] = always,
        touches: Callable[[Sequence[Touched]], None] | None = None,
        gathered: int = 1,
    ) -> Tap:
        """Call `look` with every snapshot for which `wanted` is true when it comes; dropping the handle ends this.

        Raises HostError after `finish`.
        """
        name = name or getattr(look, "__qualname__", type(look).__name__)
        reel = Reel(name, most, most_bytes, MOST_FAILURES, self._failed, wanted, gathered)
        tap = Tap(reel, look, touches)
        self._add(reel)
        return tap

    def record(self, path: Path, *, emulator: str, wram: bool, picture: bool, most: int, most_bytes: int) -> Recording:
        """Write every snapshot into a recording. Raises UsageError, HostError."""
        reel = Reel(f"recording {path.name}", most, most_bytes, 1, self._failed)
        writer: RecordingWriter | None = None
        try:
            writer = RecordingWriter(path, emulator=emulator)
            recording = Recording(reel, writer, path, wram=wram, picture=picture)
            self._add(reel, recording)
        except BaseException:
            reel.shut()
            if writer is not None:
                writer.discard()
            raise
        return recording

    def offer(self, snapshot: Snapshot, ticket: object = None) -> None:
        """Offer a snapshot to every tap, at the cost of an append each. After an interrupt, repeat the call with the
        same ticket: taps that already have the snapshot ignore it."""
        for reel in self._list.value.reels:
            if reel.wanted():
                reel.offer(snapshot, ticket)
            if not self._with_threads:
                reel.drain()

    def offer_touches(self, touches: Sequence[Touched]) -> None:
        """Offer what the game was seen reading to every tap. Calling it again with the same list does nothing."""
        for reel in self._list.value.reels if touches else ():
            tap = None if reel.tap is None else reel.tap()
            if tap is not None:
                tap.offer_touches(touches)

    def start(self) -> None:
        """Start a thread for each tap."""
        self._running = self._with_threads
        for reel in self._list.value.reels:
            self._equip(reel)
            if reel.pending:
                reel.wake()

    def finish(self) -> None:
        """Accept no more snapshots; those accepted are still processed."""
        _, taps = self._list.change(lambda old: old._replace(closed=True))
        for reel in taps.reels:
            reel.finish()

    def end_threads(self) -> None:
        """Ask the threads to process what waits, and end. Does not wait."""
        self._running = False
        for reel, thread in list(self._threads.items()):
            reel.unwatched()
            thread.end()

    def join(self, until: float) -> list[str]:
        """Wait for the threads; return the names of those that did not end in time."""
        late = []
        for reel, thread in list(self._threads.items()):
            if not thread.join(until - time.monotonic()):
                late.append(thread.name)
            self._threads.pop(reel, None)
        return late

    def close(self, *, take: bool) -> None:
        """Release all taps, after `finish` and `join`. With `take`, first process here what no thread has processed."""
        for reel in self._list.value.reels if take else ():
            reel.drain()
        self._list.change(lambda old: old._replace(reels=(), recordings=()))

    def stats(self) -> tuple[TapStats, ...]:
        """Return the statistics of every tap."""
        taps = [None if reel.tap is None else reel.tap() for reel in self._list.value.reels]
        return tuple(tap.stats() for tap in taps if tap is not None)

    def renew(self) -> None:
        """Reset after a fork: the recordings belong to the parent, and no other thread exists in the child."""
        for recording in self._list.value.recordings:
            recording.disown()
        for reel in self._list.value.reels:
            reel.renew()
        self._threads.clear()
        self._list.renew()
        self._list.value = _List(closed=True)

    def _add(self, reel: Reel, *recordings: Recording) -> None:
        def add(old: _List) -> _List:
            if old.closed:
                raise HostError("the session is closed; nothing more can be recorded")
            reels = (*(other for other in old.reels if not other.ended), reel)
            kept = (*(other for other in old.recordings if not other.ended), *recordings)
            return old._replace(reels=reels, recordings=kept)

        self._list.change(add)
        self._equip(reel)

    def _equip(self, reel: Reel) -> None:
        if self._running and not reel.ended:
            give_thread(self._threads, reel, OwnThread(f"tap {reel.name}", reel.drain))
