"""Comparing a picture with its reference, and drawing the differences."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import ImageError, UsageError
from numpy.typing import NDArray
from PIL import Image, ImageDraw

type Picture = NDArray[np.uint8] | bytes | Path | Image.Image
"""uint8[height, width, 3 or 4] (RGB, RGBA) or uint8[height, width] (grey), a PNG's bytes or file, a Pillow image."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SMALLEST_COLUMN: Final = 128  # pixels; smaller pictures are enlarged
_GAP: Final = 8
_TITLE: Final = 14  # pixels, for the titles
_PAPER: Final = (255, 255, 255)
_DIFFERENT: Final = (255, 0, 64)
_MID: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """The differences between two pictures of the same size.

    Args:
        where: bool[height, width], the pixels that differ.
        most: The largest difference in a colour channel, 0 to 255.
    """

    where: NDArray[np.bool_]
    most: int

    @property
    def pixels(self) -> int:
        """Number of pixels that differ."""
        return int(np.count_nonzero(self.where))


class ImageCheck:
    """Compares pictures with reference PNGs.

    Args:
        references: The folder of the reference PNGs.
        output: Folder for the pictures of a failure.
        update: Write references that are missing or differ, instead of failing.
        written: Called with the path of each reference that was written.
    """

    def __init__(self, *, references: Path, output: Path, update: bool, written: Callable[[Path], None]) -> None:
        self._references = references
        self._output = output
        self._update = update
        self._written = written

    def check(self, picture: Picture, name: str, tolerance: int = 0) -> None:
        """Compare a picture with the reference NAME.png.

        Pixels that are fully transparent in both are equal. On failure, NAME.png (the actual picture) and
        NAME.difference.png (expected, actual, and their differences) are written, and the message gives their paths.

        Args:
            picture: The actual picture.
            name: Name of the reference, without its extension.
            tolerance: How much a colour channel may differ, 0 to 255.

        Raises:
            AssertionError: The pictures differ, or the reference does not exist yet.
            UsageError: The name is not a valid file name, or the tolerance is out of range.
            ImageError: `picture` is not a picture, or the reference cannot be read.
        """
        __tracebackhide__ = True
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is not a picture's name: use letters, digits and . _ - and no path")
        if not 0 <= tolerance <= 255:
            raise UsageError(f"tolerance {tolerance}: a channel differs by 0 to 255")
        got = as_rgba(picture)
        reference = self._references / f"{name}.png"
        expected = as_rgba(reference) if reference.is_file() else None
        fault = _fault(expected, got, tolerance)
        if fault is None:
            return
        if self._update:
            self._references.mkdir(parents=True, exist_ok=True)
            Image.fromarray(got).save(reference)
            self._written(reference)
            return
        raise AssertionError(f"{reference}: {fault}\n{self._show(expected, got, name, tolerance)}")

    def _show(self, expected: NDArray[np.uint8] | None, got: NDArray[np.uint8], name: str, tolerance: int) -> str:
        came = self._output / f"{name}.png"
        Image.fromarray(got).save(came)
        if expected is None:
            return f"the picture: {came}\ncheck it, then accept it with --halscope-update"
        drawn = self._output / f"{name}.difference.png"
        difference_picture(expected, got, tolerance).save(drawn)
        return f"the difference: {drawn}\nthe picture: {came}\nif it is correct, accept it with --halscope-update"


