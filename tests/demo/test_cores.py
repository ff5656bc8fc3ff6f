"""The demo on real cores: it boots, cycles through its scenes, obeys the buttons, and VRAM matches the truth file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from halscope import demo
from support.demo_console import VRAM, WRAM, DemoConsole, cores
from support.hal_reference import decode

CORES = cores()
FIRST = next(iter(CORES), None)  # the core of quick runs
READY_FRAMES = 600
pytestmark = pytest.mark.skipif(not CORES, reason="no libretro core is installed (pip install stable-retro)")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return demo.truth()


@pytest.fixture(scope="module")
def sources(truth: dict[str, Any]) -> dict[str, bytes]:
    """Decoded blocks and raw sheets by name."""
    with demo.rom_path() as path:
        image = path.read_bytes()
    data = {block["name"]: decode(image, block["offset"]).data for block in truth["blocks"]}
    data |= {raw["name"]: image[raw["offset"] : raw["offset"] + raw["size"]] for raw in truth["raw"]}
    return data


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.slow] * (number > 0)) for number, name in enumerate(list(CORES)[:2])]
)
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def console(core: str, truth: dict[str, Any], tmp_path: Path) -> Iterator[DemoConsole]:
    with demo.rom_path() as path, DemoConsole(CORES[core], path, truth, tmp_path) as running:
        yield running


def slot_rows(slot: dict[str, Any], frame: int) -> Iterator[tuple[int, str, int, int]]:
    """VRAM byte, block, byte offset and size of each row of a slot."""
    source = slot["frames"][frame]
    for row in range(slot["rows"]):
        offset = source["byte_offset"] + row * slot["source_row_stride"]
        yield slot["vram_byte"] + row * slot["vram_row_stride"], source["block"], offset, slot["row_bytes"]


def oam(console: DemoConsole) -> npt.NDArray[np.uint8]:
    at = console.truth["symbols"]["oam_shadow"]
    return np.frombuffer(bytes(console.memory(WRAM)[at : at + 544]), np.uint8)


def line_load(oam: npt.NDArray[np.uint8], sizes: list[int]) -> tuple[int, int]:
    """The most sprites and the most 8-pixel slivers on any line."""
    high = (oam[512:, None] >> np.arange(0, 8, 2)).reshape(-1)
    size = np.array(sizes)[high >> 1 & 1]
    x = oam[0:512:4].astype(int) - 256 * (high & 1)
    line = (np.arange(224) - oam[1:512:4, None]) % 256 < size[:, None]
    line &= ((x > -size) & (x < 256))[:, None]
    columns = np.array(
        [sum(-8 < left + at < 256 for at in range(0, wide, 8)) for left, wide in zip(x, size, strict=True)]
    )
    return int(line.sum(axis=0).max()), int((line * columns[:, None]).sum(axis=0).max())


@pytest.mark.slow
def test_the_scenes_come_by_themselves_and_vram_is_always_as_told(
    core: str, console: DemoConsole, truth: dict[str, Any], sources: dict[str, bytes]
) -> None:
    if core == "snes9x" and len(CORES) > 1:
        pytest.skip("the other core, which keeps to the console's times, does the round of 2,500 frames")
    if core == "bsnes-mercury-accuracy" and "bsnes-mercury-performance" in CORES:
        pytest.skip("2,500 frames take this profile half a minute; its faster twin does the round")
    console.run()
    assert console.wait_ready(0) < 180
    for scene in truth["scenes"]:
        console.wait_ready(scene["id"])
        vram, wram = console.memory(VRAM), console.memory(WRAM)
        text = next(piece for piece in scene["vram"] if piece["block"] == "font")
        assert vram[text["vram_byte"] : text["vram_byte"] + text["size"]] == sources["font"]
        counter, frames = console["frame_counter"], 0
        seen: dict[str, set[int]] = defaultdict(set)
        while console["ready"] == 1:
            assert console["frame_counter"] == counter + frames
            for slot in scene["slots"]:
                frame = wram[slot["frame_symbol"]]
                seen[slot["name"]].add(frame)
                for at, block, offset, size in slot_rows(slot, frame):
                    assert vram[at : at + size] == sources[block][offset : offset + size], (slot["name"], frame)
            if frames % 8 == 0:
                sprites, slivers = line_load(oam(console), scene["sprite_sizes"])
                assert sprites <= 32
                assert slivers <= 34
            frames += 1
            console.run()
        assert frames == READY_FRAMES
        assert seen == {slot["name"]: set(range(len(slot["frames"]))) for slot in scene["slots"]}
        if scene["id"] == 3:
            assert console["lag_frames"] == 0
    console.wait_ready(truth["scenes"][0]["id"])  # the round begins again
    assert console["load_count"] >= 5


def test_each_scene_loads_every_piece_that_the_truth_names(
    console: DemoConsole, truth: dict[str, Any], sources: dict[str, bytes]
) -> None:
    console.run()
    for scene in truth["scenes"]:
        if scene["id"]:
            console.ask_for(scene["id"])
        console.wait_ready(scene["id"])
        vram, wram = console.memory(VRAM), console.memory(WRAM)
        for piece in scene["vram"]:
            at, size, offset = piece["vram_byte"], piece["size"], piece["byte_offset"]
            assert vram[at : at + size] == sources[piece["block"]][offset : offset + size], piece
        for kept in scene["wram"]:
            block = sources[kept["block"]]
            assert wram[kept["wram_offset"] : kept["wram_offset"] + len(block)] == block, kept


def test_start_goes_on_and_select_loads_again(console: DemoConsole) -> None:
    console.run()
    console.wait_ready(0)
    console.press(start=True)
    console.wait_ready(1)
    loads = console["load_count"]
    console.press(select=True)
    assert console["ready"] == 0
    console.wait_ready(1)
    assert console["load_count"] == loads + 1


def pictures(core: str, truth: dict[str, Any], folder: Path) -> Iterator[list[Any]]:
    """For each scene four consecutive pictures, 5 bits per channel, from its 12th frame on."""
    with demo.rom_path() as path, DemoConsole(CORES[core], path, truth, folder) as running:
        running.run()
        for scene in truth["scenes"]:
            if scene["id"]:
                running.ask_for(scene["id"])
            running.wait_ready(scene["id"])
            while running["scene_frame"] < 12:
                running.run()
            window = []
            for _ in range(4):
                window.append(running.picture() >> 3)
                running.run()
            yield window


@pytest.mark.slow
@pytest.mark.skipif("snes9x" not in CORES or len(CORES) < 2, reason="needs snes9x and another core")
@pytest.mark.parametrize("core", list(CORES)[-1:])  # the most exact one
def test_another_core_shows_the_same_pictures(core: str, truth: dict[str, Any], tmp_path: Path) -> None:
    for ours, theirs in zip(pictures("snes9x", truth, tmp_path), pictures(core, truth, tmp_path), strict=True):
        # The accuracy profile's picture is a frame behind its memory.
        assert any(np.array_equal(ours[1], shot) for shot in theirs)
