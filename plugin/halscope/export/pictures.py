"""Pictures: overview images for people and indexed PNGs for tools. Takes values, returns Pillow images."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from halscope.export._canvas import (
    ACCENT,
    CARD,
    DIM,
    GROUND,
    LOCKED,
    SERIES,
    TEXT,
    UNPROVEN,
    Colour,
    arrow,
    as_picture,
    card,
    checkerboard,
    fitted,
    swatches,
    text_width,
    write,
)
from halscope.export._screen import Box, annotated_screen, outline, square, upscale

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

_GAP: Final = 16
_PADDING: Final = 12
_INDENT: Final = 15
"""Indentation of a title that has a mark next to it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """A sprite on a contact sheet.

    Args:
        pixels: uint8[h, w, 4], RGBA as displayed.
        title: One short line ("#12  32x32").
        lines: A few lines in smaller type ("palette 3  priority 2", "hal $1A403+$200 pointer").
        palette: uint8[n, 3], its colours in the console's order, or `None` for no palette strip.
        colour: Colour of a mark next to the title, the same as of its box on the screen, or `None` for no mark.
        locked: Upper left corners (x, y in pixels) of tiles that cannot be edited; they are striped.
        unproven: Those of tiles that can be edited only with --force; they are outlined.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    title: str
    lines: tuple[str, ...] = ()
    palette: NDArray[np.uint8] | None = field(default=None, repr=False)
    colour: Colour | None = None
    locked: tuple[tuple[int, int], ...] = ()
    unproven: tuple[tuple[int, int], ...] = ()


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
    pictures = [_card_picture(entry, _factor(entry.pixels, 128)) for entry in entries]
    texts = [text_width(entry.title, 15) + _INDENT for entry in entries]
    texts += [text_width(line, 12) for entry in entries for line in entry.lines]
    inner = max([112, *(picture.width for picture in pictures), min(max(texts, default=0), 224)])
    tallest = max((picture.height for picture in pictures), default=0)
    captions = 24 + 17 * max((len(entry.lines) for entry in entries), default=0)
    width, height = inner + 2 * _PADDING, tallest + captions + 20 + 2 * _PADDING
    columns = min(columns, max(1, len(entries)))
    rows = -(-len(entries) // columns)
    top = _GAP + (44 if title else 0)
    image = Image.new(
        "RGB", (_GAP + columns * (width + _GAP), top + max(rows * (height + _GAP), _GAP if title else 1)), GROUND
    )
    draw = ImageDraw.Draw(image)
    if title:
        write(draw, (_GAP + 2, _GAP), fitted(title, 24, image.width - 2 * _GAP), 24, TEXT)
    for at, (entry, picture) in enumerate(zip(entries, pictures, strict=True)):
        left, card_top = _GAP + at % columns * (width + _GAP), top + at // columns * (height + _GAP)
        card(draw, (left, card_top, left + width, card_top + height))
        x, y = left + _PADDING, card_top + _PADDING
        image.paste(picture, (x + (inner - picture.width) // 2, y + (tallest - picture.height) // 2))
        y += tallest + 10
        if entry.palette is not None:
            swatches(draw, (x, y), entry.palette, (inner, 8))
        _captions(draw, entry, (x, y + 14), inner)
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
    top = 44 + _GAP
    used = max(1, min(columns, len(frames)))
    image = Image.new("RGB", (_GAP + used * (width + _GAP), top + rows * (height + line + _GAP)), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (_GAP, _GAP), fitted(title, 20, image.width - 2 * _GAP), 20, TEXT)
    for at, (caption, picture) in enumerate(frames):
        left, y = _GAP + at % columns * (width + _GAP), top + at // columns * (height + line + _GAP)
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
    image = Image.new("RGB", (2 * width + middle + 2 * _GAP, top + height + zoomed + _GAP), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (_GAP, _GAP), fitted(title, 24, image.width - 2 * _GAP), 24, TEXT)
    for left, rgb, screen, caption, colour in zip(
        (_GAP, _GAP + width + middle), (before_rgb, after_rgb), screens, captions, (DIM, ACCENT), strict=True
    ):
        write(draw, (left, 64), fitted(caption, 17, width), 17, colour)
        image.paste(screen, (left, top))
        if region is not None:
            _magnify(image, rgb, region, (left, top, width, height), zoom, factor, colour)
    arrow(image, (_GAP + width + middle // 2, top + height // 2), 44)
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
    image = Image.new("RGB", (screen.width + side + 3 * _GAP, top + screen.height + strip + 2 * _GAP), GROUND)
    draw = ImageDraw.Draw(image)
    write(draw, (_GAP, _GAP), fitted(title, 30, image.width - 2 * _GAP), 30, TEXT)
    write(draw, (_GAP, 56), fitted(subtitle, 18, image.width - 2 * _GAP), 18, DIM)
    image.paste(screen, (_GAP, top))
    _list(image, entries, (2 * _GAP + screen.width, top, side, screen.height))
    bottom = top + screen.height + _GAP
    card(draw, (_GAP, bottom, image.width - _GAP, bottom + strip))
    view = (330, strip - 2 * _PADDING)
    left = _GAP + _PADDING
    for rgb, caption, colour in ((before_rgb, "before", DIM), (after_rgb, "after", ACCENT)):
        image.paste(_view(rgb, _inside(crop, rgb.shape), view), (left, bottom + _PADDING))
        tag = (left, bottom + _PADDING, left + text_width(caption, 15) + 16, bottom + _PADDING + 26)
        draw.rectangle(tag, fill=CARD)
        write(draw, ((tag[0] + tag[2]) / 2, (tag[1] + tag[3]) / 2), caption, 15, colour, "mm")
        left += view[0] + 64
    arrow(image, (_GAP + _PADDING + view[0] + 32, bottom + strip // 2), 40)
    left += 24 - 64
    room = image.width - _GAP - _PADDING - left
    for at, note in enumerate(notes):
        size, colour = (22, TEXT) if at == 0 else (17, DIM)
        write(draw, (left, bottom + 30 + at * 30 + (8 if at else 0)), fitted(note, size, room), size, colour)
    return image


def _factor(pixels: NDArray[np.uint8], room: int) -> int:
    longest: int = max(as_picture(pixels, 4).shape[:2])
    return max(1, min(16, room // longest))


def _on_checks(pixels: NDArray[np.uint8], factor: int) -> Image.Image:
    sprite = Image.fromarray(as_picture(pixels, 4).repeat(factor, axis=0).repeat(factor, axis=1))
    ground = checkerboard(sprite.width, sprite.height)
    ground.paste(sprite, (0, 0), sprite)
    return ground


def _card_picture(entry: Entry, factor: int) -> Image.Image:
    """Draw a sprite with the marks of its tiles."""
    picture = _on_checks(entry.pixels, factor)
    side = 8 * factor
    for x, y in entry.locked:
        picture.paste(LOCKED, (x * factor, y * factor), _stripes(side))
    draw = ImageDraw.Draw(picture)
    for x, y in entry.unproven:
        left, top = x * factor, y * factor
        draw.rectangle((left, top, left + side - 1, top + side - 1), outline=UNPROVEN)
    return picture


def _stripes(side: int) -> Image.Image:
    """Return a mask of diagonal stripes with an edge; what is below them stays visible."""
    y, x = np.mgrid[:side, :side]
    edge = (x == 0) | (y == 0) | (x == side - 1) | (y == side - 1)
    width = max(2, side // 8)
    return Image.fromarray(np.where(edge, 255, np.where((x + y) // width % 2, 170, 0)).astype(np.uint8))


def _captions(
    draw: ImageDraw.ImageDraw, entry: Entry, place: tuple[int, int], width: int, sizes: tuple[int, int] = (15, 12)
) -> None:
    """Draw an entry's title with its mark, and its lines. `sizes`: type sizes of both."""
    x, y = place
    size, small = sizes
    indent = 0
    if entry.colour is not None:
        draw.rounded_rectangle((x, y + size - 11, x + 9, y + size - 2), radius=2, fill=entry.colour)
        indent = _INDENT
    write(draw, (x + indent, y), fitted(entry.title, size, width - indent), size, TEXT)
    for at, line in enumerate(entry.lines):
        write(draw, (x, y + size + 7 + at * (small + 5)), fitted(line, small, width), small, DIM)


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
        picture = _on_checks(entry.pixels, _factor(entry.pixels, room))
        picture.thumbnail((room, room), Image.Resampling.NEAREST)
        image.paste(picture, (left + 8 + (room - picture.width) // 2, y + 8 + (room - picture.height) // 2))
        x, inner = left + room + 22, width - room - 34
        _captions(draw, replace(entry, lines=entry.lines[:2]), (x, y + 7), inner, (17, 14))  # more do not fit
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
