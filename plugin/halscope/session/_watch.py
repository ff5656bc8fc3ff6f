"""The watch of a pool: one thread that looks at deadlines, and at jobs that do not answer their cancel."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final, final

from halscope.session._jobs import Job
from halscope.session._threads import new_thread
from halscope.session._work import deadline_reason

_LOG: Final = logging.getLogger("halscope.session")
_IDLE_SECONDS: Final = 30.0
_SWEEP: Final = 256
"""Entries from which those of jobs that have ended are thrown out when their number has doubled."""

Expiry = Callable[[Job[object]], object]


@final
class Watch:
    """Does something with a job at a certain time, if it still lives then. Its thread begins with the first entry.

    Args:
        name: Of its thread.
        patience: Seconds after which a job that was asked to stop and did not is named in the log.
    """

    def __init__(self, name: str, patience: float = 1.0) -> None:
        self._name = name
        self._patience = patience
        self._changed = threading.Condition()
        self._entries: list[tuple[float, int, weakref.ref[Job[object]], Expiry]] = []
        self._numbers = itertools.count()
        self._sweep_at = _SWEEP
        self._stopping = False
        self.thread: threading.Thread | None = None

    def deadline(self, job: Job[object]) -> None:
        """Cancel the job at its deadline."""
        if job.deadline is not None:
            self._add(job.deadline, job, _over)

    def answer(self, job: Job[object]) -> None:
        """Name the job in the log if it has not ended within the patience."""
        self._add(time.monotonic() + self._patience, job, self._unanswered)

    def stop(self) -> None:
        """Let the thread end; what it was to look at is forgotten. Does not wait."""
        with self._changed:
            self._stopping = True
            self._entries.clear()
            self._changed.notify_all()

    def _add(self, when: float, job: Job[object], expiry: Expiry) -> None:
        with self._changed:
            if self._stopping:
                return
            if len(self._entries) >= self._sweep_at:
                self._sweep()
            heapq.heappush(self._entries, (when, next(self._numbers), weakref.ref(job), expiry))
            if self.thread is None:
                self._begin()
            elif self._entries[0][0] == when:
                self._changed.notify()

    def _begin(self) -> None:
        thread = new_thread(self._name, self._look)
        try:
            thread.start()
        except RuntimeError as error:  # the next entry tries again
            _LOG.error("no thread for '%s', deadlines wait: %s", self._name, error)
        else:
            self.thread = thread

    def _sweep(self) -> None:
        kept = [entry for entry in self._entries if (job := entry[2]()) is not None and not job.ended]
        heapq.heapify(kept)
        self._entries = kept
        self._sweep_at = max(_SWEEP, 2 * len(kept))

    def _look(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = time.monotonic()
                if not self._entries or self._entries[0][0] > now:
                    self._changed.wait(
                        min(_IDLE_SECONDS, self._entries[0][0] - now) if self._entries else _IDLE_SECONDS
                    )
                    continue
                _when, _number, reference, expiry = heapq.heappop(self._entries)
            job = reference()
            if job is not None and not job.ended:
                expiry(job)
            del job

    def _unanswered(self, job: Job[object]) -> None:
        _LOG.warning(
            "the job '%s' (%d) has not answered its cancel (%s) for %g s",
            job.name,
            job.id,
            job.token.reason,
            self._patience,
        )


def _over(job: Job[object]) -> None:
    job.cancel(deadline_reason(job))
