"""Reducing pictures to one palette: files in, indexed PNGs and the palette out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import UsageError
from numpy.typing import NDArray
from PIL import Image

from halscope._files import write_atomic
from halscope.export.reduction import choose_colours, mean_error, paint
from halscope.formats.palettes import palette_bytes
from halscope.inject import read_picture
from halscope.ppu.cgram import to_rgb

PALETTE_NAME: Final = "palette.gpl"
_MOST_COLOURS: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Pictures that share a palette.

    Args:
        palette: The palette file.
        colours: uint16[n], the transparent colour 0 first.
        pictures: Each written PNG, and the mean distance of its pixels from the picture in OKLab.
    """

    palette: Path
    colours: NDArray[np.uint16]
    pictures: tuple[tuple[Path, float], ...]


def reduce_pictures(
    images: Sequence[Path], folder: Path, *, count: int = 15, dither: bool = False, overwrite: bool = False
) -> Reduced:
    """Reduce pictures to one palette of the console's colours, and write them as indexed PNGs.

    Args:
        images: PNGs. Pixels with an alpha below 128 are transparent, colour 0.
        folder: Folder for the PNGs, of the same names, and for the palette.
        count: Most colours besides the transparent one.
        dither: Mix colours by patterns of pixels.
        overwrite: Replace existing files.

    Raises:
        UsageError: A picture cannot be read, two have the same name, `count` is not 1 to 255, or a file is there.
        ImageError: A picture is damaged, or none has an opaque pixel.
        HalscopeError: A file cannot be written.
    """
    if not 1 <= count <= _MOST_COLOURS:
        raise UsageError(f"--colours is 1 to {_MOST_COLOURS} besides the transparent one, not {count}")
    outputs = [folder / image.with_suffix(".png").name for image in images]
    palette = folder / PALETTE_NAME
    if len({*outputs}) < len(outputs):
        raise UsageError("two pictures have the same name, and would be written to the same file; rename one")
    for output, image in zip(outputs, images, strict=True):
        if output.exists() and image.exists() and output.samefile(image):
            raise UsageError(f"{output}: is the picture itself; give another folder with --out")
    there = [str(path) for path in (*outputs, palette) if path.exists()]
    if there and not overwrite:
        raise UsageError(f"{there[0]}: exists; replace it with --overwrite, or give another --out")
    pictures = [_rgba(image) for image in images]
    chosen = choose_colours(pictures, count)
    colours = np.concatenate([np.zeros(1, np.uint16), chosen])
    done = []
    for output, picture in zip(outputs, pictures, strict=True):
        indices = paint(picture, chosen, dither=dither)
        write_atomic(output, _indexed(indices, colours))
        done.append((output, mean_error(picture, indices, chosen)))
    write_atomic(palette, palette_bytes(colours, "gpl", "reduced"))
    return Reduced(palette, colours, tuple(done))


def _rgba(path: Path) -> NDArray[np.uint8]:
    pixels = read_picture(path)
    alpha = np.where(pixels.opaque, 255, 0).astype(np.uint8)
    return np.dstack([pixels.rgb, alpha])


def _indexed(indices: NDArray[np.uint8], colours: NDArray[np.uint16]) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(indices), "P")
    image.putpalette(to_rgb(colours).tobytes())
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=0)
    return stream.getvalue()
