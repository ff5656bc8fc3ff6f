"""Colours of raster effects: gradients and tints, with 5 bits per channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.uint8]


def rgb(text: str) -> Colour:
    """Parse RRGGBB."""
    return np.array([int(text[at : at + 2], 16) for at in (0, 2, 4)], np.uint8)


def number(colour: Colour) -> int:
    """The CGRAM word of a colour."""
    red, green, blue = (int(channel) >> 3 for channel in colour)
    return red | green << 5 | blue << 10


def blend(colour: Colour, tint: str, share: float) -> Colour:
    """The colour mixed with a share of a tint."""
    return np.round(colour * (1 - share) + rgb(tint) * share).astype(np.uint8)


def gradient(stops: Sequence[tuple[int, str]], rows: int) -> list[int]:
    """CGRAM words of rows between stops of (row, RRGGBB), the first at row 0."""
    places = [place for place, _ in stops]
    channels = np.array([rgb(text) for _, text in stops])
    mixed = np.stack([np.interp(np.arange(rows), places, channels[:, k]) for k in range(3)], axis=1)
    return [number(colour) for colour in np.round(mixed).astype(np.uint8)]
