"""A bay at dusk: sky, sun and sea behind; clouds, hills, palms and a beach in front, in bands that scroll apart."""

from __future__ import annotations

import math

import numpy as np
from art.backdrop import blit, land, settle, sky, waves
from art.canvas import Canvas, ball, chain, limb, merge, noise
from art.model import Background

from labart.palettes import PALETTES

HORIZON = 128  # the first line of the sea
BANDS = ((0, 40), (40, 72), (72, 128), (128, 144), (144, 224))  # lines of the front that keep together


def bay_back() -> Background:
    """Sky, sun and sea; the sea is meant to waver."""
    c = Canvas(256, 256, wrap=True)
    sky(c, 0, HORIZON, (1, 2, 3, 4, 5, 6, 7, 8))
    c.paint(ball(128, HORIZON - 14, 34), (8, 9, 9, 10), dither=0.15, contrast=0.7, bias=0.15)
    c.pixels[HORIZON:] = 0
    sky(c, HORIZON, 256, (14, 13, 13, 12, 12, 11, 11, 11))
    for row in range(HORIZON, 224):
        near = (row - HORIZON) / 96
        half = 30 + 26 * near
        for k in range(5):
            middle = 128 + half * math.sin(row * 1.7 + k * 2.4) * (0.35 + 0.65 * ((row * 7 + k * 3) % 5) / 5)
            length = 3 + (row * 5 + k * 7) % 9
            if (row + k) % 3:
                c.line(middle - length, row, middle + length, row, (8, 7, 9, 6, 15)[k])
    for k in range(40):
        row, x = HORIZON + 4 + (k * 37) % 90, (k * 67) % 256
        c.line(x, row, x + 4 + k % 5, row, 15 if k % 3 else 14)
    return settle("bay_back", c, ("dusk",), colours_of=PALETTES)


def _palm() -> Canvas:
    c = Canvas(64, 80)
    c.paint(chain([(30, 80, 4), (32, 62, 3.2), (36, 44, 2.8), (42, 26, 2.4)]), (12, 13, 14))
    for k in range(6):
        c.line(30 + k * 1.6, 74 - k * 8, 34 + k * 1.6, 73 - k * 8, 12)
    for angle, length in ((200, 24), (170, 26), (140, 20), (20, 20), (-10, 22), (50, 18), (95, 16)):
        a = math.radians(angle)
        x, y = 42.0, 25.0
        points = []
        for i in range(6):
            points.append((x, y, 3.4 - i * 0.55))
            x, y = x + length / 6 * math.cos(a), y - length / 6 * math.sin(a) + i * 0.9
        c.paint(chain(points), (7, 8, 9, 10), edge=7)
    for x, y in ((39, 28), (44, 29)):
        c.paint(ball(x, y, 2.4), (12, 13, 14), edge=1)
    c.outline(1)
    return c


def bay_front() -> Background:
    """Clouds, far hills, an island and a beach, each within its band, with empty lines where bands meet."""
    c = Canvas(256, 256, wrap=True)
    for x, y, size in ((10, 22, 9), (96, 16, 7), (180, 26, 10), (60, 56, 7), (140, 60, 6), (222, 54, 8)):
        blobs = [
            ball(x + k * size * 0.9, y - size * 0.25 * math.sin(k * 1.1 + 0.6), size * 0.9, size * 0.6)
            for k in range(5)
        ]
        c.paint(merge(*blobs), (4, 5, 6, 6), dither=0.1)
    c.pixels[38:42] = 0
    c.pixels[70:74] = 0
    hills = 112 + waves(256, ((2, 7, 0.4), (5, 4, 1.3), (9, 2, 0.2)))
    land(c, hills, HORIZON, (1, 2, 3, 4, 5), depth=26, slope=0.8, texture=noise(64, 64, 4, 7) * 0.1)
    for x, y, wide in ((40, 138, 16), (176, 139, 20), (232, 137, 12)):
        c.paint(ball(x, y, wide, 5), (2, 3, 4, 5), edge=1)
        c.paint(ball(x, y - 2, wide * 0.8, 3), (8, 9, 10), edge=7)
    c.pixels[141:146] = 0
    beach = 204 + waves(256, ((1, 6, 0.9), (3, 2, 2.2)))
    land(c, beach, 256, (12, 13, 14, 15), depth=36, slope=0.5, texture=noise(64, 64, 2, 5) * 0.12, rim=15)
    for x in (12, 150):
        blit(c, _palm(), x, 140 + x // 50)
    for k in range(9):
        x = 90 + k * 23
        c.paint(limb(x, int(beach[x % 256]) + 8 + k % 4, x + 3, int(beach[x % 256]) + 8 + k % 4, 1.6), (6, 11, 15))
    c.pixels[np.arange(256) < 2] = 0
    return settle("bay_front", c, ("shore",), colours_of=PALETTES)
