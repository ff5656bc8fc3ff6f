"""HDMA on the palette: a gradient of colour 0 by an indirect table, and colours that change at a water line."""

from __future__ import annotations

from demobuild.graphics import tile_background
from labart import lake
from labart.palettes import PALETTES

from labbuild import hdma
from labbuild.colours import blend, gradient, number
from labbuild.model import Asset, Channel, Load, Rows, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import strip

BG1_TILES, BG1_MAP, OBJ_TILES = 0x0000, 0x8000, 0xC000
SIZES_16_32 = 3
ROWS = 224
GRADIENT_WRAM = 0x7E4000
BG_PALETTE, OBJ_PALETTE = 16, 128  # first CGRAM entries
SKY = ((0, "182050"), (60, "6048A0"), (110, "E07088"), (lake.WATER, "F8D088"))
DEEP = ((0, "48B0B8"), (30, "2068A0"), (ROWS - lake.WATER, "102050"))
TINT = "1858A0"


def scene() -> Scene:
    water = lake.lake()
    tiled = tile_background(water.pixels, water.priority, {0: 1})
    colours = [*gradient(SKY, lake.WATER), *gradient(DEEP, ROWS - lake.WATER)]
    half = ROWS // 2
    address = GRADIENT_WRAM & 0xFFFF
    dry = {BG_PALETTE + entry: PALETTES["lake"][entry] for entry in (5, 6, 7, 8)}
    dry |= {OBJ_PALETTE + entry: PALETTES["duck"][entry] for entry in range(1, 8)}
    wet = {entry: blend(colour, TINT, 0.6) for entry, colour in dry.items()}
    top = [hdma.colour(entry, number(colour)) for entry, colour in dry.items()]
    below = [hdma.colour(entry, number(colour)) for entry, colour in wet.items()]
    changes = hdma.repeating(0, b"", top)[:-1] + hdma.repeating(lake.WATER - len(top), top[-1], below)
    return Scene(
        name="lake",
        shows="HDMA on the palette: colour 0 a line by an indirect table, data in WRAM; others at a water line, direct",
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
            Asset("lake_tiles", "tiles", tiled.tiles, "hal"),
            Asset("lake_map", "map", tiled.tilemap, "hal"),
            Asset("ducks", "sprites", strip(lake.ducks().pixels)),
            Asset("fish", "sprites", strip(lake.fish().pixels)),
            Asset("lake_gradient", "hdma", b"".join(hdma.colour(0, colour) for colour in colours), pointer="lda-lda8"),
            Asset("lake_rows", "hdma", hdma.indirect([(half, address), (half, address + 4 * half)], repeat=True)),
            Asset("lake_changes", "hdma", changes),
        ),
        loads=(
            Load("lake_tiles", BG1_TILES),
            Load("lake_map", BG1_MAP),
            Load("ducks", OBJ_TILES),
            Load("fish", OBJ_TILES + 0x800),
        ),
        palettes=((0, "lake"), (BG_PALETTE, "lake"), (OBJ_PALETTE, "duck")),
        oam=oam(
            [Sprite(18 + 60 * n, 131 + n % 2, 4 * n, 0, large=True, hflip=n == 2) for n in range(4)]
            + [Sprite(30 + 52 * n, 168 + 9 * (n % 3), 0x40 + 4 * n, 0, large=True, hflip=n % 2 == 1) for n in range(4)]
        ),
        copies=(("lake_gradient", GRADIENT_WRAM),),
        channels=(
            Channel(1, 0x03, 0x21, "lake_changes"),
            Channel(4, 0x43, 0x21, "lake_rows", bank=GRADIENT_WRAM >> 16),
        ),
        raster=(
            Rows(4, 0x2122, hdma.folded(colours), entry=0),
            *(
                # Above its row an entry keeps what the frame before left there.
                Rows(
                    1,
                    0x2122,
                    hdma.folded(
                        [number(wet[entry])] * row
                        + [number(dry[entry])] * lake.WATER
                        + [number(wet[entry])] * (ROWS - lake.WATER - row)
                    ),
                    entry=entry,
                )
                for row, entry in enumerate(dry)
            ),
        ),
    )
