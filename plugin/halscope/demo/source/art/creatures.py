"""The large creatures, 32x32: owl, ghost, crab, mushroom, frog and jellyfish, four frames each."""

from __future__ import annotations

import math

from .canvas import Canvas, ball, chain, limb, polygon

_EYE = ("ddd", "wwd", "wdd", "ddd")
_INK = {"d": 1, "w": 14}


def _owl(wing: float, lean: float, *, blink: bool) -> Canvas:
    c = Canvas(32, 32)
    c.paint(polygon([(11, 26), (21, 26), (19, 30.5), (13, 30.5)], 2), (3, 4, 5))
    for side in (-1, 1):
        x = 16 + side * 8.5
        points = [(x, 17.0, 3.0), (x + side * (1.5 + wing * 2.0), 21.5 - wing * 4.5, 3.2)]
        points.append((x + side * (1 + wing * 4.2), 26.0 - wing * 9.5, 1.5))
        c.paint(chain(points), (3, 3, 4, 5) if side > 0 else (3, 4, 5, 6), edge=1)
    c.paint(ball(16, 18, 9.4, 9.6), (3, 4, 4, 5, 6), edge=1)
    c.paint(ball(16, 20.5, 6.4, 7.0), (7, 8, 8, 9))
    for row in range(3):
        for column in range(-1 - row % 2, 3):
            c.stamp(14 + column * 3 + (row % 2), 19 + row * 3, ("b.b", ".b."), {"b": 5})
    for side in (-1, 1):
        c.paint(polygon([(16 + side * 3, 7), (16 + side * 9.8, 2.2 + lean), (16 + side * 9, 11)], 2), (4, 5, 6), edge=3)
        c.paint(limb(16 + side * 3.2, 29, 16 + side * 3.6, 29.2, 1.9), (10, 11, 12), edge=1)
    c.paint(ball(16, 10.5, 9.2, 6.6), (4, 4, 5, 6), edge=3)
    for side in (-1, 1):
        x = 16 + side * 4.3
        c.paint(ball(x, 11, 4.3), (7, 8, 9, 9), edge=4)
        if blink:
            c.stamp(round(x) - 2, 11, ("d...d", ".ddd."), _INK)
        else:
            c.paint(ball(x, 11, 2.7), (10, 11, 12))
            c.stamp(round(x - 1.5), 9, ("ddd", "wdd", "ddd", "ddd"), _INK)
    c.paint(polygon([(14, 12.5), (18, 12.5), (16, 17)], 1.2), (10, 11, 12), edge=1)
    c.outline(1, 2)
    return c


def owl() -> list[Canvas]:
    """Flapping its short wings."""
    return [
        _owl(0.0, 0, blink=False),
        _owl(0.7, 1, blink=False),
        _owl(1.15, 1, blink=False),
        _owl(0.5, 0, blink=True),
    ]


def _ghost(phase: float, mouth: int) -> Canvas:
    c = Canvas(32, 32)
    sway = math.sin(phase) * 1.2
    points = [(16 + sway, 10.5), (24.5 + sway * 0.6, 12), (26.5, 22)]
    hem = [(27 - i * 2.75, 27.2 + 2.2 * math.sin(phase + i * math.pi / 2)) for i in range(9)]
    points = [(5.6 + sway * 0.6, 12.0), *points, *hem]
    ramp = (4, 4, 5, 5, 6, 6, 7)
    c.paint(polygon(points, 6.5), (3, 4, 5, 6))
    c.paint(ball(16 + sway, 12, 10.4, 9.6), ramp, dither=0.16, bias=-0.03)
    c.paint(ball(16 + sway * 0.6, 18, 10.5, 8.5), ramp, bias=-0.08, dither=0.16)
    for i in range(4):
        x = 6 + i * 6 + math.sin(phase + i) * 1.3
        c.paint(limb(x + 1, 21, x, 26.5, 1.2, 0.8), (3, 4, 4), bias=-0.1)
    for side in (-1, 1):
        y = 18.5 + math.sin(phase + side) * 1.5
        c.paint(chain([(16 + side * 9, 17, 2.6), (16 + side * 11.8, y + 1.5, 2.4)]), ramp, edge=3)
    for side in (-1, 1):
        x = round(16 + sway + side * 4.4)
        c.stamp(x - 2, 9, (".ddd.", "dwwdd", "dwddd", "ddddd", "ddcdd", ".ddd."), {"d": 8, "w": 7, "c": 11})
        c.stamp(round(16 + sway + side * 7) - 1, 15, ("pq", "qp"), {"p": 9, "q": 10})
    shapes = (("ddd", "dpd", ".d."), (".dd.", "dppd", "dqqd", ".dd."), ("ddd", "dqd"), ("d..d", ".dd."))
    c.stamp(round(15 + sway), 15, shapes[mouth], {"d": 8, "p": 15, "q": 9})
    c.paint(ball(11 + sway, 6, 2.2, 1.4, -30), (7, 7))
    c.outline(1, 2)
    return c


