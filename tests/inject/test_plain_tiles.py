"""Blank tiles beside known ones can be drawn on: a hat on a hero."""

from __future__ import annotations

import numpy as np
from halscope.codecs.hal import HAL
from halscope.inject import sheet_from_sprite
from halscope.ppu import decode_frame
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from support.edit_rom import draw_tiles
from support.edit_scene import Entry, make_snapshot
from support.roms import make_rom

AT = 0x10007


def sheet_places(tiles: bytes, stored: bytes, tile: int) -> list[int | None]:
    """The places of a 16x16 sprite's four tiles, relative to the stored ones."""
    image = make_rom(0x40000)
    image[AT : AT + len(stored)] = stored
    rom = Rom.from_bytes(bytes(image), "hat")
    frame = decode_frame(make_snapshot(tiles, [Entry(40, 40, tile)]))
    found = RomIndex.build(rom, [HAL]).locate_vram(frame.snapshot.vram)
    sheet = sheet_from_sprite(frame, frame.sprites[0], found, rom, [HAL])
    return [None if cell.origin is None else (cell.origin.block_offset - AT) // 32 for cell in sheet.cells]


def page() -> bytearray:
    """Two rows of a page of tiles, the upper left sprite blank."""
    tiles = bytearray(encode_tiles(draw_tiles(32, 5), 4).tobytes())
    for blank in (0, 1, 16, 17):
        tiles[32 * blank : 32 * blank + 32] = bytes(32)
    return tiles


def test_a_sprite_that_is_wholly_blank_stands_beside_its_neighbours() -> None:
    tiles = bytes(page())
    assert sheet_places(tiles, tiles, 0) == [0, 1, 16, 17]


def test_a_blank_tile_whose_place_holds_something_else_stays_locked() -> None:
    stored = page()
    stored[32 : 2 * 32] = bytes(range(32))
    places = sheet_places(bytes(page()), bytes(stored), 0)
    assert places[:2] == [None, None]
    assert places[2:] == [16, 17]


def test_a_place_that_another_tile_comes_from_is_not_given_twice() -> None:
    tiles = page()
    row = tiles[32 * 16 : 32 * 32]
    stored = bytes(tiles[32 * 2 : 32 * 16] + row)  # the second row follows the first without its blank tiles
    assert sheet_places(bytes(tiles), stored, 0)[2:] == [14, 15]
    assert sheet_places(bytes(tiles), stored, 0)[:2] == [None, None]


def test_blank_tiles_without_a_known_neighbour_stay_locked() -> None:
    assert sheet_places(bytes(32 * 32), bytes(page()), 0) == [None] * 4


def test_two_sides_that_disagree_leave_a_tile_locked() -> None:
    tiles = page()
    for blank in (2, 3, 18, 19):
        tiles[32 * blank : 32 * blank + 32] = bytes(32)
    tiles[0:64] = encode_tiles(draw_tiles(2, 9), 4).tobytes()
    left, right = bytes(tiles[0:128]), bytes(tiles[64 : 32 * 16])
    stored = left + bytes(np.arange(64, dtype=np.uint8)) + right
    assert sheet_places(bytes(tiles), stored, 2)[:2] == [None, None]


def rows_below(columns: int) -> bytearray:
    """Four rows of a page, the two upper ones blank, with tiles in the first columns alone."""
    tiles = bytearray(32 * 64)
    drawn = encode_tiles(draw_tiles(2 * columns, 7), 4).tobytes()
    for row in (2, 3):
        at = 32 * 16 * row
        tiles[at : at + 32 * columns] = drawn[32 * columns * (row - 2) :][: 32 * columns]
    return tiles


def test_a_sprite_above_its_neighbours_continues_their_rows() -> None:
    for columns in (16, 4):
        tiles = rows_below(columns)
        stored = b"".join(bytes(tiles[32 * 16 * row :][: 32 * columns]) for row in range(4))
        assert sheet_places(bytes(tiles), stored, 0) == [0, 1, columns, columns + 1]


def test_a_sprite_below_its_neighbours_continues_their_rows() -> None:
    tiles = rows_below(16)
    upside = bytes(tiles[32 * 32 :] + tiles[: 32 * 32])
    assert sheet_places(upside, upside, 32) == [32, 33, 48, 49]


def test_a_sprite_above_other_bytes_stays_locked() -> None:
    tiles = rows_below(16)
    stored = bytearray(tiles)
    stored[32 * 16 : 32 * 18] = bytes(range(64))
    assert sheet_places(bytes(tiles), bytes(stored), 0) == [None] * 4


def test_a_single_row_below_does_not_say_how_far_apart_rows_are() -> None:
    tiles = rows_below(16)
    tiles[32 * 48 :] = bytes(32 * 16)
    assert sheet_places(bytes(tiles), bytes(tiles), 0) == [None] * 4
