"""Drawn tiles as games store them: one to three bit planes, or a byte for each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from support.drawn_art import figure


def stored_art(count: int, stored_bytes: int, seed: int) -> bytes:
    """Return tiles of 8, 16, 24, 32 (planar, 1 to 4 bits per pixel) or 64 bytes (linear), mostly without blank ones."""
    rng = np.random.default_rng(seed)
    tiles: list[bytes] = []
    while len(tiles) < count:
        pixels = figure(rng, 32)
        pixels += (pixels != 0) * rng.integers(0, 16, dtype=np.uint8)  # so that the lower planes differ too
        for y in range(0, 32, 8):
            for x in range(0, 32, 8):
                tile = pixels[y : y + 8, x : x + 8]
                stored = tile.tobytes() if stored_bytes == 64 else _planes(tile, stored_bytes // 8)
                if len(set(stored)) > 4 or rng.random() < 0.02:
                    tiles.append(stored)
    return b"".join(tiles[:count])


def _planes(tile: NDArray[np.uint8], count: int) -> bytes:
    planes = [np.packbits(tile >> plane & 1, axis=1).reshape(-1) for plane in range(count)]
    pairs = [np.stack(planes[first : first + 2], axis=1).tobytes() for first in range(0, count, 2)]
    return b"".join(pairs)
