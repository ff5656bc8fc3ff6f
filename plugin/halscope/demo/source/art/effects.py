"""Items and effects: coin, heart, star, leaf, puff, spark, bubble, lantern and explosion."""

from __future__ import annotations

import math

from .canvas import Canvas, ball, limb, merge, polygon


def _star_points(x: float, y: float, outer: float, inner: float, tips: int, turn: float) -> list[tuple[float, float]]:
    """The corners of a star, the first tip up when turn is 0 (radians)."""
    points = []
    for i in range(tips * 2):
        radius, angle = (inner, outer)[i % 2 == 0], turn - math.pi / 2 + i * math.pi / tips
        points.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return points


def coin() -> list[Canvas]:
    """Spinning."""
    frames = []
    for i, width in enumerate((6.4, 4.8, 2.4, 4.8)):
        c = Canvas(16, 16)
        thickness = (0.0, -1.2, 0.0, 1.2)[i]
        c.paint(ball(8 + thickness, 8, width, 6.5), (3, 3, 4, 4))
        c.paint(ball(8, 8, width, 6.5), (4, 5, 5, 6, 6), contrast=0.8, edge=3)
        c.paint(ball(8, 8, width * 0.7, 4.7), (6, 5, 4, 4, 3), contrast=0.9, edge=4)
        half = width * 0.42
        c.paint(polygon([(8 - half, 8), (8, 4.4), (8 + half, 8), (8, 11.6)], 2), (4, 5, 6, 7, 7), bias=0.08)
        c.stamp((3, 5, 7, 5)[i], 3, ((".w", "w."), (".w", "w."), ("w", "w"), (".w", "w."))[i], {"w": 7})
        c.outline(1, 2)
        frames.append(c)
    return frames


def heart() -> list[Canvas]:
    """Beating."""
    frames = []
    for size in (0.92, 1.0, 1.1, 1.02):
        c = Canvas(16, 16)
        tip = polygon([(8 - 5.6 * size, 7.6), (8 + 5.6 * size, 7.6), (8, 8 + 5.9 * size)], 4)
        lobes = [ball(8 + side * 2.9 * size, 6.0, 3.5 * size, 3.6 * size) for side in (-1, 1)]
        c.paint(merge(*lobes, tip), (8, 9, 9, 10))
        c.paint(ball(8 - 3.2 * size, 5, 1.5 * size, 1.2, -40), (11, 7))
        c.paint(ball(8 + 3 * size, 4.6, 0.9, 0.8), (11, 11))
        c.outline(1, 2)
        frames.append(c)
    return frames


def star() -> list[Canvas]:
    """Rocking and twinkling."""
    frames = []
    for i, turn in enumerate((-0.22, 0.0, 0.22, 0.0)):
        c = Canvas(16, 16)
        c.paint(polygon(_star_points(8, 8.4, 6.8, 3.5 + 0.3 * (i == 3), 5, turn), 3.4), (3, 4, 5, 6, 7), bias=-0.08)
        c.paint(polygon(_star_points(8, 8.5, 3.6, 1.9, 5, turn), 2), (5, 6, 7), bias=0.1 * (i % 2))
        for k in range(5):
            angle = turn - math.pi / 2 + k * 2 * math.pi / 5
            dx, dy = math.cos(angle), math.sin(angle)
            c.line(8 + 2.6 * dx, 8.4 + 2.6 * dy, 8 + 5 * dx, 8.4 + 5 * dy, (6, 7)[(i + k) % 2])
        c.stamp(6, 4 + i % 2, ("w",), {"w": 7})
        c.outline(1, 2)
        frames.append(c)
    return frames


def leaf() -> list[Canvas]:
    """Tumbling down."""
    frames = []
    for i, turn in enumerate((-40, -8, 28, 62)):
        c = Canvas(16, 16)
        dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        wide = (4.4, 3.2, 4.2, 4.8)[i]

        def at(along: float, across: float, dx: float = dx, dy: float = dy) -> tuple[float, float]:
            return 8 + along * dx - across * dy, 8 + along * dy + across * dx

        outline = ((-5.2, 0.0), (-3, 0.72), (-0.5, 1.0), (2.5, 0.8), (4.6, 0.42), (7.2, 0.0))
        upper = [at(along, -across * wide) for along, across in outline]
        lower = [at(along, across * wide) for along, across in outline]
        c.paint(polygon([*upper, *reversed(lower[1:-1])], 2.5), (12, 13, 13, 14))
        c.paint(polygon([*lower], 2.0), (12, 12, 13, 13), bias=-0.05)
        c.line(*at(-7.4, 0), *at(5.2, 0), 3)
        for along in (-2.4, 0.4, 3.0):
            c.line(*at(along, 0), *at(along + 1.6, -wide * 0.6), 13 if along else 12)
            c.line(*at(along, 0), *at(along + 1.6, wide * 0.6), 14)
        c.outline(1, 2)
        frames.append(c)
    return frames


def puff() -> list[Canvas]:
    """A dust cloud that swells and falls apart."""
    frames = []
    for i in range(4):
        c = Canvas(16, 16)
        spread, radius = (1.4, 2.6, 3.6, 4.6)[i], (3.4, 3.4, 2.7, 1.9)[i]
        blobs = []
        for k in range(5):
            angle = k * 2 * math.pi / 5 + i * 0.35 - 0.6
            blobs.append(ball(8 + spread * math.cos(angle), 8.2 + spread * 0.9 * math.sin(angle), radius))
        if i < 2:
            blobs.append(ball(8, 8, 3.6))
        c.paint(merge(*blobs), (3, 4, 5, 6, 7))
        c.outline(2, 3)
        frames.append(c)
    return frames


