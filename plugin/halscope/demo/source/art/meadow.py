"""The meadow: rolling grass, round trees and flowers before a bright sky with hills and clouds."""

from __future__ import annotations

import math

import numpy as np

from .backdrop import blit, land, settle, sky, slot, waves
from .canvas import Canvas, ball, chain, limb, merge, noise, polygon
from .model import Background


def cloud(width: float, ramp: tuple[int, ...], seed: int) -> Canvas:
    """A heap of soft balls with a flat foot; entries of one palette."""
    size = math.ceil(width / 8) * 8
    c = Canvas(size, size // 2)
    rng = np.random.default_rng(seed)
    foot = size // 2 - 2.0
    blobs = []
    for i in range(7):
        t = i / 6
        radius = size * (0.075 + 0.14 * math.sin(math.pi * t) * rng.uniform(0.75, 1.15))
        blobs.append(ball(size * (0.1 + 0.8 * t), foot - radius * 0.75, radius * 1.15, radius))
    c.paint(merge(*blobs), ramp, dither=0.1)
    c.pixels[int(foot) :] = 0
    return c


def meadow_back() -> Background:
    c = Canvas(256, 256, wrap=True)
    sky(c, 0, 168, slot(0, (1, 2, 3, 4, 5, 6, 7, 8)))
    for x, y, width, seed in ((16, 40, 88, 1), (152, 64, 64, 2), (96, 88, 48, 3), (200, 24, 40, 4), (0, 104, 40, 5)):
        blit(c, cloud(width, (9, 10, 11, 12, 12), seed), x, y)
    half = 128
    far = np.tile(132 + waves(half, ((1, 9, 0.5), (3, 6, 2.0), (7, 2, 1.0))), 2)
    grain = noise(64, 64, 4, 31) * 0.12
    land(c, far, 256, slot(1, (1, 2, 3, 4)), depth=46, slope=0.9, texture=grain)
    for peak in (0, 1):
        for x in range(128):
            snow = 125 - abs(math.sin(x * 0.9)) * 2
            y = int(far[x])
            while y < snow:
                c.dot(peak * 128 + x, y, 8 if (x + y) % 3 else 16 + 15)
                y += 1
    middle = np.tile(160 + waves(half, ((1, 6, 3.6), (2, 4, 0.3))), 2)
    land(c, middle, 256, slot(1, (5, 6, 7, 8, 9)), depth=40, slope=0.8, texture=grain)
    near = np.tile(184 + waves(half, ((1, 5, 1.2), (3, 3, 0.4))), 2)
    for i in range(32):
        x = i * 8 + (i * 5) % 7
        top = near[x % 256] - 5 - (i * 7) % 5
        c.paint(ball(x, top + 3, 4.5 + i % 3, 6), slot(1, (10, 10, 11, 12)), edge=16 + 10)
    land(c, near, 256, slot(1, (10, 11, 12, 13, 14)), depth=44, slope=0.8, texture=grain)
    return settle("meadow_back", c, ("sky", "hills"))


def _tree(tall: bool) -> Canvas:
    """A round tree of the "tree" palette, 64x96."""
    c = Canvas(64, 96)
    grain = noise(64, 64, 4, 5) * 0.10 + noise(64, 64, 2, 6) * 0.05
    c.paint(chain([(32, 96, 8), (32, 82, 5), (31, 60, 4), (32, 44, 3)]), (8, 9, 10, 11), texture=grain)
    c.paint(chain([(32, 66, 3), (42, 54, 2), (46, 48, 1.5)]), (8, 9, 10), texture=grain)
    for k in range(5):
        c.line(29 + k * 1.5, 70 + k * 3, 29 + k * 1.4, 80 + k * 3, 8)
    crown = [(20, 40, 15), (44, 40, 15), (32, 44, 14), (24, 24, 15), (41, 25, 14), (32, 16, 13)]
    if not tall:
        crown = [(x, y + 10, r) for x, y, r in crown[:4]] + [(40, 36, 13)]
    for x, y, radius in crown:
        c.paint(ball(x, y, radius, radius * 0.92), (2, 3, 4, 4, 5, 6), edge=2, texture=grain, dither=0.12)
    rng = np.random.default_rng(12)
    for x, y, radius in crown:
        for _ in range(9):
            angle, reach = rng.uniform(0, 2 * math.pi), radius * rng.uniform(0.2, 0.8)
            px, py = round(x + reach * math.cos(angle)), round(y + reach * math.sin(angle))
            c.stamp(px, py, (".l.", "l.d", ".d."), {"l": 6, "d": 3})
    for px, py in ((18, 36), (40, 20), (46, 42), (29, 48), (26, 18)):
        c.stamp(px, py + (0 if tall else 10), (".oo.", "orro", "orrh", ".oo."), {"o": 8, "r": 12, "h": 13})
    c.outline(1)
    return c


def _flower(kind: int) -> Canvas:
    c = Canvas(8, 16)
    petals = ((".pp..pp.", "pphppohp", "pppyyppp", ".ppyypo.", "pphppohp", ".oo..oo."),)[0]
    legend = {"p": (12, 14, 15)[kind], "h": (13, 14, 14)[kind], "o": (8, 11, 11)[kind], "y": (15, 15, 12)[kind]}
    c.stamp(0, 0, petals, legend)
    c.line(4, 6, 4, 15, 3)
    c.stamp(1, 9, ("l...", ".ll.", "..l."), {"l": 5})
    c.stamp(5, 8, ("..l", "ll.", "l.."), {"l": 4})
    return c


def _tuft(c: Canvas, front: Canvas, x: int, y: int) -> None:
    """Tall blades, drawn in front of the sprites."""
    for k in range(12):
        lean = math.sin(k * 2.1) * 3.2
        height = 9 + (k * 5) % 7
        blade = limb(x + k * 2.0, y, x + k * 2.0 + lean, y - height, 1.5, 0.5)
        c.paint(blade, (2, 3, 4, 5, 6) if k % 3 else (2, 3, 3, 4), edge=1)
        front.paint(blade, (1, 1))


def meadow_front() -> Background:
    c, front = Canvas(512, 256, wrap=True), Canvas(512, 256, wrap=True)
    tops = np.tile(192 + waves(256, ((1, 7, 0.4), (2, 4, 1.9))), 2)
    for x, tall in ((24, True), (152, False), (280, True), (344, False), (432, True)):
        base = int(tops[(x + 32) % 512]) // 8 * 8 + 8
        blit(c, _tree(tall), x, base - 96, 1)
    soil = noise(32, 32, 4, 3) * 0.20 + noise(32, 32, 8, 9) * 0.22
    land(c, tops + 9, 256, (8, 9, 10, 11, 12), depth=64, slope=0.2, texture=soil)
    for x, y in ((5, 222), (19, 236), (13, 248)):
        for k in range(16):
            c.stamp(x + k * 32, y, (".hh.", "hllm", "lmmd", ".dd."), {"h": 13, "l": 12, "m": 11, "d": 8})
    grain = noise(64, 64, 4, 21) * 0.10
    body = Canvas(512, 256, wrap=True)
    land(body, tops, 256, (2, 3, 4, 5, 6), depth=15, slope=0.4, texture=grain)
    for x in range(512):
        fringe = int(tops[x]) + 9 + (0, 2, 4, 5, 3, 1, 2, 4)[x % 8] + (x // 8 % 2)
        column = slice(int(tops[x]) - 1, fringe)
        c.pixels[column, x] = np.where(body.pixels[column, x] > 0, body.pixels[column, x], c.pixels[column, x])
        c.dot(x, fringe, 1)
        c.dot(x, fringe + 1, 8)
        top = round(tops[x])
        c.dot(x, top, 6 if x % 3 else 7)
        if x % 5 in (0, 2):
            c.dot(x, top - 1, 5)
        if x % 10 == 2:
            c.dot(x + 1, top - 2, 4)
    for i in range(26):
        x = 7 + i * 19 + (i * 7) % 11
        c.stamp(x % 512, int(tops[x % 512]) + 3 + i % 3, ("l.l", ".d."), {"l": 7, "d": 3})
    for i, x in enumerate((8, 112, 128, 216, 240, 328, 416, 424, 496)):
        blit(c, _flower(i % 3), x, int(tops[x + 4]) - 13, 1)
    for x in (96, 232, 376, 488):
        _tuft(c, front, x, int(tops[(x + 8) % 512]) + 3)
    c.paint(polygon([(300, 172), (324, 172), (324, 184), (300, 184)], 2), slot(1, (8, 9, 10, 11)), edge=17)
    c.paint(limb(312, 184, 312, int(tops[312]) + 4, 2), slot(1, (8, 9, 10, 11)), edge=17)
    c.stamp(305, 175, (".....h..", "hhhhhhh.", "hhhhhhhh", "hhhhhhh.", ".....h.."), {"h": 16 + 15})
    return settle("meadow_front", c, ("grass", "tree"), front)
