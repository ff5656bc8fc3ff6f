"""`extract OFFSET` has the colours that the game showed the block with, also when no moment is given."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope.cli import main
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from halscope.project import Knowledge, KnowledgeFile

HASH = "ab" * 32
TRUTH = truth()
OFFSETS = {block["name"]: block["offset"] for block in TRUTH["blocks"]}
TITLE = TRUTH["scenes"][0]


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


def obj_palette_of_the_title(rom: Path, name: str) -> list[int]:
    """The colours of one of its OBJ palettes, from the block that the game copies into CGRAM."""
    data = hal.decode(np.fromfile(rom, np.uint8), OFFSETS["title_palettes"]).data.view("<u2")
    first = 128 + 16 * TITLE["obj_palettes"].index(name)
    colours: list[int] = data[first : first + 16].tolist()
    return colours


def extract(capsys: pytest.CaptureFixture[str], rom: Path, out: Path, *arguments: object) -> Any:
    capsys.readouterr()
    assert main(["extract", str(rom), *map(str, arguments), "--out", str(out), "--json"]) == 0
    (sheet,) = json.loads(capsys.readouterr().out)["sheets"]
    return sheet


@pytest.mark.slow
@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_block_is_coloured_as_play_has_seen_it(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owl = OFFSETS["owl"]
    grey = extract(capsys, rom, tmp_path / "before", owl)
    assert grey["colours_from"] is None
    assert main(["play", str(rom), "--watch", str(tmp_path / "sprites"), "--frames", "90"]) == 0
    seen = extract(capsys, rom, tmp_path / "after", owl)
    assert seen["colours_from"] == "knowledge"
    assert seen["palettes"] != grey["palettes"]
    colours = obj_palette_of_the_title(rom, "owl")
    assert read_sheet(Path(seen["png"])).sheet.palettes.tolist() == [colours]
    assert main(["extract", str(rom), str(owl), "--out", str(tmp_path / "text")]) == 0
    assert "; coloured as the game showed it before" in capsys.readouterr().out

    font = extract(capsys, rom, tmp_path / "font", OFFSETS["font"])
    assert font["colours_from"] is None, "a sheet of it was never drawn"
    named = extract(capsys, rom, tmp_path / "named", owl, "--palette", hex(OFFSETS["owl"]))
    assert named["colours_from"] == "rom"


def test_the_likeliest_palette_is_the_most_frequent_one_and_of_a_fade_the_brightest() -> None:
    bright, dim, black, flash = (0, 0x7C00, 0x03E0), (0, 0x3C00, 0x01E0), (0, 0, 0), (0, 0x7FFF, 0x7FFF)
    known = Knowledge(HASH).saw(("hal", 5, colours) for colours in (black, dim, bright, flash))
    assert [one.colours for one in known.seen_with("hal", 5, 3)] == [bright, dim, flash, black]
    assert known.saw([("hal", 5, flash)]).seen_with("hal", 5, 3)[0].colours == flash
    assert known.seen_with("hal", 5, 16) == ()
    assert known.seen_with("lz2", 5, 3) == ()
    assert known.seen_with("hal", 6, 3) == ()


def test_the_depth_is_that_which_the_game_showed_where_the_bytes_do_not_tell_it(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unclear = OFFSETS["title_back_map"]
    guessed = extract(capsys, rom, tmp_path / "guessed", unclear)
    assert (guessed["bpp"], guessed["depth_from"]) == (4, None)
    assert main(["extract", str(rom), str(unclear), "--out", str(tmp_path / "text")]) == 0
    assert "; 4bpp is a guess: give --bpp, or a --recording or --state that shows it" in capsys.readouterr().out

    four = (0, 1, 2, 3)
    sha256 = hashlib.sha256(rom.read_bytes()).hexdigest()
    KnowledgeFile(sha256).update(lambda known: known.saw([("hal", unclear, four), ("hal", OFFSETS["owl"], four)]))
    shown = extract(capsys, rom, tmp_path / "shown", unclear)
    assert (shown["bpp"], shown["depth_from"], shown["colours_from"]) == (2, "knowledge", "knowledge")
    assert extract(capsys, rom, tmp_path / "named", unclear, "--bpp", 4)["depth_from"] == "option"
    clear = extract(capsys, rom, tmp_path / "owl", OFFSETS["owl"])
    assert (clear["bpp"], clear["depth_from"]) == (4, "bytes")
