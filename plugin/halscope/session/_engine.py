"""The engine behind a session: its parts and its life. It does not know the session, which may be dropped."""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from operator import call
from typing import Final, NamedTuple, cast

from halscope_hooks import (
    Attached,
    Detached,
    Driven,
    Event,
    Host,
    HostError,
    HostGoneError,
    JobFailed,
    JobProgress,
    Patch,
    PatchReady,
    Pushing,
    Snapshot,
    Touched,
    Tracing,
    Update,
    Write,
    WriteReceipt,
)

from halscope.session._cells import Cell
from halscope.session._ending import (
    ABANDON,
    DRAIN,
    NOTHING_TO_STOP,
    SIGNAL,
    Ending,
    end_in_background,
    remember,
)
from halscope.session._figures import SessionStats, State
from halscope.session._host import GONE, HostLink
from halscope.session._hub import Hub
from halscope.session._job_terms import JobState, Priority
from halscope.session._jobs import Job, Work
from halscope.session._live import FRAME, LiveLane, Locate
from halscope.session._locks import Rank
from halscope.session._pool import Executor, InlinePool, Pool
from halscope.session._rights import Right
from halscope.session._stats import Latencies
from halscope.session._stopping import Deadline, PoolStoppedError, StopReport
from halscope.session._tap_list import Taps
from halscope.session._threads import PREFIX, forget_frames, inside

log: Final = logging.getLogger("halscope.session")

FEWEST_WORKERS: Final = 2
MOST_WORKERS: Final = 8
PREVIEW_WORKERS: Final = 1
START_WAIT: Final = 5.0  # seconds that one waits for a start that is under way: threads begin, nothing foreign runs


