"""Sheets of what is on the screen show it exactly, and record where each tile comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    grey_palette,
    read_sheet,
    sheet_from_block,
    sheet_from_metasprite,
    sheet_from_raw,
    sheet_from_sprite,
    write_sheet,
)
from halscope.ppu import decode_frame
from halscope.ppu.grouping import group_sprites
from halscope.rom.index import RomIndex
from halscope_hooks import ImageError, InjectError, Origin, VramOrigins
from support.edit_rom import FIRST, LEAD, RAW, RAW_TILES, EditRom
from support.edit_scene import OBJ_BYTE, Entry, make_snapshot
from support.planning import plan_edit


def origins_of_first(edit_rom: EditRom, tiles: int) -> VramOrigins:
    """The true VRAM origins of the snapshot: tile n of the page is tile n of the first block."""
    first = OBJ_BYTE // 32
    origins: list[tuple[Origin, ...]] = [()] * 2048
    for number in range(tiles):
        origins[first + number] = (edit_rom.first_origin(number),)
    return VramOrigins(tuple(origins), np.ones(2048, np.bool_))


@pytest.fixture(scope="module")
def page(edit_rom: EditRom) -> bytes:
    return edit_rom.first[LEAD : LEAD + 32 * 40]


@pytest.mark.parametrize(("hflip", "vflip"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_sprites_sheet_shows_the_sprite_with_its_palette(
    edit_rom: EditRom, page: bytes, hflip: bool, vflip: bool
) -> None:
    frame = decode_frame(make_snapshot(page, [Entry(40, 50, 2, palette=3, hflip=hflip, vflip=vflip)]))
    sprite = frame.sprites[0]
    sheet = sheet_from_sprite(frame, sprite, origins_of_first(edit_rom, 40), edit_rom.rom)
    assert (sheet.compose().pixels == sprite.pixels).all()
    assert (sheet.palettes[0] == frame.snapshot.cgram[176:192]).all()
    assert {cell.origin for cell in sheet.cells} == {edit_rom.first_origin(n) for n in (2, 3, 18, 19)}
    assert {cell.vram_byte for cell in sheet.cells} == {OBJ_BYTE + 32 * n for n in (2, 3, 18, 19)}
    assert (sheet.title, sheet.rom_title) == ("sprite 0, frame 7", "HALSCOPE TEST")


@pytest.mark.parametrize("oamadd", [0, 0x8002])
def test_a_metasprites_sheet_shows_its_sprites_as_the_screen_does(edit_rom: EditRom, page: bytes, oamadd: int) -> None:
    """Three sprites that overlap, in two palettes, across the top of the screen; then with the second one in front."""
    entries = [Entry(40, 250, 0, palette=5), Entry(48, 2, 4, palette=1), Entry(30, 6, 6, palette=5, hflip=True)]
    frame = decode_frame(make_snapshot(page, entries, oamadd=oamadd))
    (group,) = group_sprites(frame)
    assert group.indices == (0, 1, 2)
    sheet = sheet_from_metasprite(frame, group, origins_of_first(edit_rom, 40), edit_rom.rom)
    assert (sheet.width, sheet.height) == (group.width, group.height)
    shown = sheet.compose().pixels
    numbers = np.array(group.palettes)
    cgram = np.where(shown == 0, 0, 128 + numbers[shown // 16] * 16 + shown % 16)
    assert (cgram == group.pixels).all()
    assert len(sheet.palettes) == 2


def test_the_sheet_of_a_metasprite_goes_through_a_png(edit_rom: EditRom, page: bytes, tmp_path: Path) -> None:
    entries = [Entry(40, 50, 0), Entry(56, 50, 2), Entry(40, 66, 32 + 2), Entry(56, 66, 34)]
    frame = decode_frame(make_snapshot(page, entries))
    group = group_sprites(frame)[0]
    sheet = sheet_from_metasprite(frame, group, origins_of_first(edit_rom, 40), edit_rom.rom)
    path, _ = write_sheet(sheet, None, tmp_path / "figure.png")
    pixels = read_sheet(path).pixels
    assert (pixels == sheet.compose().pixels).all()
    pixels[3, 20] = 0 if pixels[3, 20] else 5
    plan = plan_edit(edit_rom.rom, [HAL], EditedSheet(sheet, pixels))
    assert [tile.byte_offset for tile in plan.blocks[0].changes] == [LEAD + 32 * 2]


def test_with_the_roms_index_the_tiles_lead_to_the_block(edit_rom: EditRom, page: bytes) -> None:
    frame = decode_frame(make_snapshot(page, [Entry(40, 50, 6)]))
    index = RomIndex.build(edit_rom.rom, [HAL])
    sheet = sheet_from_sprite(frame, frame.sprites[0], index.locate_vram(frame.snapshot.vram), edit_rom.rom)
    for cell, number in zip(sheet.cells, (6, 7, 22, 23), strict=True):
        assert cell.origin is not None
        data = index.block(cell.origin).data
        assert data[cell.origin.byte_offset :][:32].tobytes() == cell.tile == page[32 * number : 32 * number + 32]


def test_a_blocks_sheet_holds_its_whole_tiles_sixteen_a_row(edit_rom: EditRom) -> None:
    sheet = sheet_from_block(edit_rom.rom, HAL, FIRST, lead=LEAD)
    assert (sheet.width, sheet.height, len(sheet.cells)) == (128, 24, 40)
    assert sheet.title == "hal block 0x8123"
    assert sheet.cells[17].place == "(8, 8)"
    assert sheet.cells[17].origin == Origin("hal", FIRST, LEAD + 17 * 32, "content")
    with pytest.raises(ImageError, match="holds no whole 4bpp tile of 32 bytes"):
        sheet_from_block(edit_rom.rom, HAL, FIRST, lead=len(edit_rom.first) - 31)
    with pytest.raises(ImageError, match="1 palettes of 4 colours; 4bpp takes 1 to 8 of 16"):
        sheet_from_block(edit_rom.rom, HAL, FIRST, palette=grey_palette(2))
    with pytest.raises(InjectError, match="no hal stream at 0x3ffff"):
        sheet_from_block(edit_rom.rom, HAL, 0x3FFFF)


def test_uncompressed_tiles_of_any_place_make_a_sheet(edit_rom: EditRom) -> None:
    sheet = sheet_from_raw(edit_rom.rom, RAW, RAW_TILES)
    assert b"".join(cell.tile for cell in sheet.cells) == edit_rom.raw
    assert sheet.cells[1].origin == Origin("raw", RAW + 32, 0, "content")
    with pytest.raises(ImageError, match="no 2 tiles at 0x3ffe0"):
        sheet_from_raw(edit_rom.rom, 0x3FFE0, 2)
