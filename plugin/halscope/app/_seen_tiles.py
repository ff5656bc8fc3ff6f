"""Which tiles of each block were in VRAM since the start: the frames that a game has shown of a character."""

from __future__ import annotations

import threading
from typing import final

import numpy as np
from halscope_hooks import Update, VramOrigins


@final
class SeenTiles:
    """Collects them from updates. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int], set[int]] = {}
        self._last: VramOrigins | None = None

    def see(self, update: Update) -> None:
        """Take note of the tiles that are new in VRAM. A tile counts for its best origin."""
        found, last = update.origins, self._last
        if found is None or found is last:
            return
        units = np.flatnonzero(found.informative) if last is None else update.changes.tiles
        with self._lock:
            self._last = found
            for unit in units.tolist():
                for best in found.origins[unit][:1]:
                    self._seen.setdefault((best.codec, best.block_offset), set()).add(best.byte_offset)

    def of(self, codec: str, block_offset: int) -> list[int]:
        """Return the offsets in the decoded block of its tiles that were in VRAM, ascending."""
        with self._lock:
            return sorted(self._seen.get((codec, block_offset), ()))
