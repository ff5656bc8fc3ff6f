"""Pools: where jobs run. `Pool` has threads of its own, `InlinePool` does the work at once and has none."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Hashable
from types import TracebackType
from typing import Final, Protocol, Self, cast, final

from halscope_hooks import UsageError

from halscope.session._cancel import CancelToken
from halscope.session._jobs import Job, JobState, Keeper, Priority, checked_seconds
from halscope.session._stats import Latencies, PoolStats
from halscope.session._threads import PREFIX, new_thread
from halscope.session._work import Work, complete
from halscope.session._workers import (
    OnFailed,
    OnProgress,
    PhaseSeconds,
    PoolStoppedError,
    Reports,
    StopReport,
    Workers,
)

MOST_WORKERS: Final = 64
"""More is a mistake: the heavy work is C++ that fills a core."""

_EXIT_SECONDS: Final = 1.5
"""For all pools together at the interpreter's exit, after which what still runs is left behind."""


class Executor(Protocol):
    """Takes work and gives a handle on its result."""

    def submit[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
        parent: CancelToken | None = None,
    ) -> Job[T]:
        """Queue `work`, or do it at once.

        Args:
            name: For people: it stands in logs and errors.
            work: Called with its JobContext.
            priority: What it passes and what passes it.
            deadline: Seconds from now after which it is cancelled.
            replaces: The older job with this key, queued or running, is cancelled.
            parent: Its cancel reaches the job.

        Raises:
            PoolStoppedError: The pool takes no more work.
        """

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """End it in three phases, each with a time-out in seconds. Idempotent, from any thread."""

    def stats(self) -> PoolStats:
        """What it does at this moment, and did."""


@final
class Pool:
    """Threads of our own that do jobs.

    A worker takes the oldest job of the highest priority. Scans run on at most `workers - live_reserve` workers at a
    time, so frames and previews never wait behind one; beyond that no worker is kept free: frames and previews may fill
    all of them. With one worker there is no reserve, and a frame waits for a running scan.

    Nothing is ever killed: work is asked to stop by its token. A pool that is dropped without `stop` stops itself, its
    jobs are cancelled; one that lives at the interpreter's exit is stopped there.

    Args:
        name: Stands in the names of the threads.
        workers: How many threads, 1 to 64.
        on_failed: Called with (job, error, traceback text) when work or a callback of a job raised; on the worker.
        on_progress: Called with the job at most ten times a second and for the last report; on the worker's thread.
        live_reserve: Workers that never do scans; one by default, none if there is but one worker.

    Raises:
        UsageError: A number is out of range.
        HalscopeError: The system gives no more threads.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        *,
        on_failed: OnFailed | None = None,
        on_progress: OnProgress | None = None,
        live_reserve: int | None = None,
    ) -> None:
        if not 1 <= workers <= MOST_WORKERS:
            raise UsageError(f"the pool '{name}' can have 1 to {MOST_WORKERS} workers, not {workers}")
        reserve = min(1, workers - 1) if live_reserve is None else live_reserve
        if not 0 <= reserve < workers:
            raise UsageError(
                f"of {workers} workers of the pool '{name}' at most {workers - 1} can be kept, not {reserve}"
            )
        self.name: Final = name
        self._reports = Reports(on_failed, on_progress)
        self._workers = Workers(name, workers, reserve, self._reports)
        _ALIVE.add(self._workers)
        self._dropped = weakref.finalize(self, _stop_apart, self._workers)
        self._dropped.atexit = False  # _stop_all does that, all pools at once

    def submit[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
        parent: CancelToken | None = None,
    ) -> Job[T]:
        """See `Executor.submit`. Returns at once, and never waits for a worker."""
        job = Job(
            name,
            work,
            self._workers,
            self._reports,
            priority=priority,
            deadline=deadline,
            key=replaces,
            parent=parent,
            pausable=priority is Priority.SCAN,
        )
        self._workers.add(cast("Job[object]", job))
        return job

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Stop in three phases.

        1. signal: take no more work, cancel what is queued, ask what runs to stop, and wait for those that answer at
           once;
        2. drain: wait for the others; who has not answered after it is named in the log;
        3. abandon: wait once more, then leave the threads behind that did not answer. Their jobs end as cancelled; what
           they may yet return is dropped.

        Idempotent, and safe from any number of threads at a time: each of them waits. A job, a callback or a token's
        callback on one of the pool's own threads may call it too; there it signals and does not wait.

        Args:
            signal: Seconds at most in the first phase.
            drain: In the second.
            abandon: In the third.
        """
        seconds = [checked_seconds(each, "a time-out") for each in (signal, drain, abandon)]
        report = self._workers.stop(f"the pool '{self.name}' was stopped", *seconds)
        if not self._workers.alive:
            self._dropped.detach()
            _ALIVE.discard(self._workers)
        return report

    def stats(self) -> PoolStats:
        """What it does at this moment, and did."""
        return self._workers.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


