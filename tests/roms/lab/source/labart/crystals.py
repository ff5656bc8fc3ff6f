"""Eight-colour art for 3bpp tiles: a crystal cave, robots and beetles that use entries 0 to 7 alone."""

from __future__ import annotations

import math

from art.backdrop import land, settle, waves
from art.canvas import Canvas, ball, limb, noise, polygon
from art.model import Background, SpriteSheet, sheet

from labart.palettes import PALETTES


def _crystal(c: Canvas, x: float, y: float, size: float, lean: float) -> None:
    """A six-sided crystal on its foot at x, y."""
    a = math.radians(lean)
    dx, dy = math.sin(a), -math.cos(a)
    w = size * 0.2
    tip = (x + dx * size, y + dy * size)
    left, right = (x - w - dx, y), (x + w + dx, y)
    shoulder_l = (x - w + dx * size * 0.75, y + dy * size * 0.75)
    shoulder_r = (x + w + dx * size * 0.75, y + dy * size * 0.75)
    middle = (x + dx * size * 0.7 + w * 0.2, y + dy * size * 0.7 + 1)
    c.paint(polygon([left, shoulder_l, tip, middle, (x, y)], 2, (-0.5, -0.3)), (3, 4, 5, 6, 7), edge=2)
    c.paint(polygon([(x, y), middle, tip, shoulder_r, right], 2, (0.5, 0.2)), (2, 3, 4, 5), edge=1)


def cave() -> Background:
    """256 x 224 (and a spare row of tiles): rock above and below, crystals between."""
    c = Canvas(256, 256, wrap=True)
    rock = noise(64, 64, 8, 2) * 0.2 + noise(64, 64, 4, 3) * 0.12
    c.pixels[:] = 1
    far = 150 + waves(256, ((2, 10, 0.3), (5, 5, 1.8)))
    land(c, far, 256, (1, 1, 2, 2, 3), depth=60, slope=0.7, texture=rock)
    for x, y, size, lean in (
        (30, 178, 60, -12),
        (52, 182, 44, 16),
        (120, 172, 74, 4),
        (140, 178, 40, 24),
        (210, 180, 66, -6),
        (232, 184, 44, 18),
    ):
        _crystal(c, x, y, size, lean)
    near = 190 + waves(256, ((1, 6, 2.0), (4, 3, 0.6)))
    land(c, near, 256, (1, 2, 3, 4), depth=40, slope=0.9, texture=rock, rim=5)
    roof = Canvas(256, 256, wrap=True)
    land(
        roof, 212 + waves(256, ((2, 9, 1.0), (7, 6, 0.5))), 256, (1, 2, 3, 4), depth=44, slope=0.7, texture=rock, rim=4
    )
    flipped = roof.pixels[::-1]
    c.pixels[flipped > 0] = flipped[flipped > 0]
    return settle("cave", c, ("crystal",), colours_of=PALETTES)


def _robot(lift: float, glow: int) -> Canvas:
    c = Canvas(32, 32)
    for side in (-1, 1):
        c.paint(limb(16 + side * 5, 24, 16 + side * 6, 29 - (lift if side > 0 else 0), 2.4), (2, 3, 4), edge=1)
        c.paint(limb(16 + side * 9, 16, 16 + side * 12, 21 - side * lift, 2.2), (2, 3, 4), edge=1)
    c.paint(polygon([(7, 15), (25, 15), (24, 26), (8, 26)], 3), (2, 3, 4, 4), edge=1)
    c.paint(ball(16, 9, 9, 7.5), (2, 3, 4, 7), edge=1)
    c.box(10, 7, 12, 5, 1)
    for x in (11, 17):
        c.box(x, 8, 3, 3, glow)
    c.box(13, 19, 6, 4, 5)
    c.box(14, 20, 4, 2, 6)
    c.line(16, 1, 16, 3, 1)
    c.paint(ball(16, 2, 1.8), (5, 6, 7))
    c.outline(1)
    return c


def robots() -> SpriteSheet:
    return sheet("robots", "robot", [_robot(0, 6), _robot(1.5, 6), _robot(0, 7), _robot(-1.5, 5)])


def _beetle(spread: float) -> Canvas:
    c = Canvas(32, 32)
    for side in (-1, 1):
        for k in range(3):
            c.paint(limb(16 + side * 6, 14 + k * 5, 16 + side * (11 + spread), 12 + k * 7, 1.2), (1, 2))
        c.paint(ball(16 + side * 3.4, 6, 1.8), (6, 6, 5))
    c.paint(ball(16, 9, 6, 5), (2, 3, 4), edge=1)
    for side in (-1, 1):
        c.paint(ball(16 + side * (4 + spread), 19, 6, 9, side * -8), (2, 3, 3, 4), edge=1)
        for k in range(3):
            c.paint(ball(16 + side * (4 + spread), 14 + k * 5, 1.7), (5, 6))
        c.box(16 + side * 3 - 1, 7, 2, 3, 7)
    c.outline(1)
    return c


def beetles() -> SpriteSheet:
    return sheet("beetles", "beetle", [_beetle(0), _beetle(1), _beetle(2.5), _beetle(1)])
