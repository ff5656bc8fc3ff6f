"""`scan` on a ROM without compressed data says so, and what to do instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from halscope.cli import main
from halscope.demo import rom_path
from support.roms import make_rom


def test_a_rom_without_blocks_is_told_apart_from_a_failed_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = tmp_path / "plain.sfc"
    rom.write_bytes(bytes(make_rom(0x40000)))
    assert main(["scan", str(rom), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["blocks"] == []
    (note,) = document["notes"]
    assert "no block of a known codec (hal, lz1, lz2) is likely" in note
    assert "--codec raw --tiles N" in note
    assert main(["scan", str(rom)]) == 0
    assert f"note: {note}" in capsys.readouterr().out


def test_a_rom_with_blocks_needs_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        assert main(["scan", str(rom), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--codec", "lz1"], "likely blocks of another codec, or with a lower score: "),
        (["--codec", "simcity"], "this ROM is not searched for simcity"),
    ],
)
def test_a_list_that_a_filter_leaves_empty_does_not_blame_the_game(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with rom_path() as rom:
        assert main(["scan", str(rom), "--json", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["blocks"] == []
    (note,) = document["notes"]
    assert note.startswith(says)


@pytest.mark.parametrize("score", ["7", "-1", "high", "nan"])
def test_a_score_outside_0_to_1_is_refused(score: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "any.sfc", f"--min-score={score}"]) == 2
    assert "write a number from 0 to 1" in capsys.readouterr().err
