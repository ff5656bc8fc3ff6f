"""What the drawing modules return to the build: sprite sheets, fonts and backgrounds as indexed pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import Canvas


@dataclass(frozen=True)
class SpriteSheet:
    """Animation frames from left to right in one row.

    pixels: uint8[frame_height, frames * frame_width], entries 0..15 of `palette`, 0 is transparent.
    """

    name: str
    pixels: NDArray[np.uint8]
    frame_width: int
    frame_height: int
    palette: str

    @property
    def frames(self) -> int:
        return int(self.pixels.shape[1]) // self.frame_width


@dataclass(frozen=True)
class Font:
    """8x8 glyphs, 16 per row, ASCII 32..127: uint8[48, 128], entries 0..3 (2bpp), 0 is transparent."""

    name: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Background:
    """A whole background layer.

    pixels: uint8[height, width], palette * 16 + entry, where palette is an index into `palettes`, and entry 0 is
    transparent; each aligned 8x8 tile uses one palette.  priority: bool[height / 8, width / 8], the tiles that are
    drawn in front of the sprites.
    """

    name: str
    pixels: NDArray[np.uint8]
    priority: NDArray[np.bool_]
    palettes: tuple[str, ...]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def sheet(name: str, palette: str, frames: Sequence[Canvas]) -> SpriteSheet:
    """Put the frames of one animation side by side."""
    height, width = frames[0].pixels.shape
    pixels = np.concatenate([frame.pixels for frame in frames], axis=1)
    pixels.setflags(write=False)
    return SpriteSheet(name, pixels, width, height, palette)