def as_rgba(picture: Picture) -> NDArray[np.uint8]:
    """Return uint8[height, width, 4]. Raises ImageError, which names what was given, if it is not a picture."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,), (4,)):
            raise ImageError(
                f"an array {picture.dtype}{list(picture.shape)} is not a picture; it must be uint8[height, width], "
                "or the same with 3 (RGB) or 4 (RGBA) channels"
            )
        if 0 in picture.shape:
            raise ImageError(f"a picture of {picture.shape[1]}x{picture.shape[0]} pixels is empty")
        return np.array(Image.fromarray(picture).convert("RGBA"))
    if isinstance(picture, Image.Image):
        return np.array(picture.convert("RGBA"))
    if not isinstance(picture, bytes | Path):
        raise ImageError(
            f"{type(picture).__name__} is not a picture; give an array, a PNG's bytes or path, or an image"
        )
    where = f"{len(picture)} bytes" if isinstance(picture, bytes) else str(picture)
    try:
        with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
            return np.array(image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{where}: cannot be read as a picture: {error}") from error


def compare(expected: NDArray[np.uint8], got: NDArray[np.uint8], tolerance: int) -> Difference:
    """Compare two pictures uint8[height, width, 4] of the same size."""
    channels = np.abs(expected.astype(np.int16) - got.astype(np.int16))
    by_pixel = channels.max(axis=2)
    by_pixel[(expected[..., 3] == 0) & (got[..., 3] == 0)] = 0  # invisible, whatever their colours
    return Difference(by_pixel > tolerance, int(by_pixel.max()))


def difference_picture(expected: NDArray[np.uint8], got: NDArray[np.uint8], tolerance: int) -> Image.Image:
    """Draw expected, got and, if their sizes are equal, the differences, side by side; small pictures are enlarged."""
    columns = [("expected", _flat(expected)), ("got", _flat(got))]
    if expected.shape == got.shape:
        where = compare(expected, got, tolerance).where
        faded = (_flat(got).mean(axis=2, keepdims=True) / 3 + 160).astype(np.uint8).repeat(3, axis=2)
        faded[where] = _DIFFERENT
        columns.append(("difference", faded))
    times = max(1, -(-_SMALLEST_COLUMN // max(pixels.shape[1] for _, pixels in columns)))
    enlarged = [(title, pixels.repeat(times, 0).repeat(times, 1)) for title, pixels in columns]
    width = sum(max(pixels.shape[1], _SMALLEST_COLUMN // 2) + _GAP for _, pixels in enlarged) + _GAP
    height = max(pixels.shape[0] for _, pixels in enlarged) + _TITLE + 2 * _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    left = _GAP
    for title, pixels in enlarged:
        draw.text((left, _GAP // 2), title, fill=(0, 0, 0))
        sheet.paste(Image.fromarray(pixels), (left, _GAP + _TITLE))
        draw.rectangle(
            (left - 1, _GAP + _TITLE - 1, left + pixels.shape[1], _GAP + _TITLE + pixels.shape[0]), outline=(_MID,) * 3
        )
        left += max(pixels.shape[1], _SMALLEST_COLUMN // 2) + _GAP
    return sheet


def _fault(expected: NDArray[np.uint8] | None, got: NDArray[np.uint8], tolerance: int) -> str | None:
    if expected is None:
        return "the reference picture does not exist yet"
    if expected.shape != got.shape:
        (high, wide), (got_high, got_wide) = expected.shape[:2], got.shape[:2]
        return f"the picture has {got_wide}x{got_high} pixels, the reference {wide}x{high}"
    difference = compare(expected, got, tolerance)
    if not difference.pixels:
        return None
    y, x = np.argwhere(difference.where)[0].tolist()
    wanted, came = _colour(expected[y, x]), _colour(got[y, x])
    return (
        f"{difference.pixels} of {difference.where.size} pixels differ by more than {tolerance} (the most by "
        f"{difference.most}); the first is at x={x}, y={y}: expected {wanted}, got {came}"
    )


def _colour(pixel: NDArray[np.uint8]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in pixel.tolist()[: 3 if pixel[3] == 255 else 4])


def _flat(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw RGBA over a checkerboard, as RGB, so that transparency is visible."""
    high, wide = picture.shape[:2]
    squares = (np.indices((high, wide)) // 4).sum(axis=0) % 2
    ground = np.where(squares, 200, 225)[..., None]
    alpha = picture[..., 3:].astype(np.int32)
    return ((picture[..., :3] * alpha + ground * (255 - alpha)) // 255).astype(np.uint8)
