"""The watch of a pool: one thread that looks at deadlines, and at jobs that do not answer their cancel."""

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
"""Entries from which those of jobs that have ended are thrown out when their number has doubled."""

Expiry = Callable[[Job[object]], object]


class _Entry(NamedTuple):
    when: float
    number: int
    job: weakref.ref[Job[object]]
    expiry: Expiry


@final
class Watch:
    """Does something with a job at a certain time, if it still lives then. Its thread begins with the first entry.

    The thread alone has the entries, and gets new ones through a queue whose `put` takes no lock.

    Args:
        name: Of its thread.
        patience: Seconds after which a job that was asked to stop and did not is named in the log.
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
        """Its threads: the one that looks, and those that call the listeners of jobs whose time is over."""
        return [thread for thread in (self._thread, *self._tellers) if thread is not None]

    def deadline(self, job: Job[object]) -> None:
        """Cancel the job at its deadline."""
        if job.deadline is not None:
            self._add(job.deadline, job, self._over)

    def answer(self, job: Job[object]) -> None:
        """Name the job in the log if it has not ended within the patience."""
        self._add(time.monotonic() + self._patience, job, self._unanswered)

    def stop(self) -> None:
        """Let the thread end; what it was to look at is forgotten. Does not wait."""
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
                except RuntimeError as error:  # the next entry tries again
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
            # Foreign code, which may block: it must not keep the watch from the deadlines of other jobs.
            teller = new_thread(f"{self._name} tells", job.token.tell)
            self._tellers = (*(other for other in self._tellers if other.is_alive()), teller)
            try:
                teller.start()
            except RuntimeError:  # no thread is to be had: then it has to be done here
                job.token.tell()

    def _unanswered(self, job: Job[object]) -> None:
        _LOG.warning(
            "the job '%s' (%d) has not answered its cancel (%s) for %g s",
            job.name,
            job.id,
            job.token.reason,
            self._patience,
        )
