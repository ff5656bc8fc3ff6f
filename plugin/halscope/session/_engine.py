"""The engine of a session: its parts and its life cycle. It does not refer to the session, which may be dropped."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from halscope_hooks import (
    Attached,
    Detached,
    Event,
    Host,
    HostError,
    HostGoneError,
    JobFailed,
    JobProgress,
    Patch,
    PatchReady,
    Snapshot,
    Update,
    Write,
    WriteReceipt,
)

from halscope._output import third_party_code
from halscope.rom.image import Rom
from halscope.session._cells import Cell
from halscope.session._decoding import FRAME, LiveLane, Locate
from halscope.session._ending import (
    ABANDON,
    DRAIN,
    NOTHING_TO_STOP,
    SIGNAL,
    Ending,
    end_in_background,
    remember,
)
from halscope.session._errors import told_error
from halscope.session._figures import SessionStats, State, stats_of
from halscope.session._host import GONE, HostLink
from halscope.session._host_feed import HostFeed
from halscope.session._hub import Hub, Ticket
from halscope.session._intake import Intake
from halscope.session._job_terms import JobState, Priority
from halscope.session._jobs import Job, Work
from halscope.session._life import Life, moved
from halscope.session._locks import Rank
from halscope.session._make_pools import make_pools
from halscope.session._pool import Executor
from halscope.session._rights import Right
from halscope.session._stats import Latencies
from halscope.session._stopping import Deadline, PoolStoppedError, StopReport
from halscope.session._tap_list import Taps
from halscope.session._threads import inside

log: Final = logging.getLogger("halscope.session")

START_WAIT: Final = 5.0  # seconds to wait for a start in progress, which runs no third-party code


class Engine:
    """The engine of a session; arguments as for `Session`."""

    def __init__(
        self,
        host: Host,
        *,
        threads: bool,
        workers: int | None,
        owns_host: bool,
        locate: Locate | None,
        layers: bool,
        compare: bool,
        slow: float,
        rom: Rom | None,
    ) -> None:
        self.threads = threads
        self.right = Right()
        """The right to start, stop and close."""
        self.pools: tuple[Executor, Executor] | None = None
        self.to_close = [self]
        """Emptied by a close: `weakref` keeps what the session's finaliser refers to, which may lead to it."""
        self._workers = workers
        self._life = Cell(Life(), Rank.SESSION)
        self._report = NOTHING_TO_STOP
        self._asked: Job[None] | None = None  # who was asked last to decode
        self.hub = Hub(threads=threads, slow=slow)
        self.taps = Taps(threads=threads, failed=self.failed)
        self.intake = Intake(rom)
        self.live = LiveLane(self._post, self.failed, layers=layers, compare=compare, locate=locate)
        self.submit_cost, self.pump_cost = Latencies(), Latencies()
        """Seconds that they take; see `SessionStats`."""
        engine = weakref.ref(self)
        self.host = HostLink(host, owned=owns_host, reporter=self.job_failed, gone=lambda: _host_gone(engine))
        self.host_feed = HostFeed(self.host, self.hub, self.taps, self.live, self.intake.complete)
        remember(self)

    @property
    def state(self) -> State:
        """Stage of the session's life cycle."""
        return self._life.value.state

    @property
    def last(self) -> Detached | None:
        """The last event for subscribers; `None` before the first close."""
        return self._life.value.last

    @property
    def needs_end(self) -> bool:
        """Whether anything was started that must be ended."""
        life = self._life.value
        return not life.closed and not life.forked and (life.state is not State.NEW or self.pools is not None)

    # In and out.

    def submit(self, snapshot: Snapshot) -> None:
        """See Session.submit."""
        began = time.perf_counter()
        if not self._running():
            return
        self.host_feed.notice_changes()
        snapshot = self.intake.complete(snapshot)
        self.taps.offer(snapshot)
        self.decode(snapshot, time.perf_counter() - began)

    def decode(self, snapshot: Snapshot, handed_in: float | None = None) -> None:
        """Queue a snapshot for decoding; offering it to the taps took `handed_in` seconds."""
        began = time.perf_counter()
        self.live.put(snapshot)
        self._attend()
        self._flush()
        before = self.host_feed.handed_in if handed_in is None else handed_in
        self.submit_cost.add(before + time.perf_counter() - began)

    def feed(self, snapshot: Snapshot, timeout: float) -> Update:
        """See Session.feed."""
        if not self._running():
            raise self.not_open()
        try:
            update = self.live.feed(self.intake.complete(snapshot), timeout)
        finally:
            self._attend()
        self._flush()
        return update

    def pump(self, budget: float) -> int:
        """See Session.pump."""
        began = time.perf_counter()
        self.claim_host_thread()
        self._notice()
        self._attend()  # in case an interrupt came between a snapshot and its job
        self.hub.settle()
        done = self.host.run_calls() + self.hub.pump(budget)
        self.pump_cost.add(time.perf_counter() - began)
        return done

    def claim_host_thread(self) -> None:
        """Make the calling thread the host's. If the host's info has changed, notify subscribers."""
        self.host.claim_thread()
        self.host_feed.notice_changes()

    def next_snapshot(self, wait: float) -> Snapshot | None:
        """Get the host's next snapshot on its thread, and offer it to the taps. Closes the session if the host is gone.

        Args:
            wait: Seconds to wait for a pushing host.

        Returns:
            `None` at the end of a recording, which sets `ended`, or if a pushing host sent nothing.

        Raises:
            HostError: The session is closed, the emulator failed, or the host is neither driven nor pushing.
        """
        if not self._running():
            if self.last is not None:
                self.host.run_calls()  # closes an owned host if the close came from another thread
                self.hub.pump(0)  # delivers the last event
            raise self.not_open()
        self.claim_host_thread()
        try:
            return self.host_feed.ask(self.host.get(), wait)
        except HostGoneError as error:
            self.host_feed.ended = True
            self.close(str(error))
            raise

    def apply(self, patch: Patch, writes: Sequence[Write] | None = None) -> Job[None]:
        """See Session.apply."""
        if not self._running():
            raise self.not_open()

        written = (*patch.rom, *patch.live) if writes is None else tuple(writes)

        def send() -> WriteReceipt:
            with third_party_code():
                return self.host.get().write(written)

        # An iterator: the event is posted once, however often an interrupt has the job settled.
        ready: Iterator[Ticket] = iter([((PatchReady(patch, written),), None)])
        now = not self.threads or self.host.here()
        job = self.host.call("apply", send, lambda: self.hub.post_each(ready), now=now)
        if now:
            self._flush()
            if job.ended:  # else a remote emulator answers later
                job.result(0)  # raises the host's error
        return job

    def run[T](
        self,
        name: str,
        work: Work[T],
        priority: Priority,
        deadline: float | None,
        replaces: Hashable | None,
        plugin: str = "",
    ) -> Job[T]:
        """See Session.run and Session.preview."""
        pools = self.pools if self._running() else None
        if pools is None:
            raise self.not_open()
        pool = pools[priority is Priority.PREVIEW]
        try:
            job = pool.submit(name, work, priority=priority, deadline=deadline, replaces=replaces, plugin=plugin)
        except PoolStoppedError as error:  # another thread is stopping the session
            raise self.not_open() from error
        self._flush()
        return job

    def set_locate(self, locate: Locate | None) -> None:
        """See Session.set_locate."""
        if self.last is not None:
            return  # a closed session keeps nothing
        self.live.set_locate(locate)
        self._attend()
        self._flush()

    def failed(self, what: str, error: BaseException, trace: str, plugin: str = "", job_id: int | None = None) -> None:
        """Report a failure to subscribers."""
        self._post(JobFailed(what, told_error(error), trace, plugin, job_id))
        self._flush()

    def report_failure(self, what: str, error: BaseException, trace: str, plugin: str) -> None:
        """See Session.report_failure."""
        self._running()  # begins the session, where this is its first use
        self.failed(what, error, trace, plugin)

    def stats(self) -> SessionStats:
        """See Session.stats."""
        return stats_of(self)

    # Life.

    def start(self) -> None:
        """See Session.start."""
        if not self._may_start():
            return
        with self.right.claim(0 if self._on_own_thread() else START_WAIT) as mine:
            if not mine or not self._may_start():
                return
            self._start()
        if self.last is not None:
            self.end(Deadline.of(SIGNAL, DRAIN, ABANDON))  # closed by a signal handler during the start
        self._follow_pauses()

    def pause(self) -> None:
        """See Session.pause."""
        self._life.change(lambda life: moved(life, State.RUNNING, State.PAUSED))
        self._follow_pauses()

    def resume(self) -> None:
        """See Session.resume."""
        self._life.change(lambda life: moved(life, State.PAUSED, State.RUNNING))
        self._follow_pauses()

    def stop(self, signal: float, drain: float, abandon: float) -> StopReport:
        """See Session.stop."""
        return self.end(Deadline.of(signal, drain, abandon))

    def close(self, reason: str, signal: float = SIGNAL, drain: float = DRAIN, abandon: float = ABANDON) -> StopReport:
        """See Session.close."""
        self.mark_closed(reason)
        return self.end(Deadline.of(signal, drain, abandon))

    def mark_closed(self, reason: str) -> None:
        """First step of a close: from now on no work is accepted. Only the first reason is kept."""
        last = Detached(self.host.info, reason)
        self._life.change(lambda life: life._replace(last=life.last or last))

    def settle(self, report: StopReport, last: Detached | None) -> None:
        """Record that a stop or close is complete, with `last` as the last event for subscribers."""
        self._report = report

        def settle(life: Life) -> Life:
            closed = last is not None and life.last is last  # else closed during the stop: end it again
            return life._replace(state=State.CLOSED if closed else State.STOPPED, closed=closed)

        _, life = self._life.change(settle)
        if life.closed:
            self.to_close.clear()

    def not_open(self) -> HostError:
        """Return the error that says why the session does not accept work."""
        life = self._life.value
        if life.forked:
            return HostError(
                "the session belongs to the process that this one was forked from; open a new one on the host here"
            )
        if life.state is State.NEW and life.last is None:
            return HostError("the session is being started by another thread; try again")
        if life.state is State.STOPPED and life.last is None:
            return HostError("the session is stopped; start() it again")
        return HostError("the session is closed; open a new one on the host")

    def forked(self) -> None:
        """Detach in a forked child: the session belongs to the parent, so release everything without closing it."""
        last = Detached(self.host.info, "the process was forked")
        self._life.renew()
        self._life.value = Life(State.CLOSED, last, closed=True, forked=True)
        self.to_close.clear()
        self.right.renew()
        self.pools = None
        for part in (self.live, self.hub, self.taps, self.host):
            part.renew()

    def _may_start(self) -> bool:
        """Whether the session is not running yet. Raises HostError if it is closed."""
        life = self._life.value
        if life.last is not None:
            raise self.not_open()
        return life.state in (State.NEW, State.STOPPED)

    def _start(self) -> None:
        """Start; every step may be repeated after an interrupted start."""
        if self.pools is not None and self.state is State.STOPPED:
            self._take_down(Deadline.of(SIGNAL, DRAIN, ABANDON))  # finish an interrupted stop
        if self.pools is None:
            self.pools = make_pools(weakref.ref(self), self._workers, threads=self.threads)
        if self.state is State.NEW:
            self.host.claim_thread()
        self.taps.start()
        self.hub.start()
        self.hub.open(Attached(self.host.info))
        self._life.change(lambda life: life if life.last is not None else life._replace(state=State.RUNNING))

    def end(self, deadline: Deadline) -> StopReport:
        """Stop, and close if a close was requested."""
        while self._has_to_end():
            wait = 0.0 if self._on_own_thread() else deadline.left
            with self.right.claim(wait) as mine:
                if not mine:
                    break  # its holder ends the session, or this thread is the holder and was interrupted in it
                self._take_down(deadline)
        return self._report

    def _has_to_end(self) -> bool:
        life = self._life.value
        if life.closed or life.forked:
            return False
        # Pools in a state that needs none: a start or a stop was interrupted.
        return life.last is not None or life.state in (State.RUNNING, State.PAUSED) or self.pools is not None

    def _take_down(self, deadline: Deadline) -> None:
        """Run the three phases: refuse new work and ask all jobs to end; wait for them; log and abandon the rest.

        Only a close cancels a patch that waits for the host's thread.
        """
        if not self._has_to_end():
            return
        last = self.last
        self._life.change(lambda life: life._replace(state=State.STOPPED))
        ending = Ending(self, deadline, last)
        ending.signal()
        ending.drain()
        ending.tell()
        self.settle(ending.abandon(), last)

    def _follow_pauses(self) -> None:
        """Pause or resume the live lane as the session is. Whoever has changed the lane looks at the session again, so
        the last change of either is seen by one of them."""
        while (paused := self.state is State.PAUSED) is not self.live.paused:
            if paused:
                self.live.pause()
            else:
                self.live.resume()
        if self.state is State.RUNNING:
            self._attend()
            self._flush()

    def _attend(self) -> None:
        """Submit a job for the live lane if it needs one; a single job handles all snapshots that arrive while it runs.

        Checks what waits, not what has just arrived, so a call that was interrupted is made up for by the next one.
        """
        asked = self._asked
        if not self.live.unattended or (asked is not None and asked.state is JobState.QUEUED):
            return
        pools = self.pools
        if pools is None:
            self.live.drop()
            return
        try:
            self._asked = pools[0].submit(FRAME, self.live.work, priority=Priority.LIVE)
        except PoolStoppedError:
            self.live.drop()

    def job_failed(self, job: Job[object], error: BaseException, text: str) -> None:
        """Report the failure of a job."""
        self.failed(job.name, error, text, job.plugin, job.id)

    def job_progressed(self, job: Job[object]) -> None:
        """Post the progress of a job."""
        progress = job.progress
        self._post(
            JobProgress(job.name, progress.done, progress.total, progress.text, job.id), key=("progress", job.id)
        )
        self._flush()

    def _post(self, *events: Event, key: Hashable | None = None, rom: int | None = None) -> None:
        self.hub.post(*events, key=key, rom=rom)

    def _flush(self) -> None:
        """Without threads, deliver at once; but not inside the lane, which must be free while callbacks run."""
        if not self.threads and not self.live.busy_here():
            self.hub.flush()

    def _running(self) -> bool:
        self._notice()
        if self.state is State.NEW and self.last is None:
            self.start()
        return self.last is None and self.state in (State.RUNNING, State.PAUSED)

    def _notice(self) -> None:
        """Close the session if its host is gone; with threads, the host's finaliser does that."""
        if not self.threads and self.last is None and not self.host.alive:
            self.close(GONE)

    def _on_own_thread(self) -> bool:
        """Whether a stop of the session would wait for the calling thread."""
        return inside() or self.hub.here() or self.live.busy_here()


def _host_gone(reference: weakref.ref[Engine]) -> None:
    engine = reference()
    if engine is not None and engine.last is None:  # else the host is released by a close
        end_in_background(engine, GONE)
