"""`inspect` and `extract --state` read the files of every emulator, and see the same frame in all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.cli import main
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope_hooks import Snapshot
from PIL import Image
from support.mesen_file import build_file, values_of
from support.zsnes_file import build_state

SNES9X = [core.name for core in available_cores() if core.name == "snes9x"]
FRAMES = 290  # at full brightness: dumps do not tell about a fade
DUMPS = ("Game - SnesVideoRam.dmp", "Game - SnesCgRam.dmp", "Game - SnesSpriteRam.dmp")

pytestmark = pytest.mark.skipif(not SNES9X, reason="no snes9x core is installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo ROM, and one of its frames in every kind of file."""
    folder = tmp_path_factory.mktemp("files")
    rom = folder / "game.sfc"
    with rom_path() as path:
        rom.write_bytes(path.read_bytes())
    with LibretroHost(rom, "snes9x") as host:
        for number in range(FRAMES):
            host.press(["start"] if 150 <= number <= 152 else [])
            snapshot = host.step()
        (folder / "snes9x.state").write_bytes(host.save_state())
    write_files(snapshot, folder)
    return folder


def write_files(snapshot: Snapshot, folder: Path) -> None:
    memories = (snapshot.vram.tobytes(), snapshot.cgram.astype("<u2").tobytes(), snapshot.oam.tobytes())
    for name, memory in zip(DUMPS, memories, strict=True):
        (folder / name).write_bytes(memory)
    assert snapshot.picture is not None
    levels = snapshot.picture.astype(np.uint16) >> 3
    screen = np.zeros((239, 256), np.uint16)
    screen[7:231] = levels[..., 0] | levels[..., 1] << 5 | levels[..., 2] << 10
    (folder / "mesen.mss").write_bytes(build_file(values_of(snapshot), screen=screen))
    (folder / "zsnes.zst").write_bytes(build_state(snapshot))
    with RecordingWriter(folder / "run.hrec") as writer:
        writer.append(replace(snapshot, vram=np.zeros_like(snapshot.vram)))
        writer.append(snapshot)


def inspect(folder: Path, out: Path, *files: str, options: tuple[str, ...] = ()) -> Any:
    paths = [str(folder / file) for file in files]
    return main(["inspect", *paths, "--out", str(out), "--json", *options])


@pytest.mark.slow
@pytest.mark.parametrize(("file", "options"), [("zsnes.zst", ()), ("run.hrec", ("--frame", "1"))])
def test_sprites_have_origins_and_doubts_where_nothing_tells_about_hdma(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, options: tuple[str, ...]
) -> None:
    """That each kind of file shows the same frame is tested in `tests/hosts/test_conformance.py`."""
    assert inspect(folder, tmp_path, file, options=(*options, "--rom", str(folder / "game.sfc"))) == 0
    document = json.loads(capsys.readouterr().out)
    assert any(sprite["origins"] for sprite in document["sprites"])
    assert ("doubts" in document) == (file == "zsnes.zst")


def test_the_folder_has_the_pictures_of_a_frame_as_the_demo_draws_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect(folder, tmp_path, "mesen.mss") == 0
    document = json.loads(capsys.readouterr().out)
    names = [Path(picture).name for picture in document["pictures"]]
    assert names == ["mesen-screen.png", "mesen-figures.png", "mesen-sprites.png"]
    for picture in document["pictures"]:
        with Image.open(picture) as image:
            assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 8, picture
    state = document["state"]
    assert (state["name"], state["kind"], state["rom"]) == ("mesen", "state of Mesen 2", "game.sfc")
    assert state["memories"] == ["vram", "cgram", "oam", "wram", "picture"]
    assert state["registers"]["obsel"] == 0x60


def test_dumps_give_every_picture_but_the_screen_and_say_why(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(folder / name) for name in DUMPS]
    assert main(["inspect", *paths, "--obsel", "0x60", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "memory dumps: VRAM, CGRAM, OAM, 1 of 46 registers" in text
    assert "no picture of the screen: " in text
    assert sorted(path.name for path in tmp_path.glob("Game-*")) == ["Game-figures.png", "Game-sprites.png"]


@pytest.mark.slow
def test_several_states_are_told_apart_and_each_has_a_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "more" / "mesen.mss"
    other.parent.mkdir()
    other.write_bytes((folder / "mesen.mss").read_bytes())
    files = [DUMPS[1], "run.hrec", "mesen.mss", str(other), DUMPS[0], DUMPS[2]]
    assert inspect(folder, tmp_path / "out", *files, options=("--obsel", "0x60")) == 0
    states = json.loads(capsys.readouterr().out)["states"]
    assert [one["state"]["name"] for one in states] == ["Game", "run", "mesen", "mesen"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Game", "mesen", "mesen-2", "run"]
    for one in states:
        assert all(Path(sprite["png"]).exists() for sprite in one["sprites"])


def test_a_frame_that_a_recording_does_not_have_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect(folder, tmp_path / "out", "run.hrec", options=("--frame", "2")) == 2
    assert "has the frames 0 to 1, not 2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("file", ["mesen.mss", "zsnes.zst"])
def test_sheets_are_extracted_from_states_that_no_core_loads(folder: Path, tmp_path: Path, file: str) -> None:
    assert main(["extract", str(folder / "game.sfc"), "--state", str(folder / file), "--out", str(tmp_path)]) == 0
    sheets = [json.loads(sheet.read_text()) for sheet in tmp_path.rglob("*.json")]
    assert any(cell["origin"] for sheet in sheets for cell in sheet["cells"])


@pytest.mark.parametrize(("file", "emulator"), [("mesen.mss", "Mesen"), ("zsnes.zst", "ZSNES")])
def test_a_game_is_not_started_from_them(
    folder: Path, file: str, emulator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["play", str(folder / "game.sfc"), "--state", str(folder / file), "--frames", "1", "--host", "libretro"]
    assert main(call) == 1
    assert f"is a state of {emulator}, which no libretro core loads" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["mesen.mss", "zsnes.zst"])
def test_a_state_in_the_place_of_a_rom_is_named_for_what_it_is(
    folder: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", str(folder / file)]) == 1
    assert "is a savestate, which has no ROM in it" in capsys.readouterr().err
