"""Work: what it is given, and how a job's work is done and settled on the thread that took it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Final, final

from halscope_hooks import CancelledError

from halscope.session._jobs import Job, JobState, Progress

_REPORT_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 1.0
"""How long a paused job sleeps at most before it looks again whether it may go on."""


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
        with job._changed:
            while job._paused and not self.token.cancelled:
                job._state = JobState.PAUSED
                job._changed.wait(_LOOK_SECONDS)
            if job._state is JobState.PAUSED:  # else it may have been abandoned meanwhile
                job._state = JobState.RUNNING
        self.token.raise_if_cancelled()


type Work[T] = Callable[[JobContext], T]


def complete(job: Job[object]) -> None:
    """Do the work of a job that has begun, on this thread, settle what became of it, and tell.

    Errors of the work do not come out: they belong to the job and to its executor's reporter.
    """
    try:
        if _run(job) is JobState.FAILED and job._error is not None:
            job._reporter(job, job._error, job._traceback)
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
        return job._state if job.finish(state, value, error, text) else None
    finally:
        # The frames of a failed work lead back to this one, and the error leads to them: job and error would hold
        # each other until the collector comes.
        del job, context, work, value, error


def _tell_progress(job: Job[object]) -> None:
    keeper = job._keeper
    if keeper is not None:
        keeper.progressed(job)
