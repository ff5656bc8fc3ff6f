"""Count which sprite palettes the frames use; report it as text and as swatches. Values in, values out."""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import Frame, Sprite
from numpy.typing import NDArray

PALETTES: Final = 8
COLOURS: Final = 16
SPRITE_COLOURS: Final = 128  # sprites use the second half of CGRAM
SCREEN_WIDTH: Final = 256
SCREEN_LINES: Final = 224
SQUARE: Final = 10  # pixels per swatch, including a border of one
UNUSED: Final = 4  # unused colours are drawn this many times darker


def is_on_screen(sprite: Sprite) -> bool:
    """Whether a part of the sprite's box is on the screen; its line wraps at 256."""
    columns = -sprite.width < sprite.x < SCREEN_WIDTH
    return columns and (sprite.y < SCREEN_LINES or sprite.y + sprite.height > 256)


class Usage:
    """The palettes used in all frames that were added."""

    def __init__(self) -> None:
        self.frames = 0
        self.unknown = 0
        """Frames whose sprites are not known."""
        self.frames_of = np.zeros(PALETTES, np.int64)
        """int64[8], the number of frames in which each palette was used."""
        self.most = np.zeros(PALETTES, np.int64)
        """int64[8], the most sprites of each palette in one frame."""
        self.pixels_of = np.zeros((PALETTES, COLOURS), np.int64)
        """int64[8, 16], sprite pixels of each colour in all frames; column 0 is transparent and stays 0."""
        self.last: Frame | None = None

    def add(self, frame: Frame) -> None:
        """Count a frame."""
        self.frames += 1
        self.last = frame
        if frame.sprites_unknown is not None:
            self.unknown += 1
            return
        sprites = np.zeros(PALETTES, np.int64)
        for sprite in frame.sprites:
            if not is_on_screen(sprite) or not sprite.pixels.any():
                continue
            sprites[sprite.palette] += 1
            counts = np.bincount(sprite.pixels.ravel(), minlength=COLOURS)
            counts[0] = 0
            self.pixels_of[sprite.palette] += counts
        self.frames_of += sprites > 0
        self.most = np.maximum(self.most, sprites)

    def report(self) -> str:
        """A line for each palette that was used, and the free palettes."""
        lines = [f"{self.frames} frames"]
        if self.unknown:
            lines.append(f"sprites not known in {self.unknown} of them")
        free = []
        for palette in range(PALETTES):
            if not self.frames_of[palette]:
                free.append(str(palette))
                continue
            spare = [str(colour) for colour in range(1, COLOURS) if not self.pixels_of[palette, colour]]
            lines.append(
                f"palette {palette}: in {self.frames_of[palette]} frames, up to {self.most[palette]} sprites; "
                f"colours never shown: {' '.join(spare) or 'none'}"
            )
        lines.append(f"palettes never used: {' '.join(free) or 'none'}")
        return "\n".join(lines) + "\n"

    def swatches(self) -> NDArray[np.uint8]:
        """The sprite palettes of the last frame, uint8[80, 160, 3], RGB; colours that were never shown are darkened."""
        if self.last is None:
            return np.zeros((PALETTES * SQUARE, COLOURS * SQUARE, 3), np.uint8)
        colours = self.last.palettes[SPRITE_COLOURS:].reshape(PALETTES, COLOURS, 3).copy()
        colours[self.pixels_of == 0] //= UNUSED
        picture = colours.repeat(SQUARE, 0).repeat(SQUARE, 1)
        picture[::SQUARE] = picture[:, ::SQUARE] = 0
        return picture
