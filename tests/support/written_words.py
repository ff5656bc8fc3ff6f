"""Words in a picture, which no test can read: they are written once more and compared pixel by pixel."""

from __future__ import annotations

import numpy as np
from halscope.export._canvas import GROUND, Colour, text_width, write
from PIL import Image, ImageDraw


def is_written(image: Image.Image, place: tuple[int, int], text: str, size: int, colour: Colour) -> bool:
    """Whether this text, and nothing behind it, is written on the ground of a picture at this place."""
    box = (*place, min(place[0] + text_width(text, size) + size, image.width), place[1] + size + 3)
    wanted = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), GROUND)
    write(ImageDraw.Draw(wanted), (0, 0), text, size, colour)
    return bool(text) and np.array_equal(np.asarray(wanted), np.asarray(image.convert("RGB").crop(box)))
