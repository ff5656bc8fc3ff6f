"""Generated pixel art: figures with outlines and shading, their animation, tilemaps and text, from a seed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

TILE: Final = 8


def planar(pixels: Pixels, bpp: int) -> bytes:
    """The tiles of uint8[h, w] in row order, as the SNES stores them: planes in pairs, two bytes a row."""
    height, width = pixels.shape
    tiles = pixels.reshape(height // TILE, TILE, width // TILE, TILE).swapaxes(1, 2).reshape(-1, TILE, TILE)
    planes = (tiles[..., None] >> np.arange(bpp, dtype=np.uint8)) & 1
    rows = np.packbits(planes, axis=2)[:, :, 0, :]  # tile, row, plane
    return rows.reshape(-1, TILE, bpp // 2, 2).swapaxes(1, 2).tobytes()


def figure(rng: np.random.Generator, size: int) -> Pixels:
    """A symmetric blob of a few ellipses with an outline, two shaded materials and eyes, uint8[size, size]."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    height = np.full((size, size), -1.0)
    material = np.zeros((size, size), np.uint8)
    for part in range(int(rng.integers(3, 7))):
        cx, cy = rng.uniform(0, 0.28), rng.uniform(-0.3, 0.3)
        rx, ry = rng.uniform(0.08, 0.26, 2)
        for side in (-1, 1):
            field = 1 - ((x - side * cx) / rx) ** 2 - ((y - cy) / ry) ** 2
            material = np.where(field > np.maximum(height, 0), np.uint8(part % 2), material)
            height = np.maximum(height, field)
    light = np.clip(height * 3 + (x + y) * -3 + rng.uniform(0, 1), 0, 3.99).astype(np.uint8)
    pixels = np.where(height > 0, 2 + material * 6 + light, 0).astype(np.uint8)
    inside = height > 0
    edge = inside & ~(np.roll(inside, 1, 0) & np.roll(inside, -1, 0) & np.roll(inside, 1, 1) & np.roll(inside, -1, 1))
    pixels[edge] = 1
    eye_y, eye_x = int(size * rng.uniform(0.35, 0.5)), int(size * rng.uniform(0.05, 0.12)) + 1
    for side in (-1, 1):
        column = size // 2 + side * eye_x
        pixels[eye_y : eye_y + 3, column] = 15
    return pixels


def animation(rng: np.random.Generator, size: int, frames: int) -> list[Pixels]:
    """Frames of one figure: the lower half sways and the upper half bobs, as in a walk cycle."""
    base = figure(rng, size)
    result = []
    for frame in range(frames):
        pixels = base.copy()
        middle = size // 2 + int(rng.integers(-3, 4))
        pixels[middle:] = np.roll(base[middle:], round(2 * np.sin(frame * 2 * np.pi / frames)), axis=1)
        result.append(np.roll(pixels, int(frame % 4 == 1), axis=0))
    return result


def texture(rng: np.random.Generator, width: int, height: int, colours: int) -> Pixels:
    """Ground and walls: smooth noise in few colours with seams of bricks."""
    field = rng.normal(size=(height, width))
    for axis in (0, 1):
        field = field + np.roll(field, 1, axis) + np.roll(field, -1, axis)
    levels = np.clip((field - field.min()) / (np.ptp(field) + 1e-9) * colours, 0, colours - 1).astype(np.uint8)
    brick_height, brick_width = int(rng.choice([4, 8])), int(rng.choice([8, 16]))
    levels[::brick_height] = 0
    levels[:, ::brick_width] = 0
    return levels


def tilemap(rng: np.random.Generator, entries: int) -> bytes:
    """Tilemap words: runs of sky, ramps of consecutive tiles, repeated columns."""
    words: list[int] = []
    while len(words) < entries:
        attribute = int(rng.integers(0, 8)) << 10
        match int(rng.integers(0, 4)):
            case 0:
                words += [attribute] * int(rng.integers(2, 40))
            case 1:
                first = int(rng.integers(0, 200))
                words += [attribute | (first + k) for k in range(int(rng.integers(2, 20)))]
            case 2 if len(words) > 64:
                back = int(rng.integers(32, len(words)))
                words += words[-back : len(words) - back + int(rng.integers(4, 32))]
            case _:
                words += [attribute | int(t) for t in rng.integers(0, 256, int(rng.integers(1, 8)))]
    return np.array(words[:entries], "<u2").tobytes()
