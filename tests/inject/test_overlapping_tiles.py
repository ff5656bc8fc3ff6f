"""Tiles of two depths in one block: each change has its own size, and overlapping ones do not undo each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    EditPlan,
    Sheet,
    apply_patch,
    live_writes,
    sheet_from_block,
    sheet_from_raw,
    to_patch,
)
from halscope.ppu.tiles import DEPTHS, TileDepth
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import InjectError, Snapshot, Write
from hypothesis import given
from hypothesis import strategies as st
from support.checksums import fix
from support.planning import plan_edits
from support.roms import make_rom

PACKED_AT, RAW_AT = 0x8101, 0x10007
DATA = np.random.default_rng(1).integers(0, 256, 192, np.uint8).tobytes()
VRAM_AT, WRAM_AT = 0x1000, 0x3001


@pytest.fixture(scope="module")
def rom() -> Rom:
    image = make_rom(0x40000)
    packed = HAL.encode(DATA)
    image[PACKED_AT : PACKED_AT + len(packed) + 64] = packed + b"\xff" * 64
    image[RAW_AT : RAW_AT + len(DATA)] = DATA[::-1]
    return Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "depths.sfc")


def packed_sheet(rom: Rom, bpp: TileDepth, lead: int = 0) -> Sheet:
    return sheet_from_block(rom, HAL, PACKED_AT, bpp=bpp, lead=lead, start="pointer")


def with_tile_bytes(sheet: Sheet, tiles: dict[int, bytes], name: str) -> EditedSheet:
    """The sheet as if someone had drawn these tiles."""
    cells = [replace(cell, tile=tiles.get(number, cell.tile)) for number, cell in enumerate(sheet.cells)]
    return EditedSheet(sheet, replace(sheet, cells=tuple(cells)).compose().pixels, name)


def flipped(tile: bytes, places: Iterable[int]) -> bytes:
    new = bytearray(tile)
    for place in places:
        new[place] ^= 0xFF
    return bytes(new)


def scene(data: bytes) -> Snapshot:
    vram, wram = np.zeros(0x10000, np.uint8), np.zeros(0x20000, np.uint8)
    vram[VRAM_AT : VRAM_AT + len(data)] = wram[WRAM_AT : WRAM_AT + len(data)] = np.frombuffer(data, np.uint8)
    return Snapshot(vram=vram, wram=wram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8))


def played(snapshot: Snapshot, writes: Iterable[Write]) -> Snapshot:
    """The game after the writes, one after the other; each must find what it expects."""
    assert snapshot.wram is not None
    parts = {"vram": snapshot.vram.copy(), "wram": snapshot.wram.copy()}
    for write in writes:
        area = parts[write.space][write.offset : write.offset + len(write.data)]
        assert area.tobytes() == write.expected
        area[:] = np.frombuffer(write.data, np.uint8)
    return Snapshot(vram=parts["vram"], wram=parts["wram"], cgram=snapshot.cgram, oam=snapshot.oam)


def copies(snapshot: Snapshot, size: int) -> tuple[bytes, bytes]:
    assert snapshot.wram is not None
    return snapshot.vram[VRAM_AT:][:size].tobytes(), snapshot.wram[WRAM_AT:][:size].tobytes()


def plan(rom: Rom, *edited: EditedSheet) -> EditPlan:
    return plan_edits(rom, [HAL], edited)


def test_a_block_edited_at_two_depths_reaches_the_game_whole_and_alone(rom: Rom) -> None:
    two, four = packed_sheet(rom, 2), packed_sheet(rom, 4, lead=64)
    edited = plan(
        rom,
        with_tile_bytes(two, {0: flipped(DATA[:16], range(16))}, "2bpp.png"),
        with_tile_bytes(four, {1: flipped(DATA[96:128], range(0, 32, 3))}, "4bpp.png"),
    )
    (block,) = edited.blocks
    assert [(change.byte_offset, change.size) for change in block.changes] == [(0, 16), (96, 32)]
    game = played(scene(DATA), live_writes(edited, scene(DATA)))
    assert copies(game, len(DATA)) == (block.new_data, block.new_data)
    assert played(game, live_writes(plan(rom), game, previous=edited)).vram.tobytes() == scene(DATA).vram.tobytes()


def test_of_overlapping_tiles_neither_undoes_what_the_other_changes(rom: Rom) -> None:
    """The 2bpp tile at 16 is inside the 4bpp tile at 0; each sheet changes bytes that the other leaves alone."""
    narrow = with_tile_bytes(packed_sheet(rom, 2), {1: flipped(DATA[16:32], [2, 3, 9])}, "2bpp.png")
    wide = with_tile_bytes(packed_sheet(rom, 4), {0: flipped(DATA[:32], [0, 31, 16 + 9])}, "4bpp.png")
    wanted = flipped(DATA, [0, 18, 19, 25, 31])
    for edited in (plan(rom, narrow, wide), plan(rom, wide, narrow)):
        (block,) = edited.blocks
        assert block.new_data == wanted
        assert [(change.byte_offset, change.new) for change in block.changes] == [(0, wanted[:32]), (16, wanted[16:32])]
        assert HAL.decode(apply_patch(rom.data, to_patch(edited)), PACKED_AT).data.tobytes() == wanted
        game = played(scene(DATA), live_writes(edited, scene(DATA)))
        assert copies(game, len(DATA)) == (wanted, wanted)
        # One sheet is reverted: only its bytes return.
        again = played(game, live_writes(plan(rom, narrow), game, previous=edited))
        assert copies(again, len(DATA))[0] == flipped(DATA, [18, 19, 25])


@pytest.mark.parametrize("order", [1, -1])
def test_overlapping_tiles_that_disagree_are_refused_with_both_names_and_numbers(rom: Rom, order: int) -> None:
    different = bytearray(DATA[:32])
    different[20:23] = bytes(value ^ 0x0F for value in DATA[20:23])
    edited = [
        with_tile_bytes(packed_sheet(rom, 2), {1: flipped(DATA[16:32], [4, 5, 6])}, "2bpp.png"),
        with_tile_bytes(packed_sheet(rom, 4), {0: bytes(different)}, "4bpp.png"),
    ]
    with pytest.raises(
        InjectError,
        match=r"the tile at byte 0x10 \(16 bytes, 2bpp.png\) shares bytes with another edited tile, the one at 0x0 "
        r"\(32 bytes, 4bpp.png\), and they do not agree in 3 of them, the first at 0x14; edit only one of the two",
    ):
        plan(rom, *edited[::order])


def test_one_tile_in_two_sheets_must_come_out_the_same_even_where_their_bytes_are_apart(rom: Rom) -> None:
    """Merged by bytes, one pixel would get planes from both, and a colour that neither sheet has."""
    sheet = packed_sheet(rom, 4)
    first = with_tile_bytes(sheet, {0: flipped(DATA[:32], [0])}, "a.png")
    second = with_tile_bytes(sheet, {0: flipped(DATA[:32], [1])}, "b.png")
    with pytest.raises(InjectError, match=r"edited in two ways; .*: a.png and b.png differ in 2 of 32 bytes"):
        plan(rom, first, second)


def test_uncompressed_tiles_of_two_depths_that_overlap_are_one_block(rom: Rom) -> None:
    raw = DATA[::-1]
    two, four = sheet_from_raw(rom, RAW_AT, 8, bpp=2), sheet_from_raw(rom, RAW_AT, 3)
    same_start = with_tile_bytes(two, {0: flipped(raw[:16], [1]), 3: flipped(raw[48:64], [15])}, "2bpp.png")
    wide = with_tile_bytes(four, {0: flipped(raw[:32], [17]), 1: flipped(raw[32:64], [0])}, "4bpp.png")
    edited = plan(rom, same_start, wide)
    wanted = flipped(raw, [1, 17, 32, 63])
    assert [(block.block_offset, block.end) for block in edited.blocks] == [
        (RAW_AT, RAW_AT + 32),
        (RAW_AT + 32, RAW_AT + 64),
    ]
    assert apply_patch(rom.data, to_patch(edited))[RAW_AT : RAW_AT + len(raw)] == wanted
    assert not edited.notes
    game = played(scene(raw), live_writes(edited, scene(raw)))
    assert copies(game, len(raw)) == (wanted, wanted)
    less = plan(rom, same_start)
    assert copies(played(game, live_writes(less, game, previous=edited)), len(raw))[0] == flipped(raw, [1, 63])


@pytest.mark.slow
@given(st.data())
def test_edits_of_any_depths_and_places_reach_the_game_as_they_reach_the_rom(rom: Rom, data: st.DataObject) -> None:
    edited = []
    for number in range(data.draw(st.integers(1, 4))):
        bpp = data.draw(st.sampled_from(DEPTHS))
        lead = data.draw(st.sampled_from([0, 16, 24, 48]))
        sheet = packed_sheet(rom, bpp, lead)
        cell = data.draw(st.integers(0, len(sheet.cells) - 1))
        places = data.draw(st.sets(st.integers(0, 8 * bpp - 1), max_size=5))
        edited.append(with_tile_bytes(sheet, {cell: flipped(sheet.cells[cell].tile, places)}, f"{number}.png"))
    try:
        whole = plan(rom, *edited)
    except InjectError as error:
        if "edited in two ways" in str(error):
            return  # the same tile twice; overlapping tiles with the same flipped byte agree
        raise
    new = whole.blocks[0].new_data if whole.blocks else DATA
    game = played(scene(DATA), live_writes(whole, scene(DATA)))
    assert copies(game, len(DATA))[1] == new
    before = plan(rom, edited[0])
    start = played(scene(DATA), live_writes(before, scene(DATA)))
    assert copies(played(start, live_writes(whole, start, previous=before)), len(DATA))[1] == new
