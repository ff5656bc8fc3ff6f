"""Small monsters, as many as are wanted: each number has its own body, eyes, horns and mouth."""

from __future__ import annotations

import math
import random

from art.canvas import Canvas, ball, limb, merge, polygon

SIZE = 32
KINDS = 5


def monster(number: int) -> Canvas:
    """SIZE x SIZE pixels, entries 0 to 15 of any palette "monster"."""
    pick = random.Random(1000 + number)
    c = Canvas(SIZE, SIZE)
    kind = number % KINDS
    skin, belly = (3, 4, 4, 5, 6), (7, 8, 8, 9)
    wide, high = pick.uniform(8.5, 11.5), pick.uniform(7.5, 10)
    y = 18 + pick.uniform(-1, 1)
    for side in (-1, 1):
        reach = pick.uniform(2, 6)
        c.paint(limb(16 + side * wide * 0.6, y + high * 0.6, 16 + side * (wide * 0.6 + 1), 29, 2.6), skin, edge=2)
        c.paint(limb(16 + side * wide * 0.8, y, 16 + side * (wide + reach), y + pick.uniform(-7, 6), 1.9), skin, edge=2)
    if kind == 0:
        c.paint(ball(16, y, wide, high), skin, edge=2)
    elif kind == 1:
        c.paint(merge(ball(16, y + 2, wide, high - 1), ball(16, y - 5, wide * 0.7, high * 0.7)), skin, edge=2)
    elif kind == 2:
        c.paint(
            polygon([(16 - wide, y + 9), (16 - wide * 0.7, y - 8), (16 + wide * 0.7, y - 8), (16 + wide, y + 9)], 4),
            skin,
        )
    elif kind == 3:
        points = [
            (
                16 + (wide + 2 * (k % 2)) * math.cos(k * math.pi / 5),
                y + (high + 2 * (k % 2)) * math.sin(k * math.pi / 5),
            )
            for k in range(10)
        ]
        c.paint(polygon(points, 5), skin)
    else:
        c.paint(limb(16 - pick.uniform(-3, 3), y - 8, 16, y + 5, wide * 0.55, wide * 0.9), skin, edge=2)
    c.paint(ball(16, y + 3.5, wide * 0.6, high * 0.5), belly, over=skin)
    for side in (-1, 1):
        horn = pick.choice(((2.0, 7.0), (4.0, 5.0), (0.5, 8.5)))
        x = 16 + side * wide * 0.5
        c.paint(
            polygon([(x - 2.4, y - high + 2), (x + 2.4, y - high + 2), (x + side * horn[0], y - high - horn[1])], 2),
            (10, 11, 12),
            edge=10,
        )
    eyes = pick.choice((1, 2, 2, 3))
    for k in range(eyes):
        x, row = 16 + (k - (eyes - 1) / 2) * 6.4, y - 3 + pick.uniform(-0.6, 0.6)
        size = 3.4 if eyes == 1 else 2.6
        c.paint(ball(x, row, size), (9, 15, 15), edge=1)
        c.box(math.floor(x - 0.5 + pick.uniform(-1, 1)), math.floor(row - 0.5), 2, 2, 1)
    mouth = pick.randrange(3)
    row = round(y + 3)
    if mouth == 0:
        c.stamp(12, row, ("d......d", ".dddddd."), {"d": 1})
    elif mouth == 1:
        c.stamp(12, row, ("dddddddd", "dwdwdwdd", ".dddddd."), {"d": 1, "w": 15})
    else:
        c.paint(ball(16, row + 1, 2.6, 2), (13, 14), edge=1)
    for _ in range(pick.randrange(6)):
        x, row = pick.randrange(7, 25), pick.randrange(12, 26)
        c.stamp(x, row, ("ss", "ss"), {"s": 13} if c.pixels[row, x] in skin else {})
    c.outline(1)
    return c
