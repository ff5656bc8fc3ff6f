"""Pip, the hero: a small round-eared fox kit with a scarf, on four short legs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .canvas import Canvas, ball, chain, limb, polygon

_DARK, _SOFT = 1, 2
_FUR = (3, 4, 4, 5, 5, 6)
_FUR_SHADE = (3, 3, 4, 4)
_CREAM = (7, 8, 8, 9)
_SCARF = (10, 11, 11, 12)
_PAW = (1, 13, 13, 3)
_PINK = (3, 15, 15)
_WHITE = 14

_EYE = ("ddd", "dwd", "ddd", "ddd", "dbd")
_LEGEND = {"d": 1, "w": 14, "b": 13, "n": 1, "p": 15, "f": 4, "c": 9, "g": 7}


@dataclass(frozen=True)
class Pose:
    """Where Pip's parts are in one frame; offsets in pixels, angles in degrees."""

    head_x: float = 0.0
    head_y: float = 0.0
    body_y: float = 0.0
    eyes: str = "open"
    mouth: str = "smile"
    tail: float = 0.0
    tail_lift: float = 0.0
    scarf: float = 0.0
    ear: float = 0.0
    legs: tuple[tuple[float, float], ...] = ((0, 0), (0, 0), (0, 0), (0, 0))


def _tail(c: Canvas, pose: Pose) -> None:
    bend = math.radians(pose.tail)
    x, y = 9.5, 23.5 + pose.body_y
    points = []
    for i, radius in enumerate((1.6, 2.4, 3.3, 3.8, 3.5, 2.3, 1.0)):
        # The frame's left edge pushes the brush aside, so that its outline always closes.
        x = max(x, radius + 1.4)
        points.append((x, y, radius))
        angle = math.radians(208 + 15 * i + pose.tail_lift) + bend * (0.25 + i * 0.18)
        x, y = x + 2.25 * math.cos(angle), y + 2.25 * math.sin(angle)
    c.paint(chain(points), _FUR)
    c.paint(chain(points[4:]), _CREAM, bias=0.05)
    tip_x, tip_y, _ = points[4]
    for k in (-2, 0, 2):
        c.dot(math.floor(tip_x + k), math.floor(tip_y + 1 + (k == 0)), 9 if k < 2 else 8)


def _leg(c: Canvas, x: float, step: tuple[float, float], ramp: tuple[int, ...], top: float) -> None:
    foot_x, lift = x + step[0], 28.3 - step[1]
    c.paint(limb(x, top, foot_x, lift - 0.6, 2.3, 1.9), ramp, edge=3)
    c.paint(ball(foot_x + 0.6, lift, 2.5, 1.7), _PAW)


def _head(c: Canvas, pose: Pose) -> None:
    x, y = 19.5 + pose.head_x, 13.0 + pose.head_y
    for side in (-1, 1):
        ex, ey = x + side * 6.6 + 0.4, y - 7.4 + (pose.ear if side < 0 else 0)
        c.paint(ball(ex, ey, 3.7), _FUR if side < 0 else (*_FUR_SHADE, 5), edge=_SOFT)
        c.paint(ball(ex + 0.3, ey + 0.5, 1.9), _PINK, bias=-0.1)
    cheeks = polygon([(x - 7, y - 2), (x - 11, y + 3.5), (x - 7.5, y + 4.2), (x - 7.5, y + 6.5), (x, y + 6)], 3)
    c.paint(cheeks, _FUR, edge=_SOFT)
    cheeks = polygon([(x + 7, y - 1), (x + 10.8, y + 3.5), (x + 8, y + 4.5), (x + 7, y + 6.5), (x, y + 6)], 3)
    c.paint(cheeks, _FUR_SHADE, edge=_SOFT)
    c.paint(ball(x, y, 9.2, 7.6), _FUR, edge=_SOFT)
    c.paint(ball(x + 1.5, y + 4.1, 6.6, 3.9), _CREAM, bias=0.08)
    c.paint(ball(x + 2, y + 2.0, 2.2, 2.6), _FUR, bias=0.05, over=(8, 9, 7))
    c.stamp(round(x - 0.5), round(y - 7), ("f.f", ".f."), _LEGEND)
    left, right, top = round(x - 4.5), round(x + 4.5), round(y - 2.5)
    if pose.eyes == "open":
        for ex in (left, right):
            c.stamp(ex - 1, top, ("ddd", "wwd", "wdd", "ddd", "dbd"), _LEGEND)
    elif pose.eyes == "half":
        for ex in (left, right):
            c.stamp(ex - 1, top + 2, ("ddd", "wdd", "ddd"), _LEGEND)
    elif pose.eyes == "happy":
        for ex in (left, right):
            c.stamp(ex - 2, top + 1, (".ddd.", "dd.dd", "d...d"), _LEGEND)
    else:
        for ex in (left, right):
            c.stamp(ex - 2, top + 2, ("d...d", ".ddd."), _LEGEND)
    nose_x, nose_y = round(x + 2), round(y + 2.5)
    c.stamp(nose_x - 1, nose_y, ("ndn", ".n."), _LEGEND)
    if pose.mouth == "smile":
        c.stamp(nose_x - 2, nose_y + 2, ("n.n.n", ".n.n."), _LEGEND)
    elif pose.mouth == "open":
        c.stamp(nose_x - 1, nose_y + 2, ("nnn", "npn", ".n."), _LEGEND)
    c.stamp(left - 2, top + 5, ("pp",), _LEGEND)
    c.stamp(right + 1, top + 5, ("pp",), _LEGEND)


