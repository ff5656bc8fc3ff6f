"""Both expansions of 3bpp: a background whose plane 3 is 0, sprites whose colours are shifted by 8 (and some not)."""

from __future__ import annotations

from demobuild.graphics import tile_background
from labart import crystals

from labbuild.model import Asset, Load, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import strip

BG1_TILES, BG1_MAP, OBJ_TILES = 0x0000, 0x8000, 0xC000
SIZES_16_32 = 3


def scene() -> Scene:
    cave = crystals.cave()
    tiled = tile_background(cave.pixels, cave.priority, {0: 0}, depth=3)
    return Scene(
        name="crystals",
        shows="3bpp tiles of 24 bytes, expanded to 4bpp: plane 3 = 0 (BG1, beetles), plane 3 = p0|p1|p2 (robots)",
        registers=(
            (0x01, SIZES_16_32 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x2C, 0x11),
        ),
        assets=(
            Asset("crystals_tiles", "tiles", tiled.tiles, "hal", bpp=3),
            Asset("crystals_map", "map", tiled.tilemap, "hal"),
            Asset("robots", "sprites", strip(crystals.robots().pixels, 3), "hal", bpp=3),
            Asset("beetles", "sprites", strip(crystals.beetles().pixels, 3), "hal", bpp=3),
        ),
        loads=(
            Load("crystals_tiles", BG1_TILES, "3bpp-low"),
            Load("crystals_map", BG1_MAP),
            Load("robots", OBJ_TILES, "3bpp-high"),
            Load("beetles", OBJ_TILES + 0x800, "3bpp-low"),
        ),
        palettes=((0, "crystal"), (128, "robot"), (144, "beetle_low")),
        oam=oam(
            [Sprite(20 + 58 * n, 112 + 9 * (n % 2), 4 * n, 0, large=True, hflip=n > 1) for n in range(4)]
            + [Sprite(34 + 56 * n, 160 + 7 * (n % 3), 0x40 + 4 * n, 1, large=True) for n in range(4)]
        ),
    )
