"""An edit reaches every copy of its tiles in the running game's memory, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import (
    EditedSheet,
    EditPlan,
    Sheet,
    apply_patch,
    live_writes,
    rom_writes,
    sheet_from_block,
    sheet_from_raw,
    sheet_from_sprite,
    to_patch,
)
from halscope.inject._patterns import find_patterns
from halscope.ppu import decode_frame
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import InjectError, Origin, Snapshot, VramOrigins, Write
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_rom import LEAD, RAW, EditRom, draw_tiles
from support.edit_scene import OBJ_BYTE, Entry, make_snapshot
from support.planning import plan_edit
from support.roms import make_rom

Pixels = NDArray[np.uint8]
NEW = np.where(np.indices((8, 8)).sum(axis=0) % 3, 4, 9).astype(np.uint8)
NEWER = np.where(np.indices((8, 8)).sum(axis=0) % 3, 2, 7).astype(np.uint8)


def tile_bytes(pixels: Pixels) -> bytes:
    return encode_tiles(pixels[np.newaxis], 4).tobytes()


def plan_tiles(rom: Rom, sheet: Sheet, tiles: dict[int, Pixels]) -> EditPlan:
    pixels = sheet.compose().pixels
    for number, tile in tiles.items():
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = tile
    return plan_edit(rom, [HAL], EditedSheet(sheet, pixels), force=True)


def memory(size: int, parts: dict[int, bytes], seed: int | None = None) -> Pixels:
    data = np.zeros(size, np.uint8) if seed is None else np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    for at, part in parts.items():
        data[at : at + len(part)] = np.frombuffer(part, np.uint8)
    return data


def scene(vram: dict[int, bytes], wram: dict[int, bytes], seed: int | None = None) -> Snapshot:
    return Snapshot(
        vram=memory(0x10000, vram, seed),
        wram=memory(0x20000, wram, seed),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
    )


def played(snapshot: Snapshot, writes: Iterable[Write]) -> Snapshot:
    """The game after the writes; each must find what it expects."""
    parts = {
        "vram": snapshot.vram.copy(),
        "wram": (np.zeros(0, np.uint8) if snapshot.wram is None else snapshot.wram).copy(),
    }
    for write in writes:
        area = parts[write.space][write.offset : write.offset + len(write.data)]
        assert area.tobytes() == write.expected
        area[:] = np.frombuffer(write.data, np.uint8)
    return Snapshot(
        vram=parts["vram"],
        wram=parts["wram"] if snapshot.wram is not None else None,
        cgram=snapshot.cgram,
        oam=snapshot.oam,
    )


def places(writes: Iterable[Write]) -> set[tuple[str, int]]:
    return {(write.space, write.offset) for write in writes}


def test_every_copy_is_found_in_vram_and_at_any_byte_of_wram(edit_rom: EditRom, sheet: Sheet) -> None:
    plan = plan_tiles(edit_rom.rom, sheet, {5: NEW})
    tile = sheet.cells[5].tile
    snapshot = scene(
        {0x0100: tile, 0xC0A0: tile, 0xFFE0: tile, 0x4008: tile},  # no tile starts at 0x4008
        {0x2000: edit_rom.first, 0x8003: tile, 0x1FFE0: tile},
        seed=3,
    )
    writes = live_writes(plan, snapshot)
    assert places(writes) == {
        ("vram", 0x0100),
        ("vram", 0xC0A0),
        ("vram", 0xFFE0),
        ("wram", 0x2000 + LEAD + 160),
        ("wram", 0x8003),
        ("wram", 0x1FFE0),
    }
    assert {(write.data, write.expected) for write in writes} == {(tile_bytes(NEW), tile)}
    assert live_writes(plan, played(snapshot, writes)) == ()


def test_a_host_without_wram_is_written_in_vram_alone(edit_rom: EditRom, sheet: Sheet) -> None:
    plan = plan_tiles(edit_rom.rom, sheet, {5: NEW})
    snapshot = make_snapshot(sheet.cells[5].tile, [])
    assert snapshot.wram is None
    assert places(live_writes(plan, snapshot)) == {("vram", OBJ_BYTE)}


@pytest.fixture(scope="module")
def plain_rom() -> tuple[Rom, bytes]:
    """A block with blank and one-coloured tiles between others: numbers 0, 5, 6, 11 are plain."""
    tiles = draw_tiles(12, 21)
    tiles[[0, 5, 11]] = 0
    tiles[6] = 3
    data = encode_tiles(tiles, 4).tobytes()
    image = make_rom(0x40000)
    packed = HAL.encode(data)
    image[0x8101 : 0x8101 + len(packed)] = packed
    return Rom.from_bytes(fix(image, Mapping.LOROM.header_offset)), data


def test_a_blank_tile_counts_only_where_it_continues_its_block(plain_rom: tuple[Rom, bytes]) -> None:
    rom, data = plain_rom
    sheet = sheet_from_block(rom, HAL, 0x8101, start="pointer")
    snapshot = scene(
        {0x6000: data[4 * 32 : 7 * 32], 0x6100: bytes(32)}, {0x3001: data[: 12 * 32], 0x5000: data[10 * 32 :]}
    )
    blank = plan_tiles(rom, sheet, {5: NEW})
    assert places(live_writes(blank, snapshot)) == {("vram", 0x6020), ("wram", 0x3001 + 160)}
    first = plan_tiles(rom, sheet, {0: NEW})
    assert places(live_writes(first, snapshot)) == {("wram", 0x3001)}
    last = plan_tiles(rom, sheet, {11: NEW})
    assert places(live_writes(last, snapshot)) == {("wram", 0x3001 + 11 * 32), ("wram", 0x5020)}


def test_a_blank_tile_counts_where_the_exported_sprite_still_stands(plain_rom: tuple[Rom, bytes]) -> None:
    """Its tiles are apart in VRAM, so no neighbour confirms the blank one, but the whole sprite does."""
    rom, data = plain_rom
    parts = {0: data[4 * 32 : 5 * 32], 1: bytes(32), 16: data[7 * 32 : 8 * 32], 17: data[8 * 32 : 9 * 32]}
    page = memory(0x400, {number * 32: part for number, part in parts.items()})
    snapshot = make_snapshot(page.tobytes(), [Entry(10, 10, 0)])
    origins: list[tuple[Origin, ...]] = [()] * 2048
    for number, place in {0: 4, 1: 11, 16: 7, 17: 8}.items():
        origins[OBJ_BYTE // 32 + number] = (Origin("hal", 0x8101, place * 32, "pointer"),)
    frame = decode_frame(snapshot)
    found = VramOrigins(tuple(origins), np.ones(2048, np.bool_))
    sheet = sheet_from_sprite(frame, frame.sprites[0], found, rom)
    plan = plan_tiles(rom, sheet, {1: NEW, 2: NEWER})
    writes = live_writes(plan, snapshot)
    assert places(writes) == {("vram", OBJ_BYTE + 32), ("vram", OBJ_BYTE + 512)}
    again = plan_tiles(rom, sheet, {1: NEWER, 2: NEW})
    assert places(live_writes(again, played(snapshot, writes), previous=plan)) == places(writes)
    other = memory(0x400, {0: data[9 * 32 : 10 * 32], 16 * 32: data[7 * 32 : 9 * 32]})
    assert places(live_writes(plan, make_snapshot(other.tobytes(), []))) == {("vram", OBJ_BYTE + 512)}


def test_of_two_equal_tiles_in_a_block_only_the_edited_ones_copies_change() -> None:
    tiles = draw_tiles(12, 22)
    tiles[8] = tiles[2]
    data = encode_tiles(tiles, 4).tobytes()
    image = make_rom(0x40000)
    packed = HAL.encode(data)
    image[0x8101 : 0x8101 + len(packed)] = packed
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset))
    plan = plan_tiles(rom, sheet_from_block(rom, HAL, 0x8101), {8: NEW})
    lone = data[8 * 32 : 9 * 32]
    snapshot = scene({0x1000: data, 0x2000: lone}, {0x3001: data})
    assert places(live_writes(plan, snapshot)) == {("vram", 0x1000 + 256), ("vram", 0x2000), ("wram", 0x3001 + 256)}


def test_uncompressed_tiles_are_found_with_what_stands_around_them_in_the_rom(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    image[RAW + 64 : RAW + 96] = bytes(32)
    rom = Rom.from_bytes(image)
    sheet = sheet_from_raw(rom, RAW, 12)
    plan = plan_tiles(rom, sheet, {1: NEW, 2: NEWER})
    snapshot = scene({0x3000: bytes(image[RAW : RAW + 384])}, {0x777: bytes(image[RAW + 32 : RAW + 96])})
    assert places(live_writes(plan, snapshot)) == {
        ("vram", 0x3020),
        ("vram", 0x3040),
        ("wram", 0x777),
        ("wram", 0x777 + 32),
    }


def test_the_next_edit_replaces_the_one_before_and_undoes_what_it_left_out(edit_rom: EditRom, sheet: Sheet) -> None:
    first = plan_tiles(edit_rom.rom, sheet, {5: NEW, 9: NEW})
    second = plan_tiles(edit_rom.rom, sheet, {5: NEWER})
    original = scene({0xC000: edit_rom.first[LEAD : LEAD + 32 * 40]}, {0x2000: edit_rom.first})
    edited = played(original, live_writes(first, original))
    again = played(edited, live_writes(second, edited, previous=first))
    fresh = played(original, live_writes(second, original))
    assert (again.vram == fresh.vram).all()
    assert again.wram is not None
    assert fresh.wram is not None
    assert (again.wram == fresh.wram).all()
    nothing = plan_tiles(edit_rom.rom, sheet, {})
    back = played(again, live_writes(nothing, again, previous=second))
    assert (back.vram == original.vram).all()
    # A copy that was loaded from the original between the edits is found as well.
    stale = scene({0xC000: edit_rom.first[LEAD : LEAD + 32 * 40]}, {})
    assert (0xC000 + 160) in {write.offset for write in live_writes(second, stale, previous=first)}


def test_the_next_edits_rom_writes_lead_from_the_one_before(edit_rom: EditRom, sheet: Sheet) -> None:
    first = to_patch(plan_tiles(edit_rom.rom, sheet, {5: NEW, 9: NEW}))
    second = to_patch(plan_tiles(edit_rom.rom, sheet, {5: NEWER}))
    assert rom_writes(edit_rom.rom.data, second) == second.rom
    image = bytearray(apply_patch(edit_rom.rom.data, first))
    for write in rom_writes(edit_rom.rom.data, second, first):
        assert write.expected == bytes(image[write.offset : write.offset + len(write.data)])
        image[write.offset : write.offset + len(write.data)] = write.data
    assert image == apply_patch(edit_rom.rom.data, second)
    assert rom_writes(edit_rom.rom.data, second, second) == ()


def test_plans_of_two_roms_do_not_mix(edit_rom: EditRom, sheet: Sheet, plain_rom: tuple[Rom, bytes]) -> None:
    plan = plan_tiles(edit_rom.rom, sheet, {5: NEW})
    other = plan_tiles(plain_rom[0], sheet_from_block(plain_rom[0], HAL, 0x8101), {5: NEW})
    with pytest.raises(InjectError, match="the last edit was for the ROM"):
        live_writes(plan, scene({}, {}), previous=other)


@settings(deadline=None)
@given(st.data())
def test_many_patterns_are_found_where_they_stand(data: st.DataObject) -> None:
    text = data.draw(st.lists(st.sampled_from([0, 0, 1, 7]), max_size=200).map(bytes))
    cuts = data.draw(st.lists(st.tuples(st.integers(0, 200), st.integers(4, 20)), max_size=8))
    patterns = {text[at : at + size] for at, size in cuts if at + size <= len(text)} | {b"\0" * 4, b"\1\7" * 5}
    expected = {pattern: [at for at in range(len(text)) if text.startswith(pattern, at)] for pattern in patterns}
    assert find_patterns(np.frombuffer(text, np.uint8), patterns) == expected


@pytest.mark.slow
@settings(deadline=None)
@given(st.data())
def test_wherever_the_blocks_stand_they_become_the_edited_ones(
    edit_rom: EditRom, sheet: Sheet, data: st.DataObject
) -> None:
    numbers = data.draw(st.lists(st.integers(0, 39), min_size=1, max_size=6, unique=True))
    plan = plan_tiles(edit_rom.rom, sheet, {number: data.draw(st.sampled_from([NEW, NEWER])) for number in numbers})
    at = data.draw(st.integers(0, 0x8000))
    lead = data.draw(st.integers(0, 0xF00)) * 16
    snapshot = scene({lead: edit_rom.first[LEAD:][: 32 * 40]}, {at: edit_rom.first, 0x10001: edit_rom.second}, seed=1)
    after = played(snapshot, live_writes(plan, snapshot))
    new = plan.blocks[0].new_data
    assert after.wram is not None
    assert after.wram[at : at + len(new)].tobytes() == new
    assert after.vram[lead : lead + 32 * 40].tobytes() == new[LEAD : LEAD + 32 * 40]
    outside = np.ones(0x20000, np.bool_)
    outside[at : at + len(new)] = False
    outside[0x10001 : 0x10001 + 32 * 4] = False  # the tiles that both blocks share
    assert snapshot.wram is not None
    assert (after.wram == snapshot.wram)[outside].all()