def _scarf(c: Canvas, pose: Pose) -> None:
    x, y = 18.5 + pose.head_x, 21.0 + pose.head_y
    flap = pose.scarf
    c.paint(
        chain([(x - 5, y, 1.8), (x - 8.5, y + 0.5 - flap * 0.5, 2.0), (x - 11.5, y + 1.5 - flap, 1.7)]), _SCARF, edge=10
    )
    c.paint(chain([(x - 6.5, y - 0.6, 2.0), (x, y + 1.0, 2.4), (x + 5.8, y - 0.2, 2.0)]), _SCARF, edge=10)
    for k in (-4, -1, 2):
        c.dot(round(x + k), round(y + 1), 12)
        c.dot(round(x + k), round(y + 2), 10)


def draw(pose: Pose) -> Canvas:
    """One standing frame of Pip, 32x32."""
    c = Canvas(32, 32)
    _tail(c, pose)
    by = pose.body_y
    _leg(c, 11.0, pose.legs[2], _FUR_SHADE, 24 + by)
    _leg(c, 22.0, pose.legs[3], _FUR_SHADE, 24 + by)
    c.paint(ball(14.5, 23.0 + by, 7.6, 4.9), _FUR, edge=3)
    c.paint(ball(20.5, 24.2 + by, 3.6, 3.6), _CREAM)
    _leg(c, 8.8, pose.legs[0], _FUR, 25 + by)
    _leg(c, 18.6, pose.legs[1], _FUR, 25 + by)
    _scarf(c, pose)
    _head(c, pose)
    c.outline(_DARK, _SOFT)
    return c


def idle() -> list[Canvas]:
    """Breathing, a swishing tail, a blink and a twitching ear."""
    return [
        draw(Pose(tail=0)),
        draw(Pose(tail=14, head_y=1, body_y=0.5, scarf=-1)),
        draw(Pose(tail=28, eyes="closed", ear=1)),
        draw(Pose(tail=10, head_y=1, body_y=0.5, scarf=-1, eyes="half")),
    ]


def walk() -> list[Canvas]:
    """A trot: the legs swing in pairs, the head bobs and the scarf flutters."""
    frames = []
    for i in range(6):
        legs = []
        for phase in (0, 3, 3, 0):
            turn = 2 * math.pi * (i + phase) / 6
            legs.append((2.6 * math.cos(turn), max(0.0, 2.4 * math.sin(turn))))
        bob = 1.0 if i in (1, 4) else 0.0
        sway, flutter = 10 * math.sin(i * math.pi / 3) - 4, 1.5 + 1.5 * math.sin(i * 2.1)
        frames.append(
            draw(Pose(head_y=bob, body_y=bob * 0.6, legs=tuple(legs), tail=sway, tail_lift=-8, scarf=flutter))
        )
    return frames


def jump() -> list[Canvas]:
    """Crouch, leap, float at the top and land."""
    return [
        draw(Pose(head_y=3, body_y=2, tail=-30, scarf=-2, ear=1, eyes="half")),
        draw(Pose(tail=-38, scarf=-3, ear=2, mouth="open", legs=((-2.5, 0), (3, 3), (-3, 0), (4, 3)))),
        draw(Pose(tail=24, scarf=5, mouth="open", legs=((-2, 2.5), (2.5, 3), (-1.5, 2.5), (3.5, 3)))),
        draw(Pose(head_y=1, tail=48, scarf=7, legs=((1.5, 1), (1.5, 0), (2, 1), (2, 0)))),
    ]


