"""The watch of a pool: one thread that enforces deadlines, and logs jobs that do not respond to a cancel."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, final

from halscope.session._jobs import Job, deadline_reason
from halscope.session._rights import Right
from halscope.session._threads import new_thread

_LOG: Final = logging.getLogger("halscope.session")
_IDLE_SECONDS: Final = 30.0
_SWEEP: Final = 256
"""Number of entries from which entries of ended jobs are removed, each time the number has doubled."""

Expiry = Callable[[Job[object]], object]


class _Entry(NamedTuple):
    when: float
    number: int
    job: weakref.ref[Job[object]]
    expiry: Expiry


@final
class Watch:
    """Acts on a job at a given time, if the job has not ended by then. The thread starts with the first entry.

    Only the thread accesses the entries; new ones reach it through a queue whose `put` takes no lock.

    Args:
        name: Name of the thread.
        patience: Seconds after which a job that was asked to stop and has not ended is logged.
    """

    def __init__(self, name: str, patience: float = 1.0) -> None:
        self._name = name
        self._patience = patience
        self._inbox: SimpleQueue[_Entry | None] = SimpleQueue()
        self._numbers = itertools.count()
        self._right = Right()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._tellers: tuple[threading.Thread, ...] = ()

    @property
    def threads(self) -> list[threading.Thread]:
        """The watching thread, and those that call the token callbacks of jobs past their deadline."""
        return [thread for thread in (self._thread, *self._tellers) if thread is not None]

    def deadline(self, job: Job[object]) -> None:
        """Cancel the job at its deadline."""
        if job.deadline is not None:
            self._add(job.deadline, job, self._over)

    def answer(self, job: Job[object]) -> None:
        """Log the job if it has not ended within `patience` seconds."""
        self._add(time.monotonic() + self._patience, job, self._unanswered)

    def stop(self) -> None:
        """End the thread and drop its entries. Does not wait."""
        self._stopping = True
        self._inbox.put(None)

    def _add(self, when: float, job: Job[object], expiry: Expiry) -> None:
        if self._stopping:
            return
        self._inbox.put(_Entry(when, next(self._numbers), weakref.ref(job), expiry))
        if self._thread is None or self._thread.ident is None:
            self._begin()

    def _begin(self) -> None:
        with self._right.claim() as mine:
            if mine and (self._thread is None or self._thread.ident is None):
                self._thread = new_thread(self._name, self._look)
                try:
                    self._thread.start()
                except RuntimeError as error:  # the next entry retries
                    self._thread = None
                    _LOG.error("no thread for '%s', deadlines wait: %s", self._name, error)

    def _look(self) -> None:
        entries: list[_Entry] = []
        sweep_at = _SWEEP
        while not self._stopping:
            wait = entries[0].when - time.monotonic() if entries else _IDLE_SECONDS
            if wait > 0:
                try:
                    entry = self._inbox.get(timeout=min(wait, _IDLE_SECONDS))
                except Empty:
                    continue
                if entry is not None:
                    if len(entries) >= sweep_at:
                        entries = [each for each in entries if (job := each.job()) is not None and not job.ended]
                        heapq.heapify(entries)
                        sweep_at = max(_SWEEP, 2 * len(entries))
                    heapq.heappush(entries, entry)
                    del entry
                continue
            due = heapq.heappop(entries)
            job = due.job()
            if job is not None and not job.ended:
                due.expiry(job)
            del job, due

    def _over(self, job: Job[object]) -> None:
        if job.mark(deadline_reason(job)) is None:
            return
        job.cancel_raised()
        if job.token.heard:
            # Third-party code may block, which must not delay the deadlines of other jobs.
            teller = new_thread(f"{self._name} tells", job.token.tell)
            self._tellers = (*(other for other in self._tellers if other.is_alive()), teller)
            try:
                teller.start()
            except RuntimeError:  # no thread available: call them here
                job.token.tell()

    def _unanswered(self, job: Job[object]) -> None:
        _LOG.warning(
            "the job '%s' (%d) has not answered its cancel (%s) for %g s",
            job.name,
            job.id,
            job.token.reason,
            self._patience,
        )
