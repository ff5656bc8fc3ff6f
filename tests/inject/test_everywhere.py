"""Tiles used in several places: all of them are edited, or only the one in the sheet."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import EditedSheet, EditPlan, Sheet, apply_patch, sheet_from_block, sheet_from_raw, to_patch
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from numpy.typing import NDArray
from support.edit_rom import FIRST, LEAD, RAW, SECOND, SHARED, EditRom
from support.planning import plan_edit, plan_edits

COPY, AGAIN = 0x30001, 0x30102
NEW = np.full((8, 8), 3, np.uint8)
OTHER = np.full((8, 8), 4, np.uint8)


@pytest.fixture(scope="module")
def rom(edit_rom: EditRom) -> Rom:
    """Tile 0 of the first block stands in the second block too, and uncompressed; a raw tile stands twice."""
    image = bytearray(edit_rom.rom.data)
    image[COPY : COPY + 32] = edit_rom.first[LEAD : LEAD + 32]
    image[AGAIN : AGAIN + 32] = edit_rom.raw[:32]
    return Rom.from_bytes(image, "thrice.sfc")


def index_of(rom: Rom, *proven: int) -> RomIndex:
    return RomIndex.build(rom, [HAL], known_starts={"hal": np.array(proven, np.uint32)})


@pytest.fixture(scope="module")
def index(rom: Rom) -> RomIndex:
    return index_of(rom, FIRST, SECOND)


@pytest.fixture(scope="module")
def first(rom: Rom) -> Sheet:
    return sheet_from_block(rom, HAL, FIRST, start="pointer", lead=LEAD, title="first")


def edited(sheet: Sheet, tiles: dict[int, NDArray[np.uint8]], name: str = "first.png") -> EditedSheet:
    pixels = sheet.compose().pixels
    for number, tile in tiles.items():
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = tile
    return EditedSheet(sheet, pixels, name)


def contents(plan: EditPlan) -> tuple[bytes, bytes, bytes]:
    """What stands at tile 0 of both blocks and at the uncompressed copy after the patch; nothing else may change."""
    image = apply_patch(plan.rom.data, to_patch(plan))
    first, second = (HAL.decode(image, at).data.tobytes() for at in (FIRST, SECOND))
    before = [HAL.decode(plan.rom.data, at).data.tobytes() for at in (FIRST, SECOND)]
    assert (first[LEAD + 32 :], second[32:]) == (before[0][LEAD + 32 :], before[1][32:])
    named = [slice(block.block_offset, block.end) for block in plan.blocks] + [slice(0x7FDC, 0x7FE0)]
    changed = np.frombuffer(image, np.uint8) != plan.rom.data
    for part in named:
        changed[part] = False
    assert not changed.any(), "a byte outside of the named places changed"
    return first[LEAD : LEAD + 32], second[:32], image[COPY : COPY + 32]


def test_all_places_are_edited_or_only_the_one_in_the_sheet(rom: Rom, index: RomIndex, first: Sheet) -> None:
    one = edited(first, {0: NEW})
    new, old = encode_tiles(NEW[None], 4).tobytes(), first.cells[0].tile
    here = plan_edit(rom, [HAL], one, index=index)
    assert contents(here) == (new, old, old)
    assert here.notes[0].endswith("those copies stay as they are; --everywhere edits them too")
    both = plan_edit(rom, [HAL], one, index=index, everywhere=True)
    assert contents(both) == (new, new, new)
    assert both.notes == (
        f"2 tiles of the same content edited too, in the hal block at {SECOND:#x}, uncompressed bytes at {COPY:#x}",
    )


def test_a_block_that_is_not_proven_is_left_and_named_unless_forced(rom: Rom, first: Sheet) -> None:
    index = index_of(rom, FIRST)
    one = edited(first, {0: NEW})
    plan = plan_edit(rom, [HAL], one, index=index, everywhere=True)
    new, old = encode_tiles(NEW[None], 4).tobytes(), first.cells[0].tile
    assert contents(plan) == (new, old, new)
    assert len(plan.notes) == 2
    assert plan.notes[1].startswith("1 tile of the same content left as they are, in the hal block at 0xa00")
    assert plan.notes[1].endswith(": where it begins is not proven")
    forced = plan_edit(rom, [HAL], one, index=index, everywhere=True, force=True)
    assert sorted(block.codec for block in forced.blocks) == ["hal", "hal", "raw"]


def test_a_place_that_another_sheet_edits_keeps_that_edit(rom: Rom, index: RomIndex, first: Sheet) -> None:
    second = edited(sheet_from_block(rom, HAL, SECOND, start="pointer"), {0: OTHER}, "second.png")
    plan = plan_edits(rom, [HAL], [edited(first, {0: NEW}), second], index=index, everywhere=True)
    new, other = (encode_tiles(tile[None], 4).tobytes() for tile in (NEW, OTHER))
    assert contents(plan) == (new, other, first.cells[0].tile)
    assert plan.notes == (
        f"1 tile of the same content left as they are, in uncompressed bytes at {COPY:#x}: two copies of the tile are "
        "edited in different ways",
    )


def test_uncompressed_copies_are_edited_too(rom: Rom, index: RomIndex) -> None:
    plan = plan_edit(rom, [HAL], edited(sheet_from_raw(rom, RAW, 2), {0: NEW, 1: OTHER}), index=index, everywhere=True)
    assert [block.block_offset for block in plan.blocks] == [RAW, RAW + 32, AGAIN]
    image = apply_patch(rom.data, to_patch(plan))
    assert image[AGAIN : AGAIN + 32] == image[RAW : RAW + 32] == encode_tiles(NEW[None], 4).tobytes()


def test_random_edits_reach_every_proven_copy_and_nothing_else(rom: Rom, index: RomIndex, first: Sheet) -> None:
    rng = np.random.default_rng(11)
    for _ in range(6):
        numbers = rng.choice(np.arange(1, 12), 4, replace=False).tolist()
        tiles = {number: np.full((8, 8), rng.integers(1, 16), np.uint8) for number in numbers}
        plan = plan_edit(rom, [HAL], edited(first, tiles), index=index, everywhere=True)
        image = apply_patch(rom.data, to_patch(plan))
        wanted = [bytearray(HAL.decode(rom.data, at).data.tobytes()) for at in (FIRST, SECOND)]
        for number, tile in tiles.items():
            data = encode_tiles(tile[None], 4).tobytes()
            wanted[0][LEAD + 32 * number : LEAD + 32 * number + 32] = data
            if number < SHARED:
                wanted[1][32 * number : 32 * number + 32] = data
        assert [HAL.decode(image, at).data.tobytes() for at in (FIRST, SECOND)] == wanted
