"""Builds of one game that differ as a hacker's do: blocks in another order, with other gaps, some of them redrawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from halscope.codecs.hal import HAL
from halscope.inject import EditedSheet, Sheet, SheetEdit, sheet_edit, sheet_from_block
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping, snes_mirrors
from support.checksums import fix
from support.edit_rom import PALETTE, draw_tiles
from support.roms import make_rom

BLOCKS, TILES = 24, 12
TABLE, _FIRST, _RAW = 0x1001, 0x8000, 0x30003
_SIZE = 0x40000


@dataclass(frozen=True, eq=False)
class Build:
    """A build of the game.

    Args:
        rom: The image.
        offsets: Where each block is.
        raw: Where the uncompressed tiles are.
    """

    rom: Rom
    offsets: tuple[int, ...]
    raw: int

    def index(self) -> RomIndex:
        return RomIndex.build(self.rom, [HAL])

    def sheet(self, number: int) -> Sheet:
        """The sheet of a block, whose start the table of pointers proves."""
        return sheet_from_block(self.rom, HAL, self.offsets[number], palette=PALETTE, start="pointer")


@cache
def packed(number: int, version: int = 0) -> bytes:
    """A block as it is stored; another version has other tiles."""
    return HAL.encode(encode_tiles(draw_tiles(TILES, 100 + number + 1000 * version), 4).tobytes())


def build(
    order: Sequence[int] = range(BLOCKS), *, gap: int = 0, raw: int = _RAW, redrawn: Collection[int] = ()
) -> Build:
    """Lay the blocks out in this order, with a gap of zeros after each, and point at them from a table."""
    image = make_rom(_SIZE, seed=7)
    offsets = {}
    at = _FIRST
    for number in order:
        data = packed(number, int(number in redrawn))
        if at % 0x8000 + len(data) > 0x8000:
            at = (at // 0x8000 + 1) * 0x8000
        image[at : at + len(data)] = data
        offsets[number] = at
        at += len(data) + gap
    for number in range(BLOCKS):
        address = snes_mirrors(Mapping.LOROM, offsets[number], _SIZE)[0]
        image[TABLE + 3 * number : TABLE + 3 * number + 3] = address.to_bytes(3, "little")
    tiles = encode_tiles(draw_tiles(TILES, 99), 4).tobytes()
    image[raw : raw + len(tiles)] = tiles
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "build.sfc")
    return Build(rom, tuple(offsets[number] for number in range(BLOCKS)), raw)


def painted(sheet: Sheet, name: str, *tiles: int, colour: int = 5) -> SheetEdit:
    """An edit that fills these tiles of a sheet, saved under a name."""
    pixels = sheet.compose().pixels
    for number in tiles:
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = colour
        pixels[cell.y, cell.x] = 1 + number % 4
    return sheet_edit(EditedSheet(sheet, pixels, name))


def noisy(sheet: Sheet, name: str, *tiles: int) -> SheetEdit:
    """An edit that fills these tiles with noise, which does not pack."""
    pixels = sheet.compose().pixels
    noise = np.random.default_rng(5)
    for cell in (sheet.cells[number] for number in tiles):
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = noise.integers(1, 16, (8, 8))
    return sheet_edit(EditedSheet(sheet, pixels, name))
