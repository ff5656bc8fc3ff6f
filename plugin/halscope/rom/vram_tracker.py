"""Tiles in VRAM order looked up in an index, once or as they change."""

from __future__ import annotations

from collections.abc import Buffer, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_TILES, UsageError, VramOrigins
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.rom.edited_tiles import EditedTiles
from halscope.rom.origin import Origins

if TYPE_CHECKING:
    from halscope.rom.index import RomIndex

_NO_EDITS: Final = EditedTiles()


class VramTracker:
    """Tracks VRAM over time, looking up only the tiles that changed since the last update.

    Args:
        index: The index of the ROM.
        edited: Returns the tiles that edits of the running game have made.
    """

    def __init__(self, index: RomIndex, edited: Callable[[], EditedTiles] = lambda: _NO_EDITS) -> None:
        self._index = index
        self._edited = edited
        self._with_edited: tuple[VramOrigins, EditedTiles, VramOrigins] | None = None
        self._follower = index.follower()
        self._origins: VramOrigins | None = None

    def update(self, vram: NDArray[np.uint8], changed: NDArray[np.intp] | None = None) -> VramOrigins:
        """Return the origins of every tile; the same object as before if no tile changed.

        Args:
            vram: uint8[65536].
            changed: Numbers of the tiles that may have changed; by default all tiles are compared.

        Raises:
            UsageError: The VRAM has a different length, or a tile number is out of range.
        """
        tiles = tile_bytes(vram)
        if len(tiles) != VRAM_TILES * TILE_BYTES:
            raise UsageError(f"a VRAM has 65536 bytes, not {tiles.size}")
        numbers = None
        if changed is not None:
            if len(changed) and not 0 <= changed.min() <= changed.max() < VRAM_TILES:
                raise UsageError(f"a VRAM has tiles 0 to {VRAM_TILES - 1}")
            numbers = changed.astype(np.uint32)
        self._origins = answer(self._index, self._follower, tiles, numbers, self._origins)
        edited = self._edited()
        return self._add(self._origins, edited, tiles) if edited else self._origins

    def _add(self, origins: VramOrigins, edited: EditedTiles, tiles: NDArray[np.uint8]) -> VramOrigins:
        """Return the origins with those of edited tiles; the same object as before if neither of them changed."""
        last = self._with_edited
        if last is None or last[0] is not origins or last[1] is not edited:
            found = origins.origins
            assert isinstance(found, Origins)
            last = origins, edited, replace(origins, origins=found.with_edited(edited.find(tiles)))
            self._with_edited = last
        return last[2]


def answer(
    index: RomIndex,
    follower: _codec.LocateFollower,
    tiles: NDArray[np.uint8],
    changed: NDArray[np.uint32] | None = None,
    before: VramOrigins | None = None,
) -> VramOrigins:
    """Update a follower of the index, and return the origins that it found; `before` if no tile changed."""
    found = follower.update(tiles, changed)
    if found is None and before is not None:
        return before
    assert found is not None  # the first update of a follower always returns answers
    first, answers, informative = found
    return VramOrigins(index.origins(first, answers), informative, index.transforms)


def tile_bytes(tiles: Buffer | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return tiles as uint8[n × 32].

    Raises:
        UsageError: They are not bytes, or their length is not a multiple of 32.
    """
    data = tiles if isinstance(tiles, np.ndarray) else np.frombuffer(tiles, np.uint8)
    if data.dtype != np.uint8 or data.size % TILE_BYTES:
        raise UsageError(f"tiles are uint8, 32 bytes each, not {data.size} items of {data.dtype}")
    return np.ascontiguousarray(data).reshape(-1)
