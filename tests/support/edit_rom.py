"""A ROM whose graphics are known: two HAL blocks that share tiles, and uncompressed tiles at an odd offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from halscope.codecs.hal import HAL
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import Origin
from numpy.typing import NDArray
from support.checksums import fix
from support.roms import make_rom

LEAD = 15
FIRST, SECOND, RAW = 0x08123, 0x0A001, 0x10007
FIRST_TILES, SECOND_TILES, RAW_TILES, SHARED = 40, 24, 12, 4
PALETTE = np.array(
    [
        *(0x7C1F, 0x0000, 0x7FFF, 0x001F, 0x03E0, 0x7C00, 0x03FF, 0x7FE0),
        *(0x294A, 0x5294, 0x0010, 0x0200, 0x4000, 0x0210, 0x4010, 0x4200),
    ],
    np.uint16,
)
"""Sixteen colours, all different; colour 0 is magenta."""


@dataclass(frozen=True, eq=False)
class EditRom:
    rom: Rom
    first: bytes
    second: bytes
    raw: bytes

    def first_origin(self, tile: int) -> Origin:
        return Origin("hal", FIRST, LEAD + 32 * tile, "pointer")


def draw_tiles(count: int, seed: int) -> NDArray[np.uint8]:
    """uint8[count, 8, 8]: discs with outline, light and speckles, all different and as compressible as real art."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:8, 0:8]
    tiles = np.zeros((count, 8, 8), np.uint8)
    for tile in tiles:
        cx, cy, radius = rng.uniform(2, 5, 3)
        distance = np.hypot(x - cx, y - cy)
        body, light, edge = rng.choice(np.arange(2, 16), 3, replace=False)
        tile[distance < radius + 1] = edge
        tile[distance < radius] = body
        tile[distance < radius / 2] = light
        tile[rng.integers(0, 8), rng.integers(0, 8)] = 1
    return tiles


def make_edit_rom(size: int = 0x40000) -> EditRom:
    image = make_rom(size, seed=7)
    first_tiles = draw_tiles(FIRST_TILES, 1)
    second_tiles = np.concatenate([first_tiles[:SHARED], draw_tiles(SECOND_TILES - SHARED, 2)])
    raw_tiles = draw_tiles(RAW_TILES, 3)
    first = bytes(range(100, 100 + LEAD)) + encode_tiles(first_tiles, 4).tobytes() + b"\x11\x22\x33\x44\x55"
    second = encode_tiles(second_tiles, 4).tobytes()
    raw = encode_tiles(raw_tiles, 4).tobytes()
    for at, data in ((FIRST, HAL.encode(first)), (SECOND, HAL.encode(second)), (RAW, raw)):
        image[at : at + len(data)] = data
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "edit.sfc")
    return EditRom(rom, first, second, raw)
