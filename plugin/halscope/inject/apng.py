"""Animated PNG: read one back as a sheet, its frames split into the sheet's fields. Untrusted, like a plain one.

Format (https://www.w3.org/TR/png-3/): acTL before the first IDAT; each frame is an fcTL (sequence number, width,
height, left, top, delay, disposal, blending), then its data: the IDATs if that fcTL is before them, else fdATs, which
begin with a sequence number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import ImageError
from numpy.typing import NDArray

from halscope.inject.model import MAX_PIXELS, TILE, Sheet
from halscope.inject.png import Pixels, PngFile, chunks, corrupt, decode, parse_chunks

MOST_FRAMES: Final = 1024

_CONTROL: Final = struct.Struct(">IIIIIHHBB")
_BACKGROUND, _PREVIOUS = 1, 2
_OVER: Final = 1


class _Frame(NamedTuple):
    """A frame's place on the canvas, what becomes of it (disposal), and how it is drawn (blending)."""

    left: int
    top: int
    width: int
    height: int
    disposal: int
    blending: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Animation:
    """An animated PNG whose structure has been checked.

    Args:
        file: Its default picture, with the canvas's size and the text chunks.
        frames: Its frames; their pixels are still compressed.
    """

    file: PngFile
    frames: tuple[_Frame, ...] = field(repr=False)


def parse(data: bytes, source: str) -> Animation | None:
    """Check an animated PNG's structure; `None` for a PNG that is not animated.

    Raises:
        ImageError: It is not a PNG, or is truncated, corrupt or too large.
    """
    if b"acTL" not in data:  # spares the reading of most sheets
        return None
    read = list(chunks(data, source))
    first = next((at for at, (kind, _) in enumerate(read) if kind == b"IDAT"), len(read))
    if not any(kind == b"acTL" for kind, _ in read[:first]):
        return None
    file = parse_chunks([(kind, body) for kind, body in read if kind != b"acTL"], source)
    frames: list[_Frame] = []
    control, parts = b"", list[bytes]()
    for kind, body in (*read, (b"fcTL", b"")):
        match kind:
            case b"fcTL":
                if control:
                    frames.append(_frame(control, b"".join(parts), file, source))
                control, parts = body, []
            case b"IDAT" if control:
                parts.append(body)
            case b"fdAT":
                parts.append(body[4:])
        if len(frames) > MOST_FRAMES:
            raise ImageError(f"{source}: more than {MOST_FRAMES} frames, which no sheet has; save its frames alone")
    if not frames:
        raise corrupt(source, "an animated PNG without a frame")
    return Animation(file, tuple(frames))


def as_sheet(animation: Animation, sheet: Sheet, source: str) -> Pixels:
    """Return the frames side by side as the sheet has its fields: row by row, all of them or those that have tiles.

    Raises:
        ImageError: A frame is damaged, or number or size of the frames do not fit the sheet.
    """
    width, height = animation.file.width, animation.file.height
    if sheet.width % width or sheet.height % height:
        raise ImageError(
            f"{source}: frames of {width}x{height} pixels do not divide its sheet of {sheet.width}x{sheet.height}; "
            "save them in the size of the sheet's fields, without cropping"
        )
    fields, count = _fields(sheet, width, height), len(animation.frames)
    if count == (sheet.width // width) * (sheet.height // height):
        fields = [(x, y) for y in range(0, sheet.height, height) for x in range(0, sheet.width, width)]
    if count != len(fields):
        raise ImageError(
            f"{source}: {count} frames, but its sheet has {len(fields)} fields of {width}x{height} with tiles; save "
            "every frame once, also equal ones"
        )
    rgb = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    opaque = np.zeros((sheet.height, sheet.width), np.bool_)
    for (x, y), (colours, shown) in zip(fields, _canvases(animation, source), strict=True):
        rgb[y : y + height, x : x + width] = colours
        opaque[y : y + height, x : x + width] = shown
    return Pixels(rgb, opaque)


def _fields(sheet: Sheet, width: int, height: int) -> list[tuple[int, int]]:
    """Return the upper left corners of the fields of this size that have a tile, row by row."""
    used = {
        (y // height, x // width)
        for cell in sheet.cells
        for x in (cell.x, cell.x + TILE - 1)
        for y in (cell.y, cell.y + TILE - 1)
    }
    return [(column * width, row * height) for row, column in sorted(used)]


def _canvases(animation: Animation, source: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Yield the canvas with each frame: its colours, and where it is opaque."""
    size = animation.file.height, animation.file.width
    rgb, opaque = np.zeros((*size, 3), np.uint8), np.zeros(size, np.bool_)
    for number, frame in enumerate(animation.frames):
        header = struct.pack(">II", frame.width, frame.height) + animation.file.header[8:]
        part = replace(animation.file, width=frame.width, height=frame.height, header=header, packed=frame.packed)
        pixels = decode(part, f"{source}: frame {number}")
        area = np.s_[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
        before = rgb.copy(), opaque.copy()
        drawn = pixels.opaque if frame.blending == _OVER else np.ones_like(pixels.opaque)
        rgb[area][drawn] = pixels.rgb[drawn]
        opaque[area][drawn] = pixels.opaque[drawn]
        yield rgb.copy(), opaque.copy()
        if frame.disposal == _PREVIOUS and number:
            rgb, opaque = before
        elif frame.disposal in (_BACKGROUND, _PREVIOUS):
            rgb[area], opaque[area] = 0, False


def _frame(control: bytes, packed: bytes, file: PngFile, source: str) -> _Frame:
    if len(control) != _CONTROL.size or not packed:
        raise corrupt(source, "a frame has no data, or a control chunk of a wrong size")
    _, width, height, left, top, _, _, disposal, blending = _CONTROL.unpack(control)
    if not (width and height and left + width <= file.width and top + height <= file.height):
        raise corrupt(source, f"a frame of {width}x{height} at ({left}, {top}) is outside of its canvas")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{source}: a frame of {width}x{height} pixels, not an edit sheet's size")
    return _Frame(left, top, width, height, disposal, blending, packed)
