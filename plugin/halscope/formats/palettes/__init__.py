"""Palette files of other programs: read, told apart, checked against the console's colours, and written."""

from halscope.formats.palettes._file import (
    FORMATS,
    PALETTE_SUFFIXES,
    PaletteFile,
    PaletteFormat,
    palette_bytes,
    parse_palette,
    read_palette,
    write_palette,
)
from halscope.formats.palettes._levels import from_rgb, is_exact, to_rgb

__all__ = [
    "FORMATS",
    "PALETTE_SUFFIXES",
    "PaletteFile",
    "PaletteFormat",
    "from_rgb",
    "is_exact",
    "palette_bytes",
    "parse_palette",
    "read_palette",
    "to_rgb",
    "write_palette",
]
