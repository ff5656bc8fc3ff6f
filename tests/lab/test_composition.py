"""Each scene of the lab, with HDMA, mode 7, interlace and hi-res, is composed exactly as the cores draw it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope import decode_frame
from halscope.ppu import with_raster
from halscope.ppu.compare import compare_picture
from halscope.ppu.compose import compose_screen
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from support import lab_truth
from support.cores import two_cores
from support.lab_tour import LabTour

ROM = Rom.load(lab_truth.IMAGE)

NAMES = [scene["name"] for scene in lab_truth.load_truth()["scenes"]]


@pytest.mark.parametrize("name", [name for name in NAMES if not lab_truth.written_by_code(name)])
@pytest.mark.parametrize("core", two_cores())  # test_matches.py compares with all of them
def test_a_scene_is_composed_as_the_core_draws_it(lab_tour: Callable[[str], LabTour], core: str, name: str) -> None:
    if name == "mosaic" and Path(core).name.startswith("bsnes"):
        pytest.skip("this version of bsnes counts half pixels in the mosaic of hi-res; later ones do as snes9x does")
    snapshot = with_raster(lab_tour(core).snapshot(name), ROM.data, page_table(ROM.mapping, len(ROM.data)))
    frame = decode_frame(snapshot)
    comparison = compare_picture(frame)
    assert comparison is not None
    assert comparison.count == 0, f"the first at (y, x) {np.argwhere(comparison.where)[0]}"
    notes = compose_screen(frame).ignored
    assert len(notes) == (name == "lake")  # which has colours that HDMA first writes below the top row
