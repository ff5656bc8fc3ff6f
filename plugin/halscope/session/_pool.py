"""Pools: where jobs run. `Pool` has threads of its own, `InlinePool` does the work at once and has none."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Hashable
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self, cast, final

from halscope_hooks import UsageError

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
"""More is a mistake: the heavy work is C++ that fills a core."""

_ABANDON_SECONDS: Final = 0.2
"""At the interpreter's exit, for the callbacks of jobs that are given up."""


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

    def signal(self, reason: str) -> None:
        """The beginning of a stop, alone: take no more work, and ask every job to end. Does not wait."""

    def join(self, until: float) -> bool:
        """The middle: wait until `until` (`time.monotonic()`) for what runs; True where all has ended."""

    def name_left(self) -> None:
        """Name in the log what has not ended yet."""

    def abandon(self, until: float, /) -> StopReport:
        """The end: give up and name what has not ended, and report."""

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
        # Before its threads begin: a pool whose making is interrupted is dropped, and ends them.
        self._dropped = weakref.finalize(self, _stop_apart, self._workers)
        self._dropped.atexit = False  # _stop_all does that, all pools at once
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
        """What it does at this moment, and did."""
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
    """What an inline pool does, as one value."""

    running: tuple[tuple[Job[object], int], ...] = ()
    """Jobs, and the threads that do them."""
    stopped: bool = False
    counts: tuple[int, int, int] = (0, 0, 0)  # done, failed, cancelled
    busy: float = 0.0

    def without(self, job: Job[object], busy: float) -> _Inline:
        """After a job has ended."""
        if not any(other is job for other, _ in self.running):
            return self
        ended_as = (JobState.DONE, JobState.FAILED, JobState.CANCELLED).index(job.state)
        done, failed, cancelled = (count + (at == ended_as) for at, count in enumerate(self.counts))
        running = tuple(pair for pair in self.running if pair[0] is not job)
        return _Inline(running, self.stopped, (done, failed, cancelled), self.busy + busy)


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
            job.finish(JobState.CANCELLED)  # where an interrupt came: nobody shall wait for it
            busy = time.monotonic() - begin
            self._state.change(lambda state: state.without(plain, busy))
        if job.state is JobState.FAILED:
            error = job.exception(0)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise error
        return job

    def stop(self, *, signal: float = 0.1, drain: float = 0.6, abandon: float = 0.2) -> StopReport:
        """Take no more work, and cancel and wait for what other threads do here at this moment."""
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
        """See `Executor.abandon`; nothing is given up, as there is no thread to leave behind."""
        left = tuple(f"the job '{job.name}' ({job.id})" for job in self._elsewhere())
        return StopReport(0, 0, left, PhaseSeconds())

    def stats(self) -> PoolStats:
        """What it does at this moment, and did."""
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
        """What other threads do here."""
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
"""The pools that have threads; changed by single operations only."""


def _stop_apart(workers: Workers) -> None:
    """Stop the threads of a pool that nobody holds any more. On a thread apart: a finalizer interrupts any line of
    Python, and must not make it wait."""

    def stop() -> None:
        workers.stop("its pool was dropped", Deadline.of(0.1, 0.6, 0.2))
        if not workers.alive:
            _ALIVE.discard(workers)

    if workers in _ALIVE:  # not in a forked child, which has none of its parent's threads
        with contextlib.suppress(
            RuntimeError
        ):  # no thread can begin while the interpreter ends; _stop_all does it then
            new_thread(PREFIX + "drops a pool", stop).start()


def _stop_all() -> None:
    """At the interpreter's exit: no worker may come back from C++ once Python is being taken down."""
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
            until = min(until, time.monotonic() + 0.3)  # a second Ctrl-C: hurry, but leave no thread in C++ if possible
        else:
            return


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ALIVE.clear)  # a child has none of its parent's threads