class _Life(NamedTuple):
    """Where a session is in its life."""

    state: State = State.NEW
    last: Detached | None = None  # what its subscribers hear last; there since somebody has closed it
    closed: bool = False  # and it was told, and everything has ended
    forked: bool = False  # this process is a child of the one that it belongs to


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
        self.right = Right()
        """To start, to stop and to close."""
        self.pools: tuple[Executor, Executor] | None = None
        self._workers = workers
        self._life = Cell(_Life(), Rank.SESSION)
        self._report = NOTHING_TO_STOP
        self.ended = False
        """Whether the host has no more snapshots: a recording's end, or the emulator has gone."""
        self._asked: Job[None] | None = None  # who was asked last to decode
        self._made: deque[tuple[Snapshot | None]] = deque()  # what the host has made and the taps have yet to get
        self._untold: deque[tuple[Sequence[Event]]] = deque()  # what the host's thread has for every subscriber
        self.hub = Hub(threads=threads, slow=slow)
        self.taps = Taps(threads=threads, failed=self.failed)
        self.live = LiveLane(self._post, self.failed, layers=layers, locate=locate)
        self._handed_in = 0.0  # seconds that the taps took the last frame in
        self._submit_cost = Latencies()
        self._pump_cost = Latencies()
        engine = weakref.ref(self)
        self.host = HostLink(host, owned=owns_host, reporter=self._job_failed, gone=lambda: _host_gone(engine))
        remember(self)

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._life.value.state

    @property
    def last(self) -> Detached | None:
        """What its subscribers hear last; `None` while nobody has closed it."""
        return self._life.value.last

    @property
    def needs_end(self) -> bool:
        """Whether it has begun anything that must be ended."""
        life = self._life.value
        return not life.closed and not life.forked and (life.state is not State.NEW or self.pools is not None)

    # In and out.

    def submit(self, snapshot: Snapshot) -> None:
        """See Session.submit."""
        began = time.perf_counter()
        if not self._running():
            return
        self._look_at_host()
        self.taps.offer(snapshot)
        self.decode(snapshot, time.perf_counter() - began)

    def decode(self, snapshot: Snapshot, handed_in: float | None = None) -> None:
        """Have a snapshot decoded that the taps have got, within so many seconds."""
        began = time.perf_counter()
        self.live.put(snapshot)
        self._attend()
        self._flush()
        before = self._handed_in if handed_in is None else handed_in
        self._submit_cost.add(before + time.perf_counter() - began)

    def feed(self, snapshot: Snapshot, timeout: float) -> Update:
        """See Session.feed."""
        if not self._running():
            raise self.not_open()
        try:
            update = self.live.feed(snapshot, timeout)
        finally:
            self._attend()
        self._flush()
        return update

    def pump(self, budget: float) -> int:
        """See Session.pump."""
        began = time.perf_counter()
        self.claim_host_thread()
        self._notice()
        self._attend()  # should an interrupt have come between a snapshot and its worker
        self._tell()
        done = self.host.run_calls() + self.hub.pump(budget)
        self._pump_cost.add(time.perf_counter() - began)
        return done

    def claim_host_thread(self) -> None:
        """The caller's thread is the host's; if the host is another than before, everybody hears of it."""
        self.host.claim_thread()
        self._look_at_host()

    def _look_at_host(self) -> None:
        """If the host is another than before, everybody hears of it. Each step may be repeated after an interrupt."""
        while (news := self.host.news()) is not None:
            event, era = news
            self.live.turn(era.rom)  # origins in the ROM that ran before would be false
            self.hub.turn(event, era)
            self.host.told(news)

    def next_snapshot(self, wait: float) -> Snapshot | None:
        """Ask the host for its next snapshot, on its thread, and hand it to the taps; ends where the host has gone.

        Args:
            wait: Seconds that a host which pushes may take.

        Returns:
            `None` at the end of a recording, after which `ended` is set; or where a host that pushes sent nothing.

        Raises:
            HostError: The session is closed, the emulator failed, or the host is neither driven nor pushing.
        """
        self._running()
        if self.last is not None:
            self.host.run_calls()  # an owned host that was closed elsewhere is closed here
            self.hub.pump(0)  # and the end is delivered
            raise self.not_open()
        self.claim_host_thread()
        try:
            return self._ask_host(self.host.get(), wait)
        except HostGoneError as error:
            self.ended = True
            self.close(str(error))
            raise

    def _ask_host(self, host: Host, wait: float) -> Snapshot | None:
        able = self.host.info.capabilities
        if "driven" in able:
            ask: Callable[[], Snapshot | None] = cast("Driven", host).step
        elif "pushing" in able:
            ask = partial(cast("Pushing", host).poll, wait)
        else:
            raise HostError(
                f"{self.host.info.name}: the host is neither driven nor pushing, so nothing can be asked of it; it "
                "hands its snapshots in with submit()"
            )
        self._hand_in()  # a snapshot that an interrupt has kept from the taps
        self._made.extend(zip(map(call, (ask,)), strict=True))  # asking and keeping: one step in C
        snapshot = self._made[-1][0]
        self._look_at_host()  # it may be the first snapshot of another ROM
        began = time.perf_counter()
        self._hand_in()
        self._handed_in = time.perf_counter() - began
        self.ended = snapshot is None and "driven" in able
        if "tracing" in able:
            self._untold.extend(zip(map(call, (cast("Tracing", host).take_touches,)), strict=True))
            self._tell()
        return snapshot

    def _tell(self, *events: Event) -> None:
        """On the host's thread: tell every subscriber, and first what an interrupt has kept from some of them."""
        if events:
            self._untold.append((events,))
        while self._untold:
            ticket = self._untold[0]
            if ticket[0]:
                self.hub.post(*ticket[0], ticket=ticket)
            if self._untold and self._untold[0] is ticket:  # else a signal handler has told them
                self._untold.popleft()

    def apply(self, patch: Patch, writes: Sequence[Write] | None = None) -> Job[None]:
        """See Session.apply."""
        if not self._running():
            raise self.not_open()

        written = (*patch.rom, *patch.live) if writes is None else tuple(writes)

        def send() -> WriteReceipt:
            return self.host.get().write(written)

        now = not self.threads or self.host.here()
        job = self.host.call("apply", send, lambda: self._tell(PatchReady(patch, written)), now=now)
        if now:
            self._flush()
            if job.ended:  # else a remote emulator answers later
                job.result(0)  # raises what the host raised
        return job

    def run[T](
        self, name: str, work: Work[T], priority: Priority, deadline: float | None, replaces: Hashable | None
    ) -> Job[T]:
        """See Session.run and Session.preview."""
        pools = self.pools if self._running() else None
        if pools is None:
            raise self.not_open()
        pool = pools[priority is Priority.PREVIEW]
        try:
            job = pool.submit(name, work, priority=priority, deadline=deadline, replaces=replaces)
        except PoolStoppedError as error:  # another thread stops the session just now
            raise self.not_open() from error
        self._flush()
        return job

    def set_locate(self, locate: Locate | None) -> None:
        """See Session.set_locate."""
        self.live.set_locate(locate)
        self._attend()
        self._flush()

    def failed(self, what: str, error: BaseException, trace: str, plugin: str = "", job_id: int | None = None) -> None:
        """Tell everybody of a failure."""
        forget_frames(error)  # they would keep snapshots, and whoever pumps, for as long as the failure waits
        self._post(JobFailed(what, error, trace, plugin, job_id))
        self._flush()

    def report_failure(self, what: str, error: BaseException, trace: str, plugin: str) -> None:
        """See Session.report_failure."""
        self._running()  # begins the session, where this is its first use
        self.failed(what, error, trace, plugin)

    def stats(self) -> SessionStats:
        """See Session.stats."""
        counts = self.live.counts
        pools = self.pools
        return SessionStats(
            state=self.state,
            seen=counts.seen,
            decoded=counts.done,
            dropped=counts.dropped,
            undecoded=counts.failed,
            delivered=self.hub.delivered,
            failures=self.hub.failures,
            waiting=counts.waiting,
            host_calls=len(self.host),
            latency=self.live.latency.percentiles(),
            submit=self._submit_cost.percentiles(),
            pump=self._pump_cost.percentiles(),
            subscriptions=self.hub.stats(),
            taps=self.taps.stats(),
            pools=() if pools is None else tuple(pool.stats() for pool in dict.fromkeys(pools)),
        )

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
            self._end(Deadline.of(SIGNAL, DRAIN, ABANDON))  # closed by a signal handler that has interrupted the start
        self.live.resume()
        self._attend()
        self._flush()

    def pause(self) -> None:
        """See Session.pause."""
        _, life = self._life.change(lambda life: _from_to(life, State.RUNNING, State.PAUSED))
        if life.state is State.PAUSED:
            self.live.pause()

    def resume(self) -> None:
        """See Session.resume."""
        _, life = self._life.change(lambda life: _from_to(life, State.PAUSED, State.RUNNING))
        if life.state is State.RUNNING:
            self.live.resume()
            self._attend()
            self._flush()

    def stop(self, signal: float, drain: float, abandon: float) -> StopReport:
        """See Session.stop."""
        return self._end(Deadline.of(signal, drain, abandon))

    def close(self, reason: str, signal: float = SIGNAL, drain: float = DRAIN, abandon: float = ABANDON) -> StopReport:
        """See Session.close."""
        self.mark_closed(reason)
        return self._end(Deadline.of(signal, drain, abandon))

    def mark_closed(self, reason: str) -> None:
        """The beginning of a close, alone: from now on nothing is taken. Only the first reason counts."""
        last = Detached(self.host.info, reason)
        self._life.change(lambda life: life._replace(last=life.last or last))

    def settle(self, report: StopReport, last: Detached | None) -> None:
        """An end has come to its end, in which subscribers were told `last`."""
        self._report = report

        def settle(life: _Life) -> _Life:
            closed = last is not None and life.last is last  # else it was closed while it stopped: once more, then
            return life._replace(state=State.CLOSED if closed else State.STOPPED, closed=closed)

        self._life.change(settle)

    def not_open(self) -> HostError:
        """Why it does nothing now."""
        life = self._life.value
        if life.forked:
            return HostError(
                "the session belongs to the process that this one was forked from; open a new one on the host here"
            )
        if life.state is State.STOPPED and life.last is None:
            return HostError("the session is stopped; start() it again")
        return HostError("the session is closed; open a new one on the host")

    def forked(self) -> None:
        """This process is a child of the one that the session belongs to: let go of everything, touch nothing."""
        last = Detached(self.host.info, "the process was forked")
        self._life.renew()
        self._life.value = _Life(State.CLOSED, last, closed=True, forked=True)
        self.right.renew()
        self.pools = None
        for part in (self.live, self.hub, self.taps, self.host):
            part.renew()

    def _may_start(self) -> bool:
        """Whether it is not running yet. Raises HostError where it is closed."""
        life = self._life.value
        if life.last is not None:
            raise self.not_open()
        return life.state in (State.NEW, State.STOPPED)

    def _start(self) -> None:
        """Each step may be repeated, where an interrupt has cut a start short."""
        if self.pools is not None and self.state is State.STOPPED:
            self._take_down(Deadline.of(SIGNAL, DRAIN, ABANDON))  # a stop that was interrupted
        if self.pools is None:
            self.pools = self._make_pools()
        if self.state is State.NEW:
            self.host.claim_thread()
        self.taps.start()
        self.hub.start()
        self.hub.open(Attached(self.host.info))
        self._life.change(lambda life: life if life.last is not None else life._replace(state=State.RUNNING))

    def _end(self, deadline: Deadline) -> StopReport:
        """Stop, and close if somebody has asked for it."""
        while self._has_to_end():
            wait = 0.0 if self._on_own_thread() else deadline.left
            with self.right.claim(wait) as mine:
                if not mine:
                    break  # whoever has it goes on with this; or it is this very thread, which was interrupted there
                self._take_down(deadline)
        return self._report

    def _has_to_end(self) -> bool:
        life = self._life.value
        if life.closed or life.forked:
            return False
        # Pools without a state that needs them: a start or a stop was interrupted.
        return life.last is not None or life.state in (State.RUNNING, State.PAUSED) or self.pools is not None

    def _take_down(self, deadline: Deadline) -> None:
        """The three phases: nothing new comes in and everybody is asked to end; what runs may end; the rest is named.

        A patch that waits for the host's thread is cancelled only by a close.
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

    def _hand_in(self) -> None:
        """Hand to the taps what the host has made."""
        while self._made:
            ticket = self._made[0]
            snapshot = ticket[0]
            if snapshot is not None:
                self.taps.offer(snapshot, ticket)
            if self._made and self._made[0] is ticket:  # else a tap has stepped the host, too
                self._made.popleft()

    def _attend(self) -> None:
        """Have the live lane worked on: one job, however many snapshots come in while it runs.

        It looks at what waits, not at what just came: what an interrupt has cut off is made up for at the next call.
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

    def _job_failed(self, job: Job[object], error: BaseException, text: str) -> None:
        self.failed(job.name, error, text, job_id=job.id)

    def _job_progressed(self, job: Job[object]) -> None:
        progress = job.progress
        self._post(
            JobProgress(job.name, progress.done, progress.total, progress.text, job.id), key=("progress", job.id)
        )
        self._flush()

    def _post(self, *events: Event, key: Hashable | None = None, rom: int | None = None) -> None:
        self.hub.post(*events, key=key, rom=rom)

    def _flush(self) -> None:
        """Without threads, deliver at once; not from inside the lane, which must be free when callbacks are called."""
        if not self.threads and not self.live.busy_here():
            self.hub.flush()

    def _running(self) -> bool:
        self._notice()
        if self.state is State.NEW and self.last is None:
            self.start()
        return self.last is None and self.state in (State.RUNNING, State.PAUSED)

    def _notice(self) -> None:
        """Where the host has disappeared, end; with threads, the finaliser has seen to that already."""
        if not self.threads and self.last is None and not self.host.alive:
            self.close(GONE)

    def _on_own_thread(self) -> bool:
        """Whether whoever stops the session waits for this very thread."""
        return inside() or self.hub.here() or self.live.busy_here()


def _from_to(life: _Life, old: State, new: State) -> _Life:
    return life._replace(state=new) if life.state is old and life.last is None else life


def _host_gone(reference: weakref.ref[Engine]) -> None:
    engine = reference()
    if engine is not None and engine.last is None:  # else it goes because the session is being closed
        end_in_background(engine, GONE)
