"""The host of a session: held weakly unless it is owned, called by one thread, which takes up what others ask of it."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from halscope_hooks import Host, HostError, HostInfo, UsageError, WriteReceipt

from halscope.session._host_call import HostCall
from halscope.session._jobs import Job, JobState, Priority, Reporter
from halscope.session._locks import Rank, ranked_lock
from halscope.session._work import complete

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
        self._calls: deque[tuple[Job[None], HostCall]] = deque()
        self._unanswered: deque[tuple[Job[None], HostCall]] = deque()  # handed to the host
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

    def come(self) -> tuple[HostInfo, HostInfo] | None:
        """The caller is the host's thread. Returns what the host was and is, where that has changed."""
        self.thread = threading.get_ident()
        host, before = self._weak(), self.info
        now = before if host is None else host.info
        if now is before or now == before:
            return None
        self.info = now
        return before, now

    def call(self, name: str, send: Callable[[], WriteReceipt], written: Callable[[], None], *, now: bool) -> Job[None]:
        """Write on the host's thread: at once, or when it comes by.

        Args:
            name: The job's, for people.
            send: Writes.
            written: Called on the host's thread once the emulator has written.
            now: The caller is the host's thread.

        Raises:
            HostError: Nothing is taken any more.
        """
        call = HostCall(send, written)
        job: Job[None] = Job(name, call, self, self._reporter, priority=Priority.LIVE, pausable=False)
        if now:
            job.attach()
            self._do(job, call)
            return job
        with self._lock:
            if self._refuse is not None:
                raise HostError(self._refuse)
            self._calls.append((job, call))
        job.attach()
        return job

    def take_up(self) -> int:
        """Do what waits, on the host's thread; returns how much that was."""
        done = self._settle()
        while True:
            with self._lock:
                if not self._calls:
                    break
                job, call = self._calls.popleft()
            done += 1
            self._do(job, call)
        with self._lock:
            host, self._to_close = self._to_close, None
        if host is not None:
            host.close()
        return done

    def refuse(self, reason: str) -> None:
        """Take nothing any more; what waits is cancelled."""
        with self._lock:
            self._refuse = reason
            waiting, unanswered = list(self._calls), list(self._unanswered)
            self._unanswered.clear()
        for job, _call in waiting:
            job.cancel(reason)
        for job, _call in unanswered:
            job.cancel(reason)
            if job.finish(JobState.CANCELLED):  # nobody asks the emulator for its answer any more
                job.call_back()

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

    def _do(self, job: Job[None], call: HostCall) -> None:
        """Write, unless it was cancelled. A job whose emulator answers later ends in a later `take_up`."""
        if not job.begin():
            job.call_back()
            return
        call.send()
        if call.answered:
            _end(job)
        else:
            with self._lock:
                self._unanswered.append((job, call))

    def _settle(self) -> int:
        """End the jobs whose emulator has answered, oldest first; returns how many."""
        with self._lock:
            answered = [one for one in self._unanswered if one[1].answered or one[0].token.cancelled]
            for one in answered:
                self._unanswered.remove(one)
        for job, _call in answered:
            _end(job)
        return len(answered)

    # What a waiting call needs of who keeps it (see Keeper).

    def ended_early(self, job: Job[object], /) -> None:
        """It was cancelled before the host's thread came by."""
        with self._lock:
            kept = [one for one in self._calls if one[0].id != job.id]
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


def _end(job: Job[None]) -> None:
    """Set what became of a call, and tell; Ctrl-C comes out."""
    complete(cast("Job[object]", job))
    if job.state is JobState.FAILED:
        error = job.exception(0)
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error
