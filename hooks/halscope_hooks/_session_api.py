"""SessionApi: the interface that a plugin uses while a session runs, and the handles that it returns."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from halscope_hooks._host import HostInfo
from halscope_hooks._patch import Patch
from halscope_hooks._permissions import Permission

if TYPE_CHECKING:
    from halscope_hooks._events import Event

Delivery = Literal["host", "own"]
"""`host`: on the host's thread when it pumps the session; `own`: immediately, on the subscription's own thread."""


class SubscriptionHandle(Protocol):
    """An active subscription. The session keeps only a weak reference: dropping the handle unsubscribes."""

    @property
    def closed(self) -> bool:
        """Whether the subscription is closed. A closed subscription delivers nothing."""

    @property
    def dropped(self) -> int:
        """Number of events replaced by a newer one before they were delivered."""

    def close(self, timeout: float = 2.0) -> bool:
        """Unsubscribe. Idempotent and thread-safe.

        If the callback is running on another thread, waits up to `timeout` seconds for it to return.

        Returns:
            True if the callback is no longer running, or if it is the caller.
        """


class PullHandle(Protocol):
    """A pull subscription. The session keeps only a weak reference: dropping the handle unsubscribes.

    Only the newest pending update, and the newest pending progress of each job, is kept; all other events queue.
    Iteration with `for` or `async for` ends after `Detached`.
    """

    @property
    def closed(self) -> bool:
        """Whether the handle is closed, either by `close` or because `Detached` was taken."""

    @property
    def missed(self) -> int:
        """Number of events replaced by a newer one between the last two takes."""

    def take(self, timeout: float) -> Event | None:
        """Return the next event, or `None` if none arrives within `timeout` seconds or the handle is closed."""

    def close(self) -> None:
        """Unsubscribe and wake any waiting caller. Idempotent."""

    async def aclose(self) -> None:
        """Same as `close`, for use in an event loop."""

    def __iter__(self) -> Iterator[Event]: ...

    def __aiter__(self) -> AsyncIterator[Event]: ...


class JobControl(Protocol):
    """A job's interface to its own work function, which runs on a worker thread."""

    def report(self, done: int, total: int, text: str = "") -> None:
        """Report progress (`total` 0: unknown). May be called at any rate; reports are throttled before delivery."""

    def checkpoint(self) -> None:
        """Block while the job is paused; raise CancelledError once it is cancelled. Call this often."""


class JobHandle[T](Protocol):
    """A submitted job."""

    @property
    def id(self) -> int:
        """Id of the job, unique within the process."""

    @property
    def name(self) -> str:
        """The name that the job was submitted under."""

    def result(self, timeout: float) -> T:
        """Wait up to `timeout` seconds for the result. Raises the job's own error, or CancelledError."""

    def cancel(self, reason: str) -> bool:
        """Request cancellation. Returns True if this call is the one that cancelled the job."""


class SessionApi(Protocol):
    """A plugin's interface to a session. Each plugin gets its own instance. Thread-safe.

    A call that needs a permission raises PermissionRefusedError if the plugin was not granted it. This holds an honest
    plugin to what it requested. It is not a sandbox: a plugin is Python code in this process.
    """

    @property
    def info(self) -> HostInfo:
        """Info of the attached host."""

    @property
    def granted(self) -> frozenset[Permission]:
        """The permissions granted to this plugin."""

    def subscribe(
        self, callback: Callable[[Event], None], *kinds: type[Event], delivery: Delivery = "host"
    ) -> SubscriptionHandle:
        """Call `callback` with each event of the given kinds, or with every event if none are given."""

    def pull(self, *kinds: type[Event]) -> PullHandle:
        """Open a pull subscription for events of the given kinds, or for every event if none are given."""

    def run[T](self, name: str, work: Callable[[JobControl], T], *, deadline: float | None = None) -> JobHandle[T]:
        """Run `work` on the codec pool, at a lower priority than frames and previews.

        Args:
            name: Human-readable name; shown after the plugin's own name in progress and failure events.
            work: The work function, called with a `JobControl`.
            deadline: Seconds after which the job is cancelled, or `None` for no deadline.
        """

    def apply(self, patch: Patch) -> JobHandle[None]:
        """Write a patch to the running game.

        On the host's thread the writes happen immediately; from any other thread, at the host's next pump. `patch.rom`
        requires the "rom-writes" permission, `patch.live` requires "live-writes". The handle's `result` raises the
        host's error (HostError). Raises PermissionRefusedError, HostError.
        """

    def connect(self, host: str, port: int, *, timeout: float) -> socket.socket:
        """Open a TCP connection. Requires "network". Raises PermissionRefusedError, or OSError as `socket` does."""

    def stats(self) -> Mapping[str, Any]:
        """Return session counters: frames received, decoded and dropped, latencies in seconds, queue lengths."""
