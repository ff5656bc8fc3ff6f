"""The keep: a castle hall with a tiled floor, columns and banners before windows on the night."""

from __future__ import annotations

import numpy as np

from .backdrop import blit, settle, slot
from .canvas import Canvas, ball, limb, noise, polygon
from .model import Background


def bricks(width: int, height: int, ramp: tuple[int, ...], mortar: int, seed: int) -> Canvas:
    """A wall of 16x8 bricks in running bond; every 64 pixels it repeats."""
    c = Canvas(width, height)
    rng = np.random.default_rng(seed)
    tone = rng.uniform(-0.14, 0.14, (8, 4))
    grain = noise(64, 64, 2, seed) * 0.16 + noise(64, 64, 4, seed + 1) * 0.1
    y, x = np.mgrid[0:height, 0:width]
    row = y // 8
    inner_x, inner_y = (x + (row % 2) * 8) % 16, y % 8
    column = (x + (row % 2) * 8) // 16
    value = 0.46 + tone[row % 8, column % 4] + grain[y % 64, x % 64]
    value = value + 0.3 * ((inner_y == 0) | (inner_x == 0)) - 0.28 * ((inner_y == 6) | (inner_x == 14))
    step = np.clip((value * len(ramp)).astype(int), 0, len(ramp) - 1)
    c.pixels[:] = np.where((inner_y == 7) | (inner_x == 15), mortar, np.asarray(ramp, dtype=np.uint8)[step])
    return c


def _window() -> Canvas:
    """A pointed window, 48x88: the frame in entries of palette 0, the night in palette 1."""
    c = Canvas(48, 88)
    rng = np.random.default_rng(6)
    arch = [(4.0, 88.0), (4, 34), (8, 20), (16, 8), (24, 1), (32, 8), (40, 20), (44, 34), (44, 88)]
    c.paint(polygon(arch, 4), slot(1, (2, 12, 13, 14)), edge=17)
    hole = [(10.0, 82.0), (10, 36), (13, 24), (19, 14), (24, 8), (29, 14), (35, 24), (38, 36), (38, 82)]
    inside = Canvas(48, 88)
    inside.paint(polygon(hole, 0.1), (1, 1))
    y, x = np.nonzero(inside.pixels)
    level = np.clip(((y - 8) / 76 * 6 + (x % 2 + y % 2 * 0.5) * 0.5).astype(int), 0, 5)
    c.pixels[y, x] = np.array(slot(1, (15, 3, 4, 5, 6, 7)), dtype=np.uint8)[level]
    for _ in range(14):
        i = int(rng.integers(0, len(y)))
        c.dot(int(x[i]), int(y[i]), 16 + (9, 8, 10)[i % 3])
    c.paint(ball(30, 34, 6), slot(1, (11, 10, 9)), over=[16 + e for e in range(3, 16)])
    c.paint(ball(32.5, 32.5, 5), slot(1, (4,)), over=[16 + e for e in (9, 10, 11)])
    hills = polygon([(10, 82), (10, 70), (18, 62), (26, 72), (32, 66), (38, 70), (38, 82)], 3)
    c.paint(hills, slot(1, (1, 2, 15)), over=[16 + e for e in range(3, 16)])
    for bar in (23, 24):
        c.line(bar, 10, bar, 81, 16 + (12 if bar == 23 else 1))
    for bar in (34, 58):
        c.line(10, bar, 37, bar, 16 + 12)
        c.line(10, bar + 1, 37, bar + 1, 16 + 1)
    c.paint(polygon([(1, 82), (47, 82), (47, 88), (1, 88)], 2), slot(1, (2, 12, 13, 14)), edge=17)
    return c


def keep_back() -> Background:
    c = Canvas(256, 256, wrap=True)
    blit(c, bricks(256, 256, (2, 3, 4, 5, 6, 7), 1, 3), 0, 0)
    for x in (40, 168):
        blit(c, _window(), x, 72)
    for x in (0, 128):
        for y in range(0, 256, 8):
            c.paint(polygon([(x + 2, y), (x + 22, y), (x + 22, y + 8), (x + 2, y + 8)], 3), (2, 4, 5, 6, 7, 8), edge=1)
        c.paint(polygon([(x - 2, 176), (x + 26, 176), (x + 24, 184), (x, 184)], 2), (3, 5, 7, 8, 15), edge=1)
    for x in (104, 232):
        glow = ball(x, 112, 17, 19)
        c.paint(glow, (4, 5, 12, 13), dither=0.45, bias=-0.1, over=(2, 3, 4, 5, 6, 7, 8))
        c.paint(polygon([(x - 5, 124), (x + 5, 124), (x + 2, 138), (x - 2, 138)], 2), (1, 4, 7, 8), edge=1)
        c.paint(ball(x, 118, 4.6, 6), (12, 11, 10), edge=12)
        c.paint(limb(x, 119, x + 1, 109, 3, 0.8), (11, 10, 9, 9), bias=0.1)
    for y in (56, 192):
        for x in range(0, 256, 16):
            c.paint(polygon([(x, y), (x + 16, y), (x + 16, y + 8), (x, y + 8)], 2), (2, 4, 6, 8, 15), edge=1)
            c.stamp(x + 6, y + 2, (".h.", "hoh", ".h."), {"h": 11, "o": 10})
    return settle("keep_back", c, ("wall", "night"))


