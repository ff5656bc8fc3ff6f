"""Stopping: one deadline for everything that is stopped, and the report of what a stop met."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, NamedTuple

from halscope_hooks import HalscopeError

from halscope.session._job_terms import checked_seconds


class PoolStoppedError(HalscopeError):
    """A job was given to a pool that takes none any more."""


class Deadline(NamedTuple):
    """When each phase of a stop is over, as `time.monotonic()`; all parts of what is stopped share it."""

    began: float
    signalled: float
    drained: float
    over: float

    @classmethod
    def of(cls, signal: float, drain: float, abandon: float) -> Deadline:
        """A stop that begins now, with so many seconds for its phases. Raises UsageError for what is not a number."""
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
    errors: tuple[str, ...] = ()
    """What failed while it stopped: an owned host that could not be closed."""


_EXIT_SECONDS: Final = 1.5
_exit: dict[None, float] = {}


def exit_over() -> float:
    """When everything has to be over at the interpreter's exit (`time.monotonic()`), counted from the first call; what
    still runs then is left behind."""
    return _exit.setdefault(None, time.monotonic() + _EXIT_SECONDS)
