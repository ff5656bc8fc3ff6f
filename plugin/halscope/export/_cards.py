"""Cards: a sprite enlarged on checks, with its captions, palette, and the marks of its tiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from halscope.export._canvas import (
    DIM,
    LOCKED,
    TEXT,
    UNPROVEN,
    Colour,
    as_picture,
    checkerboard,
    fitted,
    write,
)

GAP: Final = 16
PADDING: Final = 12
INDENT: Final = 15
"""Indentation of a title that has a mark next to it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """A sprite on a contact sheet.

    Args:
        pixels: uint8[h, w, 4], RGBA as displayed.
        title: One short line ("#12  32x32").
        lines: A few lines in smaller type ("palette 3  priority 2", "hal $1A403+$200 pointer").
        palette: uint8[n, 3], its colours in the console's order, or `None` for no palette strip.
        colour: Colour of a mark next to the title, the same as of its box on the screen, or `None` for no mark.
        locked: Upper left corners (x, y in pixels) of tiles that cannot be edited; they are striped.
        unproven: Those of tiles that can be edited only with --force; they are outlined.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    title: str
    lines: tuple[str, ...] = ()
    palette: NDArray[np.uint8] | None = field(default=None, repr=False)
    colour: Colour | None = None
    locked: tuple[tuple[int, int], ...] = ()
    unproven: tuple[tuple[int, int], ...] = ()


def factor_of(pixels: NDArray[np.uint8], room: int) -> int:
    """Return the largest factor, at most 16, by which an RGBA picture can be enlarged to fit into `room` pixels."""
    longest: int = max(as_picture(pixels, 4).shape[:2])
    return max(1, min(16, room // longest))


def on_checks(pixels: NDArray[np.uint8], factor: int) -> Image.Image:
    """Draw an RGBA picture, enlarged, on the background for transparent pixels."""
    sprite = Image.fromarray(as_picture(pixels, 4).repeat(factor, axis=0).repeat(factor, axis=1))
    ground = checkerboard(sprite.width, sprite.height)
    ground.paste(sprite, (0, 0), sprite)
    return ground


def card_picture(entry: Entry, factor: int) -> Image.Image:
    """Draw a sprite with the marks of its tiles."""
    picture = on_checks(entry.pixels, factor)
    side = 8 * factor
    for x, y in entry.locked:
        picture.paste(LOCKED, (x * factor, y * factor), _stripes(side))
    draw = ImageDraw.Draw(picture)
    for x, y in entry.unproven:
        left, top = x * factor, y * factor
        draw.rectangle((left, top, left + side - 1, top + side - 1), outline=UNPROVEN)
    return picture


def _stripes(side: int) -> Image.Image:
    """Return a mask of diagonal stripes with an edge; what is below them stays visible."""
    y, x = np.mgrid[:side, :side]
    edge = (x == 0) | (y == 0) | (x == side - 1) | (y == side - 1)
    width = max(2, side // 8)
    return Image.fromarray(np.where(edge, 255, np.where((x + y) // width % 2, 170, 0)).astype(np.uint8))


def write_captions(
    draw: ImageDraw.ImageDraw, entry: Entry, place: tuple[int, int], width: int, sizes: tuple[int, int] = (15, 12)
) -> None:
    """Draw an entry's title with its mark, and its lines. `sizes`: type sizes of both."""
    x, y = place
    size, small = sizes
    indent = 0
    if entry.colour is not None:
        draw.rounded_rectangle((x, y + size - 11, x + 9, y + size - 2), radius=2, fill=entry.colour)
        indent = INDENT
    write(draw, (x + indent, y), fitted(entry.title, size, width - indent), size, TEXT)
    for at, line in enumerate(entry.lines):
        write(draw, (x, y + size + 7 + at * (small + 5)), fitted(line, small, width), small, DIM)
