"""Jobs: each is one request with its own id, cancel token, progress and result."""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable
from operator import call
from typing import Final, Protocol, cast, final

from halscope_hooks import CancelledError

from halscope.session._cancel import CancelToken
from halscope.session._cells import Bell, Cell
from halscope.session._errors import forget_frames, raised_again
from halscope.session._job_terms import Fate, JobState, JobTimeoutError, Priority, Progress, checked_seconds
from halscope.session._locks import Rank

_LOG: Final = logging.getLogger("halscope.session")
_NUMBERS: Final = itertools.count(1)
_REPORT_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 1.0
"""Seconds between the checks of a paused job whether it may continue."""

type Work[T] = Callable[[JobContext], T]


class Keeper:
    """Notifications from a job to its executor, until the job has ended. An executor overrides those that it needs."""

    def ended_early(self, job: Job[object], /) -> None:
        """The job was cancelled before it began: remove it from the queue and call its callbacks."""

    def asked(self, job: Job[object], /) -> None:
        """The running job was asked to stop: log it if it does not end."""

    def parked(self, job: Job[object], /) -> None:
        """The job was paused before it began: it must not be started."""

    def runnable(self, job: Job[object], /) -> None:
        """The job was parked, and may be started again."""

    def progressed(self, job: Job[object], /) -> None:
        """The job has progress to report."""


class Reporter(Protocol):
    """Reports errors of jobs and of their callbacks."""

    def __call__(self, job: Job[object], error: BaseException, text: str, /) -> None:
        """Report an error; `text` is the traceback as text."""


