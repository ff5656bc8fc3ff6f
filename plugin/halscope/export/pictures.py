"""Pictures: overview images for people and indexed PNGs for tools. Takes values, returns Pillow images."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from halscope.export._canvas import (
    ACCENT,
    DIM,
    GROUND,
    SERIES,
    TEXT,
    Colour,
    as_picture,
    card,
    fitted,
    swatches,
    text_width,
    write,
)
from halscope.export._cards import GAP, INDENT, PADDING, Entry, card_picture, factor_of, write_captions
from halscope.export._overview import before_after, overview
from halscope.export._screen import Box, annotated_screen, square, upscale

__all__ = [
    "SERIES",
    "Box",
    "Colour",
    "Entry",
    "annotated_screen",
    "before_after",
    "captioned",
    "frame_sheet",
    "indexed_png",
    "overview",
    "png_bytes",
    "sprite_sheet",
    "square",
    "upscale",
]


def png_bytes(image: Image.Image, software: str = "", *, fast: bool = False) -> bytes:
    """Encode the image as a PNG file.

    Args:
        image: The picture.
        software: The software that made it, named in the file; nothing is named if it is empty.
        fast: Whether it is written in a tenth of the time, for a file that is replaced in a moment.
    """
    stream = io.BytesIO()
    note = PngInfo()
    if software:
        note.add_text("Software", software)
    # Level 6 takes a fifth of the time of `optimize`, which makes the demo's pictures 2 to 5 % smaller.
    image.save(stream, "PNG", compress_level=1 if fast else 6, pnginfo=note)
    return stream.getvalue()


def captioned(image: Image.Image, lines: Sequence[str]) -> Image.Image:
    """Return the picture with lines of text below it; the same picture if there are none."""
    if not lines:
        return image
    result = Image.new("RGB", (image.width, image.height + 8 + 18 * len(lines)), GROUND)
    result.paste(image, (0, 0))
    draw = ImageDraw.Draw(result)
    for number, line in enumerate(lines):
        write(draw, (8, image.height + 4 + 18 * number), fitted(line, 12, image.width - 16), 12, ACCENT)
    return result


def indexed_png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8], transparent: int | None = 0) -> bytes:
    """Encode an indexed PNG file with the palette in the given order.

    Args:
        pixels: uint8[h, w], indices into the palette.
        palette: uint8[n, 3], n from 1 to 256.
        transparent: The index that is transparent (tRNS), or `None`.

    Raises:
        UsageError: A shape is wrong, or a pixel is outside the palette.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or 0 in pixels.shape:
        raise UsageError(f"a picture of {pixels.dtype}{list(pixels.shape)}; give uint8[height, width]")
    if palette.dtype != np.uint8 or palette.ndim != 2 or palette.shape[1] != 3 or not 1 <= len(palette) <= 256:
        raise UsageError(f"a palette of {palette.dtype}{list(palette.shape)}; give uint8[1 to 256, 3]")
    if int(pixels.max()) >= len(palette):
        raise UsageError(f"a pixel has colour {int(pixels.max())}, but the palette ends at {len(palette) - 1}")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.putpalette(palette.tobytes())
    stream = io.BytesIO()
    options = {} if transparent is None else {"transparency": transparent}
    image.save(stream, "PNG", optimize=False, **options)
    return stream.getvalue()


def sprite_sheet(entries: Sequence[Entry], *, columns: int = 6, title: str = "") -> Image.Image:
    """Draw a contact sheet: one card per sprite, with its captions and palette.

    Sprites are enlarged by a whole factor, as far as they fit in 128 pixels.

    Raises:
        UsageError: An entry's pixels are not an RGBA picture, or `columns` is less than 1.
    """
    if columns < 1:
        raise UsageError(f"{columns} columns; give 1 or more")
    pictures = [card_picture(entry, factor_of(entry.pixels, 128)) for entry in entries]
    texts = [text_width(entry.title, 15) + INDENT for entry in entries]
    texts += [text_width(line, 12) for entry in entries for line in entry.lines]
    inner = max([112, *(picture.width for picture in pictures), min(max(texts, default=0), 224)])
    tallest = max((picture.height for picture in pictures), default=0)
    captions = 24 + 17 * max((len(entry.lines) for entry in entries), default=0)
    width, height = inner + 2 * PADDING, tallest + captions + 20 + 2 * PADDING
    columns = min(columns, max(1, len(entries)))
    rows = -(-len(entries) // columns)
    top = GAP + (44 if title else 0)
    image = Image.new(
        "RGB", (GAP + columns * (width + GAP), top + max(rows * (height + GAP), GAP if title else 1)), GROUND
    )
    draw = ImageDraw.Draw(image)
    if title:
        write(draw, (GAP + 2, GAP), fitted(title, 24, image.width - 2 * GAP), 24, TEXT)
    for at, (entry, picture) in enumerate(zip(entries, pictures, strict=True)):
        left, card_top = GAP + at % columns * (width + GAP), top + at // columns * (height + GAP)
        card(draw, (left, card_top, left + width, card_top + height))
        x, y = left + PADDING, card_top + PADDING
        image.paste(picture, (x + (inner - picture.width) // 2, y + (tallest - picture.height) // 2))
        y += tallest + 10
        if entry.palette is not None:
            swatches(draw, (x, y), entry.palette, (inner, 8))
        write_captions(draw, entry, (x, y + 14), inner)
    return image


def frame_sheet(
    frames: Sequence[tuple[str, NDArray[np.uint8] | None]],
    *,
    columns: int = 8,
    title: str,
    marked: Collection[int] = (),
) -> Image.Image:
    """Draw small pictures of frames in the order given, each with its caption.

    Args:
        frames: A caption and a picture, uint8[h, w, 3], for each frame; `None` for one that cannot be shown.
        columns: Pictures in a row.
        title: Title line at the top.
        marked: Positions in `frames` of those that get an outline and a caption in another colour.

    Raises:
        UsageError: A picture has a wrong shape.
    """
    width, height, line = 128, 112, 18
    rows = -(-len(frames) // columns)
    top = 44 + GAP
    used = max(1, min(columns, len(frames)))
    image = Image.new("RGB", (GAP + used * (width + GAP), top + rows * (height + line + GAP)), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (GAP, GAP), fitted(title, 20, image.width - 2 * GAP), 20, TEXT)
    for at, (caption, picture) in enumerate(frames):
        left, y = GAP + at % columns * (width + GAP), top + at // columns * (height + line + GAP)
        if picture is None:
            card(draw, (left, y, left + width, y + height))
            write(draw, (left + width / 2, y + height / 2), "not known", 12, DIM, "mm")
        else:
            small = Image.fromarray(square(as_picture(picture, 3))).resize((width, height), Image.Resampling.BOX)
            image.paste(small, (left, y))
        if at in marked:
            draw.rectangle((left - 2, y - 2, left + width + 1, y + height + 1), outline=ACCENT, width=2)
        write(draw, (left, y + height + 3), fitted(caption, 12, width), 12, ACCENT if at in marked else DIM)
    return image
