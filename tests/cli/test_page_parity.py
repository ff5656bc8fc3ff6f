"""What the page does with a moment and a ROM, as commands: registers, VRAM, the ROM's map, pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import ROM_KINDS, RomMap, Workspace
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import available_cores
from halscope.ppu import describe_registers
from PIL import Image
from support.in_process import halscope

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]
MEADOW = 299  # a frame of it


def told(folder: Path, *arguments: object) -> Any:
    done = halscope(*arguments, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_registers_are_told_in_the_words_of_the_page(recorded_demo: Path) -> None:
    found = told(recorded_demo, "inspect", "run.hrec", "--frame", MEADOW, "--registers")
    with RecordingReader(recorded_demo / "run.hrec") as reader:
        assert found["registers"] == describe_registers(reader[MEADOW].ppu)
    text = halscope("inspect", "run.hrec", "--frame", MEADOW, "--registers", cwd=recorded_demo).stdout
    assert "$2105 BGMODE" in text
    assert "mode 1: BG1 and BG2 4 bpp" in text


def test_blocks_whose_tiles_are_in_vram_are_listed(recorded_demo: Path) -> None:
    found = told(
        recorded_demo, "inspect", "run.hrec", "--frame", MEADOW, "--rom", "game.sfc", "--in-vram", "--registers"
    )
    assert set(found) == {"name", "registers", "in_vram"}
    workspace = Workspace.open(recorded_demo / "game.sfc")
    with RecordingReader(recorded_demo / "run.hrec") as reader:
        origins = workspace.index().locate_vram(reader[MEADOW].vram)
    assert sum(one["tiles"] for one in found["in_vram"]) == origins.located
    assert found["in_vram"] == sorted(found["in_vram"], key=lambda one: (one["offset"], one["codec"]))
    blocks = {(one.codec, one.offset) for one in workspace.blocks()}
    assert {(one["codec"], one["offset"]) for one in found["in_vram"] if one["codec"] != "raw"} <= blocks
    done = halscope("inspect", "run.hrec", "--in-vram", cwd=recorded_demo)
    assert done.returncode == 2
    assert "--rom ROM" in done.stderr


def test_the_map_tells_of_each_byte_of_the_rom_what_the_page_shows_of_it(recorded_demo: Path) -> None:
    found = told(recorded_demo, "scan", "game.sfc", "--map")["map"]
    workspace = Workspace.open(recorded_demo / "game.sfc")
    size = workspace.rom.data.size
    at = 0
    for one, other in zip(found, [*found[1:], None], strict=True):
        assert one["offset"] == at
        at += one["size"]
        assert other is None or one["kind"] != other["kind"]
    assert at == size
    kinds = np.concatenate([np.full(one["size"], ROM_KINDS.index(one["kind"])) for one in found])
    assert np.array_equal(kinds, RomMap(workspace).cells(size))
    for block in workspace.blocks():
        assert kinds[block.offset] == ROM_KINDS.index("block")
    assert halscope("scan", "game.sfc", "--map", "--codec", "hal", cwd=recorded_demo).returncode == 2


def test_compare_writes_both_pictures_with_frames_about_what_differs(recorded_demo: Path, tmp_path: Path) -> None:
    earlier, later = f"{recorded_demo}/run.hrec@250", f"{recorded_demo}/run.hrec@{MEADOW}"
    found = told(tmp_path, "compare", earlier, later, "--out", "pictures")
    assert found["pictures"] == ["pictures/before.png", "pictures/after.png"]
    with RecordingReader(recorded_demo / "run.hrec") as reader:
        pictures = [reader[number].picture for number in (250, MEADOW)]
    for name, plain, marks in zip(found["pictures"], pictures, found["marks"], strict=True):
        with Image.open(tmp_path / name) as image:
            drawn = np.asarray(image)
        if plain is None:
            continue
        differs = (drawn != plain).any(axis=2)
        assert (drawn[differs] == (255, 213, 74)).all()
        inside = np.zeros_like(differs)
        for mark in marks:
            top, left = max(0, mark["y"] - 1), max(0, mark["x"] - 1)
            inside[top : mark["y"] + mark["height"] + 1, left : mark["x"] + mark["width"] + 1] = True
        assert differs.any()
        assert not (differs & ~inside).any()


def test_a_picture_is_put_on_a_figure_and_its_sheet_makes_a_patch(recorded_demo: Path, tmp_path: Path) -> None:
    rom, moment = recorded_demo / "game.sfc", f"{recorded_demo}/run.hrec@{MEADOW}"
    extracted = halscope(
        "extract", rom, "--recording", recorded_demo / "run.hrec", "--frame", MEADOW, "--out", "all", cwd=tmp_path
    )
    assert extracted.returncode == 0, extracted.stderr
    (sheet,) = tmp_path.glob("all/*/32x32-000.png")  # the fox's, of sprite 0
    with Image.open(sheet) as image:
        image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(tmp_path / "turned.png")
    put = told(tmp_path, "put", rom, "turned.png", moment, "--sprite", 0, "--sheets", "sheets")
    assert put["inexact"] == ""
    with Image.open(sheet) as before, Image.open(tmp_path / put["path"]) as after:
        assert np.array_equal(np.asarray(after), np.flipud(np.asarray(before)))
    done = halscope("inject", rom, put["path"], "-o", "turned.bps", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for wrong, why in (
        (["--sprite", 128], "0 to 127"),
        ([], "no sheet has the name 'turned.png'"),
    ):
        refused = halscope("put", rom, "turned.png", moment, *wrong, "--sheets", "sheets", cwd=tmp_path)
        assert refused.returncode == 2
        assert why in refused.stderr
