"""Types of jobs: priorities, states, progress, and a job's complete state as one value."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import TracebackType
from typing import Final, NamedTuple

from halscope_hooks import HalscopeError, HostError, UsageError, WriteReceipt


class JobTimeoutError(HalscopeError, TimeoutError):
    """A job did not end within the time-out of the caller; the job continues."""


class WriteTimeoutError(JobTimeoutError, HostError):
    """The emulator has not answered a write in time, so it is not known whether the game contains it.

    The write cannot be withdrawn: an emulator that was paused may still make it.

    Args:
        text: The message.
        receipt: Completes if the emulator answers after all.
    """

    def __init__(self, text: str, receipt: WriteReceipt) -> None:
        super().__init__(text)
        self.receipt = receipt


class Priority(IntEnum):
    """Order of execution: a frame of the running game, a picture that the user waits for, a long search."""

    LIVE = 0
    PREVIEW = 1
    SCAN = 2


class JobState(Enum):
    """State of a job. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES: Final = frozenset((JobState.DONE, JobState.FAILED, JobState.CANCELLED))


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job."""

    done: int = 0
    total: int = 0
    """0 if unknown."""
    text: str = ""


class Fate(NamedTuple):
    """The complete state of a job, as an immutable value that is replaced as a whole."""

    state: JobState = JobState.QUEUED
    started: bool = False
    paused: bool = False  # requested; the work may not have reached a checkpoint yet
    cancelled: str | None = None  # reason of the first `cancel`, which guarantees that the job will not be done
    value: object = None
    error: BaseException | None = None
    trace: TracebackType | None = None
    text: str = ""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL_STATES

    # Transitions, for Cell.change.

    def begin(self) -> Fate:
        """A worker starts it, unless it was cancelled."""
        waits = self.state is JobState.QUEUED and self.cancelled is None
        return Fate(JobState.RUNNING, True, *self[2:]) if waits else self

    def cancel(self, reason: str) -> Fate:
        """It was cancelled and must not be done."""
        return self if self.ended or self.cancelled is not None else self._replace(cancelled=reason)

    def pause(self) -> Fate:
        """It is to wait at its next checkpoint, or not begin."""
        if self.ended:
            return self
        return self._replace(paused=True) if self.started else self._replace(paused=True, state=JobState.PAUSED)

    def resume(self) -> Fate:
        """It is to continue."""
        if self.ended:
            return self
        if self.paused and not self.started:
            return self._replace(paused=False, state=JobState.QUEUED)
        return self._replace(paused=False)

    def stand(self) -> Fate:
        """It waits at a checkpoint."""
        return self if self.ended else self._replace(state=JobState.PAUSED)

    def go_on(self) -> Fate:
        """It leaves a checkpoint."""
        return self._replace(state=JobState.RUNNING) if self.state is JobState.PAUSED else self


def checked_seconds(seconds: float, what: str) -> float:
    """Return `seconds`, limited to what a lock can wait.

    Raises:
        UsageError: `seconds` is NaN.
    """
    if math.isnan(seconds):
        raise UsageError(f"{what} must be a number of seconds, not {seconds}")
    return min(seconds, threading.TIMEOUT_MAX / 2)
