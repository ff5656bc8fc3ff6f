"""The boss of the keep: a moss-grown stone golem with a glowing heart, 64x64, four frames."""

from __future__ import annotations

import math

from .canvas import Canvas, Floats, ball, chain, noise, polygon

_STONE = (3, 4, 4, 5, 5, 6, 7)
_SHADE = (15, 3, 4, 4, 5)
_MOSS = (8, 8, 9)
_INK = 1


def _block(
    c: Canvas, x: float, y: float, w: float, h: float, grain: Floats, *, tilt: float = 0, dark: bool = False
) -> None:
    """A chipped boulder around a centre."""
    turn = math.radians(tilt)
    corners = []
    for i, (u, v) in enumerate(
        ((-0.8, -1), (0.75, -1), (1, -0.6), (1, 0.7), (0.7, 1), (-0.7, 1), (-1, 0.6), (-1, -0.7))
    ):
        k = 0.94 + 0.06 * math.sin(i * 2.7 + x)
        u, v = u * w * k, v * h * k
        corners.append((x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)))
    c.paint(polygon(corners, min(w, h) * 0.7), _SHADE if dark else _STONE, edge=_INK, texture=grain, dither=0.10)


def _frame(step: int) -> Canvas:
    c = Canvas(64, 64)
    grain = noise(64, 64, 4, 7) * 0.10 + noise(64, 64, 2, 8) * 0.06
    bob = (0.0, 1.2, 2.0, 1.0)[step]
    glow = (0.0, 0.10, 0.22, 0.10)[step]
    swing = (0.0, 2.5, 0.5, -2.5)[step]
    for side in (-1, 1):
        _block(c, 32 + side * 11, 54.5, 8.0, 7.5, grain, dark=side > 0)
        _block(c, 32 + side * 12, 60.0, 9.6, 3.2, grain, dark=side > 0)
    for side in (-1, 1):
        hand_y = 47 + side * swing + bob * 0.4
        _block(c, 32 + side * 23.5, 35.5 + bob + side * swing * 0.5, 5.0, 7.5, grain, tilt=side * -8, dark=True)
        _block(c, 32 + side * 24, hand_y, 7.2, 7.4, grain, tilt=side * 6, dark=side > 0)
        for k in range(3):
            c.paint(ball(32 + side * 24 + (k - 1) * 4.2, hand_y + 6.2, 2.7, 2.9), _STONE, edge=_INK, texture=grain)
    _block(c, 32, 36 + bob, 18.5, 14.5, grain)
    for side in (-1, 1):
        _block(c, 32 + side * 19, 24.5 + bob, 9.6, 8.2, grain, tilt=side * 12, dark=side > 0)
    cx, cy = 32.0, 38.5 + bob
    c.paint(ball(cx, cy, 9.4, 8.8), (1, 15, 10), edge=_INK)
    c.paint(ball(cx, cy, 7.6, 7.0), (10, 10, 11, 12), bias=glow)
    c.paint(ball(cx, cy, 5.4, 5.0), (11, 12, 13), bias=glow + 0.08)
    c.paint(ball(cx - 0.6, cy - 0.6, 2.6 + glow * 5), (13, 14), bias=0.25)
    for k in range(8):
        angle = k * math.pi / 4 + 0.3
        a, b = 9.6, 13.2 + (k % 3) * 1.6
        x0, y0 = cx + a * math.cos(angle), cy + a * 0.9 * math.sin(angle)
        x1, y1 = cx + b * math.cos(angle + 0.18), cy + b * 0.85 * math.sin(angle + 0.18)
        c.line(x0 + 1, y0, x1 + 1, y1, 1)
        c.line(x0, y0, x1, y1, 11 if glow < 0.15 else 12)
    head = 14.5 + bob * 1.3
    _block(c, 32, head, 12.0, 10.5, grain)
    _block(c, 32, head - 4.5, 13.2, 4.0, grain)
    _block(c, 32, head + 8.0, 8.5, 3.4, grain, dark=True)
    for side in (-1, 1):
        x = 32 + side * 5.4
        c.paint(ball(x, head + 1.6, 3.6, 2.9), (1, 1, 15))
        if step == 3:
            c.line(x - 2.5, head + 2.5, x + 2, head + 2.5, 12)
        else:
            c.paint(ball(x, head + 1.8, 2.5, 2.1), (11, 12, 13), bias=glow)
            c.dot(math.floor(x - 0.5), math.floor(head + 1), 14)
        horn = [
            (32 + side * 10, head - 5, 3.0),
            (32 + side * 14.5, head - 8, 2.4),
            (32 + side * 15.5, head - 12.2, 1.0),
        ]
        c.paint(chain(horn), (4, 5, 6, 7) if side < 0 else (3, 4, 5, 6), edge=_INK, texture=grain)
    for k in range(5):
        c.stamp(round(26.5 + k * 2.6), round(head + 6.4) + k % 2, ("td", "dd"), {"t": 7, "d": 1})
    for x, y, rx, ry in (
        (28, head - 8.0, 6.5, 2.2),
        (14, 18.5 + bob, 5.5, 2.4),
        (49, 18.0 + bob, 4.0, 2.0),
        (20, 27.5 + bob, 4.5, 1.8),
        (41, 50, 3.6, 1.6),
    ):
        for k in range(4):
            c.paint(
                ball(x + (k - 1.5) * rx * 0.5, y + (k % 2), rx * 0.45, ry),
                _MOSS,
                over=(2, 3, 4, 5, 6, 7, 15),
                texture=grain,
            )
    for x, y in ((18, 33), (45, 31), (24, 47), (42, 44), (50, 25), (10, 27)):
        c.stamp(x, round(y + bob), (".d.", "d.l", ".dl"), {"d": 3, "l": 6})
    c.outline(1, 2)
    return c


def boss() -> list[Canvas]:
    """Breathing: the body heaves, the fists swing, the heart flares, the eyes shut once."""
    return [_frame(i) for i in range(4)]
