"""Edit sheets as files: an indexed PNG and its JSON sidecar, written together and read back after editing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from halscope_hooks import HalscopeError, ImageError
from numpy.typing import NDArray

from halscope._files import read_limited, write_atomic
from halscope.inject import apng, png
from halscope.inject.match import match_pixels
from halscope.inject.metadata import MAX_JSON_BYTES, from_json, to_json
from halscope.inject.model import Cell, EditedSheet, Sheet, SheetKind

__all__ = ["Cell", "EditedSheet", "Sheet", "SheetKind", "read_sheet", "sidecar_path", "write_sheet"]


def sidecar_path(png_path: Path) -> Path:
    """Return the path of a sheet's JSON sidecar: NAME.json next to the PNG."""
    return png_path.with_suffix(".json")


def write_sheet(sheet: Sheet, pixels: NDArray[np.uint8] | None, path: Path) -> tuple[Path, Path]:
    """Write a sheet's PNG and its sidecar.

    The PNG is indexed in the console's palette order, with colour 0 of each palette transparent and the sheet's JSON in
    an iTXt chunk. The sidecar holds the same JSON for editors that drop chunks. Both files are written completely, or
    neither is.

    Args:
        sheet: The sheet to export.
        pixels: An edited picture to write instead of the sheet's own: uint8[height, width], palette × 2^bpp + colour.
        path: Path of the PNG. The sidecar gets the suffix .json.

    Returns:
        The two paths.

    Raises:
        ImageError: `pixels` does not fit the sheet.
        HalscopeError: A file cannot be written.
    """
    shown = sheet.composition.pixels if pixels is None else pixels
    if shown.shape != (sheet.height, sheet.width) or int(shown.max()) >= len(sheet.palettes) * sheet.colours:
        raise ImageError(f"{path}: the picture does not fit the sheet's {sheet.width}x{sheet.height} pixels or palette")
    text = to_json(sheet)
    transparent = np.arange(len(sheet.palettes) * sheet.colours) % sheet.colours == 0
    sidecar = sidecar_path(path)
    if sidecar == path:
        raise ImageError(f"{path}: a sheet is a PNG; give a name that ends in .png")
    picture = png.encode(shown, sheet.rgb, transparent, text)
    before = sidecar.read_bytes() if sidecar.is_file() else None
    write_atomic(sidecar, text.encode() + b"\n")
    try:
        write_atomic(path, picture)
    except HalscopeError:  # restore the old sidecar, which belongs to the PNG that is still there
        if before is None:
            sidecar.unlink()
        else:
            write_atomic(sidecar, before)
        raise
    return path, sidecar


def read_sheet(path: Path, *, nearest: bool = False) -> EditedSheet:
    """Read an edited sheet back.

    Any PNG is accepted: indexed with any palette order, RGB, RGBA, grey, 16-bit, interlaced. Alpha below 128 counts as
    transparent. The frames of an animated PNG are the sheet's fields, row by row. The sheet's data comes from the PNG's
    chunk or from its sidecar; if both exist they must agree.

    Args:
        path: Path of the PNG.
        nearest: Replace a colour that is not in the palette by the nearest one, instead of raising an error.

    Raises:
        ImageError: The file is not a PNG, is damaged, has the wrong size or foreign colours, or is not a
            Halscope sheet. The message says which, where, and what to do.
        UsageError: The file is missing or cannot be read.
    """
    source = str(path)
    data = read_limited(path, png.MAX_FILE_BYTES, "PNG")
    animation = apng.parse(data, source)
    file = png.parse(data, source) if animation is None else animation.file
    sheet = _find_sheet(path, file)
    return EditedSheet(sheet, _matched(sheet, animation, file, source, nearest=nearest), source)


def picture_in_sheet(sheet: Sheet, data: bytes, source: str, *, nearest: bool = False) -> NDArray[np.uint8]:
    """Return a picture as a sheet's pixels: uint8[height, width], palette × 2^bpp + colour.

    Args:
        sheet: The sheet; what the PNG says of itself does not count.
        data: The PNG, as for `read_sheet`.
        source: Its name, for messages.
        nearest: As for `read_sheet`.

    Raises:
        ImageError: As by `read_sheet`.
    """
    animation = apng.parse(data, source)
    file = png.parse(data, source) if animation is None else animation.file
    return _matched(sheet, animation, file, source, nearest=nearest)


def _matched(
    sheet: Sheet, animation: apng.Animation | None, file: png.PngFile, source: str, *, nearest: bool
) -> NDArray[np.uint8]:
    if animation is not None:
        shown = apng.as_sheet(animation, sheet, source)
        return match_pixels(sheet, sheet.composition, shown, source, nearest=nearest)
    if (file.width, file.height) != (sheet.width, sheet.height):
        raise ImageError(f"{source}: {_size_message(file.width, file.height, sheet)}")
    return match_pixels(sheet, sheet.composition, png.decode(file, source), source, nearest=nearest)


def _find_sheet(path: Path, file: png.PngFile) -> Sheet:
    """Read the sheet's data from the PNG chunk or the sidecar. If both exist, they must be the same."""
    source, sidecar = str(path), sidecar_path(path)
    beside: Sheet | None = None
    beside_text: bytes | None = None
    if sidecar != path and sidecar.exists():
        beside_text = read_limited(sidecar, MAX_JSON_BYTES, "sheet's JSON").strip()
        beside = from_json(beside_text, str(sidecar))
    try:
        text = png.sheet_text(file, source)
        if beside is not None and text is not None and text.strip() == beside_text:
            return beside
        inside = None if text is None else from_json(text, f"{source} (its chunk)")
    except ImageError:
        if beside is None:
            raise
        return beside  # the editor mangled the text chunk: this is what the sidecar is for
    if inside is None and beside is None:
        raise ImageError(
            f"{source}: is not an edit sheet: it has no Halscope chunk, and there is no {sidecar.name} beside it; "
            "many editors drop the chunk: put the exported .json next to the PNG, under the same name"
        )
    if inside is None or beside is None:
        sheet = beside if inside is None else inside
        assert sheet is not None
        return sheet
    if to_json(inside) != to_json(beside):
        raise ImageError(
            f"{sidecar}: belongs to another picture than {path.name}: the PNG's own chunk says {inside.title!r}, the "
            f"sidecar says {beside.title!r}, with other tiles; remove the sidecar, or put the right one there"
        )
    return inside


def _size_message(width: int, height: int, sheet: Sheet) -> str:
    message = f"{width}x{height} pixels, its sheet has {sheet.width}x{sheet.height}; "
    if width % sheet.width == 0 and width // sheet.width * sheet.height == height:
        return message + f"it was enlarged {width // sheet.width} times: scale it back without smoothing"
    return message + "restore that size without scaling, or export the sheet again"
