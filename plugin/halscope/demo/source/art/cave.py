"""The cave: rugged rock above and below, crystals and pillars before a dark wall of glowing mushrooms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .backdrop import blit, settle, waves
from .canvas import BAYER, Canvas, Floats, ball, limb, noise, polygon
from .model import Background


def boulders(
    c: Canvas, area: tuple[int, int, int, int], cell: int, ramp: tuple[int, ...], edge: int, seed: int
) -> None:
    """Cover a rectangle (left, top, right, bottom) with overlapping stones in a pattern that repeats every 64."""
    left, top, right, bottom = area
    rng = np.random.default_rng(seed)
    count = 64 // cell
    jitter = rng.uniform(-0.28, 0.28, (count, count, 3))
    grain = noise(64, 64, 4, seed) * 0.12
    for y in range(top // cell - 1, bottom // cell + 2):
        for x in range(left // cell - 1, right // cell + 2):
            jx, jy, jr = jitter[y % count, x % count]
            shift = 0.5 if y % 2 else 0.0
            stone = ball((x + shift + jx) * cell, (y + jy) * cell, cell * (0.66 + jr * 0.3), cell * (0.58 + jr * 0.3))
            c.paint(stone, ramp, edge=edge, texture=grain, dither=0.1)


def _rock(seed: int, ramp: tuple[int, ...]) -> NDArray[np.uint8]:
    """A square of stones, 64x64, that joins itself on all sides."""
    c = Canvas(128, 128, wrap=True)
    boulders(c, (0, 0, 128, 128), 16, ramp, 1, seed)
    square = c.pixels[32:96, 32:96]
    return np.where(square > 0, square, 1).astype(np.uint8)


# Mushrooms of two clusters: (x, y, size, lean) from the cluster's centre.
_CLUSTERS = (
    ((-20, 4, 0.8, -1), (18, 8, 0.7, 1), (-2, 12, 1.35, 1), (12, 24, 0.9, -1), (-14, 26, 0.6, 1)),
    ((14, -2, 0.75, 1), (-10, 10, 1.15, -1), (10, 20, 0.95, 1)),
)


def _glow(c: Canvas, x: int, y: int, reach: float) -> None:
    """Tint the wall around a place with the mushrooms' light, fading out in a dither."""
    tint = np.array((0, 10, 10, 11, 12, 12, 13), dtype=np.uint8)
    dy, dx = np.mgrid[-64:64, -64:64]
    fade = np.hypot(dx, dy * 1.15) / reach + BAYER[dy % 4, dx % 4] * 0.45
    for row, column in zip(*np.nonzero(fade < 0.82), strict=True):
        py, px = y + int(dy[row, column]), (x + int(dx[row, column])) % 256
        if 0 <= py < 256 and c.pixels[py, px] < 7:
            c.pixels[py, px] = tint[c.pixels[py, px]]


def cave_back() -> Background:
    c = Canvas(256, 256, wrap=True)
    c.pixels[:] = np.tile(_rock(17, (1, 2, 3, 4, 5, 6)), (4, 4))
    for x, y, kind in ((64, 96, 0), (192, 160, 0), (128, 200, 1), (0, 72, 1)):
        _glow(c, x, y, 50 if kind == 0 else 42)
        for dx, dy, size, lean in _CLUSTERS[kind]:
            foot_x, foot_y, cap_x, cap_y = x + dx, y + dy, x + dx + lean * 2, y + dy - 13 * size
            c.paint(limb(foot_x, foot_y, cap_x, cap_y, 2.4 * size, 1.8 * size), (11, 13, 14, 15), edge=1)
            c.paint(ball(cap_x, cap_y + 2.2 * size, 8.4 * size, 2.2 * size), (10, 11, 12), edge=1)
            c.paint(ball(cap_x, cap_y - 0.6, 9 * size, 5.2 * size), (11, 12, 13, 14, 15), edge=10)
            for k in (-4, 0, 4):
                spot = ball(cap_x + k * size, cap_y - (2.4 if k == 0 else 0.6) * size, 1.5 * size, 1.1 * size)
                c.paint(spot, (15, 15))
    return settle("cave_back", c, ("cavewall",))