def spark() -> list[Canvas]:
    """A four-pointed flash."""
    frames = []
    for i, (outer, inner, turn) in enumerate(
        ((3.6, 1.6, 0.0), (6.9, 2.2, 0.0), (6.6, 1.7, math.pi / 4), (5.2, 1.2, 0.2))
    ):
        c = Canvas(16, 16)
        c.paint(polygon(_star_points(8, 8, outer, inner, 4, turn), 3), (8, 9, 10))
        c.paint(polygon(_star_points(8, 8, outer * 0.72, inner, 4, turn), 2.4), (12, 11, 7), bias=0.1)
        c.paint(ball(8, 8, inner * 0.7), (11, 7))
        for k in range(4 if i > 1 else 0):
            angle = k * math.pi / 2 + math.pi / 4 + turn
            reach = 2.2 + i * 1.2
            x, y = round(7.5 + reach * math.cos(angle)), round(7.5 + reach * math.sin(angle))
            c.stamp(x, y, ("pq", "qo"), {"p": 14, "q": 13, "o": 12})
        c.outline(1, 8)
        frames.append(c)
    return frames


def bubble() -> list[Canvas]:
    """Wobbling on its way up; the last frame glints."""
    frames = []
    for i, (rx, ry) in enumerate(((6.0, 6.0), (6.4, 5.6), (6.0, 6.2), (5.6, 6.5))):
        c = Canvas(16, 16)
        c.paint(ball(8, 8, rx, ry), (8, 8, 9, 10, 10))
        c.paint(ball(8.4, 8.6, rx - 1.5, ry - 1.5), (10, 9, 8, 8, 2), contrast=0.9)
        c.paint(ball(5.4, 5.2, 1.7, 1.3, -40), (6, 7))
        c.paint(ball(10.6 + 0.3 * i, 11, 1.3, 0.9, -40), (14, 14))
        c.dot(8 + i % 3, 4, 7)
        c.dot(4, 9 - i % 2, 14)
        c.outline(1, 2)
        frames.append(c)
    return frames


def lantern() -> list[Canvas]:
    """A hanging iron lantern with a flickering flame, 16x32."""
    frames = []
    for i in range(4):
        c = Canvas(16, 32)
        flick = (0.0, 1.2, 0.4, 1.8)[i]
        for y in range(1, 6, 2):
            c.stamp(7, y, ("lm", "ms"), {"l": 7, "m": 15, "s": 1})
        c.paint(polygon([(8, 5), (14, 11), (2, 11)], 2), (1, 15, 15, 11), edge=1)
        c.paint(ball(8, 18, 5.8, 7.6), (3, 4, 5, 6), bias=(0.0, 0.08, 0.03, 0.12)[i])
        c.paint(ball(8, 19.5, 3.5, 5.4 + flick * 0.4), (9, 10, 5), bias=0.05)
        c.paint(merge(ball(8, 21.5, 2.6, 2.8), limb(8, 20, 8 + (i % 2) - 0.5, 15.5 - flick, 1.9, 0.6)), (5, 6, 7, 7))
        for x in (2, 13):
            c.paint(limb(x + 0.5, 11, x + 0.5, 25, 0.9), (1, 15, 7))
        for x in (5, 10):
            c.line(x + 0.5, 11, x + 0.5, 25, 15 if x == 5 else 1)
        c.paint(polygon([(1.5, 24.5), (14.5, 24.5), (12, 29), (4, 29)], 1.6), (1, 15, 15, 11), edge=1)
        c.paint(ball(8, 29.5, 1.6, 1.4), (3, 4, 6))
        c.paint(polygon([(1.5, 10), (14.5, 10), (14.5, 12), (1.5, 12)], 0.8), (1, 15, 11))
        c.outline(1, 2)
        frames.append(c)
    return frames


def explosion() -> list[Canvas]:
    """A flash, a fireball, then smoke in pieces, 32x32."""
    frames = []
    for i in range(6):
        c = Canvas(32, 32)
        if i == 0:
            c.paint(polygon(_star_points(16, 16, 10, 5.5, 8, 0.2), 4), (3, 4, 5, 6))
            c.paint(ball(16, 16, 6.5), (3, 4, 5, 6, 7), bias=0.12, dither=0.2)
        else:
            spread, radius = (0, 5.2, 8.0, 9.6, 10.4, 11.2)[i], (0, 6.2, 6.0, 4.8, 3.6, 2.3)[i]
            hot = (0, 0.10, 0.04, -0.08, 0.0, 0.0)[i]
            blobs = []
            for k in range(9):
                angle = k * 2 * math.pi / 9 + i * 0.25
                reach = spread * (0.86 + 0.14 * math.cos(k * 2.4 + i))
                size = radius * (0.85 + 0.15 * math.sin(k * 1.7))
                blobs.append(ball(16 + reach * math.cos(angle), 16 + reach * math.sin(angle), size))
            if i < 4:
                blobs.append(ball(16, 16, (0, 9, 8, 5.5)[i]))
            c.paint(merge(*blobs), (8, 3, 4, 5, 6) if i < 4 else (1, 15, 8, 3, 4, 5), bias=hot, dither=0.12)
            if i < 4:
                c.paint(
                    polygon(_star_points(16, 16, (0, 11, 9, 5)[i], (0, 6.5, 4.5, 2.5)[i], 7, i * 0.4), 4),
                    (4, 5, 6, 7),
                    bias=0.12,
                )
            for k in range(6):
                angle = k * math.pi / 3 + i * 0.4
                x, y = 16 + (spread + 3) * math.cos(angle), 16 + (spread + 3) * math.sin(angle)
                if 2 < x < 29 and 2 < y < 29:
                    c.paint(ball(x, y, 2.0 - i * 0.1), (9, 4, 5, 7), bias=0.1)
        c.outline(1, 2)
        frames.append(c)
    return frames
