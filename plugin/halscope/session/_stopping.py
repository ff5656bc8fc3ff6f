"""Stopping: one deadline for all parts that are stopped, and the report of a stop."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

from halscope_hooks import HalscopeError

from halscope.session._job_terms import checked_seconds


class PoolStoppedError(HalscopeError):
    """A job was submitted to a pool that accepts no more work."""


class Deadline(NamedTuple):
    """The end of each phase of a stop, as `time.monotonic()`; all parts that are stopped share it."""

    began: float
    signalled: float
    drained: float
    over: float

    @classmethod
    def of(cls, signal: float, drain: float, abandon: float) -> Deadline:
        """Return the deadline of a stop that begins now; arguments in seconds per phase. Raises UsageError for NaN."""
        began = time.monotonic()
        signalled = began + checked_seconds(signal, "a time-out")
        drained = signalled + checked_seconds(drain, "a time-out")
        return cls(began, signalled, drained, drained + checked_seconds(abandon, "a time-out"))

    @property
    def left(self) -> float:
        """Seconds until the end of the last phase."""
        return max(0.0, self.over - time.monotonic())


@dataclass(frozen=True, slots=True)
class PhaseSeconds:
    """Duration of each phase of a stop, in seconds."""

    signal: float = 0.0
    drain: float = 0.0
    abandon: float = 0.0

    @property
    def total(self) -> float:
        """Duration of all phases."""
        return self.signal + self.drain + self.abandon


@dataclass(frozen=True, slots=True)
class StopReport:
    """Outcome of a stop."""

    drained: int
    """Number of running jobs that have ended."""
    cancelled: int
    """Number of waiting jobs that were cancelled before they began."""
    abandoned: tuple[str, ...]
    """Names of jobs, and of threads without a job, that did not end in time. Their threads were abandoned."""
    seconds: PhaseSeconds
    errors: tuple[str, ...] = ()
    """Errors during the stop: an owned host that could not be closed."""


_EXIT_SECONDS: Final = 1.5
_exit: dict[None, float] = {}


def exit_over() -> float:
    """Return the time (`time.monotonic()`) by which everything must have ended at interpreter exit, counted from the
    first call. Whatever still runs then is abandoned."""
    return _exit.setdefault(None, time.monotonic() + _EXIT_SECONDS)


def exit_left() -> float:
    """Return the seconds until `exit_over`; infinite while the interpreter is not exiting."""
    return max(0.0, exit_over() - time.monotonic()) if _exit else math.inf