@final
class Job[T]:
    """One request and its result. Executors create jobs; all other code holds them as handles.

    Only the handles keep the result alive: dropping them frees it. A job that has ended refers neither to its work nor
    to its executor.
    """

    __slots__ = (
        "__weakref__",
        "_bell",
        "_callbacks",
        "_fate",
        "_keeper",
        "_pausable",
        "_progress",
        "_reporter",
        "_told",
        "_unlisten",
        "_unsaid",
        "_withdrawable",
        "_work",
        "deadline",
        "id",
        "keeps_frames",
        "key",
        "name",
        "plugin",
        "priority",
        "submitted",
        "token",
    )

    def __init__(
        self,
        name: str,
        work: Work[T],
        keeper: Keeper,
        reporter: Reporter,
        *,
        priority: Priority,
        deadline: float | None = None,
        key: Hashable | None = None,
        parent: CancelToken | None = None,
        pausable: bool = True,
        withdrawable: bool = True,
        keeps_frames: bool = True,
        plugin: str = "",
    ) -> None:
        self.id: Final = next(_NUMBERS)
        self.name: Final = name
        self.plugin: Final = plugin
        self.priority: Final = priority
        self.token: Final = CancelToken(parent)
        self.key: Final = key
        self.submitted: Final = time.monotonic()
        self.deadline: Final = None if deadline is None else self.submitted + checked_seconds(deadline, "a deadline")
        self._fate = Cell(Fate(), Rank.JOB)
        self._bell = Bell()
        self._work: Work[T] | None = work
        self._keeper: Keeper | None = keeper
        self._reporter = reporter
        self._unlisten: Callable[[], object] = _nothing
        self._callbacks: deque[Callable[[Job[T]], object]] = deque()
        self.keeps_frames = keeps_frames
        """Whether a failed job keeps the traceback of its error; its frames lead to whoever called the work."""
        self._pausable = pausable
        self._withdrawable = withdrawable
        self._progress = Progress()
        self._told = -math.inf
        self._unsaid = False

    @property
    def state(self) -> JobState:
        """Current state. A running job counts as paused once it waits at a checkpoint."""
        return self._fate.value.state

    @property
    def progress(self) -> Progress:
        """The latest progress that the work reported."""
        return self._progress

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self._fate.value.ended

    @property
    def traceback(self) -> str:
        """Traceback of a failed job as text, else empty."""
        return self._fate.value.text

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the job to end. Returns `ended`."""
        return self._bell.wait(lambda: self.ended, checked_seconds(timeout, "a time-out"))

    def result(self, timeout: float) -> T:
        """Return the result of the work.

        Args:
            timeout: Seconds to wait; an endless wait is not possible.

        Raises:
            CancelledError: The job was cancelled; the text is the reason.
            JobTimeoutError: The job has not ended within `timeout`.
            BaseException: A copy of the work's own error, with its traceback.
        """
        error = self.exception(timeout)
        if error is None:
            return cast("T", self._fate.value.value)
        try:
            raise error
        finally:
            del error, self  # the traceback that the caller keeps refers to this frame

    def exception(self, timeout: float) -> BaseException | None:
        """Return a copy of the work's error, a CancelledError with the reason, or `None` if the work succeeded.

        The job's own error never comes out: a raise would add the caller's frames to it, and the job keep them.

        Raises:
            JobTimeoutError: The job has not ended within `timeout` seconds.
        """
        if not self.wait(timeout):
            raise JobTimeoutError(f"the job '{self.name}' has not ended within {timeout:g} s; it is {self.state.value}")
        fate = self._fate.value
        if fate.state is JobState.CANCELLED:
            return CancelledError(self.token.reason or "cancelled")
        return None if fate.error is None else raised_again(fate.error, fate.trace)

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask the job to stop. A queued job ends at once, a running one when it checks its token. A write that was sent
        to the emulator (`Session.apply`) goes on.

        Returns:
            Whether this call cancelled the job. If so, a late result is dropped.
        """
        first = self.mark(reason)
        if first is not None:
            self.token.tell()
        return first or False

    def pause(self) -> bool:
        """Make the job wait at its next checkpoint, or not begin. Its deadline still applies. Returns False if it has
        ended or cannot pause.

        A job can pause only if another thread can resume it, so not in an InlinePool. A paused job occupies its worker,
        so only scans can pause; frames and previews are too short.
        """
        if not self._pausable:
            return False
        _, fate = self._fate.change(Fate.pause)
        if fate.ended:
            return False
        keeper = self._keeper
        if not fate.started and keeper is not None:
            keeper.parked(cast("Job[object]", self))
        return True

    def resume(self) -> bool:
        """Let the job continue. Returns False if it has ended."""
        old, fate = self._fate.change(Fate.resume)
        if fate.ended:
            return False
        self._bell.ring()
        keeper = self._keeper
        if old.paused and not old.started and keeper is not None:
            keeper.runnable(cast("Job[object]", self))
        return True

    def add_done_callback(self, callback: Callable[[Job[T]], object]) -> None:
        """Call `callback(job)` when the job has ended in any way: on a thread of its pool, or at once on this one.

        An error of the callback is logged and passed to the pool's `on_failed`; the other callbacks are still called.
        """
        self._callbacks.append(callback)
        if self.ended:
            self.call_back()

    # For executors.

    @property
    def paused(self) -> bool:
        """Whether a pause was requested; the work may not have reached a checkpoint yet."""
        return self._fate.value.paused

    def attach(self) -> None:
        """Subscribe to the token, once the executor has the job."""
        self._unlisten = self.token.add_callback(self.cancel_raised)
        if self.ended:
            self._unlisten()

    def mark(self, reason: str) -> bool | None:
        """First half of `cancel`; runs no third-party code. Returns `None` if the job has ended."""
        old, fate = self._fate.change(lambda fate: fate if self._goes_on(fate) else fate.cancel(reason))
        if fate.ended or fate.cancelled is None:
            return None
        self.token.mark(fate.cancelled)  # also for an earlier call that was interrupted here
        return old is not fate and self.token.reason is reason

    def begin(self) -> bool:
        """Mark the job as running. Returns False if it has ended or was paused meanwhile."""
        old, fate = self._fate.change(lambda fate: fate if self.token.cancelled else fate.begin())
        if fate.state is JobState.QUEUED:
            self.finish(JobState.CANCELLED)  # the canceller has not come to it yet, or was interrupted before it
        return old is not fate

    def finish(
        self, state: JobState, value: T | None = None, error: BaseException | None = None, text: str = ""
    ) -> bool:
        """Set the outcome, once: a late result is dropped, as is the result of a cancelled job."""
        trace = None if error is None else error.__traceback__
        token = self.token

        def settle(fate: Fate) -> Fate:
            if fate.ended:
                return fate
            if fate.cancelled is not None:
                token.mark(fate.cancelled)  # the canceller may not have come to it yet, or was interrupted before it
            if state is JobState.DONE and token.cancelled and not self._goes_on(fate):
                return fate._replace(state=JobState.CANCELLED)
            return Fate(state, fate.started, fate.paused, fate.cancelled, value, error, trace, text)

        old, new = self._fate.change(settle)
        if old is new:
            return False
        self._work = self._keeper = None
        self._bell.ring()
        self._unlisten()
        self._unlisten = _nothing
        self.token.leave_parent()
        return True

    def call_back(self) -> None:
        """Call the callbacks that were not called yet."""
        # Removing and calling a callback is one step in C: an interrupt comes before both or after both.
        calls = map(call, iter(self._callbacks.popleft, None), itertools.repeat(self))
        while self._callbacks:
            try:
                next(calls)
            except BaseException as error:
                trace = error.__traceback__
                if isinstance(error, IndexError) and (trace is None or trace.tb_next is None):
                    return  # raised by `popleft`: another thread has called the last one
                text = "".join(traceback.format_exception(error))
                _LOG.error("a callback of the job '%s' failed\n%s", self.name, text.rstrip())
                self._reporter(cast("Job[object]", self), error, text)
                if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                    raise  # Ctrl-C and sys.exit belong to the main thread

    def _goes_on(self, fate: Fate) -> bool:
        """Whether it has begun and cannot be withdrawn any more."""
        return fate.started and not self._withdrawable

    def cancel_raised(self) -> None:
        """Notify the executor, once, that the token was cancelled."""
        self._unlisten()
        keeper = self._keeper
        self._bell.ring()  # the work may be waiting at a checkpoint
        if keeper is None:
            return
        if self._fate.value.started:
            keeper.asked(cast("Job[object]", self))
        elif self.finish(JobState.CANCELLED):
            keeper.ended_early(cast("Job[object]", self))

    def __repr__(self) -> str:
        return f"<Job {self.id} '{self.name}' {self.state.value}>"