def ghost() -> list[Canvas]:
    """Floating with a waving hem."""
    return [_ghost(i * math.pi / 2, i) for i in range(4)]


def _crab(step: int) -> Canvas:
    c = Canvas(32, 32)
    bob = (0, 1, 0, 1)[step]
    pinch = (0.0, 1.5, 0.5, 2.0)[step]
    for side in (-1, 1):
        for i in range(3):
            swing = 1.8 if (step + i) % 2 else -1.0
            x = 16 + side * (6 + i * 1.8)
            knee = (x + side * 4.2, 22.0 + i * 1.6 - swing * 0.4)
            foot = (x + side * (3.4 + swing * 0.6), 28.6 + i * 0.4 - max(0, swing) * 0.8)
            c.paint(chain([(x, 21 + i, 1.6), (*knee, 1.5), (*foot, 0.9)]), (3, 4, 5), edge=1)
        arm_x, arm_y = 16 + side * 9.9, 12.5 - pinch + bob
        c.paint(limb(16 + side * 7, 18 + bob, arm_x, arm_y + 1, 1.7, 1.9), (3, 4, 5), edge=1)
        open_ = 0.8 + pinch * 0.9
        outer = [
            (arm_x + side * 1.4, arm_y - 1, 3.2),
            (arm_x + side * 2.8, arm_y - 5.5, 2.6),
            (arm_x + side * (1.2 + open_ * 0.4), arm_y - 9.4, 0.9),
        ]
        inner = [
            (arm_x - side * 0.6, arm_y - 1.5, 2.8),
            (arm_x - side * (1.2 + open_ * 0.6), arm_y - 5.5, 1.5),
            (arm_x - side * (0.6 + open_), arm_y - 8, 0.7),
        ]
        c.paint(chain(inner), (3, 4, 5), edge=1)
        c.paint(chain(outer), (3, 4, 5, 6), edge=1)
        c.paint(limb(16 + side * 3.2, 15 + bob, 16 + side * 3.8, 10.5 + bob, 1.3), (3, 4, 5), edge=1)
    c.paint(ball(16, 20 + bob, 10.6, 7.4), (3, 3, 4, 5, 5, 6), edge=1)
    c.paint(ball(16, 24.3 + bob, 7.6, 2.9), (6, 7, 7, 11), edge=3)
    for x, y, r in ((9.5, 17.5, 1.3), (13, 15.2, 1.0), (21, 16, 1.3), (23.6, 19, 1.0)):
        c.paint(ball(x, y + bob, r), (6, 6))
    for side in (-1, 1):
        x = 16 + side * 3.9
        c.paint(ball(x, 9 + bob, 3.1), (10, 11, 11), edge=1)
        c.stamp(round(x) - 1, 7 + bob, ("ddd", "wdd", "ddd"), {"d": 1, "w": 11})
    smile = ("d....d", ".dddd.") if step != 1 else ("dddddd", ".dppd.")
    c.stamp(13, 20 + bob, smile, {"d": 1, "p": 6})
    c.outline(1, 2)
    return c


