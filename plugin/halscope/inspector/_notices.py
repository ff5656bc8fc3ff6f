"""What all pages are told: the newest notice of each type is kept for pages that come later."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, Final, final

MOST_WAITING: Final = 64
"""Notices that wait for one page; of what a page that stalls is told beyond that, it gets the newest of each type."""


@final
class Notices:
    """Notices to all connected pages. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}
        self._listeners: dict[object, Callable[[str, str], None]] = {}

    def post(self, kind: str, fields: dict[str, Any], *, keep: bool = True) -> None:
        """Tell all pages.

        Args:
            kind: The message's type; it must be none that the server uses otherwise.
            fields: The message's other fields.
            keep: Whether pages that connect later are told it too, until a newer one of its type takes its place.
        """
        text = json.dumps({"type": kind, **fields}, separators=(",", ":"))
        with self._lock:
            if keep:
                self._kept[kind] = text
            for listener in self._listeners.values():
                listener(kind, text)

    def forget(self, *kinds: str) -> None:
        """Keep no notice of these types for pages that connect later."""
        with self._lock:
            for kind in kinds:
                self._kept.pop(kind, None)

    def subscribe(self, who: object, listener: Callable[[str, str], None]) -> None:
        """Call `listener` with the type and text of each notice from now on, first of the kept ones. It must not block,
        nor call back."""
        with self._lock:
            self._listeners[who] = listener
            for kind, text in self._kept.items():
                listener(kind, text)

    def unsubscribe(self, who: object) -> None:
        """End what `subscribe` began."""
        with self._lock:
            self._listeners.pop(who, None)


@final
class Waiting:
    """The notices that wait until a page takes them: bounded, however long it takes none. For one event loop."""

    def __init__(self) -> None:
        self._notices: list[tuple[str, str]] = []
        self._arrived = asyncio.Event()

    def add(self, kind: str, text: str) -> None:
        """Add a notice. It takes the place of older ones of its type where more than `MOST_WAITING` would wait."""
        self._notices.append((kind, text))
        if len(self._notices) > MOST_WAITING:
            newest = {one: number for number, (one, _) in enumerate(self._notices)}
            self._notices = [self._notices[number] for number in sorted(newest.values())]
        self._arrived.set()

    async def take(self) -> str:
        """Wait for the oldest notice, and remove and return its text."""
        while not self._notices:
            self._arrived.clear()
            await self._arrived.wait()
        return self._notices.pop(0)[1]