def _column() -> Canvas:
    """A fluted column with a gilded capital and base, 32x160."""
    c = Canvas(32, 160)
    grain = noise(160, 32, 4, 2) * 0.08
    x = np.arange(32) + 0.5
    flute = 0.5 - 0.42 * (x - 12) / 12 + 0.16 * np.cos((x - 4) * 2 * np.pi / 6)
    ramp = np.array((2, 3, 4, 5, 6, 7, 8), dtype=np.uint8)
    y = np.arange(160)[:, None]
    value = flute[None, :] + grain + 0.06 * ((y + np.arange(32)[None, :]) % 2)
    step = np.clip((value * len(ramp)).astype(int), 0, len(ramp) - 1)
    c.pixels[16:144, 4:28] = ramp[step][16:144, 4:28]
    c.pixels[16:144, 3] = 1
    c.pixels[16:144, 28] = 1
    for top, wide in ((0, 16), (6, 14), (11, 13), (143, 13), (147, 14.5), (152, 16)):
        c.paint(
            polygon([(16 - wide, top), (16 + wide, top), (16 + wide, top + 7), (16 - wide, top + 7)], 3),
            (2, 3, 5, 6, 8, 9),
            edge=1,
        )
    for k in range(4):
        for row in (3, 149):
            c.paint(ball(5 + k * 7.4, row + 3, 2.6, 2.4), (10, 12, 13, 14), edge=1)
    return c


def _banner() -> Canvas:
    """A red banner with a golden crown, 32x80, in the "banner" palette."""
    c = Canvas(32, 80)
    c.paint(limb(2, 3, 30, 3, 2), (8, 9, 10, 11))
    cloth = [(4.0, 5.0), (28, 5), (28, 70), (22, 66), (16, 77), (10, 66), (4, 70)]
    fold = np.tile(0.16 * np.cos(np.arange(32) * 2 * np.pi / 8.0)[None, :], (80, 1))
    c.paint(polygon(cloth, 3), (2, 3, 4, 4, 5, 6), edge=1, texture=fold)
    for side in (6, 25):
        c.line(side, 7, side, 66, 10 if side == 6 else 9)
    crown = [(7.5, 40), (7, 28), (11.5, 33), (16, 24.5), (20.5, 33), (25, 28), (24.5, 40)]
    c.paint(polygon(crown, 3), (8, 9, 10, 10, 11), edge=2)
    c.paint(polygon([(7, 38), (25, 38), (25, 42), (7, 42)], 1.6), (8, 9, 10, 11, 12), edge=2)
    for x, y in ((7.4, 27.5), (16, 24), (24.6, 27.5)):
        c.paint(ball(x, y, 1.7), (9, 11, 12), edge=2)
    for k in range(3):
        c.stamp(11 + k * 4, 39, ("gg", "gr"), {"g": 6, "r": 4})
    for k in range(3):
        c.stamp(14, 12 + k * 4, (".y.", "yoy", ".y."), {"y": 10, "o": 11})
        c.stamp(14, 50 + k * 5, (".y.", "yoy", ".y."), {"y": 10, "o": 11})
    c.outline(1)
    return c


def keep_front() -> Background:
    c, front = Canvas(512, 256, wrap=True), Canvas(512, 256, wrap=True)
    floor = 200
    for x in (72, 200, 328, 456):
        blit(c, _banner(), x, 56, 1)
    for x in (8, 136, 264, 392):
        blit(c, _column(), x, floor - 160, 0, front)
    blit(c, bricks(512, 40, (2, 3, 4, 5, 6), 1, 9), 0, 0)
    for x in range(0, 512, 16):
        c.paint(
            polygon([(x, 32), (x + 16, 32), (x + 16, 39), (x + 13, 39), (x + 8, 46), (x + 3, 39), (x, 39)], 2.5),
            (2, 4, 5, 6, 8, 9),
            edge=1,
        )
        c.paint(ball(x + 8, 38, 2.4), (10, 12, 13, 14), edge=1)
    marble = noise(64, 64, 8, 14) * 0.15 + noise(64, 64, 4, 15) * 0.10
    c.box(0, floor + 8, 512, 48, 1)
    for row in range(4):
        for column in range(-1, 17):
            x, y = column * 32 + (row % 2) * 16, floor + 8 + row * 16
            ramp = (4, 5, 6, 6, 7, 8) if (column + row // 2) % 2 else (3, 3, 4, 4, 5, 6)
            slab = polygon([(x, y), (x + 32, y), (x + 32, y + 16), (x, y + 16)], 2.2)
            c.paint(slab, ramp, edge=1, texture=marble, dither=0.1, bias=-0.14)
    for x in range(512):
        for k, entry in enumerate((1, 14, 13, 12, 12, 11, 10, 1)):
            c.dot(x, floor + k, entry)
        if x % 16 in (7, 8):
            c.dot(x, floor + 3, 14)
            c.dot(x, floor + 4, 10)
    for x in range(0, 512, 16):
        c.stamp(x + 2, floor + 2, ("d..d", ".dd.", "d..d"), {"d": 10})
    for x in range(176, 304):
        for y in range(floor + 8, floor + 24):
            edge = y in (floor + 8, floor + 23)
            trim = y in (floor + 10, floor + 21)
            weave = (3, 4, 4, 5)[(x // 2 + y) % 4]
            c.dot(x, y, 16 + (1 if edge else 10 if trim and x % 4 else weave))
    return settle("keep_front", c, ("stone", "banner"), front)