def crab() -> list[Canvas]:
    """Sidling, claws snapping."""
    return [_crab(i) for i in range(4)]


def _mushroom(squash: float, step: float, *, blink: bool) -> Canvas:
    c = Canvas(32, 32)
    cap_y = 13.5 + squash
    for side in (-1, 1):
        x = 16 + side * (3.8 + step * side * 0.6)
        c.paint(ball(x, 29.0 - max(0.0, step * side), 3.2, 1.9), (15, 8, 9), edge=1)
    c.paint(polygon([(10.5, 15), (21.5, 15), (23.5, 26), (20, 29), (12, 29), (8.5, 26)], 4), (8, 9, 10, 11))
    c.paint(ball(16, 23.5 + squash * 0.4, 7.6 + squash * 0.4, 5.8), (8, 9, 10, 11), bias=0.05)
    c.paint(ball(16, cap_y + 3.5, 12.5, 3.2), (15, 3, 3), edge=1)
    for i in range(-4, 5):
        c.line(16 + i * 2.6, cap_y + 4.5, 16 + i * 1.9, cap_y + 6.5 - abs(i) * 0.3, 8)
    cap = ball(16, cap_y, 14.2 + squash * 0.5, 11.0 - squash)
    lid = Canvas(32, 32)
    lid.paint(cap, (3, 4, 4, 5, 5, 6))
    for x, y, rx, ry in (
        (11, -4.5, 3.6, 2.9),
        (20.5, -3.5, 3.0, 2.7),
        (15.5, 1.4, 2.6, 2.0),
        (26, 1.5, 1.9, 2.1),
        (5.6, 1.6, 2.0, 2.2),
        (16.5, -8.6, 2.2, 1.2),
    ):
        lid.paint(ball(x, cap_y + y, rx, ry), (6, 7, 11, 11), over=(3, 4, 5, 6), bias=0.1)
    hem = round(cap_y + 4)
    lid.pixels[hem:] = 0
    lid.pixels[hem - 1, [*range(6), *range(26, 32)]] = 0
    c.pixels[lid.pixels > 0] = lid.pixels[lid.pixels > 0]
    for side in (-1, 1):
        x = round(16 + side * 3.6)
        y = 20 + round(squash)
        if blink:
            c.stamp(x - 2, y + 2, (".ddd.", "d...d"), {"d": 1})
        else:
            c.stamp(x - 1, y, ("ddd", "wdd", "ddd", "ddd"), {"d": 1, "w": 11})
        c.stamp(x - 1 + side * 2, y + 4, ("pp",), {"p": 6})
    c.stamp(15, 24 + round(squash), ("ddd", ".p."), {"d": 1, "p": 5})
    c.outline(1, 2)
    return c


def mushroom() -> list[Canvas]:
    """Bouncing on its little feet."""
    return [
        _mushroom(0, 0, blink=False),
        _mushroom(1.6, 1.4, blink=False),
        _mushroom(-0.6, 0, blink=True),
        _mushroom(1.2, -1.4, blink=False),
    ]


