"""Pools run jobs: `Pool` on threads of its own, `InlinePool` at once on the caller's thread."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Hashable
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self, cast, final

from halscope_hooks import UsageError

from halscope._processes import after_fork
from halscope.session._cancel import CancelToken
from halscope.session._cells import Cell
from halscope.session._job_terms import JobState, Priority
from halscope.session._jobs import Job, Keeper, Work, complete
from halscope.session._locks import Rank
from halscope.session._stats import Latencies, PoolStats
from halscope.session._stopping import Deadline, PhaseSeconds, PoolStoppedError, StopReport, exit_over
from halscope.session._threads import PREFIX, new_thread
from halscope.session._workers import OnFailed, OnProgress, Reports, Workers

_LOG: Final = logging.getLogger("halscope.session")
MOST_WORKERS: Final = 64
"""More would not help: the heavy work is C++ that fills a core."""

_ABANDON_SECONDS: Final = 0.2
"""Seconds at interpreter exit for the callbacks of abandoned jobs."""


class Executor(Protocol):
    """Runs work, and returns a handle on its result."""

    def submit[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
        parent: CancelToken | None = None,
        plugin: str = "",
    ) -> Job[T]:
        """Queue `work`, or run it at once.

        Args:
            name: Name for logs and errors.
            work: The work, called with its JobContext.
            priority: Priority of the job.
            deadline: Seconds from now after which the job is cancelled.
            replaces: Key of the job; an older job with the same key, queued or running, is cancelled.
            parent: A token that cancels the job too.
            plugin: Id of the plugin that the job belongs to, for failures.

        Raises:
            PoolStoppedError: The pool accepts no more work.
        """

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Stop in three phases, each with a time-out in seconds. Idempotent; any thread may call it."""

    def signal(self, reason: str) -> None:
        """First phase of a stop: accept no more work, and ask every job to end. Does not wait."""

    def join(self, until: float) -> bool:
        """Second phase: wait until `until` (`time.monotonic()`) for running jobs; return whether all have ended."""

    def name_left(self) -> None:
        """Log the jobs that have not ended yet."""

    def abandon(self, until: float, /) -> StopReport:
        """Third phase: abandon and log the jobs that have not ended, and report."""

    def stats(self) -> PoolStats:
        """Current and total counts."""


