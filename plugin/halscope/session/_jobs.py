"""Jobs: one request each, with its identity, cancel token, progress, and the result that belongs to it alone."""

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
from halscope.session._job_terms import Fate, JobState, JobTimeoutError, Priority, Progress, checked_seconds
from halscope.session._locks import Rank

_LOG: Final = logging.getLogger("halscope.session")
_NUMBERS: Final = itertools.count(1)
_REPORT_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 1.0
"""How long a paused job sleeps at most before it looks again whether it may go on."""

type Work[T] = Callable[[JobContext], T]


class Keeper:
    """What a job tells the executor that it was given to, until it has ended. An executor overrides what can happen
    there."""

    def ended_early(self, job: Job[object], /) -> None:
        """It was cancelled before it began: take it out of the queue and call its callbacks."""

    def asked(self, job: Job[object], /) -> None:
        """It runs and was asked to stop: name it in the log if it does not answer."""

    def parked(self, job: Job[object], /) -> None:
        """It was paused before it began: nobody may take it."""

    def runnable(self, job: Job[object], /) -> None:
        """It was parked, and may be taken again."""

    def progressed(self, job: Job[object], /) -> None:
        """Its progress is worth telling."""


class Reporter(Protocol):
    """Tells about the errors of jobs and of their callbacks."""

    def __call__(self, job: Job[object], error: BaseException, text: str, /) -> None:
        """`text` is the traceback as text."""


