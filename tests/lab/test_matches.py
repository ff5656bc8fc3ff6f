"""A frame of each scene matches the core's own picture, to the last pixel; without its raster writes it does not.

Nor does one whose registers an interrupt changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from halscope import decode_frame
from halscope.ppu import with_match, with_raster
from halscope.ppu.compare import compare_picture
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from support import lab_truth
from support.cores import installed_cores
from support.lab_tour import LabTour

SCENES = lab_truth.load_truth()["scenes"]


@pytest.mark.slow
@pytest.mark.parametrize("core", installed_cores())
def test_every_scene_matches_the_cores_picture(lab_tour: Callable[[str], LabTour], core: str) -> None:
    rom = Rom.load(lab_truth.IMAGE)
    pages = page_table(rom.mapping, rom.data.size)
    unequal = {}
    for scene in SCENES:
        plain = lab_tour(core).snapshot(scene["name"])
        frame = with_match(decode_frame(with_raster(plain, rom.data, pages)))
        if frame.matches is not True:
            comparison = compare_picture(frame)
            assert frame.matches is False, scene["name"]
            unequal[scene["name"]] = None if comparison is None else comparison.count
        if scene["channels"]:
            flat = with_match(decode_frame(replace(plain, raster=None)))
            assert flat.matches is False, scene["name"]
    # The version of bsnes in bsnes-mercury counts half pixels of mosaic in hi-res; the other emulators do not.
    assert unequal.keys() == {"interrupt"} | ({"mosaic"} if "mercury" in core else set())
