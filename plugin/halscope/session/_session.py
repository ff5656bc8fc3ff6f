"""The session connects a host with its subscribers: it takes snapshots, and delivers frames, origins, progress and
failures on the thread that each subscriber chose.

Live games, recordings and tests all use this one path, inline or with threads.
"""

from __future__ import annotations

import math
import time
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from halscope_hooks import Event, Host, HostInfo, Patch, Snapshot, Touched, Update, Write

from halscope.rom.image import Rom
from halscope.session._decoding import Locate
from halscope.session._delivery import Callback, Delivery, Subscription
from halscope.session._ending import ABANDON, DRAIN, SIGNAL, end_dropped
from halscope.session._engine import Engine
from halscope.session._figures import SessionStats, State
from halscope.session._hub import SLOW
from halscope.session._job_terms import Priority
from halscope.session._jobs import Job, Work
from halscope.session._plugin_hooks import (
    Dispatch,
    EventHooks,
    SnapshotHook,
    any_hook,
    held_weakly,
    is_told,
    no_plugins,
)
from halscope.session._pull import Pull
from halscope.session._stopping import StopReport
from halscope.session._taps import MOST_BYTES, MOST_SNAPSHOTS, Recording, Tap
from halscope.session._threads import PREFIX, on_a_thread

PUMP_BUDGET: Final = 0.002  # seconds: a frame has 16.6 ms, and the emulator needs most of them
POLL_WAIT: Final = 0.02  # seconds to wait for a pushing host between two pumps
FEED_WAIT: Final = 10.0  # seconds that `feed` waits for a decoding in progress


