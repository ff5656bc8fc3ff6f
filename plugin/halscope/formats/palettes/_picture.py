"""Palettes as PNG: the palette of an indexed picture, or the squares of another one, row by row."""

from __future__ import annotations

import io
import math
from typing import Final

import numpy as np
from halscope_hooks import FormatError
from numpy.typing import NDArray

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_MOST_COLOURS: Final = 256
_MOST_PIXELS: Final = 1 << 22
_COLUMNS: Final = 16


def parse_png(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return uint8[n, 3]: of an indexed picture its palette, up to the last colour that a pixel has; else the colours
    of the equal squares that it consists of, each of one colour and the largest possible, row by row.

    Raises FormatError: It is no PNG, is damaged, or consists of more than 256 squares.
    """
    from PIL import Image, UnidentifiedImageError  # only now: other formats do not need it

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise FormatError(f"{name}: {image.width}x{image.height} pixels are too many for a palette")
            if image.mode == "P":
                count = int(np.asarray(image).max()) + 1
                found = np.frombuffer(bytes(image.getpalette("RGB") or b""), np.uint8).reshape(-1, 3)
                if count > len(found):
                    raise FormatError(f"{name}: a pixel has colour {count - 1}, and the palette has {len(found)}")
                return found[:count].copy()
            pixels = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError(f"{name}: is no PNG, or is damaged: {error}") from error
    side = math.gcd(*pixels.shape[:2], *_borders(pixels), *_borders(pixels.swapaxes(0, 1)))
    squares = pixels[::side, ::side].reshape(-1, 3)
    if len(squares) > _MOST_COLOURS:
        raise FormatError(
            f"{name}: is a picture of {pixels.shape[1]}x{pixels.shape[0]} pixels, and no palette: that has at most "
            f"{_MOST_COLOURS} squares of one colour; save the picture with a palette (indexed), or the palette alone"
        )
    return squares


def png(rgb: NDArray[np.uint8]) -> bytes:
    """Return an indexed PNG of one pixel for each colour, 16 in a row."""
    from PIL import Image

    count = len(rgb)
    places = np.arange(-(-count // _COLUMNS) * _COLUMNS, dtype=np.uint8) if count > _COLUMNS else np.arange(count)
    places = np.minimum(places, count - 1).astype(np.uint8)
    image = Image.fromarray(places.reshape(-1, min(count, _COLUMNS)), "P")
    image.putpalette(rgb.tobytes())
    output = io.BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


def _borders(pixels: NDArray[np.uint8]) -> list[int]:
    """Return the rows in which a picture differs from the row above."""
    differ = (pixels[1:] != pixels[:-1]).any(axis=(1, 2))
    return [int(row) + 1 for row in np.flatnonzero(differ)]
