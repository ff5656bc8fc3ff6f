"""The host of a session: held weakly unless it is owned, called by one thread, which takes up what others ask of it."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from halscope_hooks import Host, HostError, UsageError

from halscope.session._jobs import Job, JobState, Priority, Reporter
from halscope.session._locks import Rank, ranked_lock
from halscope.session._work import JobContext, complete

GONE: Final = "the host is gone"


class HostLink:
    """Access to the host.

    Args:
        host: The emulator or recording.
        owned: Whether the session keeps it alive and closes it.
        reporter: Is told of errors of calls that wait for the host's thread.
        gone: Called, by a finaliser, when a host that is not owned has disappeared.

    Raises:
        UsageError: It cannot be held weakly.
    """

    def __init__(self, host: Host, *, owned: bool, reporter: Reporter, gone: Callable[[], None]) -> None:
        self.info = host.info
        self.owned = owned
        self.thread = threading.get_ident()  # until another one pumps
        self._kept = host if owned else None
        self._reporter = reporter
        self._lock = ranked_lock(Rank.SESSION)
        self._calls: deque[Job[None]] = deque()
        self._refuse: str | None = None
        self._to_close: Host | None = None
        try:
            self._weak: weakref.ref[Host] = weakref.ref(host, lambda _: gone())
        except TypeError as error:
            raise UsageError(
                f"{type(host).__name__}: cannot be held weakly; add __weakref__ to its __slots__, or give the session "
                "owns_host=True"
            ) from error

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def alive(self) -> bool:
        """Whether the host is there."""
        return self._weak() is not None

    def get(self) -> Host:
        """The host. Raises HostError where it is gone."""
        host = self._weak()
        if host is None:
            raise HostError(f"{self.info.name}: {GONE}; attach a new one")
        return host

    def here(self) -> bool:
        """Whether the caller is on the host's thread."""
        return self.thread == threading.get_ident()

    def come(self) -> None:
        """The caller is the host's thread."""
        self.thread = threading.get_ident()

    def call(self, name: str, work: Callable[[], None], *, now: bool) -> Job[None]:
        """Do something on the host's thread: at once, or when it comes by.

        Raises:
            HostError: Nothing is taken any more.
        """

        def do(_context: JobContext) -> None:
            work()

        job: Job[None] = Job(name, do, self, self._reporter, priority=Priority.LIVE, pausable=False)
        if now:
            job.attach()
            _do(job)
            return job
        with self._lock:
            if self._refuse is not None:
                raise HostError(self._refuse)
            self._calls.append(job)
        job.attach()
        return job

    def take_up(self) -> int:
        """Do what waits, on the host's thread; returns how much that was."""
        done = 0
        while True:
            with self._lock:
                if not self._calls:
                    break
                job = self._calls.popleft()
            done += 1
            _do(job)
        with self._lock:
            host, self._to_close = self._to_close, None
        if host is not None:
            host.close()
        return done

    def refuse(self, reason: str) -> None:
        """Take nothing any more; what waits is cancelled."""
        with self._lock:
            self._refuse = reason
            waiting = list(self._calls)
        for job in waiting:
            job.cancel(reason)

    def close(self) -> bool:
        """Close an owned host: here on its thread, or else when that comes by; False where it was left to it."""
        host, self._kept = self._kept, None
        if host is None:
            return True
        on_thread = self.here() or all(thread.ident != self.thread for thread in threading.enumerate())
        if not on_thread:
            with self._lock:
                self._to_close = host
            return False
        host.close()
        return True

    # What a waiting call needs of who keeps it (see Keeper).

    def ended_early(self, job: Job[object], /) -> None:
        """It was cancelled before the host's thread came by."""
        with self._lock:
            kept = [other for other in self._calls if other.id != job.id]
            here = len(kept) < len(self._calls)
            self._calls = deque(kept)
        if here:
            job.call_back()

    def asked(self, job: Job[object], /) -> None:
        """It runs and was asked to stop; a write is short, and is not cut."""

    def parked(self, job: Job[object], /) -> None:
        """It cannot be paused."""

    def runnable(self, job: Job[object], /) -> None:
        """It cannot be paused, so it is never resumed."""

    def progressed(self, job: Job[object], /) -> None:
        """It reports no progress."""


def _do(job: Job[None]) -> None:
    """Do it, unless it was cancelled; Ctrl-C comes out."""
    if not job.begin():
        job.call_back()
        return
    complete(cast("Job[object]", job))
    if job.state is JobState.FAILED:
        error = job.exception(0)
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error
