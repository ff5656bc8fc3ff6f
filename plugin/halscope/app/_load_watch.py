"""What a game reads in its ROM just before tiles arrive whose place is unknown: it leads to where they are packed."""

from __future__ import annotations

import threading
from typing import Any, Final, final

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_TILES, Event, Touched, Update
from numpy.typing import NDArray

from halscope.session import Session

WITHIN: Final = 60
"""Frames between a read and the arrival of the tiles that were made of it: games unpack for some frames."""
_PAGE: Final = 0x1000
_MOST_READS: Final = 32
"""Reads that are told of one load."""


@final
class LoadWatch:
    """Watches the next loads of one session. Its host must trace reads, which is asked of it elsewhere.

    Args:
        session: The session.
        update: The frame in which the watching begins.
    """

    def __init__(self, session: Session, update: Update) -> None:
        self._lock = threading.Lock()
        self._before = update.snapshot.vram.reshape(VRAM_TILES, TILE_BYTES)
        self._began = update.snapshot.frame
        self._touched: dict[int, tuple[int, int]] = {}
        """Each page that was read: the frame of its first read, and the offset of this read."""
        self._arrived: NDArray[np.int64] = np.full(VRAM_TILES, -1)  # frame in which each unit was last changed
        self._heard = session.subscribe(self._hear, Update, Touched, delivery="own", name="watched loads")

    def close(self) -> None:
        """Stop watching. Idempotent."""
        self._heard.close()

    def describe(self, units: tuple[int, ...]) -> dict[str, Any]:
        """Return what was seen, as JSON.

        `frame` is where the watching began, and `reads` how many pages of the ROM were read since. `loads` has for each
        frame in which some of these units came: `frame`, `units`, and `reads`, the offsets of the pages' first reads
        since the watching began, if they were at most `WITHIN` frames earlier, in their order.

        Args:
            units: The 32-byte units of VRAM that are asked about.
        """
        with self._lock:
            frames = self._arrived[list(units)]
            touched = sorted(self._touched.values())
        loads: dict[int, list[int]] = {}
        for unit, frame in zip(units, frames.tolist(), strict=True):
            if frame >= 0:
                loads.setdefault(frame, []).append(unit)
        return {
            "frame": self._began,
            "reads": len(touched),
            "loads": [
                {
                    "frame": frame,
                    "units": came,
                    "reads": [offset for at, offset in touched if frame - WITHIN <= at <= frame][:_MOST_READS],
                }
                for frame, came in sorted(loads.items())
            ],
        }

    def _hear(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Touched):
                self._touched.setdefault(event.rom_offset // _PAGE, (event.frame, event.rom_offset))
            elif isinstance(event, Update):
                units = event.snapshot.vram.reshape(VRAM_TILES, TILE_BYTES)
                tiles = event.changes.tiles  # of the first update all of them
                self._arrived[tiles[(units[tiles] != self._before[tiles]).any(axis=1)]] = event.snapshot.frame
                self._before = units
