"""What a session tells plugins: every event and every snapshot, through a dispatcher that the caller supplies."""

from __future__ import annotations

import weakref
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from halscope_hooks import Attached, Event, Snapshot

if TYPE_CHECKING:
    from halscope.session._session import Session


class Dispatch(Protocol):
    """Calls a hook of every plugin; a failing plugin is reported and does not stop the others."""

    def __call__(self, hook: str, /, **arguments: Any) -> None:
        """Call `hook` with these arguments; `halscope_attached` also gets the session as `session`."""


def no_plugins(_hook: str, /, **_arguments: Any) -> None:
    """A Dispatch without plugins."""


class EventHooks:
    """Subscriber that passes events to the plugins' hooks."""

    def __init__(self, dispatch: Dispatch, session: Session) -> None:
        self._dispatch = dispatch
        self._session = weakref.ref(session)

    def __call__(self, event: Event) -> None:
        arguments = {field.name: getattr(event, field.name) for field in fields(event)}
        if isinstance(event, Attached):
            arguments["session"] = self._session()
        self._dispatch(event.hook, **arguments)


class SnapshotHook:
    """Passes every snapshot to the plugins' hooks."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def __call__(self, snapshot: Snapshot) -> None:
        self._dispatch("halscope_snapshot", snapshot=snapshot)
