"""Tools for drawing backgrounds: dithered skies, land, stamps, and reducing each tile to one palette.

A background is drawn on a wrapping canvas whose entries are palette * 16 + entry, with palette an index into the
background's own tuple of palettes; `settle` then makes every 8x8 tile keep to a single palette.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .canvas import BAYER, Canvas, Floats, Ramp
from .model import Background
from .palettes import PALETTES

TILE_LIMIT = 512


def slot(palette: int, entries: Ramp) -> tuple[int, ...]:
    """Entries of one palette of the background as canvas entries."""
    return tuple(palette * 16 + entry for entry in entries)


def sky(c: Canvas, top: int, bottom: int, ramp: Ramp) -> None:
    """Horizontal bands from the first entry of the ramp to the last, with ordered dither between them."""
    width = c.pixels.shape[1]
    rows = np.arange(top, bottom)
    level = (rows - top + 0.5)[:, None] / (bottom - top) * len(ramp) + 0.9 * np.resize(
        BAYER[np.ix_(rows % 4, np.arange(4))], (bottom - top, 4)
    )[:, np.arange(width) % 4]
    c.pixels[top:bottom] = np.asarray(ramp, dtype=np.uint8)[np.clip(level.astype(int), 0, len(ramp) - 1)]


def land(
    c: Canvas,
    tops: Floats,
    bottom: int,
    ramp: Ramp,
    *,
    depth: float,
    slope: float = 0.6,
    texture: Floats | None = None,
    rim: int | None = None,
) -> None:
    """Fill down from a skyline (one y per column): lit on slopes that rise to the right, darker with depth pixels."""
    height, width = c.pixels.shape
    y, x = np.mgrid[0:height, 0:width]
    below = y - tops[None, :] + 0.5
    rise = (np.roll(tops, -3) - np.roll(tops, 3))[None, :] / 6.0
    value = 0.72 - rise * slope * np.clip(1 - below / (depth * 1.5), 0, 1) - 0.75 * np.clip(below / depth, 0, 1)
    value = value + 0.16 * BAYER[y % 4, x % 4]
    if texture is not None:
        value = value + texture[y % texture.shape[0], x % texture.shape[1]]
    step = np.clip((value * len(ramp)).astype(int), 0, len(ramp) - 1)
    mask = (below > 0) & (y < bottom)
    c.pixels[mask] = np.asarray(ramp, dtype=np.uint8)[step][mask]
    if rim is not None:
        c.pixels[mask & (below <= 1)] = rim


def waves(width: int, parts: tuple[tuple[int, float, float], ...]) -> Floats:
    """A periodic curve of length width: the sum of (waves per width, height, phase) sines."""
    x = np.arange(width) / width * 2 * np.pi
    total = np.zeros(width)
    for count, size, phase in parts:
        total += size * np.sin(count * x + phase)
    return total


def blit(c: Canvas, source: Canvas, left: int, top: int, palette: int = 0, mark: Canvas | None = None) -> None:
    """Copy a small canvas, whose entries belong to one palette, onto the background; mark gets the same shape."""
    rows, columns = np.nonzero(source.pixels)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        c.dot(left + column, top + row, int(source.pixels[row, column]) + palette * 16)
        if mark is not None:
            mark.dot(left + column, top + row, 1)


def _tiles(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[h, w] to uint8[h / 8, w / 8, 64]."""
    height, width = pixels.shape
    return pixels.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(height // 8, width // 8, 64)


def settle(
    name: str,
    c: Canvas,
    palettes: tuple[str, ...],
    front: Canvas | None = None,
    colours_of: Mapping[str, NDArray[np.uint8]] = PALETTES,
) -> Background:
    """Give each tile the palette that preserves its colours best, and convert its pixels to that palette.

    front: a canvas whose painted pixels make their tiles' priority.
    """
    tiles = _tiles(c.pixels)
    flat = tiles.reshape(-1, 64)
    entry, owner = flat % 16, flat // 16
    colours = np.stack([colours_of[p] for p in palettes]).astype(np.int64)
    # table[a, e, b]: the entry of palette b nearest to entry e of palette a, and how far it is.
    delta = ((colours[:, :, None, None, :] - colours[None, None, :, 1:, :]) ** 2 * np.array([3, 4, 2])).sum(-1)
    nearest, distance = delta.argmin(-1) + 1, delta.min(-1)
    costs = np.where((entry > 0)[:, :, None], distance[owner, entry], 0).sum(1)
    chosen = costs.argmin(1)
    moved = nearest[owner, entry, chosen[:, None]]
    result = np.where(entry > 0, np.where(owner == chosen[:, None], entry, moved) + chosen[:, None] * 16, 0)
    height, width = c.pixels.shape
    pixels = result.astype(np.uint8).reshape(height // 8, width // 8, 8, 8).swapaxes(1, 2).reshape(height, width)
    pixels.setflags(write=False)
    priority = np.zeros((height // 8, width // 8), dtype=bool)
    if front is not None:
        priority = _tiles(front.pixels).any(-1)
    background = Background(name, pixels, priority, palettes)
    count = unique_tiles(background)
    if count > TILE_LIMIT:
        raise ValueError(f"background {name} has {count} unique tiles; at most {TILE_LIMIT} fit. Repeat more of it.")
    return background


def unique_tiles(background: Background) -> int:
    """Count the tiles that a background needs when flipped copies are shared and palettes are in the map."""
    seen: set[bytes] = set()
    for tile in (_tiles(background.pixels) % 16).reshape(-1, 8, 8):
        variants = (tile, tile[::-1], tile[:, ::-1], tile[::-1, ::-1])
        seen.add(min(variant.tobytes() for variant in variants))
    return len(seen)
