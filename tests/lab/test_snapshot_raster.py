"""Each scene's snapshot has the writes of its tables, on every core, and says that these are all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from halscope.ppu import with_raster
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from support import lab_truth, plain_hdma
from support.cores import two_cores
from support.lab_game import channels_of
from support.lab_tour import LabTour
from support.lab_truth import ROWS

NAMES = [scene["name"] for scene in lab_truth.load_truth()["scenes"]]


def read(scene: dict[str, Any], wram: np.ndarray[Any, Any]) -> Any:
    """A reader of LoROM and WRAM."""
    image = lab_truth.IMAGE.read_bytes()

    def byte(address: int) -> int:
        if address >> 16 in (0x7E, 0x7F):
            return int(wram[address - 0x7E0000])
        return image[(address >> 16 & 0x7F) * 0x8000 + (address & 0x7FFF)]

    return byte


@pytest.mark.slow
@pytest.mark.parametrize("core", two_cores())
def test_the_writes_of_each_scene_are_those_of_its_tables(lab_tour: Callable[[str], LabTour], core: str) -> None:
    rom = Rom.load(lab_truth.IMAGE)
    pages = page_table(rom.mapping, rom.data.size)
    for name in NAMES:
        scene = lab_truth.scene(name)
        snapshot = with_raster(lab_tour(core).snapshot(name), rom.data, pages)
        assert snapshot.wram is not None
        assert snapshot.raster is not None
        expected = [
            (row, channel["number"], order, register & 0xFF, value)
            for channel in channels_of(name, snapshot)
            for order, (row, register, value) in enumerate(plain_hdma.writes(channel, read(scene, snapshot.wram), ROWS))
        ]
        told = [(row, register, value) for row, _, _, register, value in sorted(expected)]
        found = [tuple(map(int, row)) for row in snapshot.raster.tolist() if row[0] < ROWS]
        assert found == told, name
        effects = "unknown" if lab_truth.written_by_code(name) else "some" if scene["channels"] else "none"
        assert snapshot.raster_effects == effects, name