def _frog(stretch: float, throat: float, *, blink: bool, tongue: bool) -> Canvas:
    c = Canvas(32, 32)
    top = 9.5 - stretch
    for side in (-1, 1):
        c.paint(ball(16 + side * 10.2, 24 - stretch * 0.4, 4.6, 5.4, side * 18), (3, 4, 5), edge=1)
        c.paint(ball(16 + side * 11.4, 29.0, 3.8, 1.6), (3, 4, 5, 6), edge=1)
    c.paint(ball(16, 22.5 - stretch * 0.6, 9.6, 7.6 + stretch * 0.5), (3, 4, 4, 5), edge=3)
    c.paint(ball(16, 24.5 - stretch * 0.5, 6.6, 5.4), (7, 8, 8, 9))
    for side in (-1, 1):
        c.paint(limb(16 + side * 5, 23 - stretch, 16 + side * 5.2, 28.4, 2.0, 1.6), (3, 4, 5), edge=1)
        c.paint(ball(16 + side * 5.6, 29.2, 2.9, 1.4), (4, 5, 6), edge=1)
        c.paint(ball(16 + side * 6.3, top - 1.5, 4.6, 4.6), (3, 4, 5, 6), edge=3)
    c.paint(ball(16, top + 5.5, 11.6, 7.4), (3, 4, 4, 5, 5, 6), edge=3)
    c.paint(ball(16, top + 9.8, 8.0 + throat * 0.5, 3.0 + throat), (7, 8, 8, 9), bias=0.05)
    for side in (-1, 1):
        x = 16 + side * 6.2
        if blink:
            c.paint(ball(x, top - 1.4, 3.4), (4, 5, 5), edge=3)
            c.stamp(round(x) - 2, round(top - 1), ("d...d", ".ddd."), _INK)
        else:
            c.paint(ball(x, top - 1.6, 3.5), (8, 9, 14, 14), edge=1)
            c.stamp(round(x - 1.4), round(top - 3.4), ("ddd", "wdd", "ddd", "dgd"), {"d": 1, "w": 14, "g": 12})
        c.stamp(round(16 + side * 8.4) - 1, round(top + 5.5), ("pp", "pp"), {"p": 11})
    y = round(top + 6)
    c.stamp(9, y - 1, ("d............d", ".dd........dd.", "...dddddddd..."), {"d": 1})
    if tongue:
        c.paint(ball(18, y + 3, 2.2, 2.6), (10, 11, 11), edge=1)
    for x, yy in ((12, -0.5), (15, -1.5), (19, -0.6)):
        c.stamp(round(x), round(top + yy + 1), ("gg", "gh"), {"g": 3, "h": 4})
    c.outline(1, 2)
    return c


def frog() -> list[Canvas]:
    """Puffing its throat, hopping, showing its tongue."""
    return [
        _frog(0, 0, blink=False, tongue=False),
        _frog(-1.5, 1.2, blink=True, tongue=False),
        _frog(2.6, 0, blink=False, tongue=False),
        _frog(0.6, 0.6, blink=False, tongue=True),
    ]


def _jelly(phase: float) -> Canvas:
    c = Canvas(32, 32)
    pulse = math.sin(phase)
    for i in range(5):
        x = 6.5 + i * 4.7
        wave = [
            (x + 1.6 * math.sin(phase + i * 1.1 + k * 1.1), 15 + k * (3.5 + pulse * 0.3), 2.1 - k * 0.3)
            for k in range(5)
        ]
        c.paint(chain(wave), (8, 9, 10, 11) if i % 2 else (3, 4, 5), edge=1)
    c.paint(ball(16, 17, 11 - pulse, 4.0), (8, 8, 9, 10), edge=1)
    wide, high = 12.6 - pulse * 1.3, 10.2 + pulse * 1.2
    c.paint(ball(16, 12.5, wide, high), (2, 3, 4, 5, 6), edge=1)
    for i in range(5):
        c.paint(ball(16 + (i - 2) * wide * 0.4, 19.5, 2.6, 2.2), (4, 5, 6), edge=3)
    for x, y, r in ((10, 10.5, 1.7), (14, 7.4, 2.0), (19, 7.2, 2.0), (23.2, 10.2, 1.6)):
        c.paint(ball(x, y - pulse * 0.6, r, r * 0.85), (8, 9, 10, 11), edge=4)
    for side in (-1, 1):
        x = 16 + side * 4
        c.stamp(x - 1, 12 + round(pulse * 0.6), ("ddd", "wdd", "ddd", "dvd"), {"d": 1, "w": 7, "v": 3})
        c.stamp(x - 1 + side * 3, 16 + round(pulse * 0.6), ("pp",), {"p": 15})
    c.stamp(14, 16 + round(pulse * 0.6), ("d..d", ".dd."), {"d": 1})
    c.paint(ball(9.5, 6.8, 2.6, 1.4, -40), (7, 7))
    c.outline(1, 2)
    return c


def jelly() -> list[Canvas]:
    """Pulsing through the water."""
    return [_jelly(i * math.pi / 2) for i in range(4)]
