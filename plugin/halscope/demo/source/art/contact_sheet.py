"""Draw all sheets, the font and the backgrounds with their names into one PNG: python contact_sheet.py OUT.png."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from art import PALETTES, backgrounds, fonts, sprite_sheets, unique_tiles

_PAPER = (72, 96, 96)
_WIDTH = 1120


def _picture(pixels: NDArray[np.uint8], colours: NDArray[np.uint8], scale: int) -> Image.Image:
    rgb = colours[pixels]
    rgb[pixels % 16 == 0] = _PAPER
    picture = Image.fromarray(rgb)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def contact_sheet() -> Image.Image:
    """Everything, sprites enlarged three times, with names, palettes and tile counts."""
    parts: list[tuple[str, Image.Image]] = []
    for sheet in sprite_sheets():
        label = f"{sheet.name}  {sheet.frames} x {sheet.frame_width}x{sheet.frame_height}  [{sheet.palette}]"
        parts.append((label, _picture(sheet.pixels, PALETTES[sheet.palette], 3)))
    parts += [(font.name, _picture(font.pixels, PALETTES["font"], 3)) for font in fonts()]
    for ground in backgrounds():
        colours = np.concatenate([PALETTES[name] for name in ground.palettes])
        label = f"{ground.name}  {unique_tiles(ground)} tiles  {list(ground.palettes)}"
        parts.append((label, _picture(ground.pixels, colours, 1)))
    x = y = 8
    row = 0
    places = []
    for label, picture in parts:
        width = max(picture.width, 6 * len(label) + 8)
        if x + width > _WIDTH:
            x, y, row = 8, y + row, 0
        places.append((x, y, label, picture))
        x, row = x + width + 12, max(row, picture.height + 24)
    page = Image.new("RGB", (_WIDTH, y + row + 8), (32, 40, 48))
    pen = ImageDraw.Draw(page)
    for left, top, label, picture in places:
        pen.text((left, top), label, fill=(240, 240, 224))
        page.paste(picture, (left, top + 14))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description="Write one labelled PNG of the demo's art.")
    parser.add_argument("output", type=Path, help="the PNG to write")
    contact_sheet().save(parser.parse_args().output)


if __name__ == "__main__":
    main()
