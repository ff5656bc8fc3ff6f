"""The cave: rugged rock above and below, crystals and pillars before a dark wall of glowing mushrooms."""

from __future__ import annotations

import math

import numpy as np

from .backdrop import blit, land, settle, slot, waves
from .canvas import Canvas, Floats, ball, limb, noise, polygon
from .model import Background


def boulders(
    c: Canvas, area: tuple[int, int, int, int], cell: int, ramp: tuple[int, ...], edge: int, seed: int
) -> None:
    """Cover a rectangle (left, top, right, bottom) with overlapping stones in a pattern that repeats every 64."""
    left, top, right, bottom = area
    rng = np.random.default_rng(seed)
    count = 64 // cell
    jitter = rng.uniform(-0.28, 0.28, (count, count, 3))
    grain = noise(64, 64, 4, seed) * 0.12
    for y in range(top // cell - 1, bottom // cell + 2):
        for x in range(left // cell - 1, right // cell + 2):
            jx, jy, jr = jitter[y % count, x % count]
            shift = 0.5 if y % 2 else 0.0
            stone = ball((x + shift + jx) * cell, (y + jy) * cell, cell * (0.66 + jr * 0.3), cell * (0.58 + jr * 0.3))
            c.paint(stone, ramp, edge=edge, texture=grain, dither=0.1)


def cave_back() -> Background:
    c = Canvas(256, 256, wrap=True)
    tile = Canvas(128, 128, wrap=True)
    boulders(tile, (0, 0, 128, 128), 16, slot(0, (1, 2, 3, 4, 4, 5)), 1, 17)
    tile.pixels[0:64] = np.where(tile.pixels[0:64] > 0, tile.pixels[0:64], 1)
    square = np.roll(np.where(tile.pixels[32:96, 32:96] > 0, tile.pixels[32:96, 32:96], 1), (0, 0), (0, 1))
    c.pixels[:] = np.tile(square, (4, 4))
    depth = noise(128, 128, 32, 3)
    for left, top, rx, ry in ((64, 96, 46, 36), (192, 168, 40, 34), (8, 208, 34, 24), (168, 40, 30, 20)):
        c.paint(ball(left, top, rx, ry), (3, 2, 1, 1), edge=5, contrast=0.9)
        c.paint(ball(left + 2, top + 3, rx - 7, ry - 7), (4, 2, 1, 1), contrast=0.9)
    assert depth.shape == (128, 128)
    for x, y, size, kind in (
        (44, 132, 1.0, 0),
        (70, 132, 0.7, 1),
        (86, 134, 1.2, 0),
        (176, 202, 1.1, 1),
        (206, 202, 0.8, 0),
        (160, 60, 0.8, 0),
        (180, 60, 0.6, 1),
        (0, 232, 0.9, 1),
        (20, 232, 0.7, 0),
        (120, 176, 0.8, 0),
        (232, 108, 0.9, 1),
        (112, 40, 0.7, 1),
    ):
        glow = ball(x, y - 12 * size, 17 * size, 14 * size)
        c.paint(glow, slot(0, (10, 10, 11, 11)), dither=0.5, contrast=0.5, bias=-0.2)
        c.paint(limb(x, y, x + (kind * 2 - 1) * 2, y - 12 * size, 2.4 * size, 1.8 * size), (11, 12, 13, 14))
        c.paint(ball(x + (kind * 2 - 1) * 2, y - 13 * size, 9 * size, 5.6 * size), (11, 12, 13, 14, 15), edge=10)
        c.paint(limb(x - 7 * size, y - 10 * size, x + 8 * size, y - 10 * size, 1.2), (10, 11), edge=10)
        for k in (-3, 1, 4):
            c.stamp(round(x + k * size), round(y - 16 * size) + abs(k) % 2, ("hh", "h."), {"h": 15})
    return settle("cave_back", c, ("cavewall",))


def crystal(height: int, ramp: tuple[int, ...], white: int) -> Canvas:
    """A cluster of three prisms in one palette; 32 wide."""
    c = Canvas(32, height)
    dark, low, mid, high, bright = ramp
    for x, tilt, tall, wide in ((9, -5, 0.62, 4.0), (23, 5, 0.7, 4.4), (16, 0, 0.95, 5.6)):
        foot, tip = float(height), height * (1 - tall) + 2
        shoulder = tip + wide * 1.5
        top_x = x + tilt
        left = [
            (x - wide * 0.8, foot),
            (top_x - wide, shoulder),
            (top_x - 1, tip),
            (top_x - wide * 0.2, shoulder + 2),
            (x, foot),
        ]
        right = [
            (x, foot),
            (top_x - wide * 0.2, shoulder + 2),
            (top_x - 1, tip),
            (top_x + wide, shoulder),
            (x + wide * 0.8, foot),
        ]
        c.paint(polygon(left, 2.5), (mid, high, high, bright), edge=dark)
        c.paint(polygon(right, 2.5), (dark, low, low, mid), edge=dark, bias=0.1)
        c.line(top_x - wide * 0.6, shoulder + 1, x - wide * 0.5, foot - 4, white)
        c.line(top_x - wide * 0.2, shoulder + 2, x, foot, bright)
    c.outline(dark)
    return c


def _pillar(c: Canvas, front: Canvas, x: int, grain: Floats) -> None:
    """A dripstone column from ceiling to floor, in front of the sprites."""
    for y in range(32, 232, 8):
        middle = abs(y - 128) / 100
        width = 8.5 + 7 * middle**2 + (y // 8 % 2) * 0.8
        drum = ball(x, y + 4, width, 6.4)
        c.paint(drum, (1, 2, 3, 4, 5, 6, 7), edge=1, texture=grain, bias=-0.05)
        front.paint(drum, (1, 1))
    for k in range(20):
        y = 44 + k * 9
        c.stamp(x - 5 + (k * 5) % 9, y, (".d", "dl", ".l"), {"d": 2, "l": 8})


def cave_front() -> Background:
    c, front = Canvas(512, 256, wrap=True), Canvas(512, 256, wrap=True)
    grain = noise(64, 64, 4, 41) * 0.12
    rock = Canvas(128, 128, wrap=True)
    boulders(rock, (0, 0, 128, 128), 16, (2, 3, 4, 4, 5, 6, 7), 1, 23)
    pattern = np.where(rock.pixels[32:96, 32:96] > 0, rock.pixels[32:96, 32:96], 1)
    pattern = np.tile(pattern, (4, 8))
    floor = np.tile(204 + waves(256, ((1, 5, 0.2), (3, 3, 1.0))), 2)
    ceiling = np.tile(40 + waves(256, ((1, 6, 2.0), (4, 3, 0.4))), 2)
    _pillar(c, front, 100, grain)
    _pillar(c, front, 356, grain)
    for x, height, kind in ((24, 48, 0), (168, 40, 1), (232, 56, 0), (280, 40, 1), (424, 56, 1), (472, 40, 0)):
        ramp = (2, 3, 4, 5, 6) if kind == 0 else (9, 10, 11, 12, 13)
        base = int(floor[(x + 16) % 512]) // 8 * 8 + 8
        blit(c, crystal(height, ramp, 8), x, base - height, 1)
    y = np.arange(256)[:, None]
    ground, roof = y >= floor[None, :], y <= ceiling[None, :]
    c.pixels[ground] = pattern[ground]
    c.pixels[roof] = pattern[roof]
    for x in range(512):
        top, bottom = int(floor[x]), int(ceiling[x])
        for k, entry in enumerate((12, 12, 11, 10, 10)[: 3 + (x * 5 // 3) % 3]):
            c.dot(x, top + k, entry if (x + k) % 4 else 11)
        c.dot(x, top - 1, 1)
        if x % 7 in (0, 1):
            c.dot(x, top - 1, 12)
        c.dot(x, bottom, 1)
        c.dot(x, bottom - 1, 3)
        c.dot(x, bottom - 2, 4)
    for i in range(16):
        x = 8 + i * 32 + (i % 4) * 5
        length = 12 + (i * 7) % 16
        bottom = ceiling[x % 512] - 4
        c.paint(polygon([(x - 5, bottom), (x + 6, bottom), (x + 1, bottom + length)], 4), (2, 3, 4, 5, 6, 7), edge=1)
    for i in range(10):
        x = 20 + i * 51
        c.paint(ball(x, floor[x % 512] + 1, 6 + i % 3, 4.5), (13, 13, 14, 15), edge=1, texture=grain)
    for i in range(6):
        x = 60 + i * 83
        y_top = floor[x % 512]
        c.paint(limb(x, y_top, x, y_top - 7, 1.8), (7, 8, 9), edge=1)
        c.paint(ball(x, y_top - 9, 6, 4), (13, 14, 15), edge=1)
    c.paint(ball(0, 300, 1), slot(1, (1,)))
    assert math.isfinite(float(grain.sum()))
    return settle("cave_front", c, ("rock", "crystal"), front)
