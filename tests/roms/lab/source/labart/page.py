"""A printed page: letters and runes of one bit, a woodcut of two, and gems of three."""

from __future__ import annotations

import numpy as np
from art.canvas import Canvas, ball, chain, limb, noise, polygon
from art.font import glyphs
from art.model import SpriteSheet, sheet
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
CUT = (128, 96)  # of the woodcut, pixels


def letters() -> Pixels:
    """ASCII 32 to 127, 16 glyphs a row, 0 and 1."""
    return (glyphs() >= 2).astype(np.uint8)


def runes() -> Pixels:
    """The letters, laid on their side and crossed by a staff."""
    tiles = letters().reshape(6, 8, 16, 8).swapaxes(1, 2)
    turned = np.rot90(tiles, axes=(2, 3)).copy()
    turned[..., 7, :] |= 1
    return np.ascontiguousarray(turned.swapaxes(1, 2).reshape(48, 128))


def woodcut() -> Pixels:
    """A ship on waves in four tones."""
    wide, high = CUT
    c = Canvas(wide, high)
    c.box(0, 0, wide, high, 1)
    for row in range(2, 62, 4):
        c.line(0, row, wide, row, 2)
    c.paint(ball(100, 18, 12), (3, 3, 2))
    c.paint(polygon([(22, 62), (106, 60), (94, 80), (34, 80)], 5), (3, 3, 2, 2, 1))
    for x, top in ((44, 12), (66, 4), (88, 16)):
        c.paint(limb(x, top, x, 62, 1.4), (3, 3, 2))
        for k in range(2):
            y = top + 8 + k * 22
            c.paint(
                polygon([(x - 10, y), (x + 9, y), (x + 12, y + 16), (x - 12, y + 16)], 4, (0.4, -0.2)),
                (2, 1, 1),
                edge=3,
            )
        c.paint(polygon([(x, top - 3), (x + 10, top), (x, top + 3)], 1), (3, 3))
    for band in range(4):
        y = 76 + band * 6
        points = [(x, y + 3 * np.sin(x * 0.16 + band * 2), 2.6) for x in range(0, wide + 8, 8)]
        c.paint(chain(points), (3, 2, 1, 2))
        c.box(0, y + 5, wide, 1, 3)
    c.pixels[90:] = np.where(noise(96, 128, 8, 4)[90:] > 0.1, 3, 2)
    c.box(0, 0, wide, 2, 3)
    c.box(0, high - 2, wide, 2, 3)
    c.box(0, 0, 2, high, 3)
    c.box(wide - 2, 0, 2, high, 3)
    return c.pixels


def _gem(sides: int, turn: float) -> Canvas:
    c = Canvas(16, 16)
    corners = [
        (8 + 6.5 * np.cos(turn + k * 2 * np.pi / sides), 8 + 6.5 * np.sin(turn + k * 2 * np.pi / sides))
        for k in range(sides)
    ]
    for k in range(sides):
        (ax, ay), (bx, by) = corners[k], corners[(k + 1) % sides]
        lean = (ax + bx - 16) / 14, (ay + by - 16) / 14
        c.paint(polygon([(8, 8), (ax, ay), (bx, by)], 1, lean), (2, 3, 4, 5, 6))
    c.paint(ball(8, 8, 2.4), (5, 6, 7))
    c.outline(1)
    return c


def gems() -> SpriteSheet:
    return sheet("gems", "gem", [_gem(4 + k % 4, 0.3 + k * 0.4) for k in range(8)])