def _cheer_frame(hop: float, wave: float, eyes: str) -> Canvas:
    """Upright on the hind legs, both arms in the air."""
    c = Canvas(32, 32)
    points = [(20.0, 27.0 - hop, 1.8), (24, 27.5 - hop, 2.8), (26.5, 25.0 - hop, 3.0), (27.5 + wave, 21.5 - hop, 1.2)]
    c.paint(chain(points), _FUR_SHADE)
    c.paint(chain(points[2:]), _CREAM)
    for side in (-1, 1):
        _leg(c, 15.5 + side * 4, (side * 0.5, hop), _FUR if side < 0 else _FUR_SHADE, 25 - hop)
    c.paint(ball(15.5, 23.5 - hop, 6.2, 5.2), _FUR, edge=3)
    c.paint(ball(15.8, 24.6 - hop, 3.8, 3.9), _CREAM)
    pose = Pose(head_x=-4, head_y=1 - hop, eyes=eyes, mouth="open")
    _scarf(c, Pose(head_x=-3, head_y=0.5 - hop, scarf=wave * 2))
    _head(c, pose)
    for side in (-1, 1):
        hand_x, hand_y = 15.5 + side * (12.5 + wave * 0.5), 14.5 - hop - wave * 1.5
        ramp = _FUR if side < 0 else _FUR_SHADE
        c.paint(limb(15.5 + side * 7, 21.5 - hop, hand_x, hand_y, 2.2, 2.0), ramp, edge=_SOFT)
        c.paint(ball(hand_x, hand_y - 0.8, 2.3), _PAW)
    c.outline(_DARK, _SOFT)
    return c


def cheer() -> list[Canvas]:
    """Hopping with joy."""
    return [
        _cheer_frame(0, 0, "open"),
        _cheer_frame(0.5, 1, "happy"),
        _cheer_frame(0.5, 0.2, "happy"),
        _cheer_frame(0, -1, "happy"),
    ]


def _sleep_frame(breath: float) -> Canvas:
    """Curled up, the tail around the nose."""
    c = Canvas(32, 32)
    c.paint(ball(17, 22.5 - breath * 0.4, 12.5, 7.4 + breath * 0.4), _FUR, edge=3)
    c.paint(ball(20.5, 25.5, 7.5, 4.2), _FUR, bias=-0.12, edge=3)
    for side in (-1, 1):
        c.paint(ball(10.5 + side * 5.4, 12.8 + breath * 0.5, 3.4), _FUR, edge=_SOFT)
        c.paint(ball(10.8 + side * 5.4, 13.3 + breath * 0.5, 1.8), _PINK, bias=-0.1)
    c.paint(chain([(9, 26.0, 2.0), (15, 26.6, 2.3), (19, 24.5, 1.9)]), _SCARF, edge=10)
    hx, hy = 10.5, 19.5 + breath * 0.5
    c.paint(ball(hx, hy, 8.4, 6.6), _FUR, edge=_SOFT)
    c.paint(ball(hx - 0.5, hy + 3.4, 5.6, 3.2), _CREAM, bias=0.05)
    top = round(hy) - 1
    for ex in (5, 12):
        c.stamp(ex, top, ("d...d", ".ddd."), _LEGEND)
    c.stamp(9, top + 3, ("ndn", ".n."), _LEGEND)
    c.stamp(5, top + 4, ("pp",), _LEGEND)
    c.stamp(15, top + 3, ("pp",), _LEGEND)
    points = [(29.0, 22.0, 2.0), (28.0, 25.5, 3.0), (23.5, 27.4, 3.3), (18.0, 28.0, 2.8), (13.5, 28.4, 1.2)]
    c.paint(chain(points), _FUR, edge=_SOFT)
    c.paint(chain(points[3:]), _CREAM, edge=7)
    if breath:
        c.stamp(23, 3, ("ccccc", "...c.", "..c..", ".c...", "ccccc"), _LEGEND)
    c.stamp(19 + (1 if breath else 0), 9, ("ccc", ".c.", "ccc"), _LEGEND)
    c.outline(_DARK, _SOFT)
    return c


def sleep() -> list[Canvas]:
    """Two slow breaths."""
    return [_sleep_frame(0), _sleep_frame(1)]
