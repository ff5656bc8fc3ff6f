"""The workers of a pool: how they take jobs, and how they stop. `Pool` is the handle.

All jobs of a pool are one value (see `_cells`); no work, callback or destructor runs while it changes.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple, final

from halscope_hooks import HalscopeError

from halscope.session._cells import Bell, Cell
from halscope.session._job_terms import JobState, Priority
from halscope.session._jobs import Job, Keeper, complete
from halscope.session._locks import Rank
from halscope.session._stats import Latencies, PoolStats
from halscope.session._stopping import Deadline, PhaseSeconds, PoolStoppedError, StopReport
from halscope.session._threads import join_thread, new_thread
from halscope.session._watch import Watch

_LOG: Final = logging.getLogger("halscope.session")
_IDLE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.25  # between two checks: an interrupt may have come between taking a waiter and waking it
_LAST_SECONDS: Final = 0.1
"""Least time to wait for the callbacks of abandoned jobs, in seconds."""
_COUNTED: Final = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

OnFailed = Callable[[Job[object], BaseException, str], object]
OnProgress = Callable[[Job[object]], object]


@final
class Reports:
    """Logs errors of jobs and callbacks, and passes them to the owner's `on_failed`."""

    __slots__ = ("_on_failed", "_on_progress")

    def __init__(self, on_failed: OnFailed | None, on_progress: OnProgress | None) -> None:
        self._on_failed = on_failed
        self._on_progress = on_progress

    def __call__(self, job: Job[object], error: BaseException, text: str) -> None:
        """Report an error."""
        _LOG.warning("an error in the job '%s' (%d): %s: %s", job.name, job.id, type(error).__name__, error)
        self._guarded("on_failed", self._on_failed, job, error, text)

    def progressed(self, job: Job[object]) -> None:
        """Report progress."""
        self._guarded("on_progress", self._on_progress, job)

    @staticmethod
    def _guarded[**P](name: str, callback: Callable[P, object] | None, *args: P.args, **kwargs: P.kwargs) -> None:
        if callback is not None:
            try:
                callback(*args, **kwargs)
            except Exception:
                # As text: a record that kept the error would keep the frames of whoever waits for the job.
                _LOG.error("the pool's own %s failed\n%s", name, traceback.format_exc().rstrip())


class _State(NamedTuple):
    """All jobs of a pool, as one value."""

    queues: tuple[tuple[Job[object], ...], ...] = ((),) * len(Priority)
    """The waiting jobs, by priority."""
    running: tuple[tuple[threading.Thread, Job[object]], ...] = ()
    parked: tuple[Job[object], ...] = ()
    """Jobs that were paused before they began."""
    ended: tuple[Job[object], ...] = ()
    """Jobs that were cancelled before they began; a worker has yet to call their callbacks."""
    newest: tuple[tuple[Hashable, Job[object]], ...] = ()
    """The newest job of each key."""
    stopping: str | None = None
    counts: tuple[int, int, int] = (0, 0, 0)  # see _COUNTED
    drained: int = 0
    cancelled_early: int = 0
    busy: float = 0.0

    def of(self, thread: threading.Thread) -> Job[object] | None:
        """Return the job that a thread has taken."""
        return next((job for other, job in self.running if other is thread), None)

    def queued(self, job: Job[object], *, first: bool = False) -> _State:
        """Return the state with a job added to its queue."""
        queue = self.queues[job.priority]
        return self._with_queue(job.priority, (job, *queue) if first else (*queue, job))

    def without(self, job: Job[object]) -> _State:
        """Return the state without a waiting job."""
        if any(other is job for other in self.parked):
            return self._replace(parked=_but(self.parked, job))
        if any(other is job for other in self.queues[job.priority]):
            return self._with_queue(job.priority, _but(self.queues[job.priority], job))
        return self

    def next(self, scans_at_once: int) -> tuple[Job[object] | None, _State]:
        """Return the job that a free worker takes, and the remaining state."""
        if self.ended:
            return self.ended[0], self._replace(ended=self.ended[1:])
        scans = sum(job.priority is Priority.SCAN for _, job in self.running)
        for priority, queue in zip(Priority, self.queues, strict=True):
            if queue and (priority is not Priority.SCAN or scans < scans_at_once or self.stopping is not None):
                return queue[0], self._with_queue(priority, queue[1:])
        if self.parked and self.stopping is not None:
            return self.parked[0], self._replace(parked=self.parked[1:])
        return None, self

    def left_by(self, thread: threading.Thread) -> _State:
        """Return the state without the job that a thread has taken."""
        return _State(self.queues, tuple(pair for pair in self.running if pair[0] is not thread), *self[2:])

    def all(self) -> list[Job[object]]:
        """Return every job that has not ended."""
        waiting = [job for queue in self.queues for job in queue]
        return [*(job for _, job in self.running), *self.parked, *waiting]

    def _with_queue(self, priority: Priority, queue: tuple[Job[object], ...]) -> _State:
        return _State((*self.queues[:priority], queue, *self.queues[priority + 1 :]), *self[1:])


