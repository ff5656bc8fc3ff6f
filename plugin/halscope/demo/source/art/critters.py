"""The small creatures, 16x16: beetle, snail, bird, bat, fish, slime and bomb, four frames each."""

from __future__ import annotations

import math

from .canvas import Canvas, ball, chain, limb, merge, polygon


def _beetle(step: int) -> Canvas:
    c = Canvas(16, 16)
    bob = (0.0, 0.7, 0.2, 0.7)[step]
    for i in range(3):
        swing = 1.2 * math.sin(step * math.pi / 2 + i * 2.1)
        c.paint(limb(4.5 + i * 3.2, 11.5, 4.2 + i * 3.2 + swing, 14.2, 0.9), (1, 7, 7))
    c.paint(ball(12.0, 9.4 + bob, 2.9, 3.1), (1, 7, 8, 9), edge=1)
    c.paint(ball(7, 8.2 + bob, 5.8, 5.6), (3, 3, 4, 5, 6), edge=1)
    if step == 3:
        c.paint(ball(6.0, 4.5, 5.0, 2.4, -24), (3, 4, 5, 6), edge=1)
    c.line(7.5, 3 + bob, 5.6, 12.5 + bob, 1)
    for x, y in ((4, 7), (9, 5), (9, 10), (5, 11)):
        c.stamp(x, y + round(bob), ("yy", "yo"), {"y": 13, "o": 9})
    c.stamp(12, 8 + round(bob), ("wd", "dd"), {"w": 14, "d": 1})
    c.line(12.5, 6, 13.5 + (step % 2), 3.6 + bob + step * 0.3, 1)
    c.outline(1, 2)
    return c


def _snail(step: int) -> Canvas:
    c = Canvas(16, 16)
    stretch = (0.0, 0.8, 1.4, 0.6)[step]
    c.paint(limb(2.6 - stretch * 0.4, 13.3, 12 + stretch * 0.5, 13.2, 1.4, 1.6), (11, 12, 12, 10))
    c.paint(limb(11.6 + stretch * 0.5, 13, 12.2 + stretch * 0.4, 9.0, 1.9, 2.1), (11, 12, 12, 10))
    for k in (0, 2):
        x, y = 11 + k + (step > 1), 4 + (step == 1 + k)
        c.line(x, y, x, 7, 12)
        c.stamp(x, y, ("d",), {"d": 1})
    c.paint(ball(6.2, 8.2, 5.3, 5.2), (7, 8, 8, 9, 10), edge=7)
    c.paint(ball(6.4, 8.6, 3.4, 3.3), (7, 8, 9, 10), edge=7)
    c.paint(ball(6.8, 9.0, 1.7, 1.6), (8, 15, 9), edge=7)
    c.stamp(12 + (stretch > 1), 8, ("w.", "d.") if step != 3 else ("..", "dd"), {"d": 1, "w": 14})
    c.dot(13, 10, 15)
    c.outline(1, 2)
    return c


def _bird(step: int) -> Canvas:
    c = Canvas(16, 16)
    lift = (-4.5, -1.0, 3.2, 0.5)[step]
    bob = (1, 0, 0, 1)[step]
    c.paint(polygon([(1, 7 + bob), (5, 8 + bob), (5, 11 + bob), (1.2, 11.5 + bob)], 1.5), (3, 4, 5))
    c.paint(ball(8, 9.3 + bob, 4.9, 3.7), (3, 4, 4, 5, 6))
    c.paint(ball(11, 7 + bob, 3.3), (3, 4, 5, 6), edge=3)
    c.paint(ball(9.5, 11 + bob, 3.4, 1.8), (9, 10, 14))
    c.paint(polygon([(13, 6 + bob), (15.4, 7.8 + bob), (13, 9 + bob)], 0.8), (9, 13, 13))
    c.paint(
        chain([(8, 9.0 + bob, 2.1), (5.8, 9 + bob + lift * 0.6, 2.2), (3.6, 9 + bob + lift, 1.2)]), (3, 4, 5, 6), edge=3
    )
    c.stamp(11, 5 + bob, ("wd", "dd"), {"w": 14, "d": 1})
    c.stamp(8, 3 + bob, (".a", "a."), {"a": 4})
    c.outline(1, 2)
    return c


def _bat(step: int) -> Canvas:
    c = Canvas(16, 16)
    lift = (-3.6, -0.5, 3.0, 0.8)[step]
    bob = (1.0, 0.0, -0.6, 0.3)[step]
    for side in (-1, 1):
        tip_x, tip_y = 8 + side * 7.2, 8.2 + bob + lift
        points = [(8 + side * 2, 6.5 + bob), (8 + side * 4.6, 6 + bob + lift * 0.9), (tip_x, tip_y)]
        points += [(8 + side * 5.4, 10.2 + bob + lift * 0.4), (8 + side * 4, 9.6 + bob), (8 + side * 2, 11.5 + bob)]
        c.paint(polygon(points, 1.6), (3, 3, 4, 5))
        c.line(8 + side * 2.4, 7.5 + bob, 8 + side * 5, 7 + bob + lift * 0.8, 5)
        c.paint(
            polygon([(8 + side * 0.8, 5 + bob), (8 + side * 3.9, 2.2 + bob), (8 + side * 3.6, 7 + bob)], 1), (3, 4, 5)
        )
    c.paint(ball(8, 8.3 + bob, 4.1, 4.3), (3, 4, 5, 6), edge=1)
    row = round(7 + bob)
    c.stamp(5, row, ("wd..wd", "yd..yd"), {"w": 14, "d": 1, "y": 13})
    c.stamp(6, row + 3, ("dddd", "w..w"), {"d": 1, "w": 14})
    c.outline(1, 2)
    return c


