"""Tiles that edits have made are located beside those of the ROM."""

from __future__ import annotations

import numpy as np
from halscope.codecs.hal import HAL
from halscope.rom.edited_tiles import EditedTiles
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import Origin
from support.edit_rom import FIRST, SECOND, SHARED, make_edit_rom


def test_a_tile_of_the_rom_stays_one_where_an_edit_has_made_another_tile_like_it() -> None:
    game = make_edit_rom()
    index = RomIndex.build(game.rom, [HAL], known_starts={"hal": np.array([FIRST, SECOND], np.uint32)})
    origin = game.first_origin(SHARED + 1)
    tile = game.first[origin.byte_offset : origin.byte_offset + 32]
    made = Origin("hal", SECOND, 32, "pointer")
    vram = np.zeros(0x10000, np.uint8)
    vram[0xA0:0xC0] = np.frombuffer(tile, np.uint8)
    edited = EditedTiles({tile: (made,)})
    found = VramTracker(index, lambda: edited).update(vram).at(0xA0)
    assert (found[0].block_offset, found[0].byte_offset) == (FIRST, origin.byte_offset)
    assert found[-1] == made
