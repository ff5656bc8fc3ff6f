"""The session as one plugin sees it: calls that need a permission it was not granted are refused."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, final

from halscope_hooks import (
    Delivery,
    Event,
    HalscopeError,
    HostInfo,
    JobControl,
    JobHandle,
    Patch,
    Permission,
    PermissionRefusedError,
    PullHandle,
    SubscriptionHandle,
)

from halscope.plugins._third_party import third_party

if TYPE_CHECKING:  # a command that runs no game does not load the room of sessions
    from halscope.session import Session


class SessionFacade:
    """A SessionApi (see `halscope_hooks`) for one plugin.

    Args:
        plugin: Id of the plugin.
        granted: Permissions that it was granted.
        session: Returns the session, or `None` before it opens and after it ends. The plugin does not keep it alive.
    """

    def __init__(self, plugin: str, granted: frozenset[Permission], session: Callable[[], Session | None]) -> None:
        self._plugin = plugin
        self._granted = granted
        self._session = session

    @property
    def info(self) -> HostInfo:
        """The attached host."""
        return self._running().info

    @property
    def granted(self) -> frozenset[Permission]:
        """The permissions that this plugin was granted."""
        return self._granted

    def subscribe(
        self, callback: Callable[[Event], None], *kinds: type[Event], delivery: Delivery = "host"
    ) -> SubscriptionHandle:
        """Call `callback` with each event of these kinds; failures name the plugin."""
        name = f"plugin {self._plugin}"
        guarded = _Guarded(callback)
        return self._running().subscribe(guarded, *kinds, delivery=delivery, name=name, plugin=self._plugin)

    def pull(self, *kinds: type[Event]) -> PullHandle:
        """Subscribe to events of these kinds by polling; see `PullHandle`."""
        return self._running().pull(*kinds, name=f"plugin {self._plugin}")

    def run[T](self, name: str, work: Callable[[JobControl], T], *, deadline: float | None = None) -> JobHandle[T]:
        """Run `work` on the codec pool; the job's name starts with the plugin's, and its failure names the plugin."""
        name = f"plugin {self._plugin}: {name}"
        return self._running().run(name, _Guarded(work), deadline=deadline, plugin=self._plugin)

    def apply(self, patch: Patch) -> JobHandle[None]:
        """Write into the running game, as far as the permissions allow; a patch is applied or refused as a whole."""
        if patch.live:
            self._need("live-writes", "write into the running game's memory")
        if patch.rom:
            self._need("rom-writes", "write into the running ROM")
        return self._running().apply(patch)

    def connect(self, host: str, port: int, *, timeout: float) -> socket.socket:
        """Open a TCP connection; `timeout` in seconds."""
        self._need("network", f"connect to {host}:{port}")
        return socket.create_connection((host, port), timeout)

    def stats(self) -> Mapping[str, Any]:
        """Counters of the session."""
        return dataclasses.asdict(self._running().stats())

    def _need(self, permission: Permission, what: str) -> None:
        if permission not in self._granted:
            raise PermissionRefusedError(
                self._plugin,
                f'may not {what}: it was not granted "{permission}"; name it under "permissions" in its manifest.json '
                f"and allow it with --allow {self._plugin}:{permission}",
            )

    def _running(self) -> Session:
        session = self._session()
        if session is None:
            raise HalscopeError(f"plugin {self._plugin}: the session is not open; call this while a host is attached")
        return session


@final
class _Guarded[**P, R]:
    """A plugin's callback or work: its print and its `sys.exit` are treated as a hook's are."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        with third_party():
            return self._function(*args, **kwargs)
