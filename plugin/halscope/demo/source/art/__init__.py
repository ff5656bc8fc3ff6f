"""The demo's art, drawn by code: sprite sheets, a font, backgrounds and their palettes.

    PALETTES: dict[str, uint8[16, 3]]   RGB, each channel a multiple of 8; entry 0 is the backdrop or transparent
    sprite_sheets() -> list[SpriteSheet] ; fonts() -> list[Font] ; backgrounds() -> list[Background]

The same bytes come out on every run: shapes are lit and dithered in order, and all noise has a fixed seed.
"""

from __future__ import annotations

from . import cave, keep, meadow, title
from .backdrop import unique_tiles
from .font import glyphs
from .model import Background, Font, SpriteSheet
from .palettes import PALETTES
from .sheets import sprite_sheets

__all__ = ["PALETTES", "Background", "Font", "SpriteSheet", "backgrounds", "fonts", "sprite_sheets", "unique_tiles"]


def fonts() -> list[Font]:
    """The one font; palette "font" holds four sets of its four colours."""
    return [Font("font", glyphs())]


def backgrounds() -> list[Background]:
    """Both layers of the four scenes."""
    return [
        title.title_front(),
        title.title_back(),
        meadow.meadow_front(),
        meadow.meadow_back(),
        cave.cave_front(),
        cave.cave_back(),
        keep.keep_front(),
        keep.keep_back(),
    ]
