"""What a recording may leave out of its snapshots, to be small."""

from __future__ import annotations

from dataclasses import replace

from halscope_hooks import Snapshot


def trimmed(snapshot: Snapshot, *, wram: bool, picture: bool) -> Snapshot:
    """Return a snapshot without what was not asked for.

    Args:
        snapshot: The snapshot.
        wram: Whether to keep the memories in which games unpack graphics: WRAM, and the SA-1's BW-RAM and IRAM.
        picture: Whether to keep the picture.
    """
    if not wram:
        snapshot = replace(snapshot, wram=None, bwram=None, iram=None)
    return snapshot if picture else replace(snapshot, picture=None)
