"""A city by night in twice the width (and, interlaced, twice the height): windows, wires and stars one column thin."""

from __future__ import annotations

import itertools
import math

import numpy as np
from art.canvas import BAYER, Canvas, ball, polygon
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def _tower(c: Canvas, left: int, width: int, top: int, bottom: int, high: int, lit: int) -> None:
    """A tower with rows of windows, `high` lines apart."""
    c.box(left, top, width, bottom - top, 2 + lit % 2)
    c.box(left, top, 2, bottom - top, 4)
    c.box(left + width - 3, top, 3, bottom - top, 1)
    c.box(left, top, width, 1, 5)
    for row, y in enumerate(range(top + 4, bottom - 4, high)):
        for column, x in enumerate(range(left + 5, left + width - 6, 6)):
            on = (row * 5 + column * 3 + lit) % 7 < 3
            c.box(x, y, 3, high // 2, (8, 9, 10)[(row + column + lit) % 3] if on else 1)


def skyline(width: int, height: int, copies: int) -> Pixels:
    """A picture of 512 columns: `copies` of a part of this width."""
    c = Canvas(width, height, wrap=True)
    rows = np.arange(height)[:, None]
    level = rows / height * 3 + BAYER[rows % 4, np.arange(width) % 4] * 0.9
    c.pixels[:] = np.asarray([11, 12, 13, 14], np.uint8)[np.clip(level.astype(int), 0, 3)]
    for k in range(width // 5):
        c.dot((k * 47 + 13) % width, (k * 29) % (height // 2), 15 if k % 3 else 7)
    high = 8 if height < 300 else 12
    ground = height - 24
    plan = (
        (0, 30, 0.52),
        (26, 22, 0.68),
        (50, 40, 0.34),
        (88, 26, 0.6),
        (112, 36, 0.44),
        (150, 24, 0.7),
        (172, 44, 0.3),
        (214, 30, 0.56),
    )
    for number, (left, wide, share) in enumerate(plan):
        if left + wide <= width:
            _tower(c, left, wide, int(height * share), ground, high, number)
    tops = [(left + wide / 2, height * share) for left, wide, share in plan if left + wide <= width]
    for (x0, y0), (x1, y1) in itertools.pairwise(tops):
        steps = 40
        points = [
            (x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps + 9 * math.sin(math.pi * i / steps))
            for i in range(steps + 1)
        ]
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            c.line(ax, ay, bx, by, 6)
    c.box(0, ground, width, height - ground, 1)
    c.box(0, ground, width, 1, 6)
    for x in range(0, width, 16):
        c.box(x + 4, ground + 12, 8, 1, 8)
    return np.tile(c.pixels, copies)


def balloon() -> Pixels:
    """A sign for the 2bpp layer, 128 x 48 pixels, entries 0 to 3."""
    c = Canvas(128, 48)
    c.paint(ball(64, 20, 60, 18), (1, 2, 2, 3), contrast=0.8)
    for k in range(7):
        c.paint(polygon([(20 + k * 14, 12), (26 + k * 14, 12), (23 + k * 14, 28)], 1), (1, 1), over=(2, 3))
    for k in range(0, 60, 2):
        c.line(34 + k, 40, 36 + k, 44 - k % 5, 1 + k % 3)
    return c.pixels
