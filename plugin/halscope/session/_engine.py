"""The engine behind a session: its parts, its life, and its end. It does not know the session, which may be dropped."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Hashable, Sequence
from typing import Final

from halscope_hooks import (
    Attached,
    Detached,
    Event,
    Host,
    HostError,
    JobFailed,
    JobProgress,
    Patch,
    PatchReady,
    Snapshot,
    Write,
)

from halscope.session._figures import SessionStats, State
from halscope.session._host import GONE, HostLink
from halscope.session._hub import Hub
from halscope.session._jobs import Job, Priority
from halscope.session._live import FRAME, LiveLane, Locate, Update
from halscope.session._locks import Rank, ranked_lock
from halscope.session._pool import Executor, InlinePool, Pool
from halscope.session._stats import Latencies
from halscope.session._tap_list import Taps
from halscope.session._threads import PREFIX, inside, new_thread
from halscope.session._work import Work
from halscope.session._workers import PhaseSeconds, PoolStoppedError, StopReport

log: Final = logging.getLogger("halscope.session")

FEWEST_WORKERS: Final = 2
MOST_WORKERS: Final = 8
PREVIEW_WORKERS: Final = 1
SIGNAL, DRAIN, ABANDON = 0.2, 1.0, 0.5  # seconds for the three phases of a stop
START_WAIT: Final = 5.0  # seconds that one waits for a start that is under way: threads begin, nothing foreign runs
AT_EXIT: Final = 0.3  # seconds for each phase where the interpreter ends


class Engine:
    """See `Session`, which has the same arguments."""

    def __init__(
        self,
        host: Host,
        *,
        threads: bool,
        workers: int | None,
        owns_host: bool,
        locate: Locate | None,
        layers: bool,
        slow: float,
    ) -> None:
        self.threads = threads
        self._workers = workers
        self._lock = ranked_lock(Rank.SESSION)
        self._state = State.NEW
        self._ending: threading.Event | None = None  # set while a thread stops the session, until it has done so
        self._starting: threading.Event | None = None  # the same for a start: neither may pass the other halfway
        self._detached = False
        self._pools: tuple[Executor, Executor] | None = None
        self._report = _NOTHING_TO_STOP
        self.hub = Hub(threads=threads, slow=slow)
        self.taps = Taps(threads=threads, failed=self.failed)
        self.live = LiveLane(self._post, self.failed, layers=layers, locate=locate)
        self._submit_cost = Latencies()
        self._pump_cost = Latencies()
        engine = weakref.ref(self)
        self.host = HostLink(host, owned=owns_host, reporter=self._job_failed, gone=lambda: _host_gone(engine))
        with _all_lock:
            _all.add(self)

    @property
    def state(self) -> State:
        """Where it is in its life."""
        self._notice()
        return self._state

    @property
    def open(self) -> bool:
        """Whether it was not closed yet."""
        return not self._detached

    # In and out.

    def submit(self, snapshot: Snapshot) -> None:
        """See Session.submit."""
        began = time.perf_counter()
        if not self._running():
            return
        self.taps.offer(snapshot)
        if self.live.put(snapshot):
            self._call_worker()
        self._flush()
        self._submit_cost.add(time.perf_counter() - began)

    def feed(self, snapshot: Snapshot, timeout: float) -> Update:
        """See Session.feed."""
        if not self._running():
            raise self._not_open()
        update, more = self.live.feed(snapshot, timeout)
        if more:
            self._call_worker()
        self._flush()
        return update

    def pump(self, budget: float) -> int:
        """See Session.pump."""
        began = time.perf_counter()
        self.host.come()
        self._notice()
        done = self.host.take_up() + self.hub.pump(budget)
        self._pump_cost.add(time.perf_counter() - began)
        return done

    def apply(self, patch: Patch, writes: Sequence[Write] | None = None) -> Job[None]:
        """See Session.apply."""
        if not self._running():
            raise self._not_open()

        written = (*patch.rom, *patch.live) if writes is None else tuple(writes)

        def write() -> None:
            self.host.get().write(written)
            self._post(PatchReady(patch, written))

        now = not self.threads or self.host.here()
        job = self.host.call("apply", write, now=now)
        if now:
            self._flush()
            job.result(0)  # raises what the host raised
        return job

    def run[T](
        self, name: str, work: Work[T], priority: Priority, deadline: float | None, replaces: Hashable | None
    ) -> Job[T]:
        """See Session.run and Session.preview."""
        if not self._running():
            raise self._not_open()
        pools = self._pools
        if pools is None:
            raise self._not_open()
        pool = pools[priority is Priority.PREVIEW]
        try:
            job = pool.submit(name, work, priority=priority, deadline=deadline, replaces=replaces)
        except PoolStoppedError as error:  # another thread stops the session just now
            raise self._not_open() from error
        self._flush()
        return job

    def set_locate(self, locate: Locate | None) -> None:
        """See Session.set_locate."""
        if self.live.set_locate(locate) and self._running():
            self._call_worker()
        self._flush()

    def failed(self, what: str, error: BaseException, trace: str, plugin: str = "") -> None:
        """Tell everybody of a failure."""
        self._post(JobFailed(what, error, trace, plugin))
        self._flush()

    def stats(self) -> SessionStats:
        """See Session.stats."""
        return SessionStats(
            state=self.state,
            seen=self.live.seen,
            decoded=self.live.decoded,
            dropped=self.live.dropped,
            undecoded=self.live.undecoded,
            delivered=self.hub.delivered,
            failures=self.hub.failures,
            waiting=len(self.live),
            host_calls=len(self.host),
            latency=self.live.latency.percentiles(),
            submit=self._submit_cost.percentiles(),
            pump=self._pump_cost.percentiles(),
            subscriptions=self.hub.stats(),
            taps=self.taps.stats(),
            pools=() if self._pools is None else tuple(pool.stats() for pool in dict.fromkeys(self._pools)),
        )

    # Life.

    def start(self) -> None:
        """See Session.start."""
        started = threading.Event()
        other = self._may_start(started)
        if other is not started:
            if other is not None:
                other.wait(START_WAIT)
            return
        try:
            first = self._state is State.NEW
            self._pools = self._make_pools()
            if first:
                self.host.come()
            self.taps.start()
            self.hub.start()
        finally:
            with self._lock:
                if self._pools is not None:
                    self._state = State.RUNNING
                self._starting = None
            started.set()
        if first:
            self._post(Attached(self.host.info))
        if self.live.resume():
            self._call_worker()
        self._flush()

    def pause(self) -> None:
        """See Session.pause."""
        with self._lock:
            if self._state is not State.RUNNING:
                return
            self._state = State.PAUSED
        self.live.pause()

    def resume(self) -> None:
        """See Session.resume."""
        with self._lock:
            if self._state is not State.PAUSED:
                return
            self._state = State.RUNNING
        if self.live.resume():
            self._call_worker()
        self._flush()

    def stop(self, signal: float, drain: float, abandon: float) -> StopReport:
        """See Session.stop."""
        return self._end(signal, drain, abandon, None)

    def close(self, reason: str, signal: float = SIGNAL, drain: float = DRAIN, abandon: float = ABANDON) -> StopReport:
        """See Session.close."""
        with self._lock:
            first = not self._detached
            self._detached = True
        if first:
            return self._end(signal, drain, abandon, Detached(self.host.info, reason))
        with self._lock:
            ending = self._ending
        if ending is not None and not self._on_own_thread():
            ending.wait(signal + drain + abandon)
        return self._report

    def _end(self, signal: float, drain: float, abandon: float, last: Detached | None) -> StopReport:
        done = threading.Event()
        until = time.monotonic() + START_WAIT
        while True:
            with self._lock:
                # What a start has begun shall be ended, too: a start and an end never pass each other halfway.
                starting = self._starting if time.monotonic() < until else None
                if starting is None:
                    other = self._ending
                    if other is None:
                        if last is None and self._state not in (State.RUNNING, State.PAUSED):
                            return self._report
                        self._ending, self._state = done, State.STOPPED
                    break
            starting.wait(START_WAIT)
        if other is not None:
            if not self._on_own_thread():
                other.wait(signal + drain + abandon)
            if last is None:
                return self._report
            with self._lock:  # a stop was under way (or is stuck, and is left behind): this one goes further
                self._ending, self._state = done, State.STOPPED
        try:
            self._report = self._take_down(signal, drain, abandon, last)
        finally:
            with self._lock:
                self._state = State.CLOSED if self._detached else State.STOPPED
                if self._ending is done:
                    self._ending = None
            done.set()
        return self._report

    def _take_down(self, signal: float, drain: float, abandon: float, last: Detached | None) -> StopReport:
        """The three phases: nothing new comes in and everybody is asked to stop; what runs may end; the rest is named.

        A patch that waits for the host's thread is cancelled only by a close.
        """
        with self._lock:
            pools, self._pools = self._pools, None
        reports = [] if pools is None else _stop_pools(pools, signal, drain, abandon)
        self.live.abandoned()
        late: list[str] = []
        began = time.monotonic()
        if last is None:
            late += self.taps.stop(drain)
        else:
            late += self.taps.close(drain)
            self.host.refuse(f"the session was closed: {last.reason}")
            self.hub.start()  # after a stop nobody else would deliver the end
            self.hub.finish(last)
            if not self.threads or self.host.here():
                self.hub.pump(math.inf)
        left = drain - (time.monotonic() - began)
        late += self.hub.stop(max(left, abandon))
        if last is not None:
            self.live.clear()
        if last is not None and not self.host.close():
            log.info("the host is closed when its thread calls next: only one thread may call a host")
        taken = time.monotonic() - began
        for name in late:
            log.warning("%s did not end within %.1f s, and is left behind", name, drain)
        return _sum_of(reports, late, taken)

    def _make_pools(self) -> tuple[Executor, Executor]:
        engine = weakref.ref(self)  # an idle worker keeps its pool; it must not keep everything

        def failed(job: Job[object], error: BaseException, text: str) -> None:
            if (alive := engine()) is not None:
                alive._job_failed(job, error, text)

        def progressed(job: Job[object]) -> None:
            if (alive := engine()) is not None:
                alive._job_progressed(job)

        if not self.threads:
            inline = InlinePool(PREFIX + "inline", on_failed=failed, on_progress=progressed)
            return inline, inline
        workers = self._workers or min(MOST_WORKERS, max(FEWEST_WORKERS, os.cpu_count() or FEWEST_WORKERS))
        codec = Pool(PREFIX + "codec", workers, on_failed=failed, on_progress=progressed, live_reserve=1)
        preview = Pool(PREFIX + "preview", PREVIEW_WORKERS, on_failed=failed, on_progress=progressed, live_reserve=0)
        return codec, preview

    def _call_worker(self) -> None:
        """Have the live lane worked on: one job, however many snapshots come in while it runs."""
        pools = self._pools
        try:
            if pools is None:
                raise PoolStoppedError(FRAME)
            pools[0].submit(FRAME, self.live.work, priority=Priority.LIVE)
        except PoolStoppedError:
            self.live.abandoned()

    def _job_failed(self, job: Job[object], error: BaseException, text: str) -> None:
        self.failed(job.name, error, text)

    def _job_progressed(self, job: Job[object]) -> None:
        progress = job.progress
        self._post(JobProgress(job.name, progress.done, progress.total, progress.text), key=("progress", job.id))
        self._flush()

    def _post(self, *events: Event, key: Hashable | None = None, over: Hashable | None = None) -> None:
        self.hub.post(*events, key=key, over=over)

    def _flush(self) -> None:
        """Without threads, deliver at once; not from inside the lane, which must be free when callbacks are called."""
        if not self.threads and not self.live.busy_here():
            self.hub.flush()

    def _may_start(self, started: threading.Event) -> threading.Event | None:
        """`started`, which others wait for, where the caller is to start it; else the event of who does, if any."""
        with self._lock:
            if self._detached:
                raise self._not_open()
            if self._starting is None and self._state in (State.NEW, State.STOPPED) and self._ending is None:
                self._starting = started
            return self._starting

    def _running(self) -> bool:
        self._notice()
        if self._state is State.NEW:
            self.start()
        return self._state in (State.RUNNING, State.PAUSED)

    def _not_open(self) -> HostError:
        if self._state is State.STOPPED and not self._detached:
            return HostError("the session is stopped; start() it again")
        return HostError("the session is closed; open a new one on the host")

    def _notice(self) -> None:
        """Where the host has disappeared, end; with threads, the finaliser has seen to that already."""
        if not self.threads and not self._detached and not self.host.alive:
            self.close(GONE)

    def _on_own_thread(self) -> bool:
        """Whether whoever stops the session waits for this very thread."""
        return inside() or self.hub.here() or self.live.busy_here()


_NOTHING_TO_STOP: Final = StopReport(0, 0, (), PhaseSeconds())

_all: Final[weakref.WeakSet[Engine]] = weakref.WeakSet()
_all_lock: Final = threading.Lock()


def end_in_background(engine: Engine, reason: str) -> None:
    """Close an engine from a finaliser, which may interrupt any line of any thread: only a thread of its own can wait
    for the locks."""
    if engine.threads and engine.open and engine._state is not State.NEW:
        with contextlib.suppress(RuntimeError):  # the interpreter ends, and has closed it
            new_thread(PREFIX + "end", _end, engine, reason).start()


def _end(engine: Engine, reason: str) -> None:
    log.warning("%s: the session ends", reason)
    engine.close(reason)


def _host_gone(reference: weakref.ref[Engine]) -> None:
    engine = reference()
    if engine is not None:
        end_in_background(engine, GONE)


def _stop_pools(pools: tuple[Executor, Executor], signal: float, drain: float, abandon: float) -> list[StopReport]:
    return [pool.stop(signal=signal, drain=drain, abandon=abandon) for pool in dict.fromkeys(pools)]


def _sum_of(reports: list[StopReport], late: list[str], taken: float) -> StopReport:
    names = [name for report in reports for name in report.abandoned]
    seconds = PhaseSeconds(
        sum(report.seconds.signal for report in reports),
        sum(report.seconds.drain for report in reports) + taken,
        sum(report.seconds.abandon for report in reports),
    )
    return StopReport(
        sum(report.drained for report in reports),
        sum(report.cancelled for report in reports),
        (*names, *late),
        seconds,
    )


@atexit.register
def _close_all() -> None:
    """At the interpreter's end nothing of ours may run any more. Registered after the pools' own handler, so called
    before it."""
    with _all_lock:
        engines = list(_all)
    for engine in engines:
        if engine._state is not State.NEW:
            engine.close("the program ends", AT_EXIT, AT_EXIT, AT_EXIT)
