"""All taps of a session, and their threads."""

from __future__ import annotations

import time
from pathlib import Path

from halscope_hooks import HostError, Snapshot

from halscope.formats.recording import RecordingWriter
from halscope.session._locks import Rank, ranked_lock
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
    nobody,
)
from halscope.session._threads import OwnThread


class Taps:
    """All taps of a session.

    Args:
        threads: Whether each gets a thread; without, it is called at once by who hands in a snapshot.
        failed: Is told of failures.
    """

    def __init__(self, *, threads: bool, failed: Failed) -> None:
        self._with_threads = threads
        self._failed = failed
        self._lock = ranked_lock(Rank.SESSION)
        self._reels: tuple[Reel, ...] = ()  # replaced, never changed: who hands in reads it without the lock
        self._threads: dict[Reel, OwnThread] = {}
        self._recordings: tuple[Recording, ...] = ()
        self._running = False
        self._closed = False

    def collect(self, look: Look, name: str = "", most: int = MOST_SNAPSHOTS, most_bytes: int = MOST_BYTES) -> Tap:
        """Show every snapshot to `look`; who drops the handle sees no more. Raises HostError after `close`."""
        name = name or getattr(look, "__qualname__", type(look).__name__)
        reel = Reel(name, most, most_bytes, MOST_FAILURES, self._failed)
        tap = Tap(reel, look)
        self._add(reel)
        return tap

    def record(self, path: Path, *, emulator: str, wram: bool, picture: bool, most: int, most_bytes: int) -> Recording:
        """Write every snapshot into a recording. Raises UsageError, HostError."""
        reel = Reel(f"recording {path.name}", most, most_bytes, 1, self._failed)
        recording = Recording(reel, RecordingWriter(path, emulator=emulator), path, wram=wram, picture=picture)
        self._add(reel)
        with self._lock:
            self._recordings = (*(other for other in self._recordings if not other._reel.ended), recording)
        return recording

    def offer(self, snapshot: Snapshot) -> None:
        """Hand a snapshot to every tap; costs an append each."""
        for reel in self._reels:
            reel.put(snapshot)
            if not self._with_threads:
                reel.drain()

    def start(self) -> None:
        """Give each its thread."""
        with self._lock:
            self._running = self._with_threads
            for reel in self._reels:
                self._equip(reel)

    def stop(self, timeout: float) -> list[str]:
        """Take what has come in and end the threads; returns the names of those that did not manage in time."""
        with self._lock:
            self._running = False
            threads = list(self._threads.values())
            for reel in self._threads:
                reel.wake = reel.over = nobody
            self._threads = {}
        for thread in threads:
            thread.end()
        until = time.monotonic() + timeout
        return [thread.name for thread in threads if not thread.join(until - time.monotonic())]

    def finish(self) -> None:
        """Let nothing in any more; what came in is taken as always."""
        with self._lock:
            self._closed = True
            reels = self._reels
        for reel in reels:
            reel.finish()
            reel.wake()

    def close(self, timeout: float) -> list[str]:
        """Take what has come in, and close all; returns the names of those that did not manage in time."""
        self.finish()
        late = self.stop(timeout)
        with self._lock:
            reels, self._reels, self._recordings = self._reels, (), ()
        for reel in reels:
            if not late:
                reel.drain()
        return late

    def stats(self) -> tuple[TapStats, ...]:
        """How they are doing."""
        taps = [None if reel.tap is None else reel.tap() for reel in self._reels]
        return tuple(tap.stats() for tap in taps if tap is not None)

    def _add(self, reel: Reel) -> None:
        with self._lock:
            if self._closed:
                raise HostError("the session is closed; nothing more can be recorded of it")
            self._reels = (*(other for other in self._reels if not other.ended), reel)
            self._equip(reel)

    def _equip(self, reel: Reel) -> None:
        if not self._running or reel.ended or reel in self._threads:
            return
        thread = OwnThread(f"tap {reel.name}", reel.drain)
        self._threads[reel] = thread
        reel.wake, reel.over = thread.wake, thread.end
