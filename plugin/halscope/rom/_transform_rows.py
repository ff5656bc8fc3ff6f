"""Transforms as the arrays that the index's C++ reads: rows of a table, by units of 32 bytes of VRAM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict

import numpy as np
from halscope_hooks import NO_TRANSFORM, TILE_BYTES, VRAM_TILES, Transform, UsageError
from numpy.typing import NDArray

SHORTEST_LOOKUP: Final = 24
"""Fewest stored bytes that are looked up at once: a 3bpp tile. Smaller tiles are looked up with those that follow."""

MOST_TRANSFORMS: Final = 63

_ZERO: Final = TILE_BYTES
_MOST_PARTS: Final = 3
_MODE7_UNITS: Final = VRAM_TILES // 2
"""Mode 7 reads the first 32 KiB of VRAM only."""


class TransformRows(TypedDict):
    """Keyword arguments of LocateAtlas.

    Args:
        parts: uint8[n, 32, 3], the stored bytes that are ORed into each byte of a unit; 32 means zero.
        known: uint8[n, 32], 0 for a byte that is not part of the tile.
        transforms: uint32[n, 4]: stored bytes per unit, units looked up at once, the multiple at which a look-up
            begins, and the number of units of VRAM that the transform can fill.
    """

    parts: NDArray[np.uint8]
    known: NDArray[np.uint8]
    transforms: NDArray[np.uint32]


def transform_rows(transforms: Sequence[Transform]) -> TransformRows:
    """Return the table of transforms.

    Raises:
        UsageError: Two have the same name, or there are too many.
    """
    names = [transform.name for transform in transforms]
    if len(set(names)) != len(names) or NO_TRANSFORM in names or len(names) > MOST_TRANSFORMS:
        raise UsageError(
            f'at most {MOST_TRANSFORMS} transforms, with different names, none of them "none", not: {", ".join(names)}'
        )
    parts = np.full((len(transforms), TILE_BYTES, _MOST_PARTS), _ZERO, np.uint8)
    known = np.ones((len(transforms), TILE_BYTES), np.uint8)
    columns = np.empty((len(transforms), 4), np.uint32)
    for row, transform in enumerate(transforms):
        stored = transform.unit_bytes
        for byte, own in enumerate(transform.unit_parts):
            parts[row, byte] = [*sorted(own or ()), *[_ZERO] * (_MOST_PARTS - len(own or ()))]
            known[row, byte] = own is not None
        step = max(1, transform.vram_bytes // TILE_BYTES)
        window = max(step, -(-SHORTEST_LOOKUP // stored))
        columns[row] = stored, window, step, _MODE7_UNITS if transform.depth == "mode7" else VRAM_TILES
    return {"parts": parts, "known": known, "transforms": columns}
