"""The lab in other memory maps: recognised, addressed as the map says, with the same scenes on cores that run it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from halscope.hosts.libretro import available_cores
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping, to_offset, to_snes
from support import lab_truth
from support.lab_game import LabGame
from support.lab_pointers import address
from support.lab_variants import MAPS, Variant

pytestmark = pytest.mark.slow
CORES = [core.name for core in available_cores()]
PLAIN_CORES = [core for core in CORES if core == "snes9x" or core.endswith("performance")]
SCENES = ("crystals", "plaza", "page", "monsters", "viaduct", "swell")


@pytest.fixture(scope="module", params=MAPS)
def variant(request: pytest.FixtureRequest, lab_variant: Callable[[str], Variant]) -> Variant:
    return lab_variant(request.param)


def test_its_map_and_checksum_are_recognised(variant: Variant) -> None:
    path, truth = variant
    rom = Rom.load(path)
    assert rom.mapping is Mapping(truth["rom"]["map"])
    assert rom.warnings == ()
    assert rom.sha256 == truth["rom"]["sha256"]


def test_every_pointer_leads_to_its_target_through_the_map(variant: Variant) -> None:
    path, truth = variant
    rom, image = Rom.load(path), path.read_bytes()
    offsets = {one["name"]: one["offset"] for one in (*truth["blocks"], *truth["raw"])}
    for pointer in truth["pointers"]:
        bank, low = address(pointer, image)
        if bank is None:
            bank = to_snes(rom.mapping, pointer["parts"][0]["offset"], len(image)) >> 16
        found = to_offset(rom.mapping, bank << 16 | low, len(image))
        assert found == offsets[pointer["target"]] + pointer["target_offset"], pointer


def test_its_blocks_are_those_of_the_committed_image(variant: Variant) -> None:
    path, truth = variant
    image, known = path.read_bytes(), lab_truth.sources()
    assert len(truth["blocks"]) == len(lab_truth.load_truth()["blocks"])
    for block in truth["blocks"]:
        assert lab_truth.decoded(image, block) == (known[block["name"]], block["packed_size"])


@pytest.mark.parametrize("core", PLAIN_CORES)
def test_its_scenes_are_those_of_the_committed_image(variant: Variant, core: str) -> None:
    path, truth = variant
    if truth["rom"]["map"] == "exlorom" and core != "snes9x":
        pytest.skip("bsnes-mercury does not know ExLoROM")
    with LabGame(core, path) as game:
        for name in SCENES:
            snapshot = game.go_to(name)
            assert np.array_equal(snapshot.vram, lab_truth.vram(name)), name
            assert np.array_equal(snapshot.cgram, lab_truth.cgram(name)), name
