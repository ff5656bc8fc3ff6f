"""An indexed canvas with shaded forms: the drawing kit behind every sprite and background of the demo.

Coordinates are pixels with the origin at the top left corner; the centre of the first pixel is (0.5, 0.5).
A form is a mask with surface normals; painting it lights the normals from the top left and picks a step of a ramp
(palette entries from dark to light).  Everything is deterministic: dithering is ordered, noise has a fixed seed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ramp = Sequence[int]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LIGHT = np.array([-0.55, -0.66, 0.52])
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16.0 - 0.47


@dataclass(frozen=True)
class Form:
    """A shape in a window of the plane: mask, height above the paper and surface normal (x and y parts)."""

    left: int
    top: int
    mask: Mask
    height: Floats
    normal_x: Floats
    normal_y: Floats


def _window(left: float, top: float, right: float, bottom: float) -> tuple[int, int, Floats, Floats]:
    """The whole pixels that cover a rectangle: left, top and the coordinates of their centres."""
    x0, y0 = math.floor(left), math.floor(top)
    x1, y1 = max(math.ceil(right), x0 + 1), max(math.ceil(bottom), y0 + 1)
    y, x = np.mgrid[y0:y1, x0:x1]
    return x0, y0, x + 0.5, y + 0.5


def ball(x: float, y: float, radius_x: float, radius_y: float | None = None, tilt: float = 0.0) -> Form:
    """An ellipsoid; tilt turns it clockwise, in degrees."""
    ry = radius_x if radius_y is None else radius_y
    reach = max(radius_x, ry) + 1
    left, top, px, py = _window(x - reach, y - reach, x + reach, y + reach)
    c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    u = ((px - x) * c + (py - y) * s) / radius_x
    v = ((py - y) * c - (px - x) * s) / ry
    square = u * u + v * v
    height = np.sqrt(np.clip(1 - square, 0, 1))
    return Form(left, top, square <= 1.0, height * min(radius_x, ry), u * c - v * s, u * s + v * c)


def limb(x0: float, y0: float, x1: float, y1: float, radius0: float, radius1: float | None = None) -> Form:
    """A capsule from one point to another whose radius runs from radius0 to radius1."""
    end = radius0 if radius1 is None else radius1
    r = max(radius0, end) + 1
    left, top, px, py = _window(min(x0, x1) - r, min(y0, y1) - r, max(x0, x1) + r, max(y0, y1) + r)
    length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
    t = np.clip(((px - x0) * (x1 - x0) + (py - y0) * (y1 - y0)) / max(length2, 1e-9), 0, 1)
    radius = radius0 + (end - radius0) * t
    dx, dy = (px - x0 - t * (x1 - x0)) / radius, (py - y0 - t * (y1 - y0)) / radius
    square = dx * dx + dy * dy
    return Form(left, top, square <= 1.0, np.sqrt(np.clip(1 - square, 0, 1)) * radius, dx, dy)


def polygon(points: Sequence[tuple[float, float]], bevel: float = 2.0, lean: tuple[float, float] = (0.0, 0.0)) -> Form:
    """A flat polygon with rounded (bevelled) edges; lean tips its face towards a direction."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    left, top, px, py = _window(min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1)
    inside = np.zeros(px.shape, dtype=bool)
    nearest = np.full(px.shape, 1e9)
    nx, ny = np.zeros(px.shape), np.zeros(px.shape)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        if ay != by:
            inside ^= ((ay > py) != (by > py)) & (px < (bx - ax) * (py - ay) / (by - ay) + ax)
        t = np.clip(((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9), 0, 1)
        dx, dy = px - ax - t * (bx - ax), py - ay - t * (by - ay)
        distance = np.hypot(dx, dy)
        closer = distance < nearest
        # The normal at an edge points from the inside to the edge, so against the vector edge to pixel.
        nx, ny = np.where(closer, -dx / (distance + 1e-9), nx), np.where(closer, -dy / (distance + 1e-9), ny)
        nearest = np.minimum(nearest, distance)
    slope = np.clip(1 - nearest / max(bevel, 1e-6), 0, 1) * 0.85
    return Form(left, top, inside, np.minimum(nearest, bevel), nx * slope + lean[0], ny * slope + lean[1])


def merge(*forms: Form) -> Form:
    """The union of forms; where they overlap the higher surface shows."""
    left, top = min(f.left for f in forms), min(f.top for f in forms)
    right = max(f.left + f.mask.shape[1] for f in forms)
    bottom = max(f.top + f.mask.shape[0] for f in forms)
    shape = (bottom - top, right - left)
    mask, height = np.zeros(shape, dtype=bool), np.full(shape, -1.0)
    nx, ny = np.zeros(shape), np.zeros(shape)
    for f in forms:
        area = np.s_[f.top - top : f.top - top + f.mask.shape[0], f.left - left : f.left - left + f.mask.shape[1]]
        wins = f.mask & (f.height > height[area])
        mask[area] |= f.mask
        for target, source in ((height, f.height), (nx, f.normal_x), (ny, f.normal_y)):
            target[area] = np.where(wins, source, target[area])
    return Form(left, top, mask, height, nx, ny)


def chain(points: Sequence[tuple[float, float, float]]) -> Form:
    """A smooth tube through (x, y, radius) points, for tails, tentacles and stems."""
    return merge(*(limb(a[0], a[1], b[0], b[1], a[2], b[2]) for a, b in itertools.pairwise(points)))


def noise(height: int, width: int, cell: int, seed: int) -> Floats:
    """Smooth value noise in -1..1, float64[height, width], that wraps at both edges; cell must divide both sizes."""
    rng = np.random.default_rng(seed)
    lattice = rng.uniform(-1, 1, (height // cell, width // cell))
    y, x = np.arange(height) / cell, np.arange(width) / cell
    y0, x0 = y.astype(int), x.astype(int)
    fy, fx = y - y0, x - x0
    sy, sx = (fy * fy * (3 - 2 * fy))[:, None], (fx * fx * (3 - 2 * fx))[None, :]
    y1, x1 = (y0 + 1) % lattice.shape[0], (x0 + 1) % lattice.shape[1]
    upper = lattice[np.ix_(y0, x0)] * (1 - sx) + lattice[np.ix_(y0, x1)] * sx
    lower = lattice[np.ix_(y1, x0)] * (1 - sx) + lattice[np.ix_(y1, x1)] * sx
    return np.asarray(upper * (1 - sy) + lower * sy, dtype=np.float64)


class Canvas:
    """A picture of palette entries, uint8[height, width]; 0 is transparent.  With wrap, x runs around the edge."""

    def __init__(self, width: int, height: int, *, wrap: bool = False) -> None:
        self.pixels: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)
        self._wrap = wrap

    def _place(self, left: int, top: int, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
        """Row and column numbers of a window, and which of its pixels lie on the canvas."""
        height, width = self.pixels.shape
        rows, columns = top + np.arange(shape[0]), left + np.arange(shape[1])
        valid_x = np.full(columns.shape, True) if self._wrap else (columns >= 0) & (columns < width)
        valid = ((rows >= 0) & (rows < height))[:, None] & valid_x[None, :]
        return np.clip(rows, 0, height - 1), columns % width, valid

    def paint(
        self,
        form: Form,
        ramp: Ramp,
        *,
        edge: int | None = None,
        bias: float = 0.0,
        contrast: float = 1.0,
        dither: float = 0.0,
        texture: Floats | None = None,
        over: Sequence[int] | None = None,
        behind: bool = False,
    ) -> None:
        """Light a form and paint it with a ramp (dark to light).

        edge: entry for the form's rim where it lies over something already painted.  over: paint on these entries
        only.  behind: paint only where the canvas is still empty.  texture: added to the light, indexed by canvas
        position, so that neighbours agree.
        """
        rows, columns, valid = self._place(form.left, form.top, form.mask.shape)
        area = np.ix_(rows, columns)
        here = self.pixels[area]
        mask = form.mask & valid
        if over is not None:
            mask &= np.isin(here, list(over))
        if behind:
            mask &= here == 0
        nz = np.sqrt(np.clip(1 - form.normal_x**2 - form.normal_y**2, 0, 1))
        light = form.normal_x * _LIGHT[0] + form.normal_y * _LIGHT[1] + nz * _LIGHT[2]
        value = (light * contrast + 0.30) / 1.28 + bias
        value = value + dither * BAYER[np.ix_(rows % 4, columns % 4)]
        if texture is not None:
            value = value + texture[np.ix_(rows % texture.shape[0], columns % texture.shape[1])]
        step = np.clip((value * len(ramp)).astype(int), 0, len(ramp) - 1)
        colour = np.asarray(ramp, dtype=np.uint8)[step]
        if edge is not None:
            padded = np.pad(form.mask, 1)
            inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
            colour = np.where(form.mask & ~inner & (here != 0), np.uint8(edge), colour)
        chosen = np.where(mask, colour, here)
        flat_rows, flat_columns = np.nonzero(mask)
        self.pixels[rows[flat_rows], columns[flat_columns]] = chosen[flat_rows, flat_columns]

    def dot(self, x: int, y: int, entry: int) -> None:
        """Set one pixel, if it lies on the canvas."""
        height, width = self.pixels.shape
        if 0 <= y < height and (self._wrap or 0 <= x < width):
            self.pixels[y, x % width] = entry

    def line(self, x0: float, y0: float, x1: float, y1: float, entry: int) -> None:
        """A thin line between two points."""
        steps = max(1, math.ceil(max(abs(x1 - x0), abs(y1 - y0))))
        for i in range(steps + 1):
            self.dot(math.floor(x0 + (x1 - x0) * i / steps), math.floor(y0 + (y1 - y0) * i / steps), entry)

    def box(self, x: int, y: int, width: int, height: int, entry: int) -> None:
        """Fill a rectangle."""
        for row in range(y, y + height):
            for column in range(x, x + width):
                self.dot(column, row, entry)

    def stamp(self, x: int, y: int, rows: Sequence[str], legend: Mapping[str, int], *, flip: bool = False) -> None:
        """Copy typed pixels; a character that is missing from the legend is left as it was."""
        for dy, row in enumerate(rows):
            for dx, character in enumerate(reversed(row) if flip else row):
                if character in legend:
                    self.dot(x + dx, y + dy, legend[character])

    def outline(self, dark: int, soft: int | None = None) -> None:
        """Draw around everything painted so far; soft replaces dark on the side that faces the light."""
        solid = np.pad(self.pixels != 0, 1, mode="wrap" if self._wrap else "constant")
        below, right = solid[2:, 1:-1], solid[1:-1, 2:]
        above, left = solid[:-2, 1:-1], solid[1:-1, :-2]
        empty = self.pixels == 0
        shaded = empty & (above | left)
        lit = empty & (below | right) & ~shaded
        self.pixels[shaded] = dark
        self.pixels[lit] = dark if soft is None else soft
