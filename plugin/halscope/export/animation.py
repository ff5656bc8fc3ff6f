"""Animations: pictures with exact durations as APNG and GIF. Takes values, returns bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image

NTSC_RATE: Final = 60.0988
PAL_RATE: Final = 50.007
"""Frames a second of the console: 21.477 MHz / (1364 × 262 - 2) and 21.281 MHz / (1364 × 312)."""

_GIF_UNIT: Final = 10
_GIF_LEAST: Final = 2
"""A GIF's unit in milliseconds, and its shortest duration in units: browsers show a shorter one for a tenth of a
second."""
_MOST_COLOURS: Final = 255  # beside the transparent one


class Shown(NamedTuple):
    """A picture and how long it is shown.

    Args:
        rgba: uint8[height, width, 4]; alpha is 0 or 255. All pictures of an animation have one size.
        frames: Number of the console's frames.
    """

    rgba: NDArray[np.uint8]
    frames: int


def durations(frames: Sequence[int], rate: float, unit: int = 1, least: int = 1) -> list[int]:
    """Return how many units each picture is shown, so that no picture begins more than half a unit early or late.

    A picture whose time is too short for a unit gets 0: it is left out, and the one before it is not shown longer.

    Args:
        frames: The console's frames of each picture.
        rate: Frames a second.
        unit: Milliseconds of a unit.
        least: The shortest duration in units.
    """
    result: list[int] = []
    now = total = 0
    for count in frames:
        total += count
        end = round(total * 1000 / rate / unit)
        length = end - now
        result.append(length if length >= least else 0)
        now += result[-1]
    if result and not any(result):
        result[0] = least
    return result


def apng_bytes(shown: Sequence[Shown], rate: float) -> bytes:
    """Return an animated PNG that repeats for ever, exact to the millisecond.

    It is indexed, with the transparent colour first, if its pictures have at most 255 colours together, else RGBA.

    Raises:
        UsageError: There is no picture, or they differ in size.
    """
    lengths = durations([one.frames for one in shown], rate)
    pictures = _as_images(shown, _indexed(shown))
    return _saved("PNG", pictures, lengths, disposal=0, blend=0)


def gif_bytes(shown: Sequence[Shown], rate: float) -> bytes:
    """Return a GIF that repeats for ever, without drift: its unit is 10 ms, and a picture of one frame may be left out.

    Raises:
        UsageError: There is no picture, they differ in size, or they have more than 255 colours together.
    """
    indexed = _indexed(shown)
    if indexed is None:
        raise UsageError(
            f"the animation has more than {_MOST_COLOURS} colours, which no GIF holds; write an animated .png"
        )
    lengths = durations([one.frames for one in shown], rate, _GIF_UNIT, _GIF_LEAST)
    kept = [at for at, length in enumerate(lengths) if length]
    images = _as_images(shown, indexed)
    return _saved("GIF", [images[at] for at in kept], [lengths[at] * _GIF_UNIT for at in kept], disposal=2)


class _Indexed(NamedTuple):
    pixels: list[NDArray[np.uint8]]
    palette: NDArray[np.uint8]


def _indexed(shown: Sequence[Shown]) -> _Indexed | None:
    """Return the pictures as indices into one palette, 0 transparent; `None` if they have too many colours."""
    if not shown or len({one.rgba.shape for one in shown}) != 1:
        raise UsageError("an animation has at least one picture, and all of one size")
    colours = [one.rgba[one.rgba[:, :, 3] > 0][:, :3] for one in shown]
    packed = [each.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32) for each in colours]
    palette = sorted({*np.concatenate(packed).tolist()})
    if len(palette) > _MOST_COLOURS:
        return None
    table = np.array([0, *palette], np.uint32)
    pixels = []
    for one, each in zip(shown, packed, strict=True):
        indices = np.zeros(one.rgba.shape[:2], np.uint8)
        indices[one.rgba[:, :, 3] > 0] = np.searchsorted(table[1:], each) + 1
        pixels.append(indices)
    rgb = np.stack([table >> 16, table >> 8 & 0xFF, table & 0xFF], 1).astype(np.uint8)
    return _Indexed(pixels, rgb)


def _as_images(shown: Sequence[Shown], indexed: _Indexed | None) -> list[Image.Image]:
    if indexed is None:
        return [Image.fromarray(one.rgba) for one in shown]
    images = []
    for pixels in indexed.pixels:
        image = Image.fromarray(pixels)
        image.putpalette(indexed.palette.tobytes())
        images.append(image)
    return images


def _saved(kind: str, images: Sequence[Image.Image], lengths: Sequence[int], **options: int) -> bytes:
    stream = io.BytesIO()
    first, *rest = images
    if first.mode == "P":
        options["transparency"] = 0
    first.save(
        stream, kind, save_all=True, append_images=rest, duration=list(lengths), loop=0, optimize=False, **options
    )
    return stream.getvalue()