@final
class Job[T]:
    """One request and what becomes of it. Executors make jobs; everybody else holds them as handles.

    A handle keeps the result alive, and nothing else does: dropping it frees the result. Once a job has ended it keeps
    neither its work nor its executor.
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
        "_work",
        "deadline",
        "id",
        "key",
        "name",
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
    ) -> None:
        self.id: Final = next(_NUMBERS)
        self.name: Final = name
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
        self._pausable = pausable
        self._progress = Progress()
        self._told = -math.inf
        self._unsaid = False

    @property
    def state(self) -> JobState:
        """Where it is now. A running job is paused once it stands at a checkpoint."""
        return self._fate.value.state

    @property
    def progress(self) -> Progress:
        """The last that the work reported."""
        return self._progress

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self._fate.value.ended

    @property
    def traceback(self) -> str:
        """The traceback of a failed job as text, else empty."""
        return self._fate.value.text

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the end. Returns `ended`."""
        return self._bell.wait(lambda: self.ended, checked_seconds(timeout, "a time-out"))

    def result(self, timeout: float) -> T:
        """What the work returned.

        Args:
            timeout: Seconds; there is no waiting without end.

        Raises:
            CancelledError: It was cancelled; the text is the reason.
            JobTimeoutError: It has not ended within `timeout`.
            BaseException: The work's own error, with its traceback.
        """
        error = self.exception(timeout)
        if error is None:
            return cast("T", self._fate.value.value)
        try:
            raise error
        finally:
            del error, self  # the traceback that the caller keeps leads to this frame

    def exception(self, timeout: float) -> BaseException | None:
        """The work's error, a CancelledError with the reason, or None where it is done.

        Raises:
            JobTimeoutError: It has not ended within `timeout` seconds.
        """
        if not self.wait(timeout):
            raise JobTimeoutError(f"the job '{self.name}' has not ended within {timeout:g} s; it is {self.state.value}")
        fate = self._fate.value
        if fate.state is JobState.CANCELLED:
            return CancelledError(self.token.reason or "cancelled")
        return None if fate.error is None else fate.error.with_traceback(fate.trace)  # as it was: each raise adds to it

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask it to stop. What waits in the queue ends at once, what runs ends when it looks at its token.

        Returns:
            Whether it was this call that cancelled. If so the job will not be done: a late result is dropped.
        """
        first = self.mark(reason)
        if first is not None:
            self.token.tell()
        return first or False

    def pause(self) -> bool:
        """Let it stand at its next checkpoint, or not begin. Deadlines go on. False if it has ended, or cannot pause.

        A job pauses only where something else can resume it: not in an InlinePool. A paused job keeps its worker, so
        only scans pause: frames and previews have no part that is worth it.
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
        """Let it go on. False if it has ended."""
        old, fate = self._fate.change(Fate.resume)
        if fate.ended:
            return False
        self._bell.ring()
        keeper = self._keeper
        if old.paused and not old.started and keeper is not None:
            keeper.runnable(cast("Job[object]", self))
        return True

    def add_done_callback(self, callback: Callable[[Job[T]], object]) -> None:
        """Call `callback(job)` once it has ended, however it did: on a thread of its pool, or at once on this one.

        An error of the callback is logged and reaches the pool's `on_failed`; the other callbacks are called.
        """
        self._callbacks.append(callback)
        if self.ended:
            self.call_back()

    # What executors call.

    @property
    def paused(self) -> bool:
        """Whether it was paused, though it may still be on its way to a checkpoint."""
        return self._fate.value.paused

    def attach(self) -> None:
        """Listen to the token, once the executor has the job."""
        self._unlisten = self.token.add_callback(self.cancel_raised)
        if self.ended:
            self._unlisten()

    def mark(self, reason: str) -> bool | None:
        """The first half of `cancel`, which calls nothing foreign. `None` if it has ended."""
        _, fate = self._fate.change(Fate.cancel)
        return None if fate.ended else self.token.mark(reason)

    def begin(self) -> bool:
        """Take it to run. False if it has ended or was paused meanwhile."""
        if self.token.cancelled:
            if self.state is JobState.QUEUED:
                self.finish(JobState.CANCELLED)
            return False
        old, fate = self._fate.change(Fate.begin)
        return old is not fate

    def finish(
        self, state: JobState, value: T | None = None, error: BaseException | None = None, text: str = ""
    ) -> bool:
        """Set what became of it, once: a late result is dropped, and so is one of a job that was cancelled."""
        trace = None if error is None else error.__traceback__
        token = self.token

        def settle(fate: Fate) -> Fate:
            if fate.ended:
                return fate
            if state is JobState.DONE and (fate.cancelled or token.cancelled):
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
        # Taking a callback out and calling it is one step in C: an interrupt leaves it in place, or has it called.
        calls = map(call, iter(self._callbacks.popleft, None), itertools.repeat(self))
        while self._callbacks:
            try:
                next(calls)
            except BaseException as error:
                trace = error.__traceback__
                if isinstance(error, IndexError) and (trace is None or trace.tb_next is None):
                    return  # of `popleft`: another thread has called the last one
                text = "".join(traceback.format_exception(error))
                _LOG.error("a callback of the job '%s' failed\n%s", self.name, text.rstrip())
                self._reporter(cast("Job[object]", self), error, text)
                if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                    raise  # Ctrl-C and sys.exit belong to the main thread

    def cancel_raised(self) -> None:
        """The token was cancelled: tell the executor, once."""
        self._unlisten()
        keeper = self._keeper
        self._bell.ring()  # it may stand at a checkpoint
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
    """What work is given: its token, and the way to tell how far it is. It is of no use once the work has returned."""

    __slots__ = ("_job", "token")

    def __init__(self, job: Job[object]) -> None:
        self._job: Job[object] | None = job
        self.token: Final = job.token

    def report(self, done: int, total: int = 0, text: str = "") -> None:
        """Tell how far the work is. Cheap: at most ten reports a second are passed on, and always the last one.

        Args:
            done: What is done, in whatever unit.
            total: Of how many; 0 if it is not known.
            text: What is being done.
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
        """A place where the work may stand while it is paused, and end if it was cancelled.

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
    """Do the work of a job that has begun, on this thread, settle what became of it, and tell.

    Errors of the work do not come out: they belong to the job and to its executor's reporter.
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
    """What a job is cancelled with when its time is over."""
    return f"the deadline of {(job.deadline or 0) - job.submitted:g} s for '{job.name}' is over"


def _run(job: Job[object]) -> JobState | None:
    """The final state, or None if the job was given up while it ran."""
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
        # Its traceback shall begin in the work: this frame leads to the job, and the job to the error.
        trace = caught.__traceback__
        caught.__traceback__ = None if trace is None else trace.tb_next
        state, error, text = JobState.FAILED, caught, "".join(traceback.format_exception(caught))
    finally:
        context._job = None  # frames of the work may outlive it in a traceback
    if job._unsaid:
        job._unsaid = False
        _tell_progress(job)
    try:
        return job.state if job.finish(state, value, error, text) else None
    finally:
        # The frames of a failed work lead back to this one, and the error leads to them: job and error would hold
        # each other until the collector comes.
        del job, context, work, value, error


def _tell_progress(job: Job[object]) -> None:
    keeper = job._keeper
    if keeper is not None:
        keeper.progressed(job)


def _nothing() -> None:
    pass
