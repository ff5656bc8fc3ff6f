"""The demo's art meets its contract with the build: names, sizes, palettes and the console's limits."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SOURCE = Path(__file__).resolve().parents[2] / "plugin" / "halscope" / "demo" / "source"

LARGE = {
    "pip_idle": 4,
    "pip_walk": 6,
    "pip_jump": 4,
    "pip_cheer": 4,
    "pip_sleep": 2,
    "owl": 4,
    "ghost": 4,
    "crab": 4,
    "mushroom": 4,
    "frog": 4,
    "jelly": 4,
    "explosion": 6,
    "logo": 8,
}
SMALL = (
    *("beetle", "snail", "bird", "bat", "fish", "slime", "bomb"),
    *("coin", "heart", "star", "leaf", "puff", "spark", "bubble"),
)
SHEETS = (
    {name: (frames, 32, 32) for name, frames in LARGE.items()}
    | dict.fromkeys(SMALL, (4, 16, 16))
    | {"lantern": (4, 16, 32), "boss": (4, 64, 64)}
)
BACKGROUNDS = {
    "title_front": (256, 224),
    "title_back": (256, 256),
    "meadow_front": (512, 256),
    "meadow_back": (256, 256),
    "cave_front": (512, 256),
    "cave_back": (256, 256),
    "keep_front": (512, 256),
    "keep_back": (256, 256),
}


@functools.cache
def art() -> Any:
    """The art package, which is beside the build script and outside the installed package."""
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    return importlib.import_module("art")


@functools.cache
def sheets() -> dict[str, Any]:
    return {sheet.name: sheet for sheet in art().sprite_sheets()}


@functools.cache
def grounds() -> dict[str, Any]:
    return {ground.name: ground for ground in art().backgrounds()}


def tiles_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape
    return pixels.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)


def frames_of(sheet: Any) -> list[NDArray[np.uint8]]:
    return np.split(sheet.pixels, sheet.frames, axis=1)


def test_every_sheet_of_the_contract_is_there_with_its_size() -> None:
    found = {name: (sheet.frames, sheet.frame_width, sheet.frame_height) for name, sheet in sheets().items()}
    assert found == SHEETS
    for sheet in sheets().values():
        assert sheet.pixels.dtype == np.uint8
        assert sheet.pixels.shape == (sheet.frame_height, sheet.frames * sheet.frame_width)
        assert sheet.pixels.max() <= 15
        assert sheet.palette in art().PALETTES


def test_palettes_have_sixteen_colours_of_five_bits() -> None:
    for name, colours in art().PALETTES.items():
        assert colours.shape == (16, 3), name
        assert colours.dtype == np.uint8
        assert not (colours % 8).any(), name


@pytest.mark.parametrize("name", SHEETS)
def test_frames_of_an_animation_differ_and_are_not_empty(name: str) -> None:
    frames = frames_of(sheets()[name])
    assert len({frame.tobytes() for frame in frames}) == len(frames)
    assert all(np.count_nonzero(frame) > frame.size // 8 for frame in frames)


@pytest.mark.parametrize("name", SHEETS)
def test_most_tiles_of_a_sheet_have_four_or_more_colours(name: str) -> None:
    used = [tile for tile in tiles_of(sheets()[name].pixels) if tile.any()]
    rich = sum(len(np.unique(tile)) >= 4 for tile in used)
    assert rich >= 0.85 * len(used), f"{rich} of {len(used)} tiles"


def test_walking_and_standing_pip_share_tiles() -> None:
    def rich(name: str) -> set[bytes]:
        return {tile.tobytes() for tile in tiles_of(sheets()[name].pixels) if len(np.unique(tile)) >= 4}

    assert len(rich("pip_walk") & rich("pip_idle")) >= 6


def test_the_font_is_a_page_of_2bpp_glyphs_and_only_the_space_is_blank() -> None:
    (font,) = art().fonts()
    assert font.name == "font"
    assert font.pixels.shape == (48, 128)
    assert set(np.unique(font.pixels)) == {0, 1, 2, 3}
    glyphs = tiles_of(font.pixels)
    assert [i for i, glyph in enumerate(glyphs) if not glyph.any()] == [0]
    assert len({glyph.tobytes() for glyph in glyphs}) == 96


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKGROUNDS)
def test_backgrounds_keep_to_the_limits_of_the_console(name: str) -> None:
    ground = grounds()[name]
    assert (ground.width, ground.height) == BACKGROUNDS[name]
    assert ground.priority.shape == (ground.height // 8, ground.width // 8)
    assert ground.priority.dtype == np.bool_
    assert art().unique_tiles(ground) <= 512
    for tile in tiles_of(ground.pixels):
        opaque = tile[tile % 16 != 0]
        assert len(np.unique(opaque // 16)) <= 1
        assert not len(opaque) or opaque[0] // 16 < len(ground.palettes)
        assert not tile[tile % 16 == 0].any(), "a transparent pixel is plain 0"


@pytest.mark.parametrize("scene", ["title", "meadow", "cave", "keep"])
def test_both_layers_of_a_scene_share_six_palettes(scene: str) -> None:
    front, back = grounds()[f"{scene}_front"], grounds()[f"{scene}_back"]
    names = {*front.palettes, *back.palettes}
    assert len(names) <= 6
    assert names <= set(art().PALETTES)
    assert (back.pixels % 16 != 0).all(), "the back layer has no holes"
    assert (front.pixels % 16 == 0).mean() > 0.3, "the front layer shows the back"
    assert front.priority.any()
    assert not back.priority.any()


@pytest.mark.parametrize("name", ["meadow_front", "cave_front", "keep_front", "meadow_back", "cave_back", "title_back"])
def test_backgrounds_wrap_without_a_seam(name: str) -> None:
    pixels = grounds()[name].pixels
    colours = np.concatenate([art().PALETTES[palette] for palette in grounds()[name].palettes]).astype(int)[pixels]
    steps = np.abs(np.diff(np.concatenate([colours, colours[:, :1]], axis=1), axis=1)).sum(-1).mean(0)
    assert steps[-1] <= steps.mean() + 4 * steps.std()


@pytest.mark.slow
def test_drawing_is_deterministic() -> None:
    again = {sheet.name: sheet for sheet in art().sprite_sheets()}
    assert all((again[name].pixels == sheet.pixels).all() for name, sheet in sheets().items())
    for ground in art().backgrounds():
        assert (ground.pixels == grounds()[ground.name].pixels).all()
        assert (ground.priority == grounds()[ground.name].priority).all()
