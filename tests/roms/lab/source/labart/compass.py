"""Mode 7 art: a compass rose of many colours, a pattern of flagstones around it, and clouds above the horizon."""

from __future__ import annotations

import math

from art.backdrop import settle, sky, slot
from art.canvas import Canvas, ball, merge, noise, polygon
from art.model import Background

from labart.palettes import PALETTES

ROSE = 112  # pixels, in both directions
STONES = 32
COLOURS = ("brass", "enamel", "stone")  # CGRAM palettes 0 to 2; entry 0 is the backdrop


def _ray(c: Canvas, angle: float, long: float, wide: float, ramp: tuple[int, ...], shade: tuple[int, ...]) -> None:
    """A point of the star, its left half lit and its right half in shade."""
    middle = ROSE / 2
    a = math.radians(angle)
    tip = (middle + long * math.sin(a), middle - long * math.cos(a))
    left = (middle + wide * math.sin(a - math.pi / 4), middle - wide * math.cos(a - math.pi / 4))
    right = (middle + wide * math.sin(a + math.pi / 4), middle - wide * math.cos(a + math.pi / 4))
    c.paint(polygon([(middle, middle), left, tip], 1.5, (-0.4, -0.3)), ramp, edge=shade[0])
    c.paint(polygon([(middle, middle), tip, right], 1.5, (0.4, 0.3)), shade, edge=shade[0])


def rose() -> Canvas:
    """ROSE x ROSE pixels, palette × 16 + entry."""
    c = Canvas(ROSE, ROSE)
    middle = ROSE / 2
    c.paint(ball(middle, middle, 55), (1, 2, 3, 4, 5, 6, 7), dither=0.1)
    c.paint(ball(middle, middle, 49), slot(1, (1, 2, 3, 4)), dither=0.15, contrast=0.5)
    for k in range(32):
        a = k * math.tau / 32
        reach = 44 if k % 4 else 42
        c.paint(ball(middle + 46.5 * math.sin(a), middle - 46.5 * math.cos(a), 0.9 if k % 4 else 1.7), (6, 7, 8))
        c.line(
            middle + reach * math.sin(a),
            middle - reach * math.cos(a),
            middle + 40 * math.sin(a),
            middle - 40 * math.cos(a),
            5,
        )
    for angle in (45, 135, 225, 315):
        _ray(c, angle, 34, 11, slot(1, (8, 9, 10, 11)), slot(1, (5, 6, 7)))
    for angle in (0, 90, 180, 270):
        _ray(c, angle, 42, 12, (4, 5, 6, 7, 8), (1, 2, 3))
    c.paint(polygon([(middle - 6, 20), (middle, 3), (middle + 6, 20)], 2), slot(1, (12, 13, 14)), edge=16 + 12)
    c.paint(ball(middle, middle, 8), (2, 3, 5, 7), edge=1)
    c.paint(ball(middle, middle, 5), slot(1, (12, 13, 14, 15)))
    return c


def stones() -> Canvas:
    """STONES x STONES pixels that repeat."""
    c = Canvas(STONES, STONES, wrap=True)
    grain = noise(32, 32, 2, 9) * 0.3 + noise(32, 32, 8, 2) * 0.2
    for row in range(2):
        for k in range(2):
            x, y = k * 16 + row * 8, row * 16
            c.paint(
                polygon([(x, y), (x + 16, y), (x + 16, y + 16), (x, y + 16)], 3),
                slot(2, (2, 3, 4, 5, 6) if (k + row) % 2 else (7, 8, 9, 10)),
                texture=grain,
            )
            c.box(x, y, 16, 1, 33)
            c.box(x, y, 1, 16, 33)
    return c


def clouds() -> Background:
    c = Canvas(256, 256, wrap=True)
    sky(c, 0, 128, (1, 2, 3, 4, 5, 6, 7, 8))
    c.pixels[128:] = 8
    for x, y, size in ((20, 40, 12), (110, 60, 9), (190, 34, 14), (60, 82, 7), (160, 84, 6), (236, 76, 8)):
        blobs = [ball(x + k * size * 0.9, y - size * 0.5 * math.sin(k * 0.8), size * 0.9, size * 0.7) for k in range(5)]
        c.paint(merge(*blobs), (9, 10, 11, 12), dither=0.1)
    return settle("clouds", c, ("noon",), colours_of=PALETTES)