def crystal(height: int, ramp: tuple[int, ...], white: int) -> Canvas:
    """A cluster of three prisms in one palette; 32 wide."""
    c = Canvas(32, height)
    dark, low, mid, high, bright = ramp
    for x, tilt, tall, wide in ((9, -5, 0.62, 4.0), (23, 5, 0.7, 4.4), (16, 0, 0.95, 5.6)):
        foot, tip = float(height), height * (1 - tall) + 2
        shoulder = tip + wide * 1.5
        top_x = x + tilt
        left = [
            (x - wide * 0.8, foot),
            (top_x - wide, shoulder),
            (top_x - 1, tip),
            (top_x - wide * 0.2, shoulder + 2),
            (x, foot),
        ]
        right = [
            (x, foot),
            (top_x - wide * 0.2, shoulder + 2),
            (top_x - 1, tip),
            (top_x + wide, shoulder),
            (x + wide * 0.8, foot),
        ]
        c.paint(polygon(left, 2.5), (mid, high, high, bright), edge=dark)
        c.paint(polygon(right, 2.5), (dark, low, low, mid), edge=dark, bias=0.1)
        c.line(top_x - wide * 0.6, shoulder + 1, x - wide * 0.5, foot - 4, white)
        c.line(top_x - wide * 0.2, shoulder + 2, x, foot, bright)
    c.outline(dark)
    return c


def _pillar(c: Canvas, front: Canvas, x: int, grain: Floats) -> None:
    """A dripstone column from ceiling to floor, in front of the sprites."""
    for y in range(32, 232, 8):
        middle = abs(y - 128) / 100
        width = 8.5 + 7 * middle**2 + (y // 8 % 2) * 0.8
        drum = ball(x, y + 4, width, 6.4)
        c.paint(drum, (1, 2, 3, 4, 5, 6, 7), edge=1, texture=grain, bias=-0.05)
        front.paint(drum, (1, 1))
    for k in range(20):
        y = 44 + k * 9
        c.stamp(x - 5 + (k * 5) % 9, y, (".d", "dl", ".l"), {"d": 2, "l": 8})


def cave_front() -> Background:
    c, front = Canvas(512, 256, wrap=True), Canvas(512, 256, wrap=True)
    grain = noise(64, 64, 4, 41) * 0.12
    pattern = np.tile(_rock(23, (2, 3, 4, 4, 5, 6, 7)), (4, 8))
    floor = np.tile(204 + waves(256, ((1, 5, 0.2), (3, 3, 1.0))), 2)
    ceiling = np.tile(40 + waves(256, ((1, 6, 2.0), (4, 3, 0.4))), 2)
    _pillar(c, front, 100, grain)
    _pillar(c, front, 356, grain)
    for x, height, kind in ((24, 48, 0), (168, 40, 1), (232, 56, 0), (280, 40, 1), (424, 56, 1), (472, 40, 0)):
        ramp = (2, 3, 4, 5, 6) if kind == 0 else (9, 10, 11, 12, 13)
        base = int(floor[(x + 16) % 512]) // 8 * 8 + 8
        blit(c, crystal(height, ramp, 8), x, base - height, 1)
    for i in range(16):
        x = 8 + i * 32 + (i % 4) * 5
        length = 16 + (i * 7) % 16
        top = ceiling[x % 512] - 8
        c.paint(polygon([(x - 6, top), (x + 7, top), (x + 1.5, top + length)], 5), (2, 3, 4, 5, 6, 7), edge=1)
        c.line(x - 6.5, top, x + 0.5, top + length, 1)
        c.line(x + 7, top, x + 1.5, top + length, 1)
    y = np.arange(256)[:, None]
    ground, roof = y >= floor[None, :], y <= ceiling[None, :]
    c.pixels[ground] = pattern[ground]
    c.pixels[roof] = pattern[roof]
    for x in range(512):
        top, bottom = int(floor[x]), int(ceiling[x])
        for k, entry in enumerate((12, 12, 11, 10, 10)[: 3 + (x * 5 // 3) % 3]):
            c.dot(x, top + k, entry if (x + k) % 4 else 11)
        c.dot(x, top - 1, 1)
        if x % 7 in (0, 1):
            c.dot(x, top - 1, 12)
        c.dot(x, bottom, 1)
        c.dot(x, bottom - 1, 3)
        c.dot(x, bottom - 2, 4)
    for i in range(10):
        x = 20 + i * 51
        c.paint(ball(x, floor[x % 512] + 1, 6 + i % 3, 4.5), (13, 13, 14, 15), edge=1, texture=grain)
    for i in range(6):
        x = 60 + i * 83
        y_top = floor[x % 512]
        c.paint(limb(x, y_top, x, y_top - 7, 1.8), (7, 8, 9), edge=1)
        c.paint(ball(x, y_top - 9, 6, 4), (13, 14, 15), edge=1)
    return settle("cave_front", c, ("rock", "crystal"), front)
