"""A decoder that reads across banks: LC_LZ2 blocks that cross an edge here and there, one that ends with its bank."""

from __future__ import annotations

from demobuild.graphics import planar, sheet_tiles, tile_background
from labart import viaduct

from labbuild.model import Asset, Load, Scene
from labbuild.sprites import Sprite, oam

BG1_TILES, BG1_MAP, OBJ_TILES = 0x0000, 0x8000, 0xC000
WAGON_ROW = 4 * 32  # bytes of one row of a figure's tiles


def scene() -> Scene:
    valley = viaduct.valley()
    tiled = tile_background(valley.pixels, valley.priority, {0: 0}, depth=3)
    train = viaduct.train()
    figures = [
        b"".join(planar(tile, 4) for tile in sheet_tiles(train.pixels[:, at : at + 32], 32, "strip"))
        for at in range(0, 128, 32)
    ]
    names = ("engine", "coach", "parlour", "mail")
    edges = (1, -1, None, 0)  # the first byte alone, all but the end mark, away from an edge, all of it
    return Scene(
        name="viaduct",
        shows="LC_LZ2 blocks whose decoder continues in the next bank: four cross an edge, one ends with its bank",
        registers=(
            (0x01, 3 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, BG1_MAP >> 9),
            (0x0B, BG1_TILES >> 13),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x2C, 0x11),
        ),
        assets=(
            Asset("valley_tiles", "tiles", tiled.tiles, "lz2", bpp=3, before_edge=2500),
            Asset("valley_map", "map", tiled.tilemap, "lz2", before_edge=137),
            *(
                Asset(name, "sprites", figure, "lz2", before_edge=edge)
                for name, figure, edge in zip(names, figures, edges, strict=True)
            ),
        ),
        loads=(
            Load("valley_tiles", BG1_TILES, "3bpp-low"),
            Load("valley_map", BG1_MAP),
            *(
                Load(name, OBJ_TILES + 0x200 * row + WAGON_ROW * number, byte_offset=WAGON_ROW * row, size=WAGON_ROW)
                for number, name in enumerate(names)
                for row in range(4)
            ),
        ),
        palettes=((0, "valley"), (128, "train")),
        oam=oam([Sprite(44 + 34 * number, viaduct.RAIL - 31, 4 * number, 0, large=True) for number in range(4)]),
    )
