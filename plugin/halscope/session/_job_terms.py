"""The terms of jobs: priorities, states, progress, and a job's fate as one value."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import TracebackType
from typing import Final, NamedTuple

from halscope_hooks import HalscopeError, UsageError


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


class Fate(NamedTuple):
    """What has become of a job so far. A value: a job's fate changes as a whole."""

    state: JobState = JobState.QUEUED
    started: bool = False
    paused: bool = False  # though it may still be on its way to a checkpoint
    cancelled: bool = False  # by `cancel`, which has promised that it will not be done
    value: object = None
    error: BaseException | None = None
    trace: TracebackType | None = None
    text: str = ""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL_STATES

    # The steps from one fate to the next, for Cell.change.

    def begin(self) -> Fate:
        """It is taken to run."""
        return Fate(JobState.RUNNING, True, *self[2:]) if self.state is JobState.QUEUED else self

    def cancel(self) -> Fate:
        """It shall not be done any more."""
        return self if self.ended else self._replace(cancelled=True)

    def pause(self) -> Fate:
        """It shall stand at its next checkpoint, or not begin."""
        if self.ended:
            return self
        return self._replace(paused=True) if self.started else self._replace(paused=True, state=JobState.PAUSED)

    def resume(self) -> Fate:
        """It shall go on."""
        if self.ended:
            return self
        if self.paused and not self.started:
            return self._replace(paused=False, state=JobState.QUEUED)
        return self._replace(paused=False)

    def stand(self) -> Fate:
        """It stands at a checkpoint."""
        return self if self.ended else self._replace(state=JobState.PAUSED)

    def go_on(self) -> Fate:
        """It leaves a checkpoint."""
        return self._replace(state=JobState.RUNNING) if self.state is JobState.PAUSED else self


def checked_seconds(seconds: float, what: str) -> float:
    """`seconds`, no more than a lock can wait.

    Raises:
        UsageError: It is not a number.
    """
    if math.isnan(seconds):
        raise UsageError(f"{what} is a number of seconds, not {seconds}")
    return min(seconds, threading.TIMEOUT_MAX / 2)
