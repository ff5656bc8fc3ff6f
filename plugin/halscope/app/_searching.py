"""Finding the frame of a timeline in which a tile came, or was changed last."""

from __future__ import annotations

from halscope_hooks import TILE_BYTES, Snapshot

from halscope.app._kept_frames import Frames


def first_with_tile(frames: Frames, tile: bytes) -> int | None:
    """Return the position of the first kept frame in whose VRAM a tile's bytes are, or `None`.

    Args:
        frames: The timeline.
        tile: The tile; it is looked for at multiples of 32 bytes.
    """
    last: object = None
    for position in range(frames.first, frames.end):
        vram = frames.snapshot(position).vram
        if vram is last:
            continue
        last = vram
        at = (data := vram.tobytes()).find(tile)
        while at >= 0 and at % TILE_BYTES:
            at = data.find(tile, at + 1)
        if at >= 0:
            return position
    return None


def last_change(frames: Frames, position: int, vram: int, size: int) -> int | None:
    """Return the position of the last frame up to a position in which a part of VRAM was changed, or `None`.

    Args:
        frames: The timeline.
        position: Where to begin.
        vram: Byte address in VRAM.
        size: Size in bytes.
    """
    step = 120  # frames that are unpacked in order: those from one keyframe to the next
    later: bytes | None = None
    end = position + 1
    while end > frames.first:
        begin = max(frames.first, end - step)
        parts = [_part(frames.snapshot(one), vram, size) for one in range(begin, end)]
        if later is not None:
            parts.append(later)
        for number in range(len(parts) - 1, 0, -1):
            if parts[number] != parts[number - 1]:
                return begin + number
        later, end = parts[0], begin
    return None


def _part(snapshot: Snapshot, vram: int, size: int) -> bytes:
    return snapshot.vram[vram : vram + size].tobytes()
