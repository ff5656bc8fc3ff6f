"""Blocks that have outgrown their places, one for each shape of pointer in each memory map, moved and shown by a core.

The scene "monsters" has a block for each shape: tables of three bytes, bytes apart, words and banks, words of one bank,
scripts, and code of six kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ2
from halscope.hosts.libretro import available_cores
from halscope.inject import EditPlan, RoomOptions, apply_patch, make_room, sheet_from_block, to_patch
from halscope.inject.model import EditedSheet
from halscope.inject.room.free_space import MARGIN, runs_of
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import InjectError
from support import lab_truth
from support.checksums import fix
from support.lab_edits import assert_shown, monsters
from support.lab_variants import MAPS, Variant
from support.planning import plan_edits
from support.random_edits import RandomEdits
from support.roomy_rom import assert_only

pytestmark = pytest.mark.slow
CORES = [core.name for core in available_cores()]
TABLES = {"table24", "parallel", "word_banks", "dwords", "sized", "script"}
CODE = {"ldx-lda8", "ldy-lda8", "lda-lda16", "pea", "registers"}
SHAPES = TABLES | CODE
UNKNOWN = {"exhirom": {"parallel"}}
"""Shapes that the index does not find in a map: bytes apart at unequal distances where banks have lower halves."""
RUNS = [("lorom", "snes9x"), *((memory_map, "snes9x") for memory_map in MAPS), ("hirom", "bsnes-mercury-performance")]


def image_of(memory_map: str, lab_variant: Callable[[str], Variant]) -> Variant:
    return (lab_truth.IMAGE, lab_truth.load_truth()) if memory_map == "lorom" else lab_variant(memory_map)


def noisy(rom: Rom, index: RomIndex, blocks: list[dict[str, Any]]) -> EditPlan:
    edited = []
    for seed, block in enumerate(blocks):
        codec = HAL if block["codec"] == "hal" else LZ2
        sheet = sheet_from_block(rom, codec, block["offset"], start="pointer", lead=block["lead"], title=block["name"])
        pixels, rng = sheet.compose().pixels, np.random.default_rng(seed)
        for cell in sheet.cells:
            pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = rng.integers(1, 16, (8, 8), np.uint8)
        edited.append(EditedSheet(sheet, pixels, block["name"]))
    return plan_edits(rom, [HAL, LZ2], edited, index=index)


def can_move(rom: Rom, index: RomIndex, block: dict[str, Any]) -> bool:
    """Whether a block can move alone. Words need free space in the bank of all of them; and in the SA-1's variant the
    index takes a constant behind another call for an address of the same bank."""
    if not block["name"].startswith(("words_", "registers_")):
        return True
    try:
        make_room(noisy(rom, index, [block]), index)
    except InjectError as error:
        if "has to stay in its bank" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(("memory_map", "core"), RUNS)
def test_pointers_of_every_shape_follow_in_the_running_game(
    memory_map: str, core: str, lab_variant: Callable[[str], Variant], tmp_path: Path
) -> None:
    if core not in CORES:
        pytest.skip(f"the core {core} is not installed")
    path, truth = image_of(memory_map, lab_variant)
    rom = Rom.load(path)
    index = RomIndex.build(rom, [HAL, LZ2])
    known = [one for one in monsters(truth) if index.references(one["codec"], one["offset"])]
    moving = [one for one in known if can_move(rom, index, one)]
    plan = noisy(rom, index, moving)
    room = make_room(plan, index)
    assert len(room.moves) + len(room.slack) == len(moving)
    image = np.frombuffer(apply_patch(rom, to_patch(plan, room)), np.uint8)
    assert len(image) == len(rom.data)
    named = [(rom.header_offset + 0x1C, rom.header_offset + 0x20)]
    named += [(move.new, move.new + move.size) for move in room.moves]
    named += [
        (at, at + len(edit.new_packed)) for edit in plan.blocks for name, at in room.slack if at == edit.block_offset
    ]
    parts = {pointer["target"]: pointer["parts"] for pointer in truth["pointers"]}
    names = {block["offset"]: block["name"] for block in truth["blocks"]}
    shapes = {one["shape"] for one in truth["pointers"] for move in room.moves if names[move.old] == one["target"]}
    assert shapes == SHAPES - UNKNOWN.get(memory_map, set())
    for move in room.moves:
        named += [(part["offset"], part["offset"] + part["size"]) for part in parts[names[move.old]]]
    assert_only(rom.data, image, named)
    assert checksum.is_right(image, rom.header_offset)
    assert_shown(core, image, plan, names, tmp_path)


def test_words_of_one_bank_move_into_what_others_have_freed_there(tmp_path: Path) -> None:
    """First a large block moves away, and its place is filled; then the patched ROM is opened and edited again."""
    if "snes9x" not in CORES:
        pytest.skip("the core snes9x is not installed")
    truth = lab_truth.load_truth()
    words = [one for one in monsters(truth) if one["name"].startswith("words_")][:3]
    rom = Rom.load(lab_truth.IMAGE)
    index = RomIndex.build(rom, [HAL, LZ2])
    (large,) = (one for one in truth["blocks"] if one["name"] == "forest_tiles")
    assert large["offset"] // 0x8000 == words[0]["offset"] // 0x8000
    plan = noisy(rom, index, [large])
    first = apply_patch(rom, to_patch(plan, make_room(plan, index, RoomOptions(free_old=True))))
    again = Rom.from_bytes(first, "again")
    index = RomIndex.build(again, [HAL, LZ2])
    second = noisy(again, index, words)
    room = make_room(second, index)
    assert len(room.moves) + len(room.slack) == len(words)
    assert any(move.pointers[0].reference.shape == "word" for move in room.moves)
    image = np.frombuffer(apply_patch(again, to_patch(second, room)), np.uint8)
    names = {one["offset"]: one["name"] for one in truth["blocks"]}
    both = replace(second, blocks=(*plan.blocks, *second.blocks))
    assert_shown("snes9x", image, both, names, tmp_path)


@pytest.mark.parametrize("memory_map", ["lorom", *MAPS])
def test_a_full_rom_grows_and_the_game_reads_the_new_part(
    memory_map: str, lab_variant: Callable[[str], Variant], tmp_path: Path
) -> None:
    if "snes9x" not in CORES:
        pytest.skip("the core snes9x is not installed")
    path, truth = image_of(memory_map, lab_variant)
    image = bytearray(path.read_bytes())
    for begin, end in runs_of(np.frombuffer(image, np.uint8), 0xFF, 48).tolist():
        image[begin + MARGIN : end] = b"\xea" * (end - begin - MARGIN)  # the first byte ends what stands before
    header = Rom.load(path).header_offset
    image[header - 0x10 : header + 0x40] = path.read_bytes()[header - 0x10 : header + 0x40]
    rom = Rom.from_bytes(fix(image, header), "full")
    index = RomIndex.build(rom, [HAL, LZ2])
    blocks = [one for one in monsters(truth) if one["name"].startswith(("table24_", "script_", "word_banks_", "pea_"))]
    plan = noisy(rom, index, blocks)
    room = make_room(plan, index, RoomOptions(expand=True))
    grown = Rom.from_bytes(apply_patch(rom, to_patch(plan, room)), "grown")
    assert len(grown.data) > len(rom.data)
    assert min(move.new for move in room.moves) >= len(rom.data)
    assert (grown.mapping, grown.warnings) == (rom.mapping, ())
    names = {block["offset"]: block["name"] for block in truth["blocks"]}
    assert_shown("snes9x", grown.data, plan, names, tmp_path)


@pytest.mark.parametrize(
    ("memory_map", "core", "seed", "count"), [("lorom", "snes9x", 3, 6), ("sa1", "bsnes-mercury-performance", 3, 3)]
)
def test_random_edits_are_on_the_screen_and_nothing_else_has_changed(
    memory_map: str, core: str, seed: int, count: int, lab_variant: Callable[[str], Variant], tmp_path: Path
) -> None:
    """`tests/support/random_edits.py` makes hundreds."""
    if core not in CORES:
        pytest.skip(f"the core {core} is not installed")
    edits = RandomEdits(*image_of(memory_map, lab_variant), core, seed)
    edits.run(count, tmp_path)
    assert edits.done["moved"]
    assert edits.done["in place"]
