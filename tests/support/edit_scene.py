"""A snapshot whose sprites show the tiles of `edit_rom`: VRAM, CGRAM and OAM as a game would have filled them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray
from support.edit_rom import PALETTE

OBJ_BYTE = 0xC000
"""OBSEL $63: sprites of 16 and 32 pixels, name table at word $6000."""


class Entry(NamedTuple):
    """An OAM entry."""

    x: int
    y: int
    tile: int
    palette: int = 0
    large: bool = False
    hflip: bool = False
    vflip: bool = False


def make_snapshot(
    tiles: bytes,
    entries: Sequence[Entry],
    *,
    wram: NDArray[np.uint8] | None = None,
    obj_byte: int = OBJ_BYTE,
    oamadd: int = 0,
) -> Snapshot:
    """`tiles` are at the start of the sprites' name table; palette n is PALETTE rotated by n colours."""
    vram = np.zeros(0x10000, np.uint8)
    vram[obj_byte : obj_byte + len(tiles)] = np.frombuffer(tiles, np.uint8)
    cgram = np.zeros(256, np.uint16)
    for palette in range(8):
        cgram[128 + 16 * palette :][:16] = [PALETTE[0], *np.roll(PALETTE[1:], palette)]
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 0xF0  # below the screen
    for index, entry in enumerate(entries):
        attributes = entry.vflip << 7 | entry.hflip << 6 | 2 << 4 | entry.palette << 1 | entry.tile >> 8
        oam[index * 4 : index * 4 + 4] = [entry.x & 0xFF, entry.y & 0xFF, entry.tile & 0xFF, attributes]
        oam[512 + index // 4] |= (entry.large << 1 | (entry.x >> 8 & 1)) << (index % 4 * 2)
    return Snapshot(
        vram=vram, cgram=cgram, oam=oam, wram=wram, frame=7, ppu=PpuRegisters(obsel=0x63, oamadd=oamadd, setini=0)
    )
