"""The workers of a pool: who takes which job, and how they stop. `Pool` is the handle on it.

One lock guards the queues; it is never held while anything foreign runs (work, callbacks, destructors), nor together
with a job's or the watch's.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, final

from halscope_hooks import HalscopeError

from halscope.session._jobs import Job, JobState, Priority
from halscope.session._stats import Latencies, PoolStats
from halscope.session._threads import new_thread
from halscope.session._watch import Watch
from halscope.session._work import complete

_LOG: Final = logging.getLogger("halscope.session")
_IDLE_SECONDS: Final = 30.0
_LAST_SECONDS: Final = 0.1
"""How long the callbacks of abandoned jobs are waited for."""

OnFailed = Callable[[Job[object], BaseException, str], object]
OnProgress = Callable[[Job[object]], object]


class PoolStoppedError(HalscopeError):
    """A job was given to a pool that takes none any more."""


@dataclass(frozen=True, slots=True)
class PhaseSeconds:
    """How long each phase of a stop took."""

    signal: float = 0.0
    drain: float = 0.0
    abandon: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.signal + self.drain + self.abandon


@dataclass(frozen=True, slots=True)
class StopReport:
    """What a stop met."""

    drained: int
    """Jobs that ran and have ended."""
    cancelled: int
    """Jobs that waited and were cancelled before they began."""
    abandoned: tuple[str, ...]
    """Jobs, and threads without one, that did not end in time. Their threads were left behind."""
    seconds: PhaseSeconds


@final
class Reports:
    """Logs errors of jobs and callbacks and passes them on to the owner's `on_failed`."""

    __slots__ = ("_on_failed", "_on_progress")

    def __init__(self, on_failed: OnFailed | None, on_progress: OnProgress | None) -> None:
        self._on_failed = on_failed
        self._on_progress = on_progress

    def __call__(self, job: Job[object], error: BaseException, text: str) -> None:
        """Tell about an error."""
        _LOG.warning("an error in the job '%s' (%d): %s: %s", job.name, job.id, type(error).__name__, error)
        self._guarded("on_failed", self._on_failed, job, error, text)

    def progressed(self, job: Job[object]) -> None:
        """Tell about progress."""
        self._guarded("on_progress", self._on_progress, job)

    @staticmethod
    def _guarded[**P](name: str, callback: Callable[P, object] | None, *args: P.args, **kwargs: P.kwargs) -> None:
        if callback is not None:
            try:
                callback(*args, **kwargs)
            except Exception:
                _LOG.exception("the pool's own %s failed", name)


