"""Mode 7: turned as a whole, and as a floor below a sky, by HDMA on BGMODE and the matrix. Raw and packed tiles."""

from __future__ import annotations

import math

import numpy as np
from demobuild.graphics import tile_background
from labart import compass

from labbuild import hdma
from labbuild.model import Asset, Channel, Load, Registers, Rows, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import chunky

ROWS = 224
WORLD = 128  # tiles, in both directions
MIDDLE = WORLD * 4  # pixels
ANGLE, SCALE = 25, 0.8
SKY_TILES, SKY_MAP, OBJ_TILES = 0xA000, 0x8000, 0xC000
HORIZON = 88  # the floor's first row
VANISHING = 64  # the row at which the floor would be infinitely far away
NEARNESS, DEPTH = 70.0, 150
FLOOR_WRAM = 0x7E4800


def twice(register: int, value: int) -> Registers:
    """A register that takes two writes."""
    return ((register, value & 0xFF), (register, value >> 8 & 0xFF))


def world(first_stone: int) -> bytes:
    """The map: flagstones everywhere and the rose in the middle. Tile 0 is the rose's first, empty one."""
    tiles = np.arange(compass.STONES // 8 * (compass.STONES // 8)).reshape(4, 4)
    ground = first_stone + np.tile(tiles, (WORLD // 4, WORLD // 4))
    wide = compass.ROSE // 8
    rose = np.arange(wide * wide).reshape(wide, wide)
    filled = np.array([any(tile) for tile in chunky(compass.rose().pixels)]).reshape(wide, wide)
    begin = WORLD // 2 - wide // 2
    place = ground[begin : begin + wide, begin : begin + wide]
    place[:] = np.where(filled, rose, place)
    return ground.astype(np.uint8).tobytes()


def loads() -> tuple[Load, ...]:
    rose = len(chunky(compass.rose().pixels))
    return (
        Load("rose", 0, "mode7"),
        Load("stones", rose * 128, "mode7"),
        Load("world", 0, "mode7-map"),
    )


PALETTES = ((0, "brass"), (16, "enamel"), (32, "stone"))


def disc() -> Scene:
    rose, stones = chunky(compass.rose().pixels), chunky(compass.stones().pixels)
    cosine, sine = (round(256 * SCALE * f(math.radians(ANGLE))) for f in (math.cos, math.sin))
    return Scene(
        name="disc",
        shows="mode 7, turned and enlarged: raw tiles of 64 bytes at an odd offset, others packed, the map packed",
        registers=(
            (0x05, 0x07),
            *twice(0x0D, MIDDLE - 128),
            *twice(0x0E, MIDDLE - 112),
            (0x1A, 0x00),
            *twice(0x1B, cosine),
            *twice(0x1C, sine),
            *twice(0x1D, -sine),
            *twice(0x1E, cosine),
            *twice(0x1F, MIDDLE),
            *twice(0x20, MIDDLE),
            (0x2C, 0x01),
        ),
        assets=(
            Asset("rose", "tiles", b"".join(rose), bpp=8),
            Asset("stones", "tiles", b"".join(stones), "hal", bpp=8),
            Asset("world", "map", world(len(rose)), "hal"),
        ),
        loads=loads(),
        palettes=PALETTES,
    )


def plaza() -> Scene:
    sky = compass.clouds()
    tiled = tile_background(sky.pixels, sky.priority, {0: 3})
    scales = [round(256 * NEARNESS / (row + 1 - VANISHING)) for row in range(HORIZON, ROWS)]
    modes = [(HORIZON, 0x01), (ROWS - HORIZON, 0x07)]
    address = FLOOR_WRAM & 0xFFFF
    part = len(scales) // 2
    return Scene(
        name="plaza",
        shows="HDMA on BGMODE (mode 1 above, mode 7 below) and on M7A and M7D a line, indirect, from WRAM",
        registers=(
            (0x01, 3 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, SKY_MAP >> 9),
            (0x0B, SKY_TILES >> 13),
            *twice(0x0D, MIDDLE - 128),
            *twice(0x0E, MIDDLE - VANISHING - DEPTH),
            (0x1A, 0x00),
            *twice(0x1B, scales[0]),
            *twice(0x1E, scales[0]),
            *twice(0x1F, MIDDLE),
            *twice(0x20, MIDDLE),
            (0x2C, 0x11),
        ),
        assets=(
            Asset("clouds_tiles", "tiles", tiled.tiles, "hal"),
            Asset("clouds_map", "map", tiled.tilemap, "hal"),
            Asset("plaza_modes", "hdma", hdma.direct([(rows, bytes([mode])) for rows, mode in modes])),
            Asset("plaza_scales", "hdma", b"".join(hdma.word(value) for value in scales), pointer="lda-lda8"),
            Asset(
                "plaza_floor",
                "hdma",
                hdma.indirect([(HORIZON, address)], repeat=False)[:-1]
                + hdma.indirect([(part, address), (part, address + 2 * part)], repeat=True),
            ),
        ),
        loads=(
            *loads(),
            Load("clouds_tiles", SKY_TILES),
            Load("clouds_map", SKY_MAP),
            Load("ducks", OBJ_TILES),
        ),
        palettes=(*PALETTES, (48, "noon"), (128, "duck")),
        oam=oam([Sprite(30 + 54 * n, 90 + 30 * (n % 3), 4 * n, 0, large=True, hflip=n % 2 == 0) for n in range(4)]),
        copies=(("plaza_scales", FLOOR_WRAM),),
        channels=(
            Channel(1, 0x00, 0x05, "plaza_modes"),
            Channel(2, 0x42, 0x1B, "plaza_floor", bank=FLOOR_WRAM >> 16),
            Channel(3, 0x42, 0x1E, "plaza_floor", bank=FLOOR_WRAM >> 16),
        ),
        raster=(
            Rows(1, 0x2105, tuple(modes)),
            *(
                Rows(channel, register, hdma.folded([scales[0]] * HORIZON + scales))
                for channel, register in ((2, 0x211B), (3, 0x211E))
            ),
        ),
    )