@final
class Session:
    """A host and its subscribers.

    Without threads (the default), the same code runs deterministically on the caller's thread: everything has happened
    when a call returns. With threads, frames are decoded on a pool, and calls on the host's thread never wait for that.

    Any thread may call every method, also inside callbacks, unless the method says otherwise.

    Args:
        host: The emulator or recording. It is held weakly: when it is freed, the session ends ("the host is gone").
        threads: Whether to use threads; they start with `start`, or on first use.
        workers: Workers of the codec pool, 2 to 8; by default the number of cores.
        owns_host: Whether the session keeps the host alive and closes it.
        locate: Finds the origins of a VRAM (uint8[65536]); see `set_locate`.
        dispatch: Calls hooks of plugins; by default there are none. Plugins are a subscriber with delivery "host".
        hooked: Whether any plugin has this hook now: if none has "halscope_snapshot", no thread is woken for it.
        layers: Whether frames get their background layers.
        compare: Whether frames are compared with the host's picture (`Frame.matches`). It costs the thread that decodes
            as much as composing the screen, and the host's thread nothing.
        slow: Seconds after which a callback is logged as slow.
        rom: The ROM that runs; see `set_rom`.

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
        hooked: Callable[[str], bool] = any_hook,
        layers: bool = False,
        compare: bool = False,
        slow: float = SLOW,
        rom: Rom | None = None,
    ) -> None:
        self._engine = Engine(
            host,
            threads=threads,
            workers=workers,
            owns_host=owns_host,
            locate=locate,
            layers=layers,
            compare=compare,
            slow=slow,
            rom=rom,
        )
        # Dropping the session ends it, which works because no thread holds the session itself.
        weakref.finalize(self, end_dropped, self._engine.to_close).atexit = False
        self._kept: tuple[Subscription | Tap, ...] = ()
        if dispatch is not no_plugins:
            events, asked = EventHooks(dispatch, hooked, self), held_weakly(hooked)
            told = self._engine.hub.subscribe(events, (), "host", None, "plugins", wanted=partial(is_told, asked))
            hook = SnapshotHook(dispatch)
            seen = self._engine.taps.collect(hook, "plugins", wanted=partial(asked, hook.HOOK))
            self._kept = (told, seen)

    @property
    def host(self) -> Host:
        """The host. Raises HostError if it is gone."""
        return self._engine.host.get()

    @property
    def info(self) -> HostInfo:
        """Description and capabilities of the host, also after it is gone."""
        return self._engine.host.info

    @property
    def threads(self) -> bool:
        """Whether it uses threads."""
        return self._engine.threads

    @property
    def state(self) -> State:
        """Stage of the session's life cycle."""
        return self._engine.state

    # Life.

    def start(self) -> None:
        """Start, or start again after `stop`. Idempotent. The caller counts as the host's thread until a thread pumps.

        Raises:
            HostError: The session is closed.
        """
        self._engine.start()

    def pause(self) -> None:
        """Decode nothing until `resume`. Taps still receive every snapshot, and the newest is kept for decoding."""
        self._engine.pause()

    def resume(self) -> None:
        """End a pause, and decode the newest snapshot that arrived meanwhile."""
        self._engine.resume()

    def stop(self, signal: float = SIGNAL, drain: float = DRAIN, abandon: float = ABANDON) -> StopReport:
        """End all threads in three phases: accept no new work and ask every job to end; wait for running jobs; log and
        abandon those that do not end. Idempotent. `start` starts again.

        Args:
            signal: Time limit of the first phase, seconds.
            drain: Time limit of the second phase, in which recorders also write what they were given.
            abandon: Time limit of the third phase, seconds.
        """
        return self._engine.stop(signal, drain, abandon)

    def close(self, reason: str = "closed") -> StopReport:
        """`stop`, notify every subscriber with `Detached`, and close an owned host. Idempotent.

        Subscribers with delivery "host" are called before this returns if this is the host's thread, or else at that
        thread's next pump. `Detached` is the last event.
        """
        return self._engine.close(reason)

    async def aclose(self, reason: str = "closed") -> StopReport:
        """As `close`, but on a thread, so that the event loop is not blocked. Without threads, it is `close`."""
        if not self._engine.threads:  # all its work is done on the caller's thread, and taps are called there
            return self._engine.close(reason)
        report = await on_a_thread(PREFIX + "aclose", partial(self._engine.close, reason))
        if self._engine.host.here():  # only the host's thread may deliver to "host" subscribers and close the host
            self._engine.pump(math.inf)
        return report

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close("closed" if kind is None else f"{kind.__name__}: {error}".removesuffix(": "))

    # For the host's side.

    def submit(self, snapshot: Snapshot) -> None:
        """Submit a snapshot: recorders and collectors always receive it, and it is decoded unless a newer one arrives
        first. Never blocks. Does nothing once the session is stopped."""
        self._engine.submit(snapshot)

    def pump(self, budget: float = PUMP_BUDGET) -> int:
        """Call this on the host's thread once per frame: does pending writes, and delivers events to this thread.

        Args:
            budget: Seconds; at least one item is delivered, and the rest waits for the next pump.

        Returns:
            The number of events delivered and writes done.
        """
        return self._engine.pump(budget)

    @property
    def ended(self) -> bool:
        """Whether the host has no more snapshots: its recording has ended, or its emulator is gone."""
        return self._engine.host_feed.ended

    def tick(self, budget: float = PUMP_BUDGET, wait: float = POLL_WAIT) -> Snapshot | None:
        """Get the host's next snapshot, `submit` it, and `pump`; on the host's thread. Never waits for decoding.

        A driven host runs a frame. For a pushing host it waits, and it pumps even if no snapshot came.

        Args:
            budget: Seconds for the pump; see `pump`.
            wait: Seconds to wait for a snapshot of a pushing host; a paused emulator sends none.

        Returns:
            The snapshot. `None` if there is none now, or no more at all; see `ended`.

        Raises:
            HostGoneError: The emulator is gone; the session was closed.
            HostError: The session is closed, or the emulator failed.
        """
        snapshot = self._engine.next_snapshot(wait)
        if snapshot is not None:
            self._engine.decode(snapshot)
        self._engine.pump(budget)
        return snapshot

    def step(self, timeout: float = FEED_WAIT) -> Update | None:
        """Get the host's next snapshot and decode it before this returns; on the host's thread.

        Args:
            timeout: Seconds to wait for a snapshot of a pushing host, and for the end of a decoding in progress.

        Returns:
            The update. `None` if no snapshot came within `timeout`, or there are no more; see `ended`.

        Raises:
            HostGoneError: The emulator is gone; the session was closed.
            HostError: The session is closed, or the emulator failed.
            JobTimeoutError: Another thread was still decoding after `timeout` seconds.
        """
        snapshot = self._await_snapshot(time.monotonic() + timeout)
        if snapshot is None:
            return None
        update = self.feed(snapshot, timeout)
        self._engine.pump(PUMP_BUDGET)
        return update

    def advance(self, frames: int = 1, timeout: float = FEED_WAIT) -> Snapshot | None:
        """Get `frames` snapshots without decoding them; on the host's thread. Recorders still receive each.

        Args:
            frames: Number of snapshots.
            timeout: Seconds for all of them, if the host is pushing.

        Returns:
            The last snapshot. `None` if fewer came within `timeout`, or there are no more; see `ended`.

        Raises:
            HostGoneError: The emulator is gone; the session was closed.
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
        """Decode this snapshot on the calling thread, post the update to subscribers, and return it.

        Raises:
            HostError: The session is closed or stopped.
            JobTimeoutError: Another thread was still decoding after `timeout` seconds.
        """
        return self._engine.feed(snapshot, timeout)

    # For all other code.

    def subscribe(
        self,
        callback: Callback,
        *kinds: type[Event],
        delivery: Delivery = "host",
        loop: AbstractEventLoop | None = None,
        name: str = "",
        plugin: str = "",
    ) -> Subscription:
        """Call `callback` with each event of these kinds (by default of every kind), in order.

        Newer frames and progress replace waiting ones; failures and patches are never dropped.

        Args:
            callback: The callback. Its errors are reported to the others; after three in a row it is switched off.
            kinds: Event classes of `halscope_hooks`.
            delivery: "host": on the thread that pumps; "own": on a thread of its own, also if no thread pumps.
            loop: An event loop that calls it instead of a thread.
            name: Name for the log; by default the function's.
            plugin: Id of the plugin that the callback belongs to, for `JobFailed`.

        Returns:
            The handle. Dropping the handle unsubscribes.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.hub.subscribe(callback, kinds, delivery, loop, name, plugin)

    def pull(self, *kinds: type[Event], name: str = "") -> Pull:
        """Subscribe by polling instead of a callback: `take(timeout)`, `for`, or `async for`.

        Of waiting frames and progress only the newest is kept. It needs neither a pump nor a thread.

        Args:
            kinds: Event classes of `halscope_hooks`; by default every kind.
            name: Name for the session's statistics.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.hub.pull(kinds, name)

    def collect(
        self,
        look: Callable[[Snapshot], None],
        *,
        touches: Callable[[Sequence[Touched]], None] | None = None,
        name: str = "",
        most: int = MOST_SNAPSHOTS,
        most_bytes: int = MOST_BYTES,
        gathered: int = 1,
    ) -> Tap:
        """Call `look` with every snapshot, in order, on a thread of its own. Dropping the handle ends this.

        Args:
            look: The callback; after three errors in a row the tap is stopped.
            touches: Called with what the game was seen reading in a frame, on the host's thread: it must be short.
            name: Name for the log and failures.
            most: Largest number of waiting snapshots; beyond it the tap is stopped and a failure reported.
            most_bytes: Largest total size of waiting snapshots, in bytes.
            gathered: How many snapshots the thread takes together, where it may be late by a quarter of a second: to
                wake it for each costs as much as a short callback.

        Raises:
            HostError: The session is closed.
        """
        return self._engine.taps.collect(look, name, most, most_bytes, touches=touches, gathered=gathered)

    def record(
        self,
        path: Path,
        *,
        wram: bool = True,
        picture: bool = True,
        most: int = MOST_SNAPSHOTS,
        most_bytes: int = MOST_BYTES,
    ) -> Recording:
        """Write every snapshot from now on to a recording, until the handle or the session is closed.

        If the disk cannot keep up, the recording stops and a failure is reported; the file is valid up to that frame.

        Raises:
            UsageError: The file cannot be created.
            HostError: The session is closed.
        """
        return self._engine.taps.record(
            path, emulator=self.info.emulator, wram=wram, picture=picture, most=most, most_bytes=most_bytes
        )

    def apply(self, patch: Patch, *, writes: Sequence[Write] | None = None) -> Job[None]:
        """Write a patch into the running game: its ROM and every live copy, so that the change lasts.

        On the host's thread, and without threads, it is written at once; from another thread at the next pump. Once it
        was passed to the emulator, the job cannot be cancelled. If the emulator does not answer within five seconds,
        the job fails, but PatchReady is still posted if the emulator makes the write later.

        Args:
            patch: The whole edit, against the ROM that its hash names; PatchReady carries it.
            writes: The writes to do instead of `patch.rom` and `patch.live`, in order, if the running game already
                contains an earlier edit.

        Returns:
            The job; `result(timeout)` raises the host's error, or WriteTimeoutError if it is not known whether the
            emulator has written. On success, PatchReady is posted.

        Raises:
            HostError: The session is closed; or the patch was to be written at once and the host cannot write there
                (nothing was written).
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
        plugin: str = "",
    ) -> Job[T]:
        """Run work on the codec pool, after frames of the running game.

        Args:
            name: Name for messages.
            work: The work, called with a JobContext: its cancel token, and `report` for progress.
            priority: SCAN, or PREVIEW for the preview pool. LIVE is reserved for the session's own frames, which must
                always find a free worker; it is treated as PREVIEW.
            deadline: Seconds after which the job is cancelled.
            replaces: Key of the job; an older job with the same key is cancelled.
            plugin: Id of the plugin that the job belongs to, for `JobFailed`.

        Raises:
            HostError: The session is closed or stopped.
        """
        return self._engine.run(name, work, max(priority, Priority.PREVIEW), deadline, replaces, plugin)

    def preview[T](self, name: str, work: Work[T], *, key: Hashable, deadline: float | None = None) -> Job[T]:
        """Run work on the preview pool, which scans cannot delay; an older job with the same key is cancelled."""
        return self._engine.run(name, work, Priority.PREVIEW, deadline, key)

    def set_locate(self, locate: Locate | None) -> None:
        """Find origins with this function from now on, starting with the last frame; for a new index."""
        self._engine.set_locate(locate)

    def set_rom(self, rom: Rom | None) -> None:
        """Read HDMA tables from this ROM from now on, so that snapshots have all `raster` writes; tables in WRAM need
        none. A ROM that differs from the one that the host reports is not used."""
        self._engine.intake.set_rom(rom)

    def report_failure(self, job: str, error: BaseException, traceback: str = "", plugin: str = "") -> None:
        """Report a failure to every subscriber (JobFailed)."""
        self._engine.report_failure(job, error, traceback, plugin)

    def stats(self) -> SessionStats:
        """Return the session's statistics."""
        return self._engine.stats()

    def _await_snapshot(self, until: float) -> Snapshot | None:
        """Return the host's next snapshot; writes and deliveries continue while a pushing host sends nothing."""
        while True:
            wait = min(max(0.0, until - time.monotonic()), POLL_WAIT)
            snapshot = self._engine.next_snapshot(wait)
            if snapshot is not None or self._engine.host_feed.ended:
                return snapshot
            self._engine.pump(PUMP_BUDGET)  # also if the time is over after the first wait, as it is on a busy machine
            if time.monotonic() >= until:
                return None
