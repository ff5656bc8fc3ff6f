"""Editing tiles that a game converts: stored as the game stores them, and written live in every form."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.lz import LZ2
from halscope.inject import (
    EditedSheet,
    Sheet,
    apply_patch,
    live_writes,
    read_sheet,
    sheet_from_block,
    sheet_from_raw,
    sheet_from_sprite,
    to_patch,
    write_sheet,
)
from halscope.inject.edits import EditPlan
from halscope.ppu import decode_frame
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import TRANSFORMS, ImageError, InjectError, Snapshot, Transform, UsageError, Write
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_scene import Entry, make_snapshot
from support.planning import plan_edit
from support.roms import make_rom
from support.stored_art import stored_art

BLOCK, RAW, TILES, LEAD = 0x10001, 0x18003, 40, 5

every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda one: one.name)


@cache
def rom_of(transform: Transform) -> tuple[Rom, bytes]:
    """A ROM with the same stored tiles in a block, after some other bytes, and uncompressed."""
    image = make_rom(0x40000)
    stored = stored_art(TILES, transform.stored_bytes, 4)
    packed = LZ2.encode(bytes(range(LEAD)) + stored)
    image[BLOCK : BLOCK + len(packed)] = packed
    image[BLOCK + len(packed) : BLOCK + len(packed) + 512] = bytes(512)  # room is not what is tested here
    image[RAW : RAW + len(stored)] = stored
    return Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "converted.sfc"), stored


def sheet_of(transform: Transform, *, raw: bool) -> Sheet:
    rom, _ = rom_of(transform)
    if raw:
        return sheet_from_raw(rom, RAW, TILES, transform=transform.name)
    return sheet_from_block(rom, LZ2, BLOCK, transform=transform.name, lead=LEAD, start="pointer")


def painted(sheet: Sheet, cell: int, tile: NDArray[np.uint8]) -> EditedSheet:
    """The sheet with one cell's pixels replaced."""
    pixels = sheet.composition.pixels.copy()
    one = sheet.cells[cell]
    pixels[one.y : one.y + 8, one.x : one.x + 8] = tile
    return EditedSheet(sheet, pixels, "edited.png")


def swapped(sheet: Sheet) -> EditedSheet:
    """The sheet with the picture of its cell 9 in the place of cell 8: colours that every transform can store."""
    one, other = sheet.cells[8], sheet.cells[9]
    assert one.tile != other.tile
    return painted(sheet, 8, sheet.composition.pixels[other.y : other.y + 8, other.x : other.x + 8])


def plan_of(transform: Transform, *, raw: bool) -> EditPlan:
    rom, _ = rom_of(transform)
    return plan_edit(rom, [LZ2], swapped(sheet_of(transform, raw=raw)), force=True)


def edited(stored: bytes, size: int) -> bytes:
    """What the stored tiles are after that edit."""
    return stored[: 8 * size] + stored[9 * size : 10 * size] + stored[9 * size :]


@every_transform
def test_an_edited_uncompressed_tile_is_stored_as_the_game_stores_it(transform: Transform) -> None:
    rom, stored = rom_of(transform)
    plan = plan_of(transform, raw=True)
    result = apply_patch(rom, to_patch(plan))
    assert result[RAW : RAW + len(stored)] == edited(stored, transform.stored_bytes)
    assert plan.blocks[0].changes[0].transforms == (transform.name,)


@every_transform
def test_an_edited_tile_of_a_block_is_stored_as_the_game_stores_it(transform: Transform) -> None:
    _, stored = rom_of(transform)
    (block,) = plan_of(transform, raw=False).blocks
    assert block.new_data == bytes(range(LEAD)) + edited(stored, transform.stored_bytes)


def memory(plan: EditPlan, snapshot: Snapshot) -> dict[str, bytearray]:
    """VRAM and WRAM after the live writes, each of which must find what it expects."""
    assert snapshot.wram is not None
    after = {"vram": bytearray(snapshot.vram), "wram": bytearray(snapshot.wram)}
    for write in live_writes(plan, snapshot):
        assert isinstance(write, Write)
        area = slice(write.offset, write.offset + len(write.data))
        assert bytes(after[write.space][area]) == write.expected
        after[write.space][area] = write.data
    return after


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "block"])
@every_transform
def test_every_copy_in_the_running_game_is_written_in_its_own_form(transform: Transform, *, raw: bool) -> None:
    _, stored = rom_of(transform)
    size, count = transform.stored_bytes, TILES * transform.vram_bytes
    vram = np.zeros(0x10000, np.uint8)
    at = 0x1000
    if transform.depth == "mode7":
        vram[:0x8000:2] = np.random.default_rng(1).integers(0, 256, 0x4000)
    around = vram[at : at + count].tobytes()
    vram[at : at + count] = np.frombuffer(transform.expand(stored, around), np.uint8)
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2003 : 0x2003 + len(stored)] = np.frombuffer(stored, np.uint8)
    if transform.depth != "mode7":  # games expand in WRAM too; mode 7 is interleaved by the DMA itself
        wram[0x10001 : 0x10001 + count] = np.frombuffer(transform.expand(stored), np.uint8)
    scene = make_snapshot(b"", [])
    snapshot = replace(scene, vram=vram, wram=wram)
    after = memory(plan_of(transform, raw=raw), snapshot)
    wanted = edited(stored, size)
    assert bytes(after["vram"][at : at + count]) == transform.expand(wanted, around)
    assert bytes(after["wram"][0x2003 : 0x2003 + len(stored)]) == wanted
    if transform.depth != "mode7":
        assert bytes(after["wram"][0x10001 : 0x10001 + count]) == transform.expand(wanted)


