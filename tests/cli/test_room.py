"""`halscope inject` with an edit that does not fit: what it says before, what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.inject import sheet_from_block, write_sheet
from halscope.rom.image import Rom
from pypatchergba import patcher

BLOCK = next(block for block in truth()["blocks"] if block["name"] == "jelly")


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The demo ROM, and a sheet of one of its blocks, painted with noise."""
    folder = tmp_path_factory.mktemp("room")
    rom = folder / "game.sfc"
    with rom_path() as path:
        rom.write_bytes(path.read_bytes())
    sheet = sheet_from_block(Rom.load(rom), HAL, BLOCK["offset"], lead=BLOCK["lead"], start="pointer")
    noise = np.random.default_rng(1).integers(1, 16, (sheet.height, sheet.width), np.uint8)
    return rom, write_sheet(sheet, noise, folder / "noise.png")[0]


def test_a_dry_run_says_everything_and_writes_nothing(
    game: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    rom, png = game
    there = sorted(rom.parent.iterdir())
    assert main(["inject", str(rom), str(png), "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    (move,), (pointer,) = plan["moves"], plan["pointers"]
    assert set(move) == {"from", "to", "size"}
    assert move["from"] == BLOCK["offset"]
    assert pointer["shape"] == "long"
    assert truth()["table"]["offset"] + 3 * BLOCK["index"] == pointer["offset"] == pointer["parts"][0]
    loaded = Rom.load(rom)
    assert (loaded.to_offset(pointer["old"]), loaded.to_offset(pointer["new"])) == (move["from"], move["to"])
    assert [(one["offset"], one["what"]) for one in plan["writes"]] == sorted(
        [(pointer["offset"], "pointer"), (move["to"], "block"), (loaded.header_offset + 0x1C, "checksum")]
    )
    assert any("that they are free is not proven" in risk for risk in plan["risks"])
    assert sorted(rom.parent.iterdir()) == there


def test_the_patch_is_what_the_dry_run_said(game: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    rom, png = game
    assert main(["inject", str(rom), str(png), "--dry-run", "--rats", "--free-old"]) == 0
    said = capsys.readouterr().out
    output = rom.with_name("edit.bps")
    assert main(["inject", str(rom), str(png), "-o", str(output), "--rats", "--free-old", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    before = rom.read_bytes()
    after = bytes(patcher.apply_bps(before, output.read_bytes()))
    for write in plan["writes"]:
        assert f"dry run: {write['size']} bytes at {write['offset']:#x}: {write['what']}" in said
    inside = np.zeros(len(before), np.bool_)
    for write in plan["writes"]:
        inside[write["offset"] : write["offset"] + write["size"]] = True
    changed = np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8)
    assert not changed[~inside].any()
    (move,) = plan["moves"]
    assert after[move["to"] - 8 : move["to"] - 4] == b"STAR"
    assert {*after[move["from"] : move["from"] + BLOCK["packed_size"]]} == {0xFF}
    assert "pointer at" in said
    assert "risk: " in said


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--dry-run", "--no-move"], 1, "its place holds 1398, 667 too many; it may not be moved"),
        ([], 2, "give -o OUT, --project DIR, or --dry-run to write nothing"),
        (["--dry-run", "--no-move", "--rats"], 2, "--rats is for blocks that move, and --no-move refuses them"),
    ],
)
def test_what_cannot_be_is_one_line(
    game: tuple[Path, Path], capsys: pytest.CaptureFixture[str], options: list[str], code: int, message: str
) -> None:
    rom, png = game
    assert main(["inject", str(rom), str(png), *options]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert message in line


@pytest.mark.slow
def test_a_project_leaves_a_moved_block_where_it_is_when_a_larger_one_moves_too(
    game: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom, png = game
    larger = next(block for block in truth()["blocks"] if block["name"] == "explosion")
    sheet = sheet_from_block(Rom.load(rom), HAL, larger["offset"], lead=larger["lead"], start="pointer")
    noise = np.random.default_rng(2).integers(1, 16, (sheet.height, sheet.width), np.uint8)
    second = write_sheet(sheet, noise, tmp_path / "larger.png")[0]
    project, output = tmp_path / "hack", tmp_path / "out.sfc"

    def led_to(block: dict[str, int]) -> int | None:
        at = truth()["table"]["offset"] + 3 * block["index"]
        return Rom.load(output).to_offset(int.from_bytes(output.read_bytes()[at : at + 3], "little"))

    assert main(["project", "new", str(project), "--rom", str(rom)]) == 0
    assert main(["inject", str(rom), str(png), "--project", str(project), "-o", str(output)]) == 0
    first = led_to(BLOCK)
    assert first != BLOCK["offset"]
    output.unlink()
    assert main(["inject", str(rom), str(second), "--project", str(project), "-o", str(output)]) == 0
    assert led_to(BLOCK) == first
    assert led_to(larger) not in (first, larger["offset"])
    whole = output.read_bytes()
    output.unlink()
    capsys.readouterr()
    assert main(["project", "apply", str(project), "-o", str(output)]) == 0
    assert output.read_bytes() == whole
    assert "it stays where it was moved before" in capsys.readouterr().out
