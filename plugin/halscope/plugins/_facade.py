"""The session as one plugin sees it: what was not granted is refused, by name."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Mapping
from typing import Any

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

from halscope.session import Session


class SessionFacade:
    """A SessionApi (see `halscope_hooks`) for one plugin.

    Args:
        plugin: Its id.
        granted: What it may do.
        session: Gives the session, or `None` while there is none or no more. The plugin does not keep it alive.
    """

    def __init__(self, plugin: str, granted: frozenset[Permission], session: Callable[[], Session | None]) -> None:
        self._plugin = plugin
        self._granted = granted
        self._session = session

    @property
    def info(self) -> HostInfo:
        """The host that is attached."""
        return self._running().info

    @property
    def granted(self) -> frozenset[Permission]:
        """What this plugin may do."""
        return self._granted

    def subscribe(
        self, callback: Callable[[Event], None], *kinds: type[Event], delivery: Delivery = "host"
    ) -> SubscriptionHandle:
        """Call `callback` with each event of these kinds; failures name the plugin."""
        return self._running().subscribe(callback, *kinds, delivery=delivery, name=f"plugin {self._plugin}")

    def pull(self, *kinds: type[Event]) -> PullHandle:
        """Take events of these kinds when ready for them."""
        return self._running().pull(*kinds, name=f"plugin {self._plugin}")

    def run[T](self, name: str, work: Callable[[JobControl], T], *, deadline: float | None = None) -> JobHandle[T]:
        """Run `work` on the codec pool; the job's name has the plugin's before it."""
        return self._running().run(f"plugin {self._plugin}: {name}", work, deadline=deadline)

    def apply(self, patch: Patch) -> JobHandle[None]:
        """Write into the running game, as far as it was granted; a patch is applied whole or refused whole."""
        if patch.live:
            self._need("live-writes", "write into the running game's memory")
        if patch.rom:
            self._need("rom-writes", "write into the running ROM")
        return self._running().apply(patch)

    def connect(self, host: str, port: int, *, timeout: float) -> socket.socket:
        """Open a TCP connection."""
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
            raise HalscopeError(
                f"plugin {self._plugin}: the session is not open (any more); ask while a host is attached"
            )
        return session
