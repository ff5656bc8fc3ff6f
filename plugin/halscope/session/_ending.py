"""The phases of a stop or a close, for one session or for all of them in parallel, and the handling of forks.

Every step may be repeated: after an interrupt (Ctrl-C), the next stop or close does what is left to do.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import sys
import time
import traceback
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from halscope_hooks import Detached

from halscope._processes import after_fork
from halscope.session._pool import Executor
from halscope.session._stopping import Deadline, PhaseSeconds, StopReport, exit_over
from halscope.session._threads import PREFIX, new_thread

if TYPE_CHECKING:
    from halscope.session._engine import Engine

log: Final = logging.getLogger("halscope.session")

SIGNAL, DRAIN, ABANDON = 0.2, 1.0, 0.5  # seconds for the three phases of a stop
AT_EXIT: Final = 0.3  # seconds for each phase at interpreter exit, for all sessions together
LAST_CALLBACKS: Final = 0.2  # seconds of the last phase that are reserved for abandoning jobs

NOTHING_TO_STOP: Final = StopReport(0, 0, (), PhaseSeconds())


class Ending:
    """One stop or close of a session.

    Args:
        engine: The session's engine; the caller has claimed its right to start and stop.
        deadline: Deadline of all phases.
        last: The last event for subscribers; `None` for a stop, after which the session may start again.
    """

    def __init__(self, engine: Engine, deadline: Deadline, last: Detached | None) -> None:
        self._engine = engine
        self._deadline = deadline
        self.last = last
        self._pools: Sequence[Executor] = ()
        self._late: list[str] = []
        self._names: list[str] = []
        self._reports: list[StopReport] = []
        self._signalled = self._drained = deadline.began

    def signal(self) -> None:
        """Accept no new work, and ask all jobs and threads to end. Does not wait."""
        engine, last = self._engine, self.last
        self._pools = tuple(dict.fromkeys(engine.pools or ()))
        reason = "the session was stopped" if last is None else f"the session was closed: {last.reason}"
        for pool in self._pools:
            pool.signal(reason)
        if last is not None:
            engine.taps.finish()
            engine.host.refuse(reason)
        engine.taps.end_threads()

    def drain(self) -> None:
        """Wait for running jobs and for the taps. Subscribers may receive further events from both."""
        engine, deadline = self._engine, self._deadline
        for pool in self._pools:
            pool.join(deadline.signalled)
        self._signalled = time.monotonic()
        for pool in self._pools:
            pool.join(deadline.drained)
        self._late = engine.taps.join(deadline.drained)
        engine.live.drop()  # no worker will decode it
        if self.last is not None:
            engine.taps.close(take=not self._late)
        for pool in self._pools:
            pool.name_left()
        self._drained = time.monotonic()

    def tell(self) -> None:
        """Deliver the last event to subscribers, as far as that is this thread's task."""
        engine = self._engine
        if self.last is not None:
            engine.hub.start()  # after a stop no thread is left to deliver it
            engine.hub.finish(self.last)
            if not engine.threads or engine.host.here():
                engine.hub.pump(math.inf)
        engine.hub.end_threads()

    def abandon(self) -> StopReport:
        """Wait once more, then abandon and log what has not ended. Closes an owned host."""
        engine, deadline = self._engine, self._deadline
        last_moment = max(self._drained, deadline.over - LAST_CALLBACKS)
        late = [*self._late, *engine.hub.join(last_moment)]
        for pool in self._pools:
            pool.join(last_moment)
        reports = [pool.abandon(deadline.over) for pool in self._pools]
        for name in late:
            log.warning("%s did not end within %.1f s and is abandoned", name, time.monotonic() - deadline.began)
        engine.pools = None
        if self.last is not None:
            engine.live.clear()
            engine.intake.clear()
            if not engine.host.close():
                log.info("the host will be closed at its own thread's next call, as only one thread may call a host")
        now = time.monotonic()
        error = engine.host.close_error
        return StopReport(
            sum(report.drained for report in reports),
            sum(report.cancelled for report in reports),
            (*(name for report in reports for name in report.abandoned), *late),
            PhaseSeconds(self._signalled - deadline.began, self._drained - self._signalled, now - self._drained),
            () if error is None else (error,),
        )


# All sessions of the process: interpreter exit and forks.

_all: Final[dict[int, weakref.ref[Engine]]] = {}
"""Changed only by single atomic operations: a lock might be left locked by a fork."""


def remember(engine: Engine) -> None:
    """Close the engine at interpreter exit."""
    key = id(engine)
    _all[key] = weakref.ref(engine, lambda gone: _all.pop(key, None) if _all.get(key) is gone else None)


def end_dropped(engines: list[Engine]) -> None:
    """Close the engine of a session that was dropped without close(), unless it was closed and so removed itself."""
    for engine in tuple(engines):
        end_in_background(engine, "a session was dropped without close()")


def end_in_background(engine: Engine, reason: str) -> None:
    """Close an engine from a finaliser, which may interrupt any line of any thread and so must not wait."""
    if engine.threads and engine.needs_end:
        with contextlib.suppress(RuntimeError):  # the interpreter is exiting, and has closed it
            new_thread(PREFIX + "end", _end, engine, reason).start()


def _end(engine: Engine, reason: str) -> None:
    log.warning("%s: the session ends", reason)
    engine.close(reason)


def _alive() -> list[Engine]:
    return [engine for reference in list(_all.values()) if (engine := reference()) is not None]


def _close_all() -> None:
    """Close all sessions at interpreter exit. Registered after the pools' handler, and so called before it."""
    exit_over()  # starts the time limit
    engines = [engine for engine in _alive() if engine.needs_end]
    deadline = Deadline.of(AT_EXIT, AT_EXIT, AT_EXIT)
    with ExitStack() as rights:
        endings, elsewhere = [], []
        for engine in engines:
            engine.mark_closed("the program ends")
            if rights.enter_context(engine.right.claim(frame=sys._getframe())):
                endings.append((engine, Ending(engine, deadline, engine.last)))
            else:
                elsewhere.append(engine)
        for phase in (Ending.signal, Ending.drain, Ending.tell):
            for _, ending in endings:
                _guarded(phase, ending)
        for engine, ending in endings:
            report = _guarded(Ending.abandon, ending)
            engine.settle(NOTHING_TO_STOP if report is None else report, ending.last)
        for engine in elsewhere:  # another thread is closing it, and would be cut off where the interpreter ends
            _guarded(lambda late: late.end(deadline), engine)


def _guarded[T, R](phase: Callable[[T], R], ended: T) -> R | None:
    """Run a phase and log its error, so that the other sessions are still ended."""
    try:
        return phase(ended)
    except Exception:
        log.error("ending a session failed\n%s", traceback.format_exc().rstrip())  # not the error: see `_errors`
        return None


def _forked() -> None:
    """In a forked child, detach all sessions: they belong to the parent, so nothing is delivered or closed here."""
    for engine in _alive():
        engine.forked()
    _all.clear()


atexit.register(_close_all)
after_fork(_forked)
