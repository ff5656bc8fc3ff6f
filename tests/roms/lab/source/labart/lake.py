"""A lake at dawn, cut open: hills and reeds above the water line, sand and weed below, ducks and fish as sprites."""

from __future__ import annotations

import math

from art.backdrop import land, settle, waves
from art.canvas import Canvas, ball, chain, limb, merge, noise, polygon
from art.model import Background, SpriteSheet, sheet

from labart.palettes import PALETTES

WATER = 152  # the row below which everything is under water


def lake() -> Background:
    """What is left transparent shows colour 0."""
    c = Canvas(256, 256, wrap=True)
    grain = noise(64, 64, 4, 11) * 0.1
    far = 112 + waves(256, ((2, 12, 0.2), (5, 6, 1.1)))
    land(c, far, WATER, (1, 2, 3, 4), depth=42, slope=0.9, texture=grain)
    near = 136 + waves(256, ((1, 8, 2.6), (4, 3, 0.5)))
    land(c, near, WATER, (5, 6, 7, 8), depth=22, slope=0.9, texture=grain)
    for k in range(22):
        x = k * 12 + (k * 5) % 7
        c.paint(ball(x, near[x % 256] - 2, 4 + k % 3, 6), (5, 6, 7, 8), edge=5)
    bottom = 204 + waves(256, ((1, 6, 0.4), (3, 3, 1.4)))
    land(c, bottom, 256, (9, 10, 11, 12), depth=30, slope=0.6, texture=noise(32, 32, 2, 3) * 0.15)
    for k in range(14):
        x = 8 + k * 18 + (k * 7) % 9
        points = [(x + 3 * math.sin(i * 0.9 + k), bottom[x % 256] - i * 6.0, 2.6 - i * 0.3) for i in range(4 + k % 4)]
        c.paint(chain(points), (5, 6, 7, 8), edge=5)
    for x in (60, 130, 205):
        c.paint(ball(x, bottom[x] + 4, 9, 5), (13, 14, 15), edge=13)
    return settle("lake", c, ("lake",), colours_of=PALETTES)


def _duck(bob: float, *, blink: bool) -> Canvas:
    c = Canvas(32, 32)
    y = 18 + bob
    c.paint(merge(ball(14, y + 3, 11, 7), limb(4, y - 1, 9, y + 3, 2.5, 5)), (2, 3, 4, 5), edge=1)
    c.paint(ball(13, y + 2, 6.5, 3.6, -12), (3, 4, 5), edge=2)
    c.paint(limb(20, y, 22, y - 6, 4, 3.4), (3, 4, 5))
    c.paint(ball(22.5, y - 8, 5.4, 5), (3, 4, 5, 5), edge=2)
    c.paint(polygon([(26, y - 9), (31, y - 6.5), (26, y - 5)], 1.5), (6, 7, 7), edge=1)
    c.stamp(23, round(y - 10), ("dd", "dd") if not blink else ("..", "dd"), {"d": 1})
    for side in (-4, 3):
        c.paint(limb(13 + side, y + 9, 12 + side + bob, y + 12, 1.3), (6, 7))
    c.outline(1)
    return c


def ducks() -> SpriteSheet:
    return sheet(
        "ducks",
        "duck",
        [_duck(0, blink=False), _duck(0.8, blink=True), _duck(0, blink=False), _duck(-0.8, blink=False)],
    )


def _fish(bend: float) -> Canvas:
    c = Canvas(32, 32)
    c.paint(polygon([(9, 16), (1, 9 + bend), (3, 16 + bend), (1, 23 + bend)], 2), (9, 10, 11), edge=8)
    c.paint(ball(17, 16, 10.5, 7), (9, 10, 11, 12), edge=8)
    c.paint(ball(18, 19, 7, 3.4), (13, 14), edge=None)
    c.paint(polygon([(12, 10), (20, 5), (21, 10)], 2), (9, 10, 11), edge=8)
    c.paint(ball(22, 14, 2.6), (14, 15))
    c.box(22, 13, 2, 2, 8)
    for k in range(3):
        c.line(14 - k * 2, 12 + k, 14 - k * 2, 19 - k, 9)
    c.outline(8)
    return c


def fish() -> SpriteSheet:
    return sheet("fish", "duck", [_fish(0), _fish(1.5), _fish(0), _fish(-1.5)])
