"""Hi-res: mode 5 with sprites, with mosaic, with interlace; and mode 1 whose sub screen fills the odd columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from labart import city as art

from labbuild.model import Asset, Load, Registers, Scene
from labbuild.sprites import Sprite, oam
from labbuild.tiles import wide_background

BG1_TILES, BG2_TILES, BG1_MAP, BG2_MAP, OBJ_TILES = 0x0000, 0x8000, 0xB000, 0xA000, 0xC000
WIDTH, LOW, TALL = 512, 224, 448
ONE_SCREEN, TWO_BELOW = 0, 2  # BGnSC bits 0 and 1
INTERLACE, PSEUDO = 0x01, 0x08
BLOCKS = ((0x06, 0x51), (0x30, 0x02), (0x31, 0x61))  # half of the sum, for BG1 and the backdrop
DUCKS = oam([Sprite(24 + 60 * n, 60 + 26 * n, 4 * n, 0, large=True, hflip=n % 2 == 1) for n in range(4)])


def registers(size: int, extra: Registers) -> Registers:
    """Mode 5 with BG1, BG2 and sprites on both screens."""
    return (
        (0x01, 3 << 5 | OBJ_TILES >> 14),
        (0x05, 0x05),
        (0x07, BG1_MAP >> 9 | size),
        (0x08, BG2_MAP >> 9),
        (0x0B, BG2_TILES >> 13 << 4 | BG1_TILES >> 13),
        (0x0E, 0xFF),
        (0x0E, 0x03),
        (0x10, 0xFF),
        (0x10, 0x03),
        (0x2C, 0x13),
        (0x2D, 0x13),
        *extra,
    )


def sign(height: int) -> np.ndarray:
    """The 2bpp layer's picture: the sign at the top right."""
    pixels = np.zeros((height, WIDTH), np.uint8)
    pixels[16:64, 352:480] = art.balloon()
    return pixels


def scene(name: str, shows: str, picture: str, size: int, extra: Registers, assets: tuple[Asset, ...]) -> Scene:
    return Scene(
        name=name,
        shows=shows,
        registers=registers(size, extra),
        assets=assets,
        loads=(
            Load(f"{picture}_tiles", BG1_TILES),
            Load(f"{picture}_map", BG1_MAP),
            Load("sign_tiles", BG2_TILES),
            Load("sign_map", BG2_MAP),
            Load("ducks", OBJ_TILES),
        ),
        palettes=((0, "city"), (16, "sign"), (128, "duck")),
        oam=DUCKS,
    )


def city() -> Scene:
    tiles, tilemap = wide_background(art.skyline(256, LOW, 2), 4, 0)
    sign_tiles, sign_map = wide_background(sign(LOW), 2, 4, priority=True)
    return scene(
        "city",
        "mode 5: BG1 4bpp, BG2 2bpp, 512 columns; main and sub screen the same",
        "city",
        ONE_SCREEN,
        (),
        (
            Asset("city_tiles", "tiles", tiles, "hal"),
            Asset("city_map", "map", tilemap, "hal"),
            Asset("sign_tiles", "tiles", sign_tiles, "hal", bpp=2),
            Asset("sign_map", "map", sign_map, "hal"),
        ),
    )


def mosaic() -> Scene:
    one = scene("mosaic", "mode 5 with mosaic of 4 pixels on BG1", "city", ONE_SCREEN, ((0x06, 0x31),), ())
    # snes9x and Mesen 2 take each block's colour from its first even half pixel, bsnes takes two of them.
    return replace(one, agreed=False)


def tall() -> Scene:
    tiles, tilemap = wide_background(art.skyline(128, TALL, 4), 4, 0)
    return scene(
        "tall",
        "mode 5 with interlace: 512 columns, 448 lines, a map of two screens",
        "tall",
        TWO_BELOW,
        ((0x33, INTERLACE),),
        (Asset("tall_tiles", "tiles", tiles, "hal"), Asset("tall_map", "map", tilemap, "hal")),
    )


def dusk() -> Scene:
    return two_screens("dusk", "pseudo hi-res: BG1 in the odd half columns, BG2 in the even ones", ((0x33, PSEUDO),))


def blocks() -> Scene:
    return two_screens("blocks", "mosaic of 6 pixels on BG1 alone, BG2 added from the sub screen", BLOCKS)


def two_screens(name: str, shows: str, extra: Registers) -> Scene:
    """Mode 1 with BG1 and sprites on the main screen, BG2 on the sub screen."""
    return Scene(
        name=name,
        shows=shows,
        registers=(
            (0x01, 3 << 5 | OBJ_TILES >> 14),
            (0x05, 0x01),
            (0x07, 0x8000 >> 9),
            (0x08, 0x8800 >> 9),
            (0x0B, 0x4000 >> 13 << 4),
            (0x0E, 0xFF),
            (0x0E, 0x03),
            (0x10, 0xFF),
            (0x10, 0x03),
            (0x2C, 0x11),
            (0x2D, 0x02),
            *extra,
        ),
        assets=(),
        loads=(
            Load("lake_tiles", 0x0000),
            Load("lake_map", 0x8000),
            Load("bay_back_tiles", 0x4000),
            Load("bay_back_map", 0x8800),
            Load("ducks", OBJ_TILES),
        ),
        palettes=((0, "dusk"), (16, "lake"), (48, "dusk"), (128, "duck")),
        oam=DUCKS,
    )
