"""Overviews: the screen with its sprites and their origins, and an edit before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from halscope.export._canvas import (
    ACCENT,
    CARD,
    DIM,
    GROUND,
    TEXT,
    Colour,
    arrow,
    card,
    fitted,
    swatches,
    text_width,
    write,
)
from halscope.export._cards import GAP, PADDING, Entry, factor_of, on_checks, write_captions
from halscope.export._screen import Box, annotated_screen, outline, upscale


def before_after(
    before_rgb: NDArray[np.uint8],
    after_rgb: NDArray[np.uint8],
    title: str,
    *,
    crop: tuple[int, int, int, int] | None = None,
    captions: tuple[str, str] = ("before", "after"),
    factor: int = 2,
) -> Image.Image:
    """Draw two screens side by side with an arrow in between and, with `crop`, that region enlarged below each.

    Args:
        before_rgb: uint8[h, w, 3].
        after_rgb: The same shape.
        title: Title line at the top.
        crop: x, y, width, height of the edited region in screen pixels. It may extend past the edge.
        captions: Captions above the two screens.
        factor: Size of a screen pixel in the result.

    Raises:
        UsageError: The screens have a wrong shape or different shapes, or `crop` is outside.
    """
    if before_rgb.shape != after_rgb.shape:
        raise UsageError(f"screens of {list(before_rgb.shape)} and {list(after_rgb.shape)}; give two of one size")
    screens = [upscale(rgb, factor) for rgb in (before_rgb, after_rgb)]
    width, height = screens[0].size
    middle, top = 72, 96
    region = None if crop is None else _inside(crop, before_rgb.shape)
    zoom = 0 if region is None else max(factor + 1, min(width // region[2], 288 // region[3], 10))
    zoomed = 0 if region is None else region[3] * zoom + 40
    image = Image.new("RGB", (2 * width + middle + 2 * GAP, top + height + zoomed + GAP), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (GAP, GAP), fitted(title, 24, image.width - 2 * GAP), 24, TEXT)
    for left, rgb, screen, caption, colour in zip(
        (GAP, GAP + width + middle), (before_rgb, after_rgb), screens, captions, (DIM, ACCENT), strict=True
    ):
        write(draw, (left, 64), fitted(caption, 17, width), 17, colour)
        image.paste(screen, (left, top))
        if region is not None:
            _magnify(image, rgb, region, (left, top, width, height), zoom, factor, colour)
    arrow(image, (GAP + width + middle // 2, top + height // 2), 44)
    return image


def overview(
    screen_rgb: NDArray[np.uint8],
    boxes: Sequence[Box],
    entries: Sequence[Entry],
    before_rgb: NDArray[np.uint8],
    after_rgb: NDArray[np.uint8],
    *,
    title: str,
    subtitle: str = "",
    crop: tuple[int, int, int, int],
    notes: Sequence[str] = (),
) -> Image.Image:
    """Draw an overview: the screen with its sprites outlined, their origins, and an edit before and after.

    Args:
        screen_rgb: uint8[h, w, 3], the annotated screen.
        boxes: Boxes of its sprites.
        entries: Sprites for the list on the right, most informative first; as many as fit, with two lines each.
        before_rgb: uint8[h, w, 3], the screen before the edit.
        after_rgb: uint8[h, w, 3], the screen after the edit.
        title: The headline.
        subtitle: A line below the headline.
        crop: x, y, width, height of the edited region in screen pixels.
        notes: Lines about the edit, the first one as a headline.

    Raises:
        UsageError: A picture has a wrong shape, or `crop` is outside.
    """
    screen = annotated_screen(screen_rgb, boxes)
    top, side, strip = 92, 424, 252
    image = Image.new("RGB", (screen.width + side + 3 * GAP, top + screen.height + strip + 2 * GAP), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (GAP, GAP), fitted(title, 30, image.width - 2 * GAP), 30, TEXT)
    write(draw, (GAP, 56), fitted(subtitle, 18, image.width - 2 * GAP), 18, DIM)
    image.paste(screen, (GAP, top))
    _list(image, entries, (2 * GAP + screen.width, top, side, screen.height))
    bottom = top + screen.height + GAP
    card(draw, (GAP, bottom, image.width - GAP, bottom + strip))
    view = (330, strip - 2 * PADDING)
    left = GAP + PADDING
    for rgb, caption, colour in ((before_rgb, "before", DIM), (after_rgb, "after", ACCENT)):
        image.paste(_view(rgb, _inside(crop, rgb.shape), view), (left, bottom + PADDING))
        tag = (left, bottom + PADDING, left + text_width(caption, 15) + 16, bottom + PADDING + 26)
        draw.rectangle(tag, fill=CARD)
        write(draw, ((tag[0] + tag[2]) / 2, (tag[1] + tag[3]) / 2), caption, 15, colour, "mm")
        left += view[0] + 64
    arrow(image, (GAP + PADDING + view[0] + 32, bottom + strip // 2), 40)
    left += 24 - 64
    room = image.width - GAP - PADDING - left
    for at, note in enumerate(notes):
        size, colour = (22, TEXT) if at == 0 else (17, DIM)
        write(draw, (left, bottom + 30 + at * 30 + (8 if at else 0)), fitted(note, size, room), size, colour)
    return image


def _list(image: Image.Image, entries: Sequence[Entry], place: tuple[int, int, int, int]) -> None:
    """Draw the list of sprites of the overview."""
    left, top, width, height = place
    draw = ImageDraw.Draw(image)
    rows = max(1, (height + 8) // 96)
    edges = [top + at * (height + 8) // rows for at in range(rows + 1)]
    room = (height + 8) // rows - 24
    for entry, y, end in zip(entries, edges, edges[1:], strict=False):
        bottom = end - 8
        card(draw, (left, y, left + width, bottom))
        picture = on_checks(entry.pixels, factor_of(entry.pixels, room))
        picture.thumbnail((room, room), Image.Resampling.NEAREST)
        image.paste(picture, (left + 8 + (room - picture.width) // 2, y + 8 + (room - picture.height) // 2))
        x, inner = left + room + 22, width - room - 34
        write_captions(draw, replace(entry, lines=entry.lines[:2]), (x, y + 7), inner, (17, 14))  # more do not fit
        if entry.palette is not None:
            swatches(draw, (x, bottom - 15), entry.palette, (inner, 8))


def _inside(crop: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the part of a region on the screen: x, y, width, height. Raises UsageError if it is empty."""
    x, y, width, height = crop
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, shape[1]), min(y + height, shape[0])
    if right <= left or bottom <= top:
        raise UsageError(f"the region {crop} is outside the screen of {shape[1]}x{shape[0]}")
    return left, top, right - left, bottom - top


