"""SessionApi: what a plugin may call while a session runs, and the handles that it gets back."""

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
"""`host`: on the host's thread, when it pumps; `own`: on a thread of the subscription's own, at once."""


class SubscriptionHandle(Protocol):
    """A running subscription. The session holds it weakly: dropping the handle unsubscribes."""

    @property
    def closed(self) -> bool:
        """Whether nothing is delivered any more."""

    @property
    def dropped(self) -> int:
        """Events that a newer one replaced before they could be delivered."""

    def close(self, timeout: float = 2.0) -> bool:
        """Unsubscribe. Idempotent; any thread may call it.

        A callback that another thread is in is waited for, `timeout` seconds at most.

        Returns:
            Whether no callback runs any more (or the caller is inside it).
        """


class PullHandle(Protocol):
    """Events to be taken when one is ready for them. The session holds it weakly: dropping it unsubscribes.

    Of frames and progress that wait the newest is kept; everything else queues. Iteration, with `for` or `async for`,
    ends after `Detached`.
    """

    @property
    def closed(self) -> bool:
        """Whether nothing comes any more: it was closed, or `Detached` was taken."""

    @property
    def missed(self) -> int:
        """How many events were left out, because a newer one came, between the last two takes."""

    def take(self, timeout: float) -> Event | None:
        """The next event, waiting at most `timeout` seconds; `None`: there was none, or it is `closed`."""

    def close(self) -> None:
        """Unsubscribe. Idempotent; wakes whoever waits."""

    async def aclose(self) -> None:
        """As `close`."""

    def __iter__(self) -> Iterator[Event]: ...

    def __aiter__(self) -> AsyncIterator[Event]: ...


class JobControl(Protocol):
    """What work gets to see of its job. It runs on a worker thread."""

    def report(self, done: int, total: int, text: str = "") -> None:
        """Tell how far it is (`total` 0: not known). As often as you like; few of them are passed on."""

    def checkpoint(self) -> None:
        """Call it often: it waits while the job is paused. Raises CancelledError once the job is cancelled."""


class JobHandle[T](Protocol):
    """Work that was handed in."""

    @property
    def id(self) -> int:
        """Unique in the process."""

    @property
    def name(self) -> str:
        """As it was handed in."""

    def result(self, timeout: float) -> T:
        """Wait for the result, at most so many seconds; raises the work's own error, or CancelledError."""

    def cancel(self, reason: str) -> bool:
        """Ask it to stop. Whether it was this call that did."""


class SessionApi(Protocol):
    """A session as a plugin sees it; each plugin has its own. Any thread may call it.

    Calls that need a permission raise PermissionRefusedError where the plugin was not granted it. This keeps an honest
    plugin to what it asked for. It is no sandbox: a plugin is Python code in this process, and can do what that can.
    """

    @property
    def info(self) -> HostInfo:
        """The host that is attached."""

    @property
    def granted(self) -> frozenset[Permission]:
        """What this plugin may do."""

    def subscribe(
        self, callback: Callable[[Event], None], *kinds: type[Event], delivery: Delivery = "host"
    ) -> SubscriptionHandle:
        """Call `callback` with each event of these kinds (none given: of every kind)."""

    def pull(self, *kinds: type[Event]) -> PullHandle:
        """Take events of these kinds (none given: of every kind) when ready for them, instead of being called."""

    def run[T](self, name: str, work: Callable[[JobControl], T], *, deadline: float | None = None) -> JobHandle[T]:
        """Run `work` on the codec pool, behind frames and previews.

        Args:
            name: For people; it shows in progress and failures behind the plugin's own name.
            work: Gets a `JobControl`.
            deadline: Seconds after which it is cancelled; `None`: none.
        """

    def apply(self, patch: Patch) -> JobHandle[None]:
        """Write into the running game: at once on the host's thread, from another one at the host's next pump.

        Its `rom` writes need "rom-writes", its `live` writes "live-writes". The handle's `result` raises what the host
        raised (HostError). Raises PermissionRefusedError, HostError.
        """

    def connect(self, host: str, port: int, *, timeout: float) -> socket.socket:
        """Open a TCP connection. Needs "network". Raises PermissionRefusedError, or OSError as `socket` does."""

    def stats(self) -> Mapping[str, Any]:
        """Counters of the session: frames seen, decoded and dropped, latencies in seconds, queue lengths."""
