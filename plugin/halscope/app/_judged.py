"""A frame of a single moment: a state or a recorded frame, with its raster effects and the comparison."""

from __future__ import annotations

from halscope_hooks import Frame, Snapshot

from halscope.ppu import decode_frame, with_match, with_raster
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table


def judged_frame(snapshot: Snapshot, rom: Rom | None) -> Frame:
    """Decode a snapshot with the writes of HDMA, and compare it with the emulator's picture.

    Args:
        snapshot: The moment.
        rom: Its ROM, for HDMA tables in it, or `None`.
    """
    return with_match(decode_frame(followed(snapshot, rom)))


def followed(snapshot: Snapshot, rom: Rom | None) -> Snapshot:
    """Return a snapshot with the writes of HDMA, as a session has them; arguments as for `judged_frame`."""
    if rom is None:
        return with_raster(snapshot)
    return with_raster(snapshot, rom.data, page_table(rom.mapping, rom.data.size))
