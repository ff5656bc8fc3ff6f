"""Pictures of edits: the edited sheet, and a small picture of a figure or of colours before and after a step."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from halscope.export.pictures import png_bytes
from halscope.inject import COLOURS, Sheet, SheetEdit, edited, palette_of_edit
from halscope.ppu.cgram import to_rgb
from halscope.project._edit_list import Edit

_SIDE: Final = 160
"""Largest side of one half of a picture of a step, in pixels."""
_GAP: Final = 8
_ROW: Final = 16
"""Colours side by side: a palette of 4 bits per pixel."""
_SWATCH: Final = _SIDE // _ROW
_GROUND: Final = (0x28, 0x2C, 0x34)


def edited_pixels(sheet: Sheet, edit: SheetEdit | None) -> NDArray[np.uint8]:
    """Return a sheet's picture with an edit: uint8[height, width], palette × 2^bpp + colour, 0 where transparent.

    Args:
        sheet: The sheet.
        edit: The edit, or `None` for the picture as exported. Changes of what the sheet does not have are left
            out.
    """
    if edit is None or not edit.changes:
        return sheet.composition.pixels
    return edited(sheet, edit.changes).compose().pixels


def step_picture(sheet: Sheet, edit: SheetEdit) -> bytes:
    """Return a PNG with the sheet as it was exported on the left, and as edited on the right.

    The same edit gives the same bytes.
    """
    return _side_by_side(*(_shown(sheet, pixels) for pixels in (sheet.composition.pixels, edited_pixels(sheet, edit))))


def colours_picture(edit: SheetEdit) -> bytes | None:
    """Return a PNG with the colours of an edited palette as the ROM has them on the left, and as edited on the right,
    sixteen in a row; `None` for an edit that changes anything else. Other places of the same colours are not repeated.

    The same edit gives the same bytes.
    """
    if not edit.changes or any(change.origin.transform != COLOURS for change in edit.changes):
        return None
    palette, after = palette_of_edit(edit)
    return _side_by_side(_swatches(palette.words), _swatches(after))


def _side_by_side(before: Image.Image, after: Image.Image) -> bytes:
    picture = Image.new("RGB", (before.width + _GAP + after.width, before.height), _GROUND)
    picture.paste(before, (0, 0), before)
    picture.paste(after, (before.width + _GAP, 0), after)
    return png_bytes(picture)


def picture_name(edit: Edit) -> str:
    """Return the name of the file with the picture of a version of an edit. It stays when the edit's tiles move."""
    content = "".join(f"{change.old.hex()}>{change.new.hex()};" for change in edit.sheet.changes)
    digest = hashlib.sha256(f"{edit.name}\n{content}".encode()).hexdigest()[:10]
    return f"{edit.id:04}-{digest}.png"


def _swatches(words: NDArray[np.uint16]) -> Image.Image:
    """Return uint16[n] colours as RGBA squares, with a line of the ground between them."""
    rows = -(-len(words) // _ROW)
    squares = np.zeros((rows * _ROW, _SWATCH, _SWATCH, 4), np.uint8)
    squares[: len(words), :-1, :-1, :3] = to_rgb(words & 0x7FFF)[:, None, None]
    squares[: len(words), :-1, :-1, 3] = 255
    picture = squares.reshape(rows, _ROW, _SWATCH, _SWATCH, 4).swapaxes(1, 2)
    return Image.fromarray(picture.reshape(rows * _SWATCH, _ROW * _SWATCH, 4).copy())


def _shown(sheet: Sheet, pixels: NDArray[np.uint8]) -> Image.Image:
    """Return a picture as RGBA, at most `_SIDE` pixels wide and high: small ones are enlarged by a whole number."""
    transparent = pixels % sheet.colours == 0
    rgba = np.dstack([sheet.rgb[pixels], np.where(transparent, 0, 255).astype(np.uint8)])
    image = Image.fromarray(rgba)
    factor = _SIDE // max(image.size)
    if factor >= 1:
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    return image
