"""From a saved picture to the running game: each step of editing a whole block of the demo ROM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.inject import EditedSheet, Sheet, live_writes, read_sheet, sheet_from_block, to_patch, write_sheet
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import Snapshot
from pytest_benchmark.fixture import BenchmarkFixture
from support.edit_figures import CELLS, SecondSave
from support.planning import plan_edit


@pytest.fixture(scope="module")
def rom() -> Rom:
    with rom_path() as path:
        return Rom.load(path)


@pytest.fixture(scope="module")
def edited(rom: Rom) -> EditedSheet:
    block = next(block for block in truth()["blocks"] if block["name"] == "pip_walk")
    sheet: Sheet = sheet_from_block(rom, HAL, block["offset"], lead=block["lead"], start="pointer")
    swap = np.arange(16, dtype=np.uint8)
    swap[[3, 5]] = 5, 3
    return EditedSheet(sheet, swap[sheet.compose().pixels])


def test_reading_a_sheet(benchmark: BenchmarkFixture, edited: EditedSheet, tmp_path: Path) -> None:
    path, _ = write_sheet(edited.sheet, edited.pixels, tmp_path / "pip.png")
    benchmark(read_sheet, path)


def test_planning_an_edit(benchmark: BenchmarkFixture, rom: Rom, edited: EditedSheet) -> None:
    index = RomIndex.build(rom, [HAL])
    plan = benchmark(plan_edit, rom, [HAL], edited, index=index)
    assert plan.blocks


def test_making_the_patch(benchmark: BenchmarkFixture, rom: Rom, edited: EditedSheet) -> None:
    assert benchmark(to_patch, plan_edit(rom, [HAL], edited)).rom


@pytest.mark.parametrize("memory", ["zeros", "noise"])
def test_finding_every_copy(benchmark: BenchmarkFixture, rom: Rom, edited: EditedSheet, memory: str) -> None:
    plan = plan_edit(rom, [HAL], edited)
    high = 1 if memory == "zeros" else 256
    rng = np.random.default_rng(0)
    vram, wram = (rng.integers(0, high, size, np.uint8) for size in (0x10000, 0x20000))
    old = np.frombuffer(plan.blocks[0].old_data, np.uint8)
    vram[0xC000 : 0xC000 + 512] = old[:512]
    wram[0x2003 : 0x2003 + len(old)] = old
    snapshot = Snapshot(vram=vram, wram=wram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8))
    assert benchmark(live_writes, plan, snapshot)


@pytest.mark.parametrize("forgotten", [False, True], ids=["again", "first"])
def test_from_a_saved_png_to_the_writes_on_a_rom_of_4_mib(
    benchmark: BenchmarkFixture, tmp_path: Path, forgotten: bool
) -> None:
    """The second save of a session, whose writes lead from the first edit to the second; and with its sheet's JSON read
    anew, as in the first save of a sheet."""
    save = SecondSave(tmp_path)
    assert save.cells == CELLS
    assert benchmark(save.writes, forgotten=forgotten) > 1
