"""An image editor: paints the picture that it is given in one colour of its palette, and saves it."""

import sys

import numpy as np
from PIL import Image

with Image.open(sys.argv[1]) as picture:
    picture.load()
pixels = np.asarray(picture)
colour = int(np.bincount(pixels[pixels % 16 > 0]).argmax())
painted = Image.fromarray(np.where(pixels % 16 > 0, colour, pixels).astype(np.uint8))
painted.putpalette(picture.getpalette() or [])
painted.save(sys.argv[1], transparency=picture.info.get("transparency"))
