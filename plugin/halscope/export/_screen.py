"""Screen: the game's picture with every sprite outlined and labelled, without overlapping labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from halscope.export._canvas import GROUND, SERIES, Colour, as_picture, text_width, write

WIDTH: Final = 256
LINES: Final = 239
"""The screen's largest size outside of hi-res and interlace."""

_LABEL_SIZE: Final = 12
_LABEL_HEIGHT: Final = 16
_Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A sprite's box on the screen.

    Args:
        x: Left edge in screen pixels; negative if cut off at the left.
        y: Top edge in screen pixels; negative for a sprite that wraps at the bottom of the 256 lines.
        width: Width in screen pixels.
        height: Height in screen pixels.
        label: A short label, or an empty string.
        colour: Colour of outline and label, or `None` for the next one of a series.
    """

    x: int
    y: int
    width: int
    height: int
    label: str = ""
    colour: Colour | None = None


def upscale(rgb: NDArray[np.uint8], factor: int) -> Image.Image:
    """Enlarge a picture (uint8[h, w, 3]) by a whole `factor`. Raises UsageError for any other shape."""
    return Image.fromarray(as_picture(rgb, 3).repeat(factor, axis=0).repeat(factor, axis=1))


def square(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a screen (uint8[h, w, 3]) with pixels as high as they are wide.

    A picture in hi-res has 512 columns, an interlaced one up to 478 rows. If only one of the two holds, the picture is
    doubled in the other direction.
    """
    doubled = (rgb.shape[0] > LINES, rgb.shape[1] > WIDTH)
    return rgb if doubled[0] == doubled[1] else rgb.repeat(2, axis=doubled.index(False))


def annotated_screen(rgb: NDArray[np.uint8], boxes: Sequence[Box], *, factor: int = 3) -> Image.Image:
    """Return the screen with each box outlined and labelled.

    An outline is open where the edge of the screen cuts it; a box entirely outside is left out. Labels are placed where
    they cover no other label and as little as possible of other boxes.

    Args:
        rgb: uint8[h, w, 3].
        boxes: Boxes in screen pixels, in the order in which their labels are placed.
        factor: Size of a screen pixel in the result. In hi-res and interlaced pictures, where a box's pixel is two by
            two of the picture's, the next even number.

    Raises:
        UsageError: `rgb` has a different shape.
    """
    rgb = square(as_picture(rgb, 3))
    unit = 2 if rgb.shape[1] > WIDTH else 1
    image = upscale(rgb, -(-factor // unit))
    factor = -(-factor // unit) * unit
    draw = ImageDraw.Draw(image)
    shown: list[tuple[Box, Colour, _Rectangle]] = []
    for at, box in enumerate(boxes):
        place = (box.x * factor, box.y * factor, (box.x + box.width) * factor, (box.y + box.height) * factor)
        if _overlap(place, (0, 0, *image.size)):
            shown.append((box, box.colour or SERIES[at % len(SERIES)], place))
    for _, colour, place in shown:
        outline(draw, place, colour)
    placed: list[_Rectangle] = []
    for box, colour, place in shown:
        if box.label:
            label = _label_place(box.label, place, image.size, placed, [other for _, _, other in shown])
            placed.append(label)
            draw.rounded_rectangle((label[0], label[1], label[2] - 1, label[3] - 1), radius=3, fill=colour)
            middle = ((label[0] + label[2]) / 2, (label[1] + label[3]) / 2)
            write(draw, middle, box.label, _LABEL_SIZE, GROUND, "mm")
    return image


def outline(draw: ImageDraw.ImageDraw, place: _Rectangle, colour: Colour) -> None:
    """Draw a two-pixel frame around `place` (right and bottom exclusive), with a dark line on either side."""
    left, top, right, bottom = place
    draw.rectangle((left - 1, top - 1, right, bottom), outline=GROUND)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=2)
    draw.rectangle((left + 2, top + 2, right - 3, bottom - 3), outline=GROUND)


def _label_place(
    label: str, box: _Rectangle, size: tuple[int, int], placed: Sequence[_Rectangle], boxes: Sequence[_Rectangle]
) -> _Rectangle:
    """Return the best place around or in a box: covering no other label first, then as little of other boxes."""
    width = max(text_width(label, _LABEL_SIZE) + 8, _LABEL_HEIGHT)
    box = (max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1]))
    others = [other for other in boxes if other != box]

    def cost(place: tuple[int, _Rectangle]) -> tuple[int, int, int]:
        order, rectangle = place
        return _covered(rectangle, placed), _covered(rectangle, others), order

    return min(enumerate(_label_places(box, width, size)), key=cost)[1]


def _label_places(box: _Rectangle, width: int, size: tuple[int, int]) -> Iterable[_Rectangle]:
    """Yield the possible places of a label, preferred ones first, all inside the picture."""
    left, top, right, bottom = box
    columns = (left, right - width, (left + right - width) // 2)
    places = [(x, top - _LABEL_HEIGHT) for x in columns] + [(x, bottom) for x in columns]
    places += [
        (left - width, top),
        (right, top),
        (left - width, bottom - _LABEL_HEIGHT),
        (right, bottom - _LABEL_HEIGHT),
    ]
    places += [(x, y) for y in (top, bottom - _LABEL_HEIGHT) for x in columns]
    seen: dict[_Rectangle, None] = {}
    for x, y in places:
        inside_x, inside_y = min(max(x, 0), size[0] - width), min(max(y, 0), size[1] - _LABEL_HEIGHT)
        seen[inside_x, inside_y, inside_x + width, inside_y + _LABEL_HEIGHT] = None
    return seen


def _overlap(a: _Rectangle, b: _Rectangle) -> int:
    """Return the number of pixels that two rectangles share."""
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def _covered(rectangle: _Rectangle, others: Iterable[_Rectangle]) -> int:
    return sum(_overlap(rectangle, other) for other in others)
