"""A railway bridge over a valley, in eight colours, and the train on it."""

from __future__ import annotations

import numpy as np
from art.backdrop import land, settle, waves
from art.canvas import BAYER, Canvas, ball, limb, merge, noise, polygon
from art.model import Background, SpriteSheet, sheet

from labart.palettes import PALETTES

RAIL = 96  # the row of the rails


def valley() -> Background:
    c = Canvas(256, 256, wrap=True)
    for x, y, size in ((30, 30, 9), (120, 22, 7), (206, 40, 10)):
        blobs = [ball(x + k * size * 0.9, y - size * 0.3 * np.sin(k * 1.1), size * 0.9, size * 0.6) for k in range(5)]
        c.paint(merge(*blobs), (6, 7, 7))
    grain = noise(64, 64, 4, 6) * 0.2
    far = 110 + waves(256, ((2, 12, 0.3), (5, 5, 1.0)))
    land(c, far, 256, (1, 2, 2, 3), depth=60, slope=0.6, texture=grain)
    gorge = 190 + waves(256, ((1, 20, 1.6), (3, 4, 0.2)))
    land(c, gorge, 256, (1, 2, 3), depth=50, slope=0.8, texture=grain, rim=3)
    c.box(0, RAIL, 256, 18, 5)
    for row in range(RAIL + 4, RAIL + 18, 5):
        c.box(0, row, 256, 1, 4)
        for k in range(16):
            c.box(k * 16 + (row // 5 % 2) * 8, row, 1, 5, 4)
    for k in range(4):
        left = k * 64
        c.box(left, RAIL + 18, 18, 100, 5)
        for row in range(RAIL + 18, 214, 5):
            c.box(left, row, 18, 1, 4)
            c.box(left + (5 if row // 5 % 2 else 12), row, 1, 5, 4)
        c.box(left + 15, RAIL + 18, 3, 100, 4)
        c.box(left, RAIL + 18, 2, 100, 6)
        middle, radius = left + 41, 23
        for x in range(left + 18, left + 64):
            reach = radius**2 - (x + 0.5 - middle) ** 2
            spring = RAIL + 18 + radius - round(max(0.0, reach) ** 0.5)
            c.box(x, RAIL + 18, 1, max(0, spring - RAIL - 18), 5)
            c.dot(x, spring, 4)
    c.box(0, RAIL, 256, 2, 6)
    c.box(0, RAIL - 1, 256, 1, 1)
    shade = (BAYER[np.arange(256)[:, None] % 4, np.arange(256)[None, :] % 4] > 0.2) & (np.arange(256)[:, None] > 208)
    c.pixels[shade & (c.pixels == 2)] = 1
    return settle("valley", c, ("valley",), colours_of=PALETTES)


def _engine(steam: int) -> Canvas:
    c = Canvas(32, 32)
    c.paint(limb(7, 17, 22, 17, 6), (6, 7, 8, 9), edge=1)
    c.paint(polygon([(18, 4), (29, 4), (29, 25), (18, 25)], 2), (2, 3, 4), edge=1)
    c.box(20, 8, 6, 6, 9)
    c.box(20, 8, 6, 1, 1)
    c.paint(polygon([(6, 5), (11, 5), (10, 12), (7, 12)], 1), (10, 11, 12), edge=1)
    c.box(2, 23, 27, 2, 13)
    for x, size in ((6, 3.4), (14, 3.4), (24, 4.4)):
        c.paint(ball(x, 31 - size, size), (2, 3, 4), edge=1)
        c.paint(ball(x, 31 - size, 1.2), (12, 15))
    for k in range(3):
        c.paint(ball(8 + k * 3 + steam, 2.6 - k * 0.3, 2.2), (14, 15), behind=True)
    c.outline(1)
    return c


def _wagon(kind: int) -> Canvas:
    c = Canvas(32, 32)
    ramp = ((2, 3, 4, 5), (6, 7, 8, 9), (10, 11, 12))[kind]
    c.paint(polygon([(2, 8), (30, 8), (30, 25), (2, 25)], 3), ramp, edge=1)
    for k in range(3):
        c.box(5 + k * 8, 12, 6, 6, 9 if kind != 1 else 12)
        c.box(5 + k * 8, 12, 6, 1, 1)
    c.box(1, 7, 30, 2, 13)
    for x in (8, 24):
        c.paint(ball(x, 27.4, 3.4), (6, 13, 14), edge=1)
    c.outline(1)
    return c


def train() -> SpriteSheet:
    return sheet("train", "train", [_engine(0), _wagon(0), _wagon(1), _wagon(2)])
