"""The session: one host and everything that looks at it. Snapshots go in; frames, origins, progress and failures come
out, on the thread that each subscriber chose.

Live games, recordings and tests all take this one way, inline or with threads.
"""

from __future__ import annotations

import math
import time
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, final

from halscope_hooks import Attached, Event, Host, HostInfo, Patch, Snapshot, Update, Write

from halscope.session._delivery import Callback, Delivery, Subscription
from halscope.session._ending import ABANDON, DRAIN, SIGNAL, end_in_background
from halscope.session._engine import Engine
from halscope.session._figures import SessionStats, State
from halscope.session._hub import SLOW
from halscope.session._job_terms import Priority
from halscope.session._jobs import Job, Work
from halscope.session._live import Locate
from halscope.session._pull import Pull
from halscope.session._stopping import StopReport
from halscope.session._taps import MOST_BYTES, MOST_SNAPSHOTS, Recording, Tap
from halscope.session._threads import PREFIX, on_a_thread

PUMP_BUDGET: Final = 0.002  # seconds: a frame has 16.6 ms, and the emulator needs most of them
POLL_WAIT: Final = 0.02  # seconds that a host which pushes is waited for between two pumps
FEED_WAIT: Final = 10.0  # seconds that `feed` waits for a frame that is being decoded


class Dispatch(Protocol):
    """Calls the hook of this name on every plugin; a failing plugin is reported and does not stop the others."""

    def __call__(self, hook: str, /, **arguments: Any) -> None:
        """Call `hook` with these arguments; `halscope_attached` also gets the session, as `session`."""


def no_plugins(_hook: str, /, **_arguments: Any) -> None:
    """A Dispatch without plugins."""


