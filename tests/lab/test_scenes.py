"""Every scene of the lab is in the tests of pictures, and shows the kind of picture that it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from halscope import decode_frame
from halscope.hosts.libretro import available_cores
from halscope.ppu.compose import compose_screen
from lab import test_composition, test_cores, test_pictures, test_rasters, test_snapshot_raster
from support import lab_truth
from support.lab_tour import LabTour

SCENES = {scene["name"]: scene for scene in lab_truth.load_truth()["scenes"]}
CORES = [core.name for core in available_cores()]
INTERLACE, OBJ_INTERLACE, PSEUDO_HIRES = 1, 2, 8  # bits of SETINI


class Kind(NamedTuple):
    """What a scene's registers and its picture must have."""

    mode: int = 1
    setini: int = 0
    mosaic: int = 0
    size: tuple[int, int] = (224, 256)
    layers: int = 0  # bits of TM that must be there


# The others are in mode 1, for their raster effects, their tiles or their pointers.
KINDS = {
    "disc": Kind(7),
    "plaza": Kind(7),  # at the bottom
    "weave": Kind(setini=INTERLACE | OBJ_INTERLACE, size=(448, 256), layers=0x10),
    "halves": Kind(setini=OBJ_INTERLACE, layers=0x10),
    "fields": Kind(setini=INTERLACE, size=(448, 256), layers=0x10),
    "city": Kind(5, size=(224, 512), layers=0x13),
    "mosaic": Kind(5, mosaic=0x31, size=(224, 512)),
    "tall": Kind(5, setini=INTERLACE, size=(448, 512), layers=0x13),
    "dusk": Kind(setini=PSEUDO_HIRES, size=(224, 512)),
    "blocks": Kind(mosaic=0x51),
}
# What HDMA writes in them, as addresses of registers.
RASTER = {
    "bay": {0x210D, 0x210F},
    "lake": {0x2122},
    "forest": {0x2126, 0x2127, 0x2128, 0x2129},
    "plaza": {0x2105, 0x211B, 0x211E},
    "swell": {0x210D, 0x210F},
    "split": {0x2101, 0x2107, 0x212C, 0x2126, 0x2127, 0x2128, 0x2129},
    "fade": {0x2100},
}
INDIRECT = {"lake", "plaza", "swell"}
TRANSFORMS = {
    "crystals": {"3bpp-low", "3bpp-high"},
    "disc": {"mode7"},
    "plaza": {"none", "mode7"},
    "page": {"1bpp", "1bpp-colour3", "1bpp-4bpp", "1bpp-4bpp-colour15", "2bpp", "3bpp-high"},
    "viaduct": {"none", "3bpp-low"},
    "drawn": set(),
}


def names_of(test: Callable[..., object]) -> set[str]:
    """The scenes by which a test is parametrised."""
    marks: list[pytest.Mark] = test.pytestmark  # type: ignore[attr-defined]
    (mark,) = [mark for mark in marks if mark.args[0] == "name"]
    return set(mark.args[1])


def test_no_scene_is_left_out_of_the_tests_of_pictures() -> None:
    by_code = {name for name in SCENES if lab_truth.written_by_code(name)}
    assert by_code == {"interrupt"}, "whose picture no state can give; tests/lab/test_rasters.py looks at its rows"
    assert names_of(test_composition.test_a_scene_is_composed_as_the_core_draws_it) == set(SCENES) - by_code
    assert set(test_pictures.NAMES) == set(SCENES) - {"mosaic", "fade"}, "which cores draw differently"
    assert set(test_cores.NAMES) == set(test_snapshot_raster.NAMES) == set(SCENES)
    assert set(test_rasters.SCENES) == set(RASTER)
    assert {name for name in RASTER if any(one["dmap"] & 0x40 for one in SCENES[name]["channels"])} == INDIRECT
    readme = (lab_truth.FOLDER / "README.md").read_text("utf-8")
    (section,) = re.findall(r"^## Scenes$(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(SCENES), "the ROM's scenes, as described"


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.skipif(not CORES, reason="no libretro core is installed")
def test_a_scene_shows_the_kind_of_picture_that_it_is_there_for(lab_tour: Callable[[str], LabTour], name: str) -> None:
    kind, tour = KINDS.get(name, Kind()), lab_tour(CORES[0])
    snapshot, next_one = tour.snapshot(name), tour.following(name)
    assert snapshot.ppu.bgmode is not None
    assert snapshot.ppu.tm is not None
    assert (snapshot.ppu.bgmode & 7, snapshot.ppu.setini, snapshot.ppu.mosaic) == kind[:3]
    assert snapshot.ppu.tm & kind.layers == kind.layers
    assert snapshot.picture is not None
    picture = compose_screen(decode_frame(snapshot)).rgb
    assert picture.shape == snapshot.picture.shape == (*kind.size, 3)
    if kind.size[1] == 512:
        assert (picture[:, ::2] != picture[:, 1::2]).any(), "both halves of a column are the same"
    if kind.setini & INTERLACE:
        rows_differ = bool((picture[::2] != picture[1::2]).any())
        assert rows_differ == (name != "fields"), "whose background and sprites are the same in both fields"
    if kind.setini == OBJ_INTERLACE:
        assert {snapshot.field, next_one.field} == {0, 1}
        assert (snapshot.picture != next_one.picture).any(), "each field has its own half of the sprites"
    assert told(SCENES[name]) == (RASTER.get(name, set()), TRANSFORMS.get(name, {"none"}))


def told(scene: dict[str, Any]) -> tuple[set[int], set[str]]:
    """The registers that a scene's channels write, and the transforms of its tiles."""
    registers = {rows["register"] for rows in scene["raster"] if rows["channel"] is not None}
    return registers, {tile.transform for tile in lab_truth.tiles(scene["name"])}
