"""Jobs: one request each, with its identity, cancel token, progress, and the result that belongs to it alone."""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, cast, final

from halscope_hooks import CancelledError, HalscopeError, UsageError

from halscope.session._cancel import CancelToken

if TYPE_CHECKING:
    from halscope.session._work import Work

_LOG: Final = logging.getLogger("halscope.session")
_NUMBERS: Final = itertools.count(1)


class JobTimeoutError(HalscopeError, TimeoutError):
    """A job did not end within the time that somebody was willing to wait; it goes on."""


class Priority(IntEnum):
    """What passes before what: a frame of the running game, a picture that a person waits for, a long search."""

    LIVE = 0
    PREVIEW = 1
    SCAN = 2


class JobState(Enum):
    """Where a job is. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES: Final = frozenset((JobState.DONE, JobState.FAILED, JobState.CANCELLED))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    done: int = 0
    total: int = 0
    """0 where it is not known."""
    text: str = ""


class Keeper(Protocol):
    """What a job needs of the executor that it was given to, until it has ended."""

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

    A handle keeps the result alive, and nothing else does: whoever drops it frees the result. Once a job has ended it
    keeps neither its work nor its executor.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_changed",
        "_error",
        "_keeper",
        "_pausable",
        "_paused",
        "_progress",
        "_reporter",
        "_started",
        "_state",
        "_told",
        "_trace",
        "_traceback",
        "_unlisten",
        "_unsaid",
        "_value",
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
        self._changed = threading.Condition()
        self._state = JobState.QUEUED
        self._work: Work[T] | None = work
        self._keeper: Keeper | None = keeper
        self._reporter = reporter
        self._value: T | None = None
        self._error: BaseException | None = None
        self._trace: TracebackType | None = None
        self._traceback = ""
        self._unlisten: Callable[[], object] = _nothing
        self._callbacks: list[Callable[[Job[T]], object]] = []
        self._started = False
        self._pausable = pausable
        self._paused = False
        self._progress = Progress()
        self._told = -math.inf
        self._unsaid = False

    @property
    def state(self) -> JobState:
        """Where it is now. A running job is paused once it stands at a checkpoint."""
        return self._state

    @property
    def progress(self) -> Progress:
        """The last that the work reported."""
        return self._progress

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self._state in FINAL_STATES

    @property
    def traceback(self) -> str:
        """The traceback of a failed job as text, else empty."""
        return self._traceback

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the end. Returns `ended`."""
        until = time.monotonic() + checked_seconds(timeout, "a time-out")
        with self._changed:
            while self._state not in FINAL_STATES:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

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
            return cast("T", self._value)
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
            raise JobTimeoutError(
                f"the job '{self.name}' has not ended within {timeout:g} s; it is {self._state.value}"
            )
        if self._state is JobState.CANCELLED:
            return CancelledError(self.token.reason or "cancelled")
        error = self._error
        return None if error is None else error.with_traceback(self._trace)  # as it was: each raise adds to it

    def cancel(self, reason: str = "cancelled") -> bool:
        """Ask it to stop. What waits in the queue ends at once, what runs ends when it looks at its token.

        Returns:
            Whether it was this call that cancelled. If so the job will not be done: a result that comes yet is dropped.
        """
        with self._changed:
            if self._state in FINAL_STATES:
                return False
            first = self.token.mark(reason)
        self.token.tell()
        return first

    def pause(self) -> bool:
        """Let it stand at its next checkpoint, or not begin. Deadlines go on. False if it has ended, or cannot pause.

        A job pauses only where something else can resume it: not in an InlinePool. A paused job keeps its worker, so
        only scans pause: frames and previews have no part that is worth it.
        """
        with self._changed:
            if self._state in FINAL_STATES or not self._pausable:
                return False
            self._paused = True
            waiting, keeper = not self._started, self._keeper
            if waiting:
                self._state = JobState.PAUSED
        if waiting and keeper is not None:
            keeper.parked(cast("Job[object]", self))
        return True

    def resume(self) -> bool:
        """Let it go on. False if it has ended."""
        with self._changed:
            if self._state in FINAL_STATES:
                return False
            waiting, keeper = self._paused and not self._started, self._keeper
            self._paused = False
            if waiting:
                self._state = JobState.QUEUED
            self._changed.notify_all()
        if waiting and keeper is not None:
            keeper.runnable(cast("Job[object]", self))
        return True

    def add_done_callback(self, callback: Callable[[Job[T]], object]) -> None:
        """Call `callback(job)` once it has ended, however it did: on a thread of its pool, or at once on this one.

        An error of the callback is logged and reaches the pool's `on_failed`; the other callbacks are called.
        """
        with self._changed:
            if self._state not in FINAL_STATES:
                self._callbacks.append(callback)
                return
        self._call(callback)

    # What executors call.

    def attach(self) -> None:
        """Listen to the token, once the executor has the job."""
        self._unlisten = self.token.add_callback(self._cancel_raised)
        if self.ended:
            self._unlisten()

    def begin(self) -> bool:
        """Take it to run. False if it has ended or was paused meanwhile."""
        with self._changed:
            if self._state is not JobState.QUEUED:
                return False
            if not self.token.cancelled:
                self._state = JobState.RUNNING
                self._started = True
                return True
        self.finish(JobState.CANCELLED)
        return False

    @property
    def paused(self) -> bool:
        """Whether it was paused, though it may still be on its way to a checkpoint."""
        return self._paused

    def finish(
        self, state: JobState, value: T | None = None, error: BaseException | None = None, text: str = ""
    ) -> bool:
        """Set what became of it, once: a late result is dropped, and so is one of a job that was cancelled."""
        with self._changed:
            if self._state in FINAL_STATES:
                return False
            if state is JobState.DONE and self.token.cancelled:
                state, value = JobState.CANCELLED, None
            work, keeper = self._work, self._keeper  # destroyed after the lock: a destructor is foreign code
            self._work = self._keeper = None
            self._value, self._error, self._traceback = value, error, text
            self._trace = None if error is None else error.__traceback__
            self._state = state
            self._changed.notify_all()
        self._unlisten()
        self._unlisten = _nothing
        self.token.leave_parent()
        del work, keeper
        return True

    def call_back(self) -> None:
        """Call the callbacks that were not called yet."""
        with self._changed:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback)

    def _call(self, callback: Callable[[Job[T]], object]) -> None:
        try:
            callback(self)
        except BaseException as error:
            _LOG.exception("a callback of the job '%s' failed: %s", self.name, _name_of(callback))
            self._reporter(cast("Job[object]", self), error, "".join(traceback.format_exception(error)))
            if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                raise  # Ctrl-C and sys.exit belong to the main thread

    def _cancel_raised(self) -> None:
        with self._changed:
            keeper, started = self._keeper, self._started
            self._changed.notify_all()  # it may stand at a checkpoint
        if keeper is None:
            return
        if started:
            keeper.asked(cast("Job[object]", self))
        elif self.finish(JobState.CANCELLED):
            keeper.ended_early(cast("Job[object]", self))

    def __repr__(self) -> str:
        return f"<Job {self.id} '{self.name}' {self._state.value}>"


def checked_seconds(seconds: float, what: str) -> float:
    """`seconds`, no more than a lock can wait.

    Raises:
        UsageError: It is not a number.
    """
    if math.isnan(seconds):
        raise UsageError(f"{what} is a number of seconds, not {seconds}")
    return min(seconds, threading.TIMEOUT_MAX / 2)


def _nothing() -> None:
    pass


def _name_of(callback: object) -> str:
    return getattr(callback, "__qualname__", None) or repr(callback)
