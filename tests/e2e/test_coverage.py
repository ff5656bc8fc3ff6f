"""Coverage on running games whose every tile is known: what it calls known is, and the rest has its true reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from halscope import decode_frame, hal
from halscope.demo import rom_path
from halscope.ppu.coverage import RunCoverage
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from support import lab_truth
from support.demo_game import DemoGame
from support.lab_game import LabGame


@cache
def index_of(path: Path) -> RomIndex:
    return RomIndex.build(Rom.load(path), [hal.HAL])


def test_all_graphics_of_the_demo_are_known(core: str, measured: Callable[[str], None]) -> None:
    with rom_path() as path:
        index = index_of(path)
    run = RunCoverage()
    with DemoGame(core) as game:
        for scene in game.scenes:
            snapshot = game.go_to(scene)
            run.add(decode_frame(snapshot), index.locate_vram(snapshot.vram))
    total = run.total
    measured(f"{core} coverage of the demo: sprites {dict(total.sprites)}, layers {dict(total.layers)}")
    assert set(total.sprites) | set(total.layers) <= {"known", "plain"}
    assert total.sprites["known"] > 100 * total.sprites.get("plain", 0)
    assert total.layers["known"] > 20 * total.layers["plain"]


def test_the_expanded_graphics_of_the_lab_are_known_or_called_expanded(core: str) -> None:
    index = index_of(lab_truth.IMAGE)
    run = RunCoverage()
    with LabGame(core) as game:
        snapshot = game.go_to("crystals")
        one = run.add(decode_frame(snapshot), index.locate_vram(snapshot.vram))
    transforms = {tile.transform for tile in lab_truth.tiles("crystals")}
    assert transforms == {"3bpp-low", "3bpp-high"}
    assert np.sum(list(one.sprites.values())) > 1000
    assert set(one.sprites) | set(one.layers) <= {"known", "plain", "expanded"}
