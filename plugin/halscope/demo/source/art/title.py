"""The title: dusk over dark pines, a large moon, stars and long clouds, inside a golden frame."""

from __future__ import annotations

import math

import numpy as np

from .backdrop import blit, land, settle, sky, waves
from .canvas import Canvas, ball, limb, merge, noise, polygon
from .model import Background


def title_back() -> Background:
    c = Canvas(256, 256, wrap=True)
    sky(c, 0, 216, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
    c.pixels[216:] = 10
    rng = np.random.default_rng(4)
    for i in range(56):
        x, y = int(rng.integers(0, 256)), int(rng.integers(2, 120))
        c.dot(x, y, (12, 11, 13)[i % 3])
        if i % 7 == 0:
            c.stamp(x - 2, y - 2, ("..s..", "..m..", "smwms", "..m..", "..s.."), {"w": 12, "m": 13, "s": 14})
    c.paint(ball(200, 58, 27), (4, 5), contrast=0.4)
    c.paint(ball(200, 58, 22), (9, 10, 11, 11, 12), dither=0.2, bias=0.1)
    for x, y, r in ((193, 50, 5), (208, 62, 6.5), (196, 70, 3.6), (210, 46, 3), (187, 62, 2.6)):
        c.paint(ball(x, y, r), (11, 10, 9), contrast=0.8, bias=0.12)
    for x, y, length, seed in (
        (20, 96, 90, 0),
        (150, 112, 110, 1),
        (60, 140, 120, 2),
        (210, 152, 90, 3),
        (0, 172, 100, 4),
    ):
        blobs = []
        for k in range(9):
            t = k / 8
            radius = 2.0 + 5.5 * math.sin(math.pi * t) * (0.7 + 0.3 * math.sin(k * 2.3 + seed))
            blobs.append(ball(x + length * t, y - radius * 0.5, radius * 2.3, radius))
        ramp = ((3, 14, 5, 6), (14, 5, 6, 7), (5, 6, 7, 8), (6, 7, 8, 9), (7, 8, 9, 10))[seed]
        c.paint(merge(*blobs), ramp, dither=0.15)
        for k in range(3):
            c.line(x + 10 + k * 22, y + 4, x + 28 + k * 22, y + 4, ramp[1])
    far = np.tile(196 + waves(128, ((1, 8, 0.5), (3, 5, 2.1), (5, 3, 0.2))), 2)
    land(c, far, 256, (15, 3, 14, 4, 5, 6), depth=40, slope=0.9, texture=noise(64, 64, 4, 8) * 0.1)
    near = np.tile(214 + waves(128, ((1, 6, 2.5), (2, 4, 0.1))), 2)
    land(c, near, 256, (1, 2, 15, 3, 14), depth=32, slope=0.8, texture=noise(64, 64, 4, 9) * 0.1)
    return settle("title_back", c, ("dusk",))


def _pine(height: int) -> Canvas:
    """A pine of stacked boughs, 32 wide."""
    c = Canvas(32, height)
    c.paint(limb(16, height - 12, 16, height + 4, 2.4), (1, 2, 3))
    layers = height // 13
    for i in reversed(range(layers)):
        top, width = 3 + i * 11.5, 5.5 + i * 2.3
        points = [(16.0, top - 3), (16 + width * 0.5, top + 7), (16 + width, top + 14)]
        points += [
            (16 + width * 0.3, top + 12.5),
            (16, top + 15),
            (16 - width * 0.4, top + 12.5),
            (16 - width, top + 14),
        ]
        points += [(16 - width * 0.5, top + 7)]
        c.paint(polygon(points, 6), (2, 3, 7, 7, 8, 8, 9), edge=1, dither=0.25, bias=-0.12)
    c.outline(1)
    return c


def title_front() -> Background:
    c, front = Canvas(256, 224, wrap=True), Canvas(256, 224, wrap=True)
    tops = 178 + waves(256, ((1, 5, 0.8), (2, 4, 2.2)))
    for x, height in ((8, 72), (32, 56), (200, 64), (224, 80), (176, 48)):
        base = int(tops[(x + 16) % 256]) // 8 * 8 + 8
        blit(c, _pine(height), x, base - height)
    land(c, tops, 224, (2, 3, 4, 7, 7, 8), depth=46, slope=0.5, texture=noise(64, 32, 4, 12) * 0.14)
    for x in range(256):
        top = round(tops[x])
        c.dot(x, top, 10 if x % 3 else 9)
        c.dot(x, top + 1, 9 if x % 2 else 8)
        if x % 4 in (0, 3):
            c.dot(x, top - 1, 8)
        if x % 8 == 3:
            c.dot(x, top - 2, 8)
    for i in range(15):
        x = 12 + i * 17
        y = int(tops[x % 256]) + 7 + (i * 5) % 14
        c.stamp(x, y, (".hl.", "hlmd", ".dd."), {"h": 6, "l": 5, "m": 4, "d": 1})
    for x in (52, 96, 152, 168):
        y = int(tops[x])
        c.line(x, y, x, y - 5, 8)
        c.stamp(x - 2, y - 9, (".pp..", "pypp.", ".pp.."), {"p": 13, "y": 14})
    for x in (18, 70, 132, 188, 226):
        for k in range(9):
            root, tip = x + k * 1.9, x + k * 1.9 + math.sin(k * 2.2 + x) * 4
            blade = limb(root, 217, tip, 203 - (k * 5) % 7, 1.7, 0.5)
            c.paint(blade, (2, 7, 8, 9) if k % 2 else (2, 7, 7, 8), edge=1)
            front.paint(blade, (1, 1))
    _frame(c, front)
    return settle("title_front", c, ("dark",), front)


def _frame(c: Canvas, front: Canvas) -> None:
    """A carved golden border of 8 pixels whose tiles repeat, with a knot in each corner."""
    profile = (1, 11, 12, 13, 14, 12, 11, 1)
    for k in range(8):
        for x in range(k, 256 - k):
            notch = 11 if x % 8 in (0, 7) and k in (3, 4) else profile[k]
            c.dot(x, k, notch)
            c.dot(x, 223 - k, 11 if x % 8 in (0, 7) and k in (3, 4) else profile[7 - k] if k != 0 else 1)
        for y in range(k, 224 - k):
            notch = 11 if y % 8 in (0, 7) and k in (3, 4) else profile[k]
            c.dot(k, y, notch)
            c.dot(255 - k, y, 11 if y % 8 in (0, 7) and k in (3, 4) else profile[7 - k] if k != 0 else 1)
    for x in (0, 240):
        for y in (0, 208):
            knot = polygon([(x + 8, y), (x + 16, y + 8), (x + 8, y + 16), (x, y + 8)], 4)
            c.paint(knot, (11, 12, 13, 14), edge=1)
            c.paint(ball(x + 8, y + 8, 3.4), (15, 4, 5, 6), edge=1)
    front.box(0, 0, 256, 8, 1)
    front.box(0, 216, 256, 8, 1)
    front.box(0, 0, 8, 224, 1)
    front.box(248, 0, 8, 224, 1)
    for x in (0, 240):
        for y in (0, 208):
            front.box(x, y, 16, 16, 1)
