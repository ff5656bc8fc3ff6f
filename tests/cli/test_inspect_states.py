"""`inspect` of several states and of recordings: folders of their own, and OBSEL where the files lack it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from halscope.app import inspect_files
from halscope.cli import main
from halscope.formats.recording import RecordingWriter
from halscope_hooks import PpuRegisters, Snapshot, UsageError
from support.made_host import made_snapshot


def recording(path: Path, *snapshots: Snapshot) -> Path:
    with RecordingWriter(path) as writer:
        for snapshot in snapshots:
            writer.append(snapshot)
    return path


@pytest.mark.slow
def test_each_state_has_a_folder_of_its_own_whatever_is_there(tmp_path: Path) -> None:
    names = ("game.000", "game.001", "game-2.000", "GAME.002", "state1")
    files = [recording(tmp_path / name, made_snapshot(number)) for number, name in enumerate(names)]
    found = inspect_files(files, None, None, lambda: tmp_path)
    folders = [one.sheet.parent.name for one in found]
    assert folders == ["game", "game-2", "game-2-2", "GAME-3", "state1-2"]
    assert len({folder.casefold() for folder in folders}) == 5


def test_obsel_is_used_for_a_recording_that_lacks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = replace(made_snapshot(0), ppu=PpuRegisters())
    file = recording(tmp_path / "run.hrec", bare)
    command = ["inspect", str(file), "--out", str(tmp_path / "out"), "--json"]
    assert main(command) == 2
    assert "--obsel" in capsys.readouterr().err
    assert main([*command, "--obsel", "0x63"]) == 0
    assert json.loads(capsys.readouterr().out)["state"]["registers"]["obsel"] == 0x63


def test_an_empty_recording_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.hrec: holds no frames"):
        inspect_files([recording(tmp_path / "run.hrec")], None, None, lambda: tmp_path)
