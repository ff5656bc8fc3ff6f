"""Finding the frame of a timeline in which a tile came, was shown first, or was changed last."""

from __future__ import annotations

from halscope_hooks import TILE_BYTES, Snapshot

from halscope.app._kept_frames import Frames
from halscope.ppu.grouping import is_on_screen
from halscope.ppu.obj import decode_sprites
from halscope.ppu.registers import screen_lines


def first_with_tile(frames: Frames, tile: bytes) -> int | None:
    """Return the position of the first kept frame in whose VRAM a tile's bytes are, or `None`.

    Args:
        frames: The timeline.
        tile: The tile; it is looked for at multiples of 32 bytes.
    """
    last: object = None
    for position in range(frames.first, frames.end):
        vram = frames.snapshot(position).vram
        if vram is not last and _places(vram.tobytes(), tile):
            return position
        last = vram
    return None


def first_shown(frames: Frames, tile: bytes) -> int | None:
    """Return the position of the first kept frame in which a sprite on the screen shows a tile, or `None`.

    Args:
        frames: The timeline.
        tile: The 32 bytes of the tile.
    """
    vram: object = None
    places: set[int] = set()
    for position in range(frames.first, frames.end):
        snapshot = frames.snapshot(position)
        if snapshot.vram is not vram:
            vram, places = snapshot.vram, _places(snapshot.vram.tobytes(), tile)
        if places and _shows(snapshot, places):
            return position
    return None


def _places(vram: bytes, tile: bytes) -> set[int]:
    """Return the byte addresses of a tile in VRAM, which are multiples of 32."""
    found, at = set(), vram.find(tile)
    while at >= 0:
        if at % TILE_BYTES == 0:
            found.add(at)
        at = vram.find(tile, at + 1)
    return found


def _shows(snapshot: Snapshot, places: set[int]) -> bool:
    """Whether a sprite that may be on the screen has a tile at one of these byte addresses in VRAM."""
    if snapshot.ppu.obsel is None:
        return False
    lines = screen_lines(snapshot.ppu)
    return any(
        is_on_screen(sprite, lines) and not places.isdisjoint(sprite.cells.reshape(-1).tolist())
        for sprite in decode_sprites(snapshot, snapshot.ppu.obsel)
    )


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