@final
class Pool:
    """Runs jobs on threads of its own.

    A worker takes the oldest job of the highest priority. Scans use at most `workers - live_reserve` workers at a time,
    so frames and previews never wait for a scan; but frames and previews themselves may occupy all workers. With one
    worker nothing can be reserved, and a frame waits for a running scan.

    Threads are never killed: the token asks work to stop. A pool that is dropped without `stop` cancels its jobs and
    stops itself; one that exists at interpreter exit is stopped there.

    Args:
        name: Prefix of the threads' names.
        workers: Number of threads, 1 to 64.
        on_failed: Called with (job, error, traceback text) on the worker when work or a callback of a job raised.
        on_progress: Called with the job on the worker, at most ten times per second and for the last report.
        live_reserve: Number of workers that never run scans; by default one, or none if there is only one worker.

    Raises:
        UsageError: A number is out of range.
        HalscopeError: The system cannot start another thread.
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
            raise UsageError(f"the pool '{name}' of {workers} workers can reserve at most {workers - 1}, not {reserve}")
        self.name: Final = name
        self._reports = Reports(on_failed, on_progress)
        self._workers = Workers(name, workers, reserve, self._reports)
        # Before the threads start: if the constructor is interrupted, the pool is dropped and so ends them.
        self._dropped = weakref.finalize(self, _stop_apart, self._workers)
        self._dropped.atexit = False  # _stop_all does that for all pools at once
        _forget_ended()
        _ALIVE.add(self._workers)
        try:
            self._workers.begin()
        except BaseException:
            self._workers.signal("the pool could not be started")
            raise

    def submit[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
        parent: CancelToken | None = None,
        plugin: str = "",
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
            plugin=plugin,
        )
        self._workers.add(cast("Job[object]", job))
        return job

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Stop in three phases.

        1. signal: accept no more work, cancel queued jobs, ask running ones to stop, and wait for those that stop at
           once;
        2. drain: wait for the others, and log those that are still running at its end;
        3. abandon: wait once more, then abandon the threads that did not stop. Their jobs end as cancelled; late
           results are dropped.

        Idempotent; several threads may call it at the same time, and each waits. A job, a callback or a token's
        callback on one of the pool's own threads may call it too: there it signals without waiting.

        Args:
            signal: Time limit of the first phase, seconds.
            drain: Time limit of the second phase, seconds.
            abandon: Time limit of the third phase, seconds.
        """
        report = self._workers.stop(f"the pool '{self.name}' was stopped", Deadline.of(signal, drain, abandon))
        self._forget_if_ended()
        return report

    def signal(self, reason: str) -> None:
        """See `Executor.signal`."""
        self._workers.signal(reason)

    def join(self, until: float) -> bool:
        """See `Executor.join`."""
        return self._workers.join(until)

    def name_left(self) -> None:
        """See `Executor.name_left`."""
        self._workers.name_left()

    def abandon(self, until: float) -> StopReport:
        """See `Executor.abandon`."""
        report = self._workers.report(self._workers.abandon(until), PhaseSeconds())
        self._forget_if_ended()
        return report

    def stats(self) -> PoolStats:
        """Current and total counts."""
        return self._workers.stats()

    def _forget_if_ended(self) -> None:
        if not self._workers.alive:
            self._dropped.detach()
            _ALIVE.discard(self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


class _Inline(NamedTuple):
    """The state of an inline pool, as one value."""

    running: tuple[tuple[Job[object], int], ...] = ()
    """The running jobs, each with the id of its thread."""
    stopped: bool = False
    counts: tuple[int, int, int] = (0, 0, 0)  # done, failed, cancelled
    busy: float = 0.0

    def without(self, job: Job[object], busy: float) -> _Inline:
        """Return the state after a job has ended."""
        if not any(other is job for other, _ in self.running):
            return self
        ended_as = (JobState.DONE, JobState.FAILED, JobState.CANCELLED).index(job.state)
        done, failed, cancelled = (count + (at == ended_as) for at, count in enumerate(self.counts))
        running = tuple(pair for pair in self.running if pair[0] is not job)
        return _Inline(running, self.stopped, (done, failed, cancelled), self.busy + busy)


@final
class InlinePool(Keeper):
    """An executor without threads: `submit` runs the work on the caller's thread and returns an ended job.

    Deadlines are checked when the work calls `checkpoint`. Jobs cannot pause, as no other thread could resume them.
    """

    def __init__(
        self, name: str = "inline", *, on_failed: OnFailed | None = None, on_progress: OnProgress | None = None
    ) -> None:
        self.name: Final = name
        self._reports = Reports(on_failed, on_progress)
        self._state = Cell(_Inline(), Rank.POOL)
        self._started = Latencies()
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
        plugin: str = "",
    ) -> Job[T]:
        """See `Executor.submit`. The job keeps errors of the work; KeyboardInterrupt and SystemExit propagate."""
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
            plugin=plugin,
        )
        plain = cast("Job[object]", job)
        here = plain, threading.get_ident()

        def add(state: _Inline) -> _Inline:
            if state.stopped:
                raise PoolStoppedError(f"the pool '{self.name}' takes no '{name}': it was stopped")
            return _Inline((*state.running, here), *state[1:])

        begin = time.monotonic()
        try:
            old, _ = self._state.change(add)
            for other, _thread in old.running:
                if replaces is not None and other.key == replaces:
                    other.cancel("replaced by a newer request")
            job.attach()
            if job.begin():
                self._started.add(begin - job.submitted)
                complete(plain)
            else:
                job.call_back()
        finally:
            job.finish(JobState.CANCELLED)  # after an interrupt: no one must wait for it forever
            busy = time.monotonic() - begin
            self._state.change(lambda state: state.without(plain, busy))
        if job.state is JobState.FAILED:
            error = job.exception(0)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise error
        return job

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Accept no more work; cancel the jobs that other threads are running here, and wait for them."""
        deadline = Deadline.of(signal, drain, abandon)
        others = self._elsewhere()
        self.signal(f"the pool '{self.name}' was stopped")
        self.join(deadline.over)
        left = self.abandon(deadline.over).abandoned
        seconds = PhaseSeconds(drain=time.monotonic() - deadline.began)
        return StopReport(len(others) - len(left), 0, left, seconds)

    def signal(self, reason: str) -> None:
        """See `Executor.signal`."""
        _, state = self._state.change(lambda state: state._replace(stopped=True))
        for job, _ in state.running:
            job.cancel(reason)

    def join(self, until: float) -> bool:
        """See `Executor.join`."""
        for job in self._elsewhere():
            job.wait(max(0.0, until - time.monotonic()))
        return not self._elsewhere()

    def name_left(self) -> None:
        """See `Executor.name_left`."""
        for job in self._elsewhere():
            _LOG.warning("the pool '%s' still waits for the job '%s' (%d)", self.name, job.name, job.id)

    def abandon(self, _until: float) -> StopReport:
        """See `Executor.abandon`; nothing is abandoned, as the pool has no threads."""
        left = tuple(f"the job '{job.name}' ({job.id})" for job in self._elsewhere())
        return StopReport(0, 0, left, PhaseSeconds())

    def stats(self) -> PoolStats:
        """Current and total counts."""
        state = self._state.value
        done, failed, cancelled = state.counts
        return PoolStats(
            name=self.name,
            workers=0,
            running={p.name: sum(job.priority is p for job, _ in state.running) for p in Priority},
            queued={p.name: 0 for p in Priority},
            done=done,
            failed=failed,
            cancelled=cancelled,
            started=self._started.percentiles(),
            busy=state.busy,
            uptime=time.monotonic() - self._began,
        )

    def _elsewhere(self) -> list[Job[object]]:
        """The jobs that other threads are running here."""
        running = self._state.value.running
        return [job for job, thread in running if thread != threading.get_ident() and not job.ended]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def progressed(self, job: Job[object], /) -> None:
        """Pass a job's progress on."""
        self._reports.progressed(job)


