"""Edits of a sheet as an image editor makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def paint_one_colour(png: Path, output: Path | None = None) -> None:
    """Give all opaque pixels of a sheet the colour of the first one, and save it as RGBA, over itself by default."""
    with Image.open(png) as image:
        pixels = np.asarray(image.convert("RGBA")).copy()
    opaque = pixels[:, :, 3] > 0
    pixels[opaque, :3] = pixels[opaque][0, :3]
    Image.fromarray(pixels).save(png if output is None else output, "PNG")
