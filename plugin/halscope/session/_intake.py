"""The intake of a session: completes each snapshot once, before recorders, collectors and the mailbox receive it."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from halscope_hooks import RasterWrites, Snapshot
from numpy.typing import NDArray

from halscope.ppu import with_raster
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table


class _Image(NamedTuple):
    """A ROM as HDMA reads it."""

    sha256: str
    data: NDArray[np.uint8]
    pages: NDArray[np.int64]


@final
class Intake:
    """Adds what HDMA wrote to the snapshots of hosts that know the CPU's registers.

    Args:
        rom: The ROM that runs, for HDMA tables in it; `None` if it is not at hand.
    """

    def __init__(self, rom: Rom | None) -> None:
        self._image: _Image | None = None
        self._last: tuple[Snapshot, Snapshot] | None = None  # as the host made it, and completed
        self.set_rom(rom)

    def set_rom(self, rom: Rom | None) -> None:
        """Read HDMA tables from this ROM from now on."""
        self._image = None if rom is None else _Image(rom.sha256, rom.data, page_table(rom.mapping, rom.data.size))

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Return the completed snapshot; the same one for the same snapshot, and for one that is complete already."""
        last = self._last
        if last is not None and (snapshot is last[0] or snapshot is last[1]):
            return last[1]
        image, runs = self._image, snapshot.rom
        if image is not None and runs is not None and runs.sha256 not in (None, image.sha256):
            image = None  # another ROM runs by now
        before: RasterWrites | None = None if last is None else last[1].raster
        if image is None:
            completed = with_raster(snapshot, before=before)
        else:
            completed = with_raster(snapshot, image.data, image.pages, before=before)
        self._last = snapshot, completed
        return completed

    def clear(self) -> None:
        """Let go of the last snapshot and of the ROM: the session is closed."""
        self._last = self._image = None
