"""What all pages are told: the newest notice of each type is kept for pages that come later."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, final


@final
class Notices:
    """Notices to all connected pages. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}
        self._hearers: dict[object, Callable[[str], None]] = {}

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
            for hear in self._hearers.values():
                hear(text)

    def subscribe(self, who: object, hear: Callable[[str], None]) -> None:
        """Call `hear` with each notice from now on, first with the kept ones. It must not block, nor call back."""
        with self._lock:
            self._hearers[who] = hear
            for text in self._kept.values():
                hear(text)

    def unsubscribe(self, who: object) -> None:
        """End what `subscribe` began."""
        with self._lock:
            self._hearers.pop(who, None)