@final
class Session:
    """A host with everything that looks at it.

    Without threads (the default) everything happens on the caller's thread before a call returns: deterministic, and
    the same code. With threads, frames are decoded on a pool, and nothing that the host's thread calls waits for them.

    Every method may be called from any thread, also inside callbacks, unless it says otherwise.

    Args:
        host: The emulator or recording. It is held weakly: when it disappears, the session ends ("the host is gone").
        threads: Whether there are threads; they begin with `start`, or with the first use.
        workers: Workers of the codec pool, 2 to 8; by default as many as there are cores.
        owns_host: Whether the session keeps the host alive, and closes it.
        locate: Finds the origins of a VRAM (uint8[65536]); see `set_locate`.
        dispatch: Calls hooks; by default there are no plugins. Plugins are a subscriber with delivery "host".
        layers: Whether frames get their background layers.
        slow: Seconds after which a callback is named in the log as slow.

    Raises:
        UsageError: The host cannot be held weakly.
    """

    def __init__(
        self,
        host: Host,
        *,
        threads: bool = False,
        workers: int | None = None,
        owns_host: bool = False,
        locate: Locate | None = None,
        dispatch: Dispatch = no_plugins,
        layers: bool = False,
        slow: float = SLOW,
    ) -> None:
        self._engine = Engine(
            host,
            threads=threads,
            workers=workers,
            owns_host=owns_host,
            locate=locate,
            layers=layers,
            slow=slow,
        )
        # Who drops a session ends it. No thread holds the session itself, so that it can be dropped.
        weakref.finalize(self, end_in_background, self._engine, "a session was dropped without close()").atexit = False
        self._kept: tuple[Subscription | Tap, ...] = ()
        if dispatch is not no_plugins:
            told = self._engine.hub.subscribe(_Hooks(dispatch, self), (), "host", None, "plugins")
            seen = self._engine.taps.collect(_SnapshotHook(dispatch), "plugins")
            self._kept = (told, seen)

    @property
    def host(self) -> Host:
        """The host. Raises HostError where it is gone."""
        return self._engine.host.get()

    @property
    def info(self) -> HostInfo:
        """What the host is and can do, also when it is gone."""
        return self._engine.host.info

    @property
    def threads(self) -> bool:
        """Whether it works with threads."""
        return self._engine.threads

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._engine.state

    # Life.

    def start(self) -> None:
        """Begin, or begin again after `stop`. Idempotent. The caller is taken for the host's thread until one pumps.

        Raises:
            HostError: The session is closed.
        """
        self._engine.start()

    def pause(self) -> None:
        """Decode nothing until `resume`. Taps see every snapshot nevertheless, and the newest is kept."""
        self._engine.pause()

    def resume(self) -> None:
        """End a pause, and decode the newest snapshot that came in meanwhile."""
        self._engine.resume()

    def stop(self, signal: float = SIGNAL, drain: float = DRAIN, abandon: float = ABANDON) -> StopReport:
        """End all threads in three phases: take nothing new and ask every job to end; let what runs end; name in the
        log, and leave behind, what does not. Idempotent. `start` begins again.

        Args:
            signal: Seconds for the first phase, at most.
            drain: For the second; also for recorders to write what they were given.
            abandon: For the third.
        """
        return self._engine.stop(signal, drain, abandon)

    def close(self, reason: str = "closed") -> StopReport:
        """`stop`, and tell every subscriber that the host goes; an owned host is closed. Idempotent.

        After it, who is told on the host's thread has heard of it if this is that thread, and else will at its next
        pump; nothing comes after that.
        """
        return self._engine.close(reason)

    async def aclose(self, reason: str = "closed") -> StopReport:
        """As `close`, without holding up the event loop: the work is done on a thread."""
        report = await on_a_thread(PREFIX + "aclose", partial(self._engine.close, reason))
        if self._engine.host.here():  # what only this thread may do: deliver to the host's side, and close the host
            self._engine.pump(math.inf)
        return report

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close("closed" if kind is None else f"{kind.__name__}: {error}".removesuffix(": "))

    # What the host's side calls.

    def submit(self, snapshot: Snapshot) -> None:
        """Hand in a snapshot and go on: recorders and collectors get it for sure, and it is decoded unless a newer one
        comes in first. Never blocks. Does nothing once the session is stopped."""
        self._engine.submit(snapshot)

    def pump(self, budget: float = PUMP_BUDGET) -> int:
        """On the host's thread, once a frame: write what waits to be written, and deliver what waits for this thread.

        Args:
            budget: Seconds; one item is delivered at least, and the rest stays for the next pump.

        Returns:
            How many events were delivered and writes done.
        """
        return self._engine.pump(budget)

    @property
    def ended(self) -> bool:
        """Whether the host has no more snapshots: its recording has ended, or its emulator has gone."""
        return self._engine.ended

    def tick(self, budget: float = PUMP_BUDGET, wait: float = POLL_WAIT) -> Snapshot | None:
        """On the host's thread: take the host's next snapshot, `submit` it, and `pump`. Never waits for the decoding.

        A driven host runs a frame. One that pushes is waited for, and pumped also where it sends nothing.

        Args:
            budget: Seconds for the pump, see there.
            wait: Seconds that a host which pushes may take to send a snapshot; a paused emulator sends none.

        Returns:
            The snapshot. `None`: there is none now, or no more at all, see `ended`.

        Raises:
            HostGoneError: The emulator has gone; the session was closed.
            HostError: The session is closed, or the emulator failed.
        """
        snapshot = self._engine.next_snapshot(wait)
        if snapshot is not None:
            self._engine.decode(snapshot)
        self._engine.pump(budget)
        return snapshot

    def step(self, timeout: float = FEED_WAIT) -> Update | None:
        """On the host's thread: take the host's next snapshot, and decode it before this returns.

        Args:
            timeout: Seconds, for a host that pushes to send a snapshot, and for another thread's decoding to end.

        Returns:
            What came of it. `None`: no snapshot came within `timeout`, or there are no more, see `ended`.

        Raises:
            HostGoneError: The emulator has gone; the session was closed.
            HostError: The session is closed, or the emulator failed.
            JobTimeoutError: Another thread was decoding all the time.
        """
        snapshot = self._await_snapshot(time.monotonic() + timeout)
        if snapshot is None:
            return None
        update = self.feed(snapshot, timeout)
        self._engine.pump(PUMP_BUDGET)
        return update

    def advance(self, frames: int = 1, timeout: float = FEED_WAIT) -> Snapshot | None:
        """On the host's thread: take so many snapshots without decoding them; recorders still see each.

        Args:
            frames: How many.
            timeout: Seconds for all of them, for a host that pushes.

        Returns:
            The last snapshot. `None`: not so many came within `timeout`, or there are no more, see `ended`.

        Raises:
            HostGoneError: The emulator has gone; the session was closed.
            HostError: The session is closed, or the emulator failed.
        """
        snapshot = None
        until = time.monotonic() + timeout
        for _ in range(frames):
            snapshot = self._await_snapshot(until)
            if snapshot is None:
                return None
        return snapshot

    def feed(self, snapshot: Snapshot, timeout: float = FEED_WAIT) -> Update:
        """Decode this snapshot here and now, tell the subscribers, and return what came of it.

        Raises:
            HostError: The session is closed or stopped.
            JobTimeoutError: Another thread was decoding all the time.
        """
        return self._engine.feed(snapshot, timeout)

    # What everybody else calls.

    def subscribe(
        self,
        callback: Callback,
        *kinds: type[Event],
        delivery: Delivery = "host",
        loop: AbstractEventLoop | None = None,
        name: str = "",
    ) -> Subscription:
        """Call `callback` with each event of these kinds (none given: of every kind), in order.

        Frames and progress that wait give way to newer ones; failures and patches are never left out.

        Args:
            callback: Whatever it raises is told to the others; three times in a row and it is switched off.
            kinds: Event classes of `halscope_hooks`.
            delivery: "host": on the thread that pumps; "own": on a thread of its own, also while nobody pumps.
            loop: An event loop that calls it instead of an own thread.
            name: For the log; by default the function's.

        Returns:
            The handle. Who drops it hears nothing any more.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.hub.subscribe(callback, kinds, delivery, loop, name)

    def pull(self, *kinds: type[Event], name: str = "") -> Pull:
        """Subscribe by taking events instead of being called: `take(timeout)`, `for`, or `async for`.

        Of frames and progress that wait the newest is kept; nothing is pumped for it, and it costs no thread.

        Args:
            kinds: Event classes of `halscope_hooks`; none given: every kind.
            name: For the session's figures.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.hub.pull(kinds, name)

    def collect(
        self,
        look: Callable[[Snapshot], None],
        *,
        name: str = "",
        most: int = MOST_SNAPSHOTS,
        most_bytes: int = MOST_BYTES,
    ) -> Tap:
        """Show every snapshot to `look`, in order, on a thread of its own; who drops the handle sees no more.

        Args:
            look: If it raises three times in a row the tap is stopped.
            name: For the log and failures.
            most: Snapshots that may wait; with more, the tap is stopped and its failure told.
            most_bytes: And bytes.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.taps.collect(look, name, most, most_bytes)

    def record(
        self,
        path: Path,
        *,
        wram: bool = True,
        picture: bool = True,
        most: int = MOST_SNAPSHOTS,
        most_bytes: int = MOST_BYTES,
    ) -> Recording:
        """Write every snapshot from now on into a recording, until the handle or the session is closed.

        If the disk cannot keep up it stops and that is told; the file is good up to there.

        Raises:
            UsageError: The file cannot be made.
            HostError: The session is closed.
        """
        return self._engine.taps.record(
            path, emulator=self.info.emulator, wram=wram, picture=picture, most=most, most_bytes=most_bytes
        )

    def apply(self, patch: Patch, *, writes: Sequence[Write] | None = None) -> Job[None]:
        """Write a patch into the running game: its ROM and every live copy, so that the change lasts.

        On the host's thread, and without threads, this is done at once; from another thread at the next pump.

        Args:
            patch: The whole edit, against the ROM that its hash names: what PatchReady carries.
            writes: What to write in place of `patch.rom` and `patch.live`, in order, where the running game already
                holds an earlier edit.

        Returns:
            The job; `result(timeout)` raises what the host raised. PatchReady follows success.

        Raises:
            HostError: The session is closed; or, where it was done at once, the host cannot write there (nothing was
                written).
        """
        return self._engine.apply(patch, writes)

    def run[T](
        self,
        name: str,
        work: Work[T],
        *,
        priority: Priority = Priority.SCAN,
        deadline: float | None = None,
        replaces: Hashable | None = None,
    ) -> Job[T]:
        """Do work on the codec pool; frames of the running game pass before it.

        Args:
            name: For people.
            work: Gets a JobContext: its cancel token, and `report` for progress.
            priority: SCAN, or PREVIEW for the preview pool. LIVE is for the session's own frames, which always find a
                worker free; work with this priority is done as PREVIEW.
            deadline: Seconds after which it is cancelled.
            replaces: A newer job with the same key cancels the older one.

        Raises:
            HostError: The session is closed or stopped.
        """
        return self._engine.run(name, work, max(priority, Priority.PREVIEW), deadline, replaces)

    def preview[T](self, name: str, work: Work[T], *, key: Hashable, deadline: float | None = None) -> Job[T]:
        """Do work on the preview pool, which scans cannot delay; the newest of a key cancels the older one."""
        return self._engine.run(name, work, Priority.PREVIEW, deadline, key)

    def set_locate(self, locate: Locate | None) -> None:
        """Find origins with this from now on (an index became ready); the last frame is looked up at once."""
        self._engine.set_locate(locate)

    def report_failure(self, job: str, error: BaseException, traceback: str = "", plugin: str = "") -> None:
        """Tell every subscriber of a failure (JobFailed)."""
        self._engine.report_failure(job, error, traceback, plugin)

    def stats(self) -> SessionStats:
        """The session in numbers."""
        return self._engine.stats()

    def _await_snapshot(self, until: float) -> Snapshot | None:
        """The host's next snapshot; while one that pushes sends nothing, writes and deliveries go on."""
        while True:
            wait = min(max(0.0, until - time.monotonic()), POLL_WAIT)
            snapshot = self._engine.next_snapshot(wait)
            if snapshot is not None or self._engine.ended or time.monotonic() >= until:
                return snapshot
            self._engine.pump(PUMP_BUDGET)


class _Hooks:
    """Tells plugins what subscribers are told."""

    def __init__(self, dispatch: Dispatch, session: Session) -> None:
        self._dispatch = dispatch
        self._session = weakref.ref(session)

    def __call__(self, event: Event) -> None:
        arguments = {field.name: getattr(event, field.name) for field in fields(event)}
        if isinstance(event, Attached):
            arguments["session"] = self._session()
        self._dispatch(event.hook, **arguments)


class _SnapshotHook:
    """Shows plugins every snapshot."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def __call__(self, snapshot: Snapshot) -> None:
        self._dispatch("halscope_snapshot", snapshot=snapshot)
