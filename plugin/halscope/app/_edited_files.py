"""The files in a watched folder that hold edits: sheets and palettes. Which they are, and what they change."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError

from halscope._files import read_limited
from halscope.app._file_changes import whole_png
from halscope.formats.palettes import PALETTE_SUFFIXES, parse_palette
from halscope.inject import SheetEdit, read_edited_palette, read_sheet, sheet_edit

_MOST_PALETTE_BYTES: Final = 1 << 16


def is_palette(path: Path | str) -> bool:
    """Whether a file is a palette, by its name."""
    return str(path).lower().endswith(PALETTE_SUFFIXES)


def whole_file(path: str) -> int | None:
    """Return a checksum of a sheet's or a palette's content if all of it is there, else `None`: see `whole_png`."""
    if not is_palette(path):
        return whole_png(path)
    try:
        data = read_limited(Path(path), _MOST_PALETTE_BYTES, "palette file")
        parse_palette(data, path)
    except HalscopeError:
        return None
    return zlib.crc32(data)


def read_edit(path: Path, *, nearest: bool) -> SheetEdit:
    """Return what an edited sheet or palette changes. Raises HalscopeError."""
    if is_palette(path):
        return read_edited_palette(path, nearest=nearest)
    return sheet_edit(read_sheet(path, nearest=nearest))