@final
class JobContext:
    """Argument of the work: its token, and the report of its progress. Without effect once the work has returned."""

    __slots__ = ("_job", "token")

    def __init__(self, job: Job[object]) -> None:
        self._job: Job[object] | None = job
        self.token: Final = job.token

    def report(self, done: int, total: int = 0, text: str = "") -> None:
        """Report progress. Cheap: at most ten reports per second are passed on, and always the last one.

        Args:
            done: Amount done, in any unit.
            total: Total amount; 0 if unknown.
            text: The current activity.
        """
        job = self._job
        if job is None:
            return
        job._progress = Progress(done, total, text)
        now = time.monotonic()
        job._unsaid = now - job._told < _REPORT_SECONDS
        if not job._unsaid:
            job._told = now
            _tell_progress(job)

    def checkpoint(self) -> None:
        """Wait here while the job is paused, and end the work if the job was cancelled.

        Raises:
            CancelledError: The job was cancelled or its deadline is over.
        """
        self.token.raise_if_cancelled()
        job = self._job
        if job is None:
            return
        if job.deadline is not None and time.monotonic() >= job.deadline:
            job.cancel(deadline_reason(job))
        while job.paused and not self.token.cancelled:
            job._fate.change(Fate.stand)
            job._bell.wait(lambda: not job.paused or self.token.cancelled, _LOOK_SECONDS)
        job._fate.change(Fate.go_on)
        self.token.raise_if_cancelled()


def complete(job: Job[object]) -> None:
    """Run the work of a job that has begun on this thread, set its outcome, report failures and call its callbacks.

    Errors of the work are not raised: the job keeps them, and the executor's reporter receives them.
    """
    try:
        if _run(job) is JobState.FAILED and (error := job._fate.value.error) is not None:
            try:
                job._reporter(job, error, job.traceback)
            finally:
                del error
        job.call_back()
    finally:
        del job  # see _run


def deadline_reason(job: Job[object]) -> str:
    """Return the reason with which a job is cancelled at its deadline."""
    return f"the deadline of {(job.deadline or 0) - job.submitted:g} s for '{job.name}' is over"


def _run(job: Job[object]) -> JobState | None:
    """Run the work and return the final state, or `None` if the job was abandoned while it ran."""
    context, work = JobContext(job), job._work
    value: object = None
    error: BaseException | None = None
    text = ""
    try:
        if work is None:
            return None
        state, value = JobState.DONE, work(context)
    except CancelledError as stopped:
        state = JobState.CANCELLED
        job.token.mark(str(stopped) or "cancelled")
    except BaseException as caught:
        # Make the traceback begin in the work: this frame refers to the job, and the job to the error.
        trace = caught.__traceback__
        caught.__traceback__ = None if trace is None else trace.tb_next
        state, error, text = JobState.FAILED, caught, "".join(traceback.format_exception(caught))
        if not job.keeps_frames:
            forget_frames(caught)
    finally:
        context._job = None  # frames of the work may outlive it in a traceback
    if job._unsaid:
        job._unsaid = False
        _tell_progress(job)
    try:
        return job.state if job.finish(state, value, error, text) else None
    finally:
        # The error refers to the frames of the failed work, and those to this frame: job and error would keep each
        # other alive until a garbage collection.
        del job, context, work, value, error


def _tell_progress(job: Job[object]) -> None:
    keeper = job._keeper
    if keeper is not None:
        keeper.progressed(job)


def _nothing() -> None:
    pass