@final
class Workers(Keeper):
    """Threads that take jobs from three queues; see `Pool` for the rules."""

    def __init__(self, name: str, workers: int, live_reserve: int, reports: Reports) -> None:
        self._name = name
        self._reports = reports
        self._scans_at_once = max(1, workers - live_reserve)
        self._state = Cell(_State(), Rank.POOL)
        self._bell = Bell()
        self._began = time.monotonic()
        self._started = Latencies()
        self._watch = Watch(f"{name} watch")
        self._named: frozenset[threading.Thread] = frozenset()
        self._threads = tuple(new_thread(f"{name} {number + 1}", self._work) for number in range(workers))

    def begin(self) -> None:
        """Start the threads. Raises HalscopeError if the system cannot; then, as after an interrupt, call `signal`."""
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError as error:
            raise HalscopeError(
                f"the pool '{self._name}' cannot start a thread ({error}); close other programs"
            ) from error

    # The queue.

    def add(self, job: Job[object]) -> None:
        """Queue a job; an older job with the same key is cancelled.

        Raises:
            PoolStoppedError: The pool was stopped.
        """

        def add(state: _State) -> _State:
            if state.stopping is not None:
                raise PoolStoppedError(f"the pool '{self._name}' takes no '{job.name}': {state.stopping}")
            if job.key is not None:
                newest = tuple(pair for pair in state.newest if pair[0] != job.key)
                state = state._replace(newest=(*newest, (job.key, job)))
            return state.queued(job)

        old, _ = self._state.change(add)
        self._bell.ring_one()
        if job.key is not None:
            for key, older in old.newest:
                if key == job.key:
                    older.cancel("replaced by a newer request")
        job.attach()
        if job.deadline is not None and not job.ended:
            self._watch.deadline(job)

    def ended_early(self, job: Job[object]) -> None:
        """Remove a cancelled job from the queue; a worker calls its callbacks."""

        def pull(state: _State) -> _State:
            rest = state.without(job)  # unchanged if a worker has just taken it, which then finds it ended
            return state if rest is state else rest._replace(ended=(*rest.ended, job))

        self._state.change(pull)
        self._bell.ring_one()

    def asked(self, job: Job[object]) -> None:
        """Watch a running job that was asked to stop."""
        self._watch.answer(job)

    def parked(self, job: Job[object]) -> None:
        """Park a job that was paused in the queue."""

        def park(state: _State) -> _State:
            rest = state.without(job) if job.paused else state
            return state if rest is state else rest._replace(parked=(*rest.parked, job))

        self._state.change(park)

    def runnable(self, job: Job[object]) -> None:
        """Queue a parked job again."""

        def queue(state: _State) -> _State:
            return state.without(job).queued(job) if any(other is job for other in state.parked) else state

        self._state.change(queue)
        self._bell.ring_one()

    def progressed(self, job: Job[object]) -> None:
        """Pass a job's progress on."""
        self._reports.progressed(job)

    # The threads.

    def _work(self) -> None:
        thread = threading.current_thread()
        while (job := self._take(thread)) is not None:
            stopping = self._state.value.stopping
            if stopping is not None:
                job.cancel(stopping)
            if job.begin():
                begin = time.monotonic()
                self._started.add(begin - job.submitted)
                complete(job)
                self._leave(thread, job, time.monotonic() - begin)
            elif job.ended:
                job.call_back()
                self._leave(thread, job, 0.0)
            else:
                self._put_back(thread, job)
            del job  # an idle worker must not keep it alive

    def _take(self, thread: threading.Thread) -> Job[object] | None:
        """Return the next job, or `None` at the end. Ended jobs are taken only for their callbacks."""

        def take(state: _State) -> _State:
            job, rest = state.next(self._scans_at_once)
            return state if job is None else _State(rest.queues, (*rest.running, (thread, job)), *rest[2:])

        while True:
            _, state = self._state.change(take)
            job = state.of(thread)
            if job is not None:
                if state.next(self._scans_at_once)[0] is not None:
                    self._bell.ring_one()  # one ring may have announced several jobs
                return job
            if state.stopping is not None:
                return None
            del state, job
            self._bell.wait(self._has_work, _IDLE_SECONDS, _LOOK_SECONDS)

    def _has_work(self) -> bool:
        state = self._state.value
        return state.stopping is not None or state.next(self._scans_at_once)[0] is not None

    def _put_back(self, thread: threading.Thread, job: Job[object]) -> None:
        """Put back a job that was paused after it was taken and before it began."""

        def put_back(state: _State) -> _State:
            state = state.left_by(thread)
            if job.ended:
                return state._replace(ended=(*state.ended, job))
            return state._replace(parked=(*state.parked, job)) if job.paused else state.queued(job, first=True)

        self._state.change(put_back)

    def _leave(self, thread: threading.Thread, job: Job[object], busy: float) -> None:
        ended_as = _COUNTED.index(job.state)

        def leave(state: _State) -> _State:
            done, failed, cancelled = (count + (at == ended_as) for at, count in enumerate(state.counts))
            drained = state.drained + (state.stopping is not None and busy > 0)
            left = state.left_by(thread)
            newest = left.newest and tuple(pair for pair in left.newest if pair[1] is not job)
            counts = (done, failed, cancelled)
            return _State(*left[:4], newest, left.stopping, counts, drained, left.cancelled_early, left.busy + busy)

        _, state = self._state.change(leave)
        if state.queues[Priority.SCAN]:
            self._bell.ring_one()  # the limit on scans may have held it back

    # The end.

    def signal(self, reason: str) -> None:
        """Accept no more work, cancel waiting jobs and ask running ones to stop. Idempotent; does not wait."""

        def stop(state: _State) -> _State:
            if state.stopping is not None:
                return state
            waiting = len(state.parked) + sum(map(len, state.queues))
            return state._replace(stopping=reason, cancelled_early=waiting)

        _, state = self._state.change(stop)
        self._bell.ring()
        self._watch.stop()  # first: `stop` itself logs the jobs that do not end
        for job in state.all():
            job.cancel(reason)

    def join(self, until: float) -> bool:
        """Wait for the threads; return whether all have ended. One of the pool's own threads does not wait."""
        threads = self._all_threads()
        # A thread cannot wait for its own end, nor for a thread that waits for it.
        if threading.current_thread() not in threads:
            for thread in threads:
                join_thread(thread, until)
        return not self.alive

    def abandon(self, until: float) -> tuple[str, ...]:
        """Abandon jobs whose threads do not end, so that waits for these jobs return.

        Returns:
            The names of the abandoned jobs and threads.
        """
        if threading.current_thread() in self._all_threads():
            return ()
        left = [thread for thread in self._all_threads() if thread.is_alive()]
        if not left:
            return ()
        names = tuple(map(self._doing, left))
        new = [name for thread, name in zip(left, names, strict=True) if thread not in self._named]
        self._named |= set(left)
        # No thread may ever take what has ended, so nothing of it may stay here.
        state, _ = self._state.change(lambda state: state._replace(ended=(), newest=()))
        if new:
            _LOG.error("the pool '%s' leaves behind: %s", self._name, ", ".join(new))
        jobs = [*(job for thread, job in state.running if thread in left), *state.ended]
        for job in jobs:
            job.finish(JobState.CANCELLED)
        if jobs:
            # Callbacks are third-party code, which may never return either.
            last = new_thread(f"{self._name} last", _call_back, jobs)
            with contextlib.suppress(RuntimeError):  # no thread can start at interpreter exit
                last.start()
                last.join(max(_LAST_SECONDS, until - time.monotonic()))
        return names

    def stop(self, reason: str, deadline: Deadline) -> StopReport:
        """Stop in three phases; see `Pool.stop`."""
        self.signal(reason)
        self.join(deadline.signalled)
        signalled = time.monotonic()
        done = self.join(deadline.drained)
        drained = time.monotonic()
        if not done:
            self.name_left()
            self.join(deadline.over)
        names = self.abandon(deadline.over)
        return self.report(
            names, PhaseSeconds(signalled - deadline.began, drained - signalled, time.monotonic() - drained)
        )

    def name_left(self) -> None:
        """Log the jobs and threads that have not ended yet."""
        left = [thread for thread in self._all_threads() if thread.is_alive()]
        if left and threading.current_thread() not in left:
            _LOG.warning("the pool '%s' still waits for %s", self._name, ", ".join(map(self._doing, left)))

    def report(self, abandoned: tuple[str, ...], seconds: PhaseSeconds) -> StopReport:
        """Return the outcome of the stop so far."""
        state = self._state.value
        return StopReport(state.drained, state.cancelled_early, abandoned, seconds)

    @property
    def alive(self) -> bool:
        """Whether any of the threads is running."""
        return any(thread.is_alive() for thread in self._all_threads())

    @property
    def ended(self) -> bool:
        """Whether it was stopped and all threads have ended."""
        return self._state.value.stopping is not None and not self.alive

    def stats(self) -> PoolStats:
        """Current and total counts."""
        state = self._state.value
        done, failed, cancelled = state.counts
        return PoolStats(
            name=self._name,
            workers=len(self._threads),
            running={p.name: sum(job.priority is p for _, job in state.running) for p in Priority},
            queued={p.name: len(queue) for p, queue in zip(Priority, state.queues, strict=True)},
            done=done,
            failed=failed,
            cancelled=cancelled,
            started=self._started.percentiles(),
            busy=state.busy,
            uptime=time.monotonic() - self._began,
        )

    def _all_threads(self) -> list[threading.Thread]:
        return [*self._threads, *self._watch.threads]

    def _doing(self, thread: threading.Thread) -> str:
        job = self._state.value.of(thread)
        return f"the thread '{thread.name}'" if job is None else f"the job '{job.name}' ({job.id}) on '{thread.name}'"


def _but(jobs: tuple[Job[object], ...], job: Job[object]) -> tuple[Job[object], ...]:
    return tuple(other for other in jobs if other is not job)


def _call_back(jobs: list[Job[object]]) -> None:
    for job in jobs:
        job.call_back()