@final
class InlinePool(Keeper):
    """The same without threads: `submit` does the work on the caller's thread and returns an ended job.

    Deadlines are looked at where the work calls `checkpoint`. A job cannot pause: nothing could resume it.
    """

    def __init__(
        self, name: str = "inline", *, on_failed: OnFailed | None = None, on_progress: OnProgress | None = None
    ) -> None:
        self.name: Final = name
        self._reports = Reports(on_failed, on_progress)
        self._lock = threading.RLock()
        self._running: dict[int, tuple[Job[object], int]] = {}
        self._stopped = False
        self._counts = dict.fromkeys((JobState.DONE, JobState.FAILED, JobState.CANCELLED), 0)
        self._started = Latencies()
        self._busy = 0.0
        self._began = time.monotonic()

    def submit[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
        parent: CancelToken | None = None,
    ) -> Job[T]:
        """See `Executor.submit`. An error of the work belongs to the job; Ctrl-C comes out."""
        job = Job(
            name,
            work,
            self,
            self._reports,
            priority=priority,
            deadline=deadline,
            key=replaces,
            parent=parent,
            pausable=False,
        )
        plain = cast("Job[object]", job)
        with self._lock:
            if self._stopped:
                raise PoolStoppedError(f"the pool '{self.name}' takes no '{name}': it was stopped")
            older = [other for other, _ in self._running.values() if replaces is not None and other.key == replaces]
            self._running[job.id] = plain, threading.get_ident()
        for other in older:
            other.cancel("replaced by a newer request")
        job.attach()
        begin = time.monotonic()
        try:
            if job.begin():
                self._started.add(begin - job.submitted)
                complete(plain)
            else:
                job.call_back()
        finally:
            with self._lock:
                del self._running[job.id]
                self._counts[job.state] += 1
                self._busy += time.monotonic() - begin
        if job.state is JobState.FAILED:
            error = job.exception(0)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise error
        return job

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Take no more work, and cancel and wait for what other threads do here at this moment."""
        begin = time.monotonic()
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for job, _ in running:
            job.cancel(f"the pool '{self.name}' was stopped")
        others = [job for job, thread in running if thread != threading.get_ident()]
        until = begin + sum(checked_seconds(each, "a time-out") for each in (signal, drain, abandon))
        left = [job for job in others if not job.wait(max(0.0, until - time.monotonic()))]
        seconds = PhaseSeconds(drain=time.monotonic() - begin)
        return StopReport(
            len(others) - len(left), 0, tuple(f"the job '{job.name}' ({job.id})" for job in left), seconds
        )

    def stats(self) -> PoolStats:
        """What it does at this moment, and did."""
        with self._lock:
            running = [job for job, _ in self._running.values()]
            return PoolStats(
                name=self.name,
                workers=0,
                running={p.name: sum(job.priority is p for job in running) for p in Priority},
                queued={p.name: 0 for p in Priority},
                done=self._counts[JobState.DONE],
                failed=self._counts[JobState.FAILED],
                cancelled=self._counts[JobState.CANCELLED],
                started=self._started.percentiles(),
                busy=self._busy,
                uptime=time.monotonic() - self._began,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def ended_early(self, job: Job[object], /) -> None:
        """Nothing to do: `submit` sees it."""

    def asked(self, job: Job[object], /) -> None:
        """Nothing to do: there is no thread that could look."""

    def parked(self, job: Job[object], /) -> None:
        """Never called: an inline job cannot pause."""

    def runnable(self, job: Job[object], /) -> None:
        """Never called either."""

    def progressed(self, job: Job[object], /) -> None:
        """Pass a job's progress on."""
        self._reports.progressed(job)


_ALIVE: Final[set[Workers]] = set()
"""The pools that have threads; changed by single operations only."""


def _stop_apart(workers: Workers) -> None:
    """Stop the threads of a pool that nobody holds any more. On a thread apart: a finalizer interrupts any line of
    Python, maybe one that holds a lock of this pool."""

    def stop() -> None:
        workers.stop("its pool was dropped", 0.1, 0.6, 0.2)
        if not workers.alive:
            _ALIVE.discard(workers)

    with contextlib.suppress(RuntimeError):  # no thread can begin while the interpreter ends; _stop_all does it then
        new_thread(PREFIX + "drops a pool", stop).start()


def _stop_all() -> None:
    """At the interpreter's exit: no worker may come back from C++ once Python is being taken down."""
    until = time.monotonic() + _EXIT_SECONDS
    for _attempt in range(2):
        try:
            pools = list(_ALIVE)
            for workers in pools:
                workers.signal("the program ends")
            for workers in pools:
                left = max(0.0, until - time.monotonic())
                workers.stop("the program ends", left * 0.8, left * 0.1, left * 0.1)
        except KeyboardInterrupt:
            until = min(until, time.monotonic() + 0.3)  # a second Ctrl-C: hurry, but leave no thread in C++ if possible
        else:
            return


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ALIVE.clear)  # a child has none of its parent's threads
