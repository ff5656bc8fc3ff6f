"""A camp fire animated by palette cycling."""

from __future__ import annotations

import math

import numpy as np
from art.canvas import Canvas, ball, limb
from art.model import SpriteSheet, sheet


def _fire(phase: float) -> Canvas:
    """Flames in rings of entries 1 to 7, which the palette's motion makes rise."""
    c = Canvas(32, 32)
    y, x = np.mgrid[0:32, 0:32] + 0.5
    sway = 2.2 * np.sin(y * 0.35 + phase)
    reach = np.clip((y - 2) / 24, 0, 1)
    half = 11.5 * np.sqrt(reach) * np.clip((29 - y) / 6, 0, 1) ** 0.5
    inside = np.abs(x - 16 - sway * (1 - reach)) < half
    ring = ((30 - y) * 0.55 + np.abs(x - 16) * 0.5 + 1.2 * np.sin(x * 0.9 + phase)).astype(int) % 7
    c.pixels[inside] = (7 - ring)[inside].astype(np.uint8)
    for side in (-1, 1):
        c.paint(limb(16 - side * 11, 29, 16 + side * 9, 26, 2.4), (9, 10, 11), edge=8)
    for k in range(5):
        c.paint(ball(4 + k * 6, 29.5, 2.6, 2), (12, 13, 14), edge=8)
    return c


def fires() -> SpriteSheet:
    return sheet("fires", "ember", [_fire(k * math.pi / 2) for k in range(4)])