def _fish(step: int) -> Canvas:
    c = Canvas(16, 16)
    swing = (-1.8, 0.0, 1.8, 0.0)[step]
    c.paint(polygon([(4.6, 8), (0.9, 4.0 + swing), (2.0, 8 + swing * 0.5), (0.9, 12.2 + swing)], 1.2), (11, 12, 13))
    c.paint(polygon([(5.5, 5.5), (8, 1.8 + abs(swing) * 0.4), (11, 5.2)], 1.2), (11, 12, 13))
    c.paint(ball(9.0, 8.2, 5.8, 4.3 + (step % 2) * 0.4), (11, 12, 12, 13))
    c.paint(ball(9.4, 10.6, 3.9, 1.9), (13, 14, 14))
    for x in (5, 8):
        c.line(x + 0.6, 5.6, x + 0.2, 10.2, 14)
        c.line(x + 1.6, 5.4, x + 1.2, 10.4, 11)
    c.paint(ball(7.4, 10.6 + (0, 1, 0, -1)[step], 1.9, 1.2, (30, 50, 30, -20)[step]), (11, 12, 13), edge=11)
    c.stamp(11, 6, ("wd", "dd"), {"w": 14, "d": 1})
    c.stamp(13, 9, ("d",) if step % 2 else ("d", "d"), {"d": 1})
    c.outline(1, 2)
    return c


def _slime(step: int) -> Canvas:
    c = Canvas(16, 16)
    tall = (0.0, -1.6, 1.5, 0.5)[step]
    wide = 6.3 - tall * 0.5
    top = 8.6 - tall
    c.paint(merge(ball(8, 12.2, wide, 2.6), ball(8, top + 3.0, wide * 0.84, 5.0 + tall * 0.6)), (7, 8, 8, 9, 10))
    for k in (-4, 0, 4):
        c.paint(limb(8 + k, 12, 8 + k + 0.3, 13.6, 1.5, 1.2), (7, 8, 9), bias=0.05)
    for x, y in ((4.6, 10.5), (11.6, 11.5), (10.8, 5.6 - tall)):
        c.paint(ball(x, y, 1.2), (8, 10, 10), edge=7)
    eye_x, eye_y = 5 + (step == 1) - (step == 3), round(top)
    white = (".ddddd.", "dwwwwwd", "dwwwwwd", "dwwwwgd", "dgwwggd", ".ddddd.")
    c.stamp(eye_x, eye_y, white, {"d": 7, "w": 14, "g": 10})
    c.stamp(eye_x + (3, 3, 2, 2)[step], eye_y + 1, ("ddd", "dwd", "ddp", ".d."), {"d": 1, "w": 14, "p": 4})
    if step == 1:
        c.stamp(eye_x + 1, eye_y, ("lllll", "mmmmm", "ddddd"), {"l": 9, "m": 8, "d": 7})
    c.outline(1, 2)
    return c


def _bomb(step: int) -> Canvas:
    c = Canvas(16, 16)
    puff = (0.0, 0.3, 0.6, 0.3)[step]
    c.paint(ball(7.4, 9.4, 5.7 + puff, 5.4 + puff * 0.5), (1, 2, 2, 15, 15, 6))
    c.paint(limb(1.8 - puff, 11.0, 12.8 + puff, 8.6, 1.3), (11, 12, 12, 13), over=(1, 2, 15, 6), edge=1)
    for k in range(3):
        c.dot(4 + k * 3, 10 - (k > 0) + (k == 0), (13, 14)[(k + step) % 2])
    c.paint(polygon([(8.4, 3.2), (12.0, 5.4), (10.6, 7.2), (7.2, 5.2)], 1), (2, 15, 6, 14))
    c.paint(chain([(10.8, 4.6, 0.7), (12, 2.8, 0.7), (13, 2.6 + puff, 0.6)]), (8, 13))
    spark = ((".y.", "ywo", ".o."), ("y.o", ".w.", "o.y"), ("oyo", "ywy", "oyr"), ("o.y", ".wy", "yr."))[step]
    c.stamp(13, 1, spark, {"y": 13, "w": 14, "o": 12, "r": 11})
    c.stamp(3, 5, (".hh", "h..", "h.."), {"h": 14})
    c.outline(1, 2)
    return c


def beetle() -> list[Canvas]:
    """Scuttling."""
    return [_beetle(i) for i in range(4)]


def snail() -> list[Canvas]:
    """Creeping: the foot stretches and shrinks."""
    return [_snail(i) for i in range(4)]


def bird() -> list[Canvas]:
    """Flying."""
    return [_bird(i) for i in range(4)]


def bat() -> list[Canvas]:
    """Fluttering."""
    return [_bat(i) for i in range(4)]


def fish() -> list[Canvas]:
    """Swimming with a swinging tail."""
    return [_fish(i) for i in range(4)]


def slime() -> list[Canvas]:
    """Squash and stretch."""
    return [_slime(i) for i in range(4)]


def bomb() -> list[Canvas]:
    """Swelling under a fizzing fuse."""
    return [_bomb(i) for i in range(4)]