@final
class Workers:
    """Threads that take jobs from three queues: see `Pool` for the rules."""

    def __init__(self, name: str, workers: int, live_reserve: int, reports: Reports) -> None:
        self._name = name
        self._reports = reports
        self._scans_at_once = max(1, workers - live_reserve)
        # Re-entrant, so that a signal handler that stops the pool inside one of these lines does not lock itself out.
        self._lock = threading.RLock()
        self._wake = threading.Condition(self._lock)
        self._queues: dict[Priority, OrderedDict[int, Job[object]]] = {p: OrderedDict() for p in Priority}
        self._parked: dict[int, Job[object]] = {}  # paused before they began
        self._ended: deque[Job[object]] = deque()  # cancelled before they began; their callbacks wait for a worker
        self._newest: dict[Hashable, Job[object]] = {}
        self._running: dict[threading.Thread, Job[object]] = {}
        self._stopping: str | None = None
        self._counts = dict.fromkeys((JobState.DONE, JobState.FAILED, JobState.CANCELLED), 0)
        self._drained = self._cancelled_early = 0
        self._busy = 0.0
        self._began = time.monotonic()
        self._started = Latencies()
        self._watch = Watch(f"{name} watch")
        self._named: set[threading.Thread] = set()
        self._threads: list[threading.Thread] = []
        try:
            for number in range(workers):
                thread = new_thread(f"{name} {number + 1}", self._work)
                thread.start()
                self._threads.append(thread)
        except RuntimeError as error:
            self.signal("the pool could not be started")
            raise HalscopeError(
                f"the system gives no thread to the pool '{name}' ({error}); end other programs"
            ) from error

    # The queue.

    def add(self, job: Job[object]) -> None:
        """Queue a job; the older one of its key is cancelled.

        Raises:
            PoolStoppedError: The pool was stopped.
        """
        older: Job[object] | None = None
        with self._lock:
            if self._stopping is not None:
                raise PoolStoppedError(f"the pool '{self._name}' takes no '{job.name}': {self._stopping}")
            if job.key is not None:
                older = self._newest.get(job.key)
                self._newest[job.key] = job
            self._queues[job.priority][job.id] = job
            self._wake.notify()
        if older is not None:
            older.cancel("replaced by a newer request")
        job.attach()
        if job.deadline is not None and not job.ended:
            self._watch.deadline(job)

    def ended_early(self, job: Job[object]) -> None:
        """Take a job that was cancelled out of the queue; a worker calls its callbacks."""
        with self._lock:
            if self._pulled(job):  # else a worker has just taken it, and sees that it has ended
                self._ended.append(job)
                self._wake.notify()

    def asked(self, job: Job[object]) -> None:
        """Look at a running job that was asked to stop."""
        self._watch.answer(job)

    def parked(self, job: Job[object]) -> None:
        """Put a job aside that was paused in the queue."""
        with self._lock:
            if job.paused and self._pulled(job):
                self._parked[job.id] = job

    def runnable(self, job: Job[object]) -> None:
        """Queue a job again that was put aside."""
        with self._lock:
            if self._parked.pop(job.id, None) is not None:
                self._queues[job.priority][job.id] = job
                self._wake.notify()

    def progressed(self, job: Job[object]) -> None:
        """Pass a job's progress on."""
        self._reports.progressed(job)

    def _pulled(self, job: Job[object]) -> bool:
        places = (self._queues[job.priority], self._parked)
        return any(place.pop(job.id, None) is not None for place in places)

    # The threads.

    def _work(self) -> None:
        thread = threading.current_thread()
        while (job := self._take(thread)) is not None:
            if self._stopping is not None:
                job.cancel(self._stopping)
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
            del job  # an idle worker keeps nothing alive

    def _take(self, thread: threading.Thread) -> Job[object] | None:
        """The next job, None at the end. What has ended already is taken only to call its callbacks."""
        with self._lock:
            while True:
                job = self._next()
                if job is not None:
                    self._running[thread] = job
                    return job
                if self._stopping is not None:
                    return None
                self._wake.wait(_IDLE_SECONDS)

    def _next(self) -> Job[object] | None:
        if self._ended:
            return self._ended.popleft()
        scans = sum(job.priority is Priority.SCAN for job in self._running.values())
        for priority, queue in self._queues.items():
            if queue and (priority is not Priority.SCAN or scans < self._scans_at_once or self._stopping is not None):
                return queue.popitem(last=False)[1]
        if self._parked and self._stopping is not None:
            return self._parked.popitem()[1]
        return None

    def _put_back(self, thread: threading.Thread, job: Job[object]) -> None:
        """A job that was paused between being taken and its begin."""
        with self._lock:
            del self._running[thread]
            if job.ended:
                self._ended.append(job)
            elif job.paused:
                self._parked[job.id] = job
            else:
                self._queues[job.priority][job.id] = job
                self._queues[job.priority].move_to_end(job.id, last=False)

    def _leave(self, thread: threading.Thread, job: Job[object], busy: float) -> None:
        with self._lock:
            del self._running[thread]
            self._busy += busy
            self._drained += self._stopping is not None and busy > 0
            if self._newest.get(job.key) is job:
                del self._newest[job.key]
            self._counts[job.state] += 1
            if self._queues[Priority.SCAN]:
                self._wake.notify()  # the limit may have kept it waiting

    # The end.

    def signal(self, reason: str) -> None:
        """Take no more work, cancel what waits and ask what runs to stop. Idempotent; does not wait."""
        with self._lock:
            if self._stopping is None:
                self._stopping = reason
                self._cancelled_early = len(self._parked) + sum(map(len, self._queues.values()))
            jobs = [*self._running.values(), *self._parked.values()]
            jobs += [job for queue in self._queues.values() for job in queue.values()]
            self._wake.notify_all()
        self._watch.stop()  # first: what does not answer is named by `stop`
        for job in jobs:
            job.cancel(reason)

    def stop(self, reason: str, signal: float, drain: float, abandon: float) -> StopReport:
        """Stop in three phases, see `Pool.stop`."""
        begin = time.monotonic()
        self.signal(reason)
        if threading.current_thread() in self._all_threads():
            # A thread that waited for its own end, or for one that waits for it, would wait in vain.
            return self._report((), PhaseSeconds(signal=time.monotonic() - begin))
        left = self._wait(begin + signal)
        signalled = time.monotonic()
        left = left and self._wait(signalled + drain)
        drained = time.monotonic()
        names: tuple[str, ...] = ()
        if left:
            _LOG.warning("the pool '%s' still waits for %s", self._name, ", ".join(map(self._doing, left)))
            left = self._wait(drained + abandon)
            names = self._abandon(left)
        seconds = PhaseSeconds(signalled - begin, drained - signalled, time.monotonic() - drained)
        return self._report(names, seconds)

    @property
    def alive(self) -> bool:
        """Whether any of its threads runs."""
        return any(thread.is_alive() for thread in self._all_threads())

    def stats(self) -> PoolStats:
        """What it does at this moment, and did."""
        started = self._started.percentiles()
        with self._lock:
            running = list(self._running.values())
            return PoolStats(
                name=self._name,
                workers=len(self._threads),
                running={p.name: sum(job.priority is p for job in running) for p in Priority},
                queued={p.name: len(queue) for p, queue in self._queues.items()},
                done=self._counts[JobState.DONE],
                failed=self._counts[JobState.FAILED],
                cancelled=self._counts[JobState.CANCELLED],
                started=started,
                busy=self._busy,
                uptime=time.monotonic() - self._began,
            )

    def _all_threads(self) -> list[threading.Thread]:
        watch = self._watch.thread
        return [*self._threads, *([] if watch is None else [watch])]

    def _wait(self, until: float) -> list[threading.Thread]:
        for thread in self._all_threads():
            thread.join(max(0.0, until - time.monotonic()))
        return [thread for thread in self._all_threads() if thread.is_alive()]

    def _doing(self, thread: threading.Thread) -> str:
        job = self._running.get(thread)
        return f"the thread '{thread.name}'" if job is None else f"the job '{job.name}' ({job.id}) on '{thread.name}'"

    def _abandon(self, left: list[threading.Thread]) -> tuple[str, ...]:
        """Give jobs up whose threads do not come back: those who wait for them hear of it."""
        names = tuple(map(self._doing, left))
        with self._lock:
            new = [self._doing(thread) for thread in left if thread not in self._named]
            self._named.update(left)
            jobs = [self._running[thread] for thread in left if thread in self._running]
            jobs += self._ended
            self._ended.clear()
        if new:
            _LOG.error("the pool '%s' leaves behind: %s", self._name, ", ".join(new))
        for job in jobs:
            job.finish(JobState.CANCELLED)
        if jobs:
            # Callbacks are foreign code that may never return either.
            last = new_thread(f"{self._name} last", _call_back, jobs)
            with contextlib.suppress(RuntimeError):  # no thread can begin while the interpreter ends
                last.start()
                last.join(_LAST_SECONDS)
        return names

    def _report(self, abandoned: tuple[str, ...], seconds: PhaseSeconds) -> StopReport:
        with self._lock:
            return StopReport(self._drained, self._cancelled_early, abandoned, seconds)


def _call_back(jobs: list[Job[object]]) -> None:
    for job in jobs:
        job.call_back()
