"""An edit of the demo ROM: Pip gets a different coat in every frame of the walk, on the real image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.export import bps
from halscope.inject import (
    EditPlan,
    Sheet,
    apply_patch,
    read_sheet,
    sheet_from_block,
    sheet_from_raw,
    to_patch,
    write_sheet,
)
from halscope.ppu.tiles import decode_tiles
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import InjectError
from support.planning import plan_edit

COAT, SCARF = 3, 5
"""Two colours of Pip's palette that the edit swaps."""


@pytest.fixture(scope="module")
def rom() -> Rom:
    with rom_path() as path:
        return Rom.load(path)


@pytest.fixture(scope="module")
def index(rom: Rom) -> RomIndex:
    return RomIndex.build(rom, [HAL])


def block_named(name: str) -> tuple[int, int]:
    """File offset, and number of leading bytes."""
    block = next(block for block in truth()["blocks"] if block["name"] == name)
    return int(block["offset"]), int(block["lead"])


def recoloured(sheet: Sheet, path: Path) -> Path:
    """The sheet's PNG with two colours swapped, as with an editor's paint bucket."""
    pixels = sheet.compose().pixels
    swap = np.arange(16, dtype=np.uint8)
    swap[[COAT, SCARF]] = SCARF, COAT
    return write_sheet(sheet, swap[pixels], path)[0]


@pytest.mark.parametrize("name", ["pip_walk", "pip_cheer", "pip_sleep"])
def test_pips_frames_change_in_their_block_and_nowhere_else(
    rom: Rom, index: RomIndex, tmp_path: Path, name: str
) -> None:
    offset, lead = block_named(name)
    sheet = sheet_from_block(rom, HAL, offset, lead=lead, columns=4, title=name)
    png = recoloured(sheet, tmp_path / "pip.png")
    plan = plan_edit(rom, [HAL], read_sheet(png), index=index)  # the index found the pointer table: no force
    (block,) = plan.blocks
    assert (block.block_offset, block.start) == (offset, "pointer")
    assert len(block.new_packed) <= block.old_packed_size
    image = apply_patch(rom.data, to_patch(plan))
    before, after = HAL.decode(rom.data, offset).data, HAL.decode(image, offset).data
    assert after[:lead].tobytes() == before[:lead].tobytes()
    whole = lead + (before.size - lead) // 32 * 32
    assert after[whole:].tobytes() == before[whole:].tobytes()
    old, new = (decode_tiles(data[lead:whole].tobytes(), 4) for data in (before, after))
    assert (new == np.where(old == COAT, SCARF, np.where(old == SCARF, COAT, old))).all()
    assert 0 < np.count_nonzero(old != new) < old.size // 2
    for other in truth()["blocks"]:
        if other["name"] != name:
            assert (
                HAL.decode(image, other["offset"]).data.tobytes()
                == index.block(("hal", other["offset"])).data.tobytes()
            )
    assert checksum.is_right(image, rom.header_offset)
    assert bps.apply(rom.data, bps.create(rom.data, image)) == image


def test_the_uncompressed_boss_changes_where_it_stands(rom: Rom, index: RomIndex, tmp_path: Path) -> None:
    (boss,) = truth()["raw"]
    sheet = sheet_from_raw(rom, boss["offset"], boss["size"] // 32, columns=8, title="boss")
    plan: EditPlan = plan_edit(rom, [HAL], read_sheet(recoloured(sheet, tmp_path / "boss.png")), index=index)
    assert {block.codec for block in plan.blocks} == {"raw"}
    image = np.frombuffer(apply_patch(rom.data, to_patch(plan)), np.uint8)
    changed = np.flatnonzero(image != rom.data)
    inside = (changed >= boss["offset"]) & (changed < boss["offset"] + boss["size"])
    assert inside.sum() > 100
    assert set((changed[~inside] - rom.header_offset).tolist()) <= {0x1C, 0x1D, 0x1E, 0x1F}


def test_a_detailed_new_picture_that_does_not_fit_says_by_how_much(rom: Rom, tmp_path: Path) -> None:
    offset, lead = block_named("pip_walk")
    sheet = sheet_from_block(rom, HAL, offset, lead=lead, start="pointer")
    noise = np.random.default_rng(1).integers(0, 16, (sheet.height, sheet.width), np.uint8)
    png, _ = write_sheet(sheet, noise, tmp_path / "noise.png")
    plan = plan_edit(rom, [HAL], read_sheet(png))
    with pytest.raises(InjectError, match=rf"its place holds {plan.blocks[0].old_packed_size}, [0-9]+ too many"):
        to_patch(plan)
