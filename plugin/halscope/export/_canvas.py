"""Canvas: the drawing style shared by all pictures: colours, text, cards, checkerboards, arrows."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""

GROUND: Final[Colour] = (17, 19, 27)
CARD: Final[Colour] = (26, 29, 41)
EDGE: Final[Colour] = (48, 53, 72)
TEXT: Final[Colour] = (233, 236, 245)
DIM: Final[Colour] = (152, 161, 186)
ACCENT: Final[Colour] = (94, 214, 200)
LOCKED: Final[Colour] = (255, 77, 109)
UNPROVEN: Final[Colour] = (255, 176, 32)
CHECKS: Final[tuple[Colour, Colour]] = ((58, 64, 84), (70, 77, 100))

SERIES: Final[tuple[Colour, ...]] = (
    (255, 138, 101),
    (94, 214, 200),
    (255, 213, 79),
    (149, 177, 255),
    (240, 128, 190),
    (156, 220, 110),
    (255, 176, 64),
    (190, 150, 255),
)
"""Colours for boxes and their labels, chosen to stand out on a game's picture and on the dark background."""

_PLAIN: Final = str.maketrans("\xd7\u2192\u2013\u2014\u2212\u2018\u2019\u201c\u201d", "x>---''\"\"")
"""Replacements for characters missing from Pillow's built-in font: times, arrow, dashes, minus, quotes."""


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's built-in font at `size` pixels, so that no system font is needed."""
    return ImageFont.load_default(size=size)


def plain(text: str) -> str:
    """Reduce text to characters of the built-in font; others become `?`."""
    letters = text.translate(_PLAIN)
    return "".join(letter if letter == "…" or (letter <= "ÿ" and letter.isprintable()) else "?" for letter in letters)


def text_width(text: str, size: int) -> int:
    """Return the width of a line of text in pixels."""
    return int(np.ceil(font(size).getlength(plain(text))))


def fitted(text: str, size: int, width: int) -> str:
    """Return the text, truncated with an ellipsis if it is wider than `width` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: Colour, anchor: str = "la"
) -> None:
    """Draw one line of text. `anchor` is as in Pillow ("la": left and ascender)."""
    draw.text(place, plain(text), fill=colour, font=font(size), anchor=anchor)


def card(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    """Draw a panel with rounded corners. `box` is left, top, right, bottom, the last two exclusive."""
    left, top, right, bottom = box
    draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius=8, fill=CARD, outline=EDGE)


def checkerboard(width: int, height: int, square: int = 8) -> Image.Image:
    """Return the background for transparent pixels."""
    rows, columns = np.indices((height, width)) // square
    return Image.fromarray(np.array(CHECKS, np.uint8)[(rows + columns) % 2])


def arrow(image: Image.Image, centre: tuple[int, int], length: int, colour: Colour = ACCENT) -> None:
    """Draw an antialiased arrow to the right."""
    scale = 4  # drawn larger, then scaled down: Pillow does not antialias polygons
    height = length * 3 // 4
    mask = Image.new("L", (length * scale, height * scale))
    w, h = mask.size
    shaft = h // 7
    points = [
        (0, h // 2 - shaft),
        (w - h // 2, h // 2 - shaft),
        (w - h // 2, 0),
        (w - 1, h // 2),
        (w - h // 2, h - 1),
        (w - h // 2, h // 2 + shaft),
        (0, h // 2 + shaft),
    ]
    ImageDraw.Draw(mask).polygon(points, fill=255)
    mask = mask.resize((length, height), Image.Resampling.LANCZOS)
    image.paste(colour, (centre[0] - length // 2, centre[1] - height // 2), mask)


def swatches(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], palette: NDArray[np.uint8], size: tuple[int, int]
) -> None:
    """Draw a palette (uint8[n, 3]) as a strip of `size`. Entry 0, the transparent one, is crossed out."""
    (left, top), (width, height) = place, size
    count = max(1, len(palette))
    edges = [left + width * at // count for at in range(count + 1)]
    for at, colour in enumerate(palette.tolist()):
        draw.rectangle((edges[at], top, edges[at + 1] - 1, top + height - 1), fill=tuple(colour))
    if len(palette):
        draw.rectangle((edges[0], top, edges[1] - 1, top + height - 1), fill=CHECKS[0])
        draw.line((edges[0], top + height - 1, edges[1] - 1, top), fill=DIM)


def as_picture(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Return the array if it is uint8[h, w, channels] and not empty. Otherwise raises UsageError."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != channels or 0 in pixels.shape:
        raise UsageError(f"a picture of {pixels.dtype}{list(pixels.shape)}; give uint8[height, width, {channels}]")
    return pixels
