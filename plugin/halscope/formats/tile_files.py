"""Files that hold tiles as the game stores them, by the names that tile editors and converters give them."""

from __future__ import annotations

from typing import Final

RAW_SUFFIXES: Final = frozenset({".1bpp", ".2bpp", ".3bpp", ".4bpp", ".8bpp", ".gfx", ".bin", ".chr"})
"""Suffixes in lower case."""
