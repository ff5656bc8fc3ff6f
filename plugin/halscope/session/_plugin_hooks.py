"""What a session tells plugins: every event and every snapshot, through a dispatcher that the caller supplies."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import fields
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from halscope_hooks import Attached, Event, Snapshot

if TYPE_CHECKING:
    from halscope.session._session import Session


class Dispatch(Protocol):
    """Calls a hook of every plugin; a failing plugin is reported and does not stop the others."""

    def __call__(self, hook: str, /, **arguments: Any) -> None:
        """Call `hook` with these arguments; `halscope_attached` also gets the session as `session`."""


def no_plugins(_hook: str, /, **_arguments: Any) -> None:
    """A Dispatch without plugins."""


def any_hook(_hook: str) -> bool:
    """Say that a plugin may have this hook."""
    return True


def held_weakly(hooked: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return the same without what it is a method of.

    That knows plugins, and a plugin may keep the session, which would never be collected if its queues kept them. Once
    they are gone, no plugin has any hook.
    """
    if not isinstance(hooked, MethodType):
        return hooked
    method = weakref.WeakMethod(hooked)

    def still_hooked(hook: str) -> bool:
        now = method()
        return now is not None and now(hook)

    return still_hooked


def is_told(hooked: Callable[[str], bool], event: Event) -> bool:
    """Whether any plugin is told of an event that comes now: a game reads its ROM ten times a frame."""
    return isinstance(event, Attached) or hooked(event.hook)  # plugins are told the session when it attaches


class EventHooks:
    """Subscriber that passes events to the plugins' hooks; `hooked` says whether any plugin has a hook now."""

    def __init__(self, dispatch: Dispatch, hooked: Callable[[str], bool], session: Session) -> None:
        self._dispatch = dispatch
        self._hooked = hooked
        self._session = weakref.ref(session)

    def __call__(self, event: Event) -> None:
        if not is_told(self._hooked, event):  # it has been unhooked meanwhile
            return
        arguments = {field.name: getattr(event, field.name) for field in fields(event)}
        if isinstance(event, Attached):
            arguments["session"] = self._session()
        self._dispatch(event.hook, **arguments)


class SnapshotHook:
    """Passes every snapshot to the plugins' hooks."""

    HOOK: ClassVar[str] = "halscope_snapshot"

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def __call__(self, snapshot: Snapshot) -> None:
        self._dispatch(self.HOOK, snapshot=snapshot)
