"""A forest by night with mushrooms, eyes that a window uncovers, and fireflies."""

from __future__ import annotations

import math

import numpy as np
from art.backdrop import blit, land, settle, waves
from art.canvas import Canvas, ball, chain, limb, noise
from art.model import Background, SpriteSheet, sheet

from labart.palettes import PALETTES


def _mushroom(size: int) -> Canvas:
    c = Canvas(32, 32)
    c.paint(limb(16, 31, 16, 18, 3.5), (8, 9, 10))
    c.paint(ball(16, 14, 5 + size * 1.5, 4 + size), (11, 12, 13), edge=11)
    c.pixels[16 + size : 20, :] *= c.pixels[16 + size : 20, :] < 11
    for x, y in ((12, 10), (18, 8), (21, 13)):
        c.paint(ball(x, y, 1.6), (14, 15), over=(11, 12, 13))
    c.outline(1)
    return c


def forest() -> Background:
    """Two copies side by side, so that the tiles fit."""
    c = Canvas(128, 256, wrap=True)
    bark = noise(64, 64, 2, 4) * 0.18 + noise(64, 64, 8, 5) * 0.15
    c.pixels[:] = 2
    for k in range(5):
        x = 14 + k * 27 + (k * 11) % 9
        c.paint(limb(x, 0, x + 3 * math.sin(k), 224, 5 + k % 3), (2, 3, 3, 4), texture=bark)
    for k, x in enumerate((24, 86)):
        sway = 6 * math.sin(1 + k * 2.2)
        trunk = [(x, 236, 16), (x + sway * 0.4, 190, 11), (x + sway, 100, 9), (x + sway * 1.3, -8, 10)]
        c.paint(chain(trunk), (3, 4, 5, 6), texture=bark)
        c.paint(chain([(x + sway, 80, 4), (x + 22, 52, 3), (x + 30, 30, 2)]), (3, 4, 5), texture=bark)
    top = 196 + waves(128, ((1, 5, 1.0), (3, 4, 0.2)))
    land(c, top, 256, (1, 7, 8, 9, 10), depth=40, slope=0.8, texture=noise(32, 32, 2, 8) * 0.2, rim=10)
    for k, x in enumerate((2, 44, 98)):
        blit(c, _mushroom(2 + k), x, int(top[(x + 16) % 128]) - 29)
    c.pixels = np.tile(c.pixels, 2)
    return settle("forest", c, ("forest",), colours_of=PALETTES)


def eyes() -> Background:
    """Pairs of eyes all over, which only a window shows."""
    c = Canvas(256, 256, wrap=True)
    for row in range(7):
        for k in range(7):
            x, y = 18 + k * 36 + row % 2 * 18, 14 + row * 30
            for side in (-5, 5):
                c.paint(ball(x + side, y, 4, 3, side * 4), (1, 2, 3, 4))
                c.box((x + side) % 256, y - 2, 1, 4, 5)
    return settle("eyes", c, ("eyes",), colours_of=PALETTES)


def _firefly(wing: float, light: float) -> Canvas:
    c = Canvas(16, 16)
    for side in (-1, 1):
        c.paint(ball(8 + side * (3 + wing), 5, 3, 2, side * -30), (6, 7, 8))
    c.paint(limb(8, 5, 8, 8, 2), (2, 3), edge=1)
    c.paint(ball(8, 11, 2.4 + light, 2.8 + light), (9, 10, 11, 12))
    c.outline(1)
    return c


def fireflies() -> SpriteSheet:
    return sheet("fireflies", "firefly", [_firefly(0, 0), _firefly(1, 0.5), _firefly(0, 1), _firefly(-0.5, 0.4)] * 2)