def _view(rgb: NDArray[np.uint8], region: tuple[int, int, int, int], size: tuple[int, int]) -> Image.Image:
    """Return a picture of exactly `size` around a region, enlarged by the largest whole factor that leaves a margin."""
    x, y, width, height = region
    factor = max(1, min(int(size[0] / (width * 1.3)), int(size[1] / (height * 1.3)), 6))
    across, down = -(-size[0] // factor), -(-size[1] // factor)
    left = min(max(x + width // 2 - across // 2, 0), max(0, rgb.shape[1] - across))
    top = min(max(y + height // 2 - down // 2, 0), max(0, rgb.shape[0] - down))
    view = Image.new("RGB", size, GROUND)
    view.paste(upscale(rgb[top : top + down, left : left + across], factor), (0, 0))
    return view


def _magnify(
    image: Image.Image,
    rgb: NDArray[np.uint8],
    region: tuple[int, int, int, int],
    screen: tuple[int, int, int, int],
    zoom: int,
    factor: int,
    colour: Colour,
) -> None:
    """Outline a region on the screen at `screen` (left, top, width, height), and draw it enlarged below with lines."""
    x, y, width, height = region
    left, top, screen_width, screen_height = screen
    draw = ImageDraw.Draw(image)
    box = (left + x * factor, top + y * factor, left + (x + width) * factor, top + (y + height) * factor)
    inset_left = left + (screen_width - width * zoom) // 2
    inset_top = top + screen_height + 24
    for corner, inset_corner in ((box[0], inset_left), (box[2] - 1, inset_left + width * zoom - 1)):
        draw.line((corner, box[3], inset_corner, inset_top), fill=colour)
    outline(draw, box, colour)
    image.paste(upscale(rgb[y : y + height, x : x + width], zoom), (inset_left, inset_top))
    outline(draw, (inset_left - 2, inset_top - 2, inset_left + width * zoom + 2, inset_top + height * zoom + 2), colour)
