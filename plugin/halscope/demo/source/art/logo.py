"""The logo: the word HALSCOPE as eight bobbing letters of 32x32."""

from __future__ import annotations

import itertools

import numpy as np

from .canvas import Canvas, Form, ball, limb, merge

# Strokes as polylines on a grid of 10x12: (x, y) pairs.
_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "H": (((1, 0), (1, 12)), ((9, 0), (9, 12)), ((1, 6), (9, 6))),
    "A": (((0.5, 12), (5, 0), (9.5, 12)), ((2.6, 8), (7.4, 8))),
    "L": (((1.5, 0), (1.5, 12), (9, 12)),),
    "S": (
        (
            (9, 1.6),
            (7, 0),
            (3, 0),
            (1, 1.8),
            (1, 4),
            (3, 5.7),
            (7, 6.3),
            (9, 8),
            (9, 10.2),
            (7, 12),
            (3, 12),
            (1, 10.4),
        ),
    ),
    "C": (((9, 2.2), (7, 0), (4, 0), (1.4, 2), (0.8, 6), (1.4, 10), (4, 12), (7, 12), (9, 9.8)),),
    "O": (
        (
            (5, 0),
            (2, 0.8),
            (0.5, 3.5),
            (0.5, 8.5),
            (2, 11.2),
            (5, 12),
            (8, 11.2),
            (9.5, 8.5),
            (9.5, 3.5),
            (8, 0.8),
            (5, 0),
        ),
    ),
    "P": (((1, 12), (1, 0), (6.5, 0), (9, 1.6), (9, 5), (6.5, 6.8), (1, 6.8)),),
    "E": (((9, 0), (1, 0), (1, 12), (9, 12)), ((1, 6), (7.4, 6))),
}


def _strokes(letter: str, dx: float, dy: float, radius: float) -> Form:
    parts = []
    for line in _STROKES[letter]:
        points = [(6.2 + x * 1.85 + dx, 6.0 + y * 1.55 + dy) for x, y in line]
        parts += [limb(*a, *b, radius) for a, b in itertools.pairwise(points)]
    return merge(*parts)


def logo() -> list[Canvas]:
    """H, A, L, S, C, O, P, E; the O is the lens of a scope."""
    rows = np.linspace(0.30, -0.34, 32)[:, None] * np.ones((1, 32))
    letters = []
    for letter in "HALSCOPE":
        c = Canvas(32, 32)
        for depth in (3.0, 2.0, 1.0):
            c.paint(_strokes(letter, depth * 0.6, depth, 4.0), (15, 10, 10, 11), edge=1 if depth == 3.0 else None)
        c.paint(_strokes(letter, -0.3, -0.5, 4.3), (1, 1))
        c.paint(_strokes(letter, -0.3, -0.5, 3.5), (3, 4, 5, 6, 7, 8, 9), texture=rows, dither=0.06)
        if letter == "O":
            c.paint(ball(15.2, 14.8, 4.6, 5.6), (13, 12, 11, 10), bias=0.05)
            c.paint(ball(13.4, 11.8, 1.7, 1.3, -40), (14, 14))
        c.outline(1, 2)
        letters.append(c)
    return letters
