"""What changed, counted for one subscriber: from the last update that it got, whatever it missed in between."""

from __future__ import annotations

from typing import final

from halscope_hooks import Event, Update


@final
class ChangesOf:
    """Rewrites the events for one subscriber, in the order in which they are posted."""

    __slots__ = ("_met",)

    def __init__(self) -> None:
        self._met = False

    def events(self, posted: tuple[Event, ...], undelivered: tuple[Event, ...] = ()) -> tuple[Event, ...]:
        """The events as this subscriber gets them.

        Args:
            posted: What was posted.
            undelivered: What still waits, and gives way to it.
        """
        older = next((event for event in undelivered if isinstance(event, Update)), None)
        return tuple(self._update(event, older) if isinstance(event, Update) else event for event in posted)

    def _update(self, update: Update, older: Update | None) -> Update:
        if not self._met:
            self._met = True
            return update.as_first()
        return update if older is None else update.replacing(older)
