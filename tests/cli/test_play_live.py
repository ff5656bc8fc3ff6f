"""`halscope play` in real time: the game runs before the index is ready, a save reaches it, Ctrl-C ends it cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet
from PIL import Image
from support.made_host import eventually

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")

PATIENCE = 60.0  # seconds; the game runs in real time, and this machine may do other things


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        copy = tmp_path / "game.sfc"
        copy.write_bytes(path.read_bytes())
    return copy


class Running:
    """A game that runs in a process of its own; its words lie in files."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.out, self.errors = folder / "out.txt", folder / "errors.txt"
        with self.out.open("w") as out, self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "halscope", "play", *map(str, arguments)],
                stdout=out,
                stderr=errors,
                env=os.environ | {"HALSCOPE_CACHE_DIR": str(folder / "cache"), "PYTHONUNBUFFERED": "1"},
            )

    def lines(self) -> list[dict[str, int]]:
        whole = self.out.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def ctrl_c(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def playing(rom: Path, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, rom, "--watch", tmp_path / "w", "-o", tmp_path / "edit.bps", "--json")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait(PATIENCE)


def sheets(folder: Path) -> list[Path]:
    """Sheets all of whose tiles can be edited."""
    return [
        path
        for path in sorted(folder.glob("hal-*.png"))
        if path.with_suffix(".json").exists() and all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
    ]


def test_the_game_runs_at_once_a_save_gets_into_it_and_ctrl_c_writes_the_patch(
    playing: Running, tmp_path: Path
) -> None:
    assert eventually(lambda: sheets(tmp_path / "w")), playing.errors.read_text()
    png = max(sheets(tmp_path / "w"), key=lambda path: len(read_sheet(path).sheet.cells))
    with Image.open(png) as image:
        shown = np.asarray(image.convert("RGBA")).copy()
    shown[shown[:, :, 3] > 0, :3] = shown[shown[:, :, 3] > 0][0, :3]
    Image.fromarray(shown).save(png)
    assert eventually(lambda: f"{png.name}: applied to the game at frame" in playing.errors.read_text()), (
        playing.errors.read_text()
    )
    assert playing.ctrl_c() == 0, playing.errors.read_text()
    assert (tmp_path / "edit.bps").read_bytes()[:4] == b"BPS1"
    errors = playing.errors.read_text()
    assert "Traceback" not in errors, errors
    assert "WARNING" not in errors, errors
    lines = playing.lines()
    assert "located_tiles" not in lines[0], "the first frame waited for the index"
    assert "located_tiles" in lines[-1]
    frames = [line["frame"] for line in lines]
    assert frames == sorted(frames)


@pytest.mark.slow
def test_an_edit_that_cannot_be_taken_ends_the_run_with_the_reason(rom: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    running = Running(tmp_path, rom, "--edit", tmp_path / "bad.png", "--json")
    assert running.process.wait(PATIENCE) == 1
    assert "bad.png" in running.errors.read_text()
    assert "Traceback" not in running.errors.read_text()