_ALIVE: Final[set[Workers]] = set()
"""The pools that have threads; changed only by single atomic operations."""


def _forget_ended() -> None:
    """Forget pools that were left behind when they were dropped, and whose threads have ended since."""
    for workers in list(_ALIVE):
        if workers.ended:
            _ALIVE.discard(workers)


def _stop_apart(workers: Workers) -> None:
    """Stop the threads of a pool that was dropped. Uses a separate thread: a finalizer may interrupt any line of
    Python, and so must not wait."""

    def stop() -> None:
        workers.stop("its pool was dropped", Deadline.of(0.1, 0.6, 0.2))
        if not workers.alive:
            _ALIVE.discard(workers)

    if workers in _ALIVE:  # not in a forked child, which has none of its parent's threads
        with contextlib.suppress(RuntimeError):  # no thread can start at interpreter exit; _stop_all does it then
            new_thread(PREFIX + "drops a pool", stop).start()


def _stop_all() -> None:
    """Stop all pools at interpreter exit: no worker may return from C++ once Python is finalizing."""
    until = exit_over()
    for _attempt in range(2):
        try:
            pools = list(_ALIVE)
            for workers in pools:
                workers.signal("the program ends")
            for workers in pools:
                workers.join(until - _ABANDON_SECONDS)
            for workers in pools:
                workers.name_left()
                workers.abandon(until)
        except KeyboardInterrupt:
            until = min(until, time.monotonic() + 0.3)  # a second Ctrl-C: hurry, but try to leave no thread in C++
        else:
            return


atexit.register(_stop_all)
after_fork(_ALIVE.clear)  # a child has none of its parent's threads