@pytest.mark.parametrize(
    ("name", "colour", "allowed"),
    [("3bpp-low", 9, "0 to 7"), ("3bpp-high", 8, "0, 9 to 15"), ("2bpp", 4, "0 to 3"), ("1bpp-colour3", 1, "0, 3")],
)
def test_a_colour_that_cannot_be_stored_is_refused_with_its_pixel(name: str, colour: int, allowed: str) -> None:
    (transform,) = (one for one in TRANSFORMS if one.name == name)
    sheet = sheet_of(transform, raw=False)
    cell = sheet.cells[17]
    tile = np.zeros((8, 8), np.uint8)
    tile[3, 6] = tile[5, 1] = colour
    with pytest.raises(InjectError) as refused:
        plan_edit(rom_of(transform)[0], [LZ2], painted(sheet, 17, tile))
    assert str(refused.value) == (
        f"edited.png: the tile at {cell.place}: the pixel at ({cell.x + 6}, {cell.y + 3}) (and 1 more pixels) has the "
        f"colour {colour}, which cannot be stored: the game keeps this tile as {name}, in the colours {allowed}"
    )


@every_transform
def test_a_sheet_keeps_its_transform_in_its_file(transform: Transform, tmp_path: Path) -> None:
    sheet = sheet_of(transform, raw=False)
    write_sheet(sheet, None, tmp_path / "sheet.png")
    again = read_sheet(tmp_path / "sheet.png").sheet
    assert again.cells == sheet.cells
    assert again.cells[0].origin is not None
    assert again.cells[0].origin.transform == transform.name


@given(st.binary(min_size=32, max_size=32))
def test_a_cell_whose_tile_cannot_come_from_its_origin_is_refused(tile: bytes) -> None:
    (low,) = (one for one in TRANSFORMS if one.name == "3bpp-low")
    sheet = sheet_of(low, raw=True)
    cells = (replace(sheet.cells[0], tile=tile), *sheet.cells[1:])
    if low.collapse(tile) is None:
        with pytest.raises(ImageError, match="cannot be stored as 3bpp-low"):
            replace(sheet, cells=cells)
    else:
        assert replace(sheet, cells=cells).cells[0].tile == tile


def test_unknown_transforms_and_other_depths_are_refused() -> None:
    rom, _ = rom_of(TRANSFORMS[0])
    with pytest.raises(UsageError, match="no transform 'sideways'; there are: none, 3bpp-low"):
        sheet_from_raw(rom, RAW, 4, transform="sideways")
    sheet = sheet_of(TRANSFORMS[0], raw=True)
    origin = sheet.cells[0].origin
    assert origin is not None
    for name, message in (("sideways", "no transform"), ("1bpp", "makes 2bpp tiles")):
        with pytest.raises(ImageError, match=message):
            replace(sheet, cells=(replace(sheet.cells[0], origin=replace(origin, transform=name)),))


def test_a_sprite_of_3bpp_tiles_is_settled_with_its_blank_ones() -> None:
    (low,) = (one for one in TRANSFORMS if one.name == "3bpp-low")
    rom, stored = rom_of(low)
    image = bytearray(rom.data)
    image[RAW + 24 * 6 : RAW + 24 * 7] = bytes(24)  # a blank tile in the middle of the figure
    rom = Rom.from_bytes(bytes(image), "blank")
    stored = bytes(image[RAW : RAW + len(stored)])
    index = RomIndex.build(rom, [])
    tiles = low.expand(stored)
    page = np.zeros((4, 16, 32), np.uint8)
    page[:, :4] = np.frombuffer(tiles, np.uint8).reshape(-1, 32)[:16].reshape(4, 4, 32)
    frame = decode_frame(make_snapshot(page.tobytes(), [Entry(40, 40, 0, large=True)]))
    sheet = sheet_from_sprite(frame, frame.sprites[0], index.locate_vram(frame.snapshot.vram), rom, [LZ2])
    places = [cell.origin and (cell.origin.block_offset, cell.origin.transform) for cell in sheet.cells]
    assert places == [(RAW + 24 * tile, "3bpp-low") for tile in range(16)]
