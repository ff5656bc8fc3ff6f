"""`export --figure`: a figure's animation from a recording, with the console's durations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.app import Workspace
from halscope.app._animation import console_rate
from halscope.cli import main
from halscope.demo import rom_path, truth
from halscope.formats.recording import RecordingReader
from halscope.ppu.compose import compose_screen
from halscope.ppu.oam import OamEntry
from PIL import Image
from support.oam import pack_oam
from support.probe_rom import expected_registers
from support.recordings import record

STEPS = [(0, 6), (1, 12), (2, 3), (1, 9), (0, 6)]  # place in the block, frames
MIRRORED = range(9, 30)  # frames


@pytest.fixture(scope="module")
def demo() -> Iterator[Workspace]:
    with rom_path() as path:
        yield Workspace.open(path)


@pytest.fixture(scope="module")
def recording(demo: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 16x16 figure that walks, with pictures that are streamed into one place; it turns around for some frames."""
    block = next(one for one in truth()["blocks"] if one["name"] == "frog")
    data = demo.index().block(("hal", block["offset"])).data[block["lead"] :]
    cgram = (np.arange(256) * 97 & 0x7FFF).astype(np.uint16)
    snapshots: list[Snapshot] = []
    for place, frames in STEPS:
        vram = np.zeros(0x10000, np.uint8)
        for part, at in enumerate((0, 1, 16, 17)):
            vram[32 * at :][:32] = data[32 * (4 * place + part) :][:32]
        for _ in range(frames):
            number = len(snapshots)
            entry = OamEntry(40 + number, 80, 0, hflip=number in MIRRORED)
            parked = [OamEntry(0, 224, 0)] * 127
            ppu = PpuRegisters(obsel=0x60, oamadd=0, setini=0)
            oam = pack_oam((entry, *parked))
            snapshots.append(Snapshot(vram=vram, cgram=cgram, oam=oam, ppu=ppu, frame=number))
    path = tmp_path_factory.mktemp("recorded") / "walk.hrec"
    record(path, snapshots)
    return path


def figure(demo: Workspace) -> str:
    block = next(one for one in truth()["blocks"] if one["name"] == "frog")
    return f"hal-{block['offset']:06x}"


@pytest.mark.parametrize(("name", "unit"), [("frog.gif", 10), ("frog.png", 1), ("frog.apng", 1)])
def test_the_pictures_are_there_with_the_consoles_durations(
    name: str, unit: int, demo: Workspace, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    words = ["export", str(demo.rom.path), "--recording", str(recording), "--figure", figure(demo)]
    assert main([*words, "-o", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["pictures"], document["frames"], document["width"]) == (3, 36, 16)
    assert document["seconds"] == round(36 / 60.0988, 3)
    shown, total = [], 0
    with Image.open(out) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            shown.append(np.asarray(image.convert("RGBA")).copy())
            total += round(image.info["duration"])
    assert abs(total - 36 * 1000 / 60.0988) <= unit / 2
    # First 6, second 3, second mirrored 9, third mirrored 3, second mirrored 9, first 6 frames
    first, second, mirrored, third, again, last = shown
    assert np.array_equal(second[:, ::-1], mirrored)
    assert np.array_equal(mirrored, again)
    assert np.array_equal(first, last)
    assert not np.array_equal(third, mirrored)
    assert 0 < (first[:, :, 3] == 0).sum() < first[:, :, 3].size


def test_an_animation_of_frames_that_differ_from_the_emulators_pictures_says_so(
    demo: Workspace, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ppu = expected_registers({"obsel": 0x60, "inidisp": 0x0F, "tm": 0x10})
    said = []
    for wrong in ((), (18,)):  # where the third picture comes
        pictured = []
        with RecordingReader(recording) as frames:
            for snapshot in frames:
                shown = compose_screen(decode_frame(replace(snapshot, ppu=ppu))).rgb
                flaw = np.uint8(0x80 * (snapshot.frame in wrong))
                pictured.append(replace(snapshot, ppu=ppu, picture=shown ^ flaw, raster_effects="none"))
        path = tmp_path / f"{len(wrong)}.hrec"
        record(path, pictured)
        words = ["export", str(demo.rom.path), "--recording", str(path), "--figure", figure(demo)]
        assert main([*words, "-o", str(tmp_path / "walk.png")]) == 0
        text = capsys.readouterr().out
        assert main([*words, "-o", str(tmp_path / "walk.png"), "--json"]) == 0
        found = json.loads(capsys.readouterr().out).get("doubts", [])
        assert text.splitlines()[1:] == found
        said.append(found)
    assert said[0] == []
    assert ["differ from the emulator's picture" in doubt for doubt in said[1]] == [True]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--figure", "frog", "-o", "a.gif"), 2, "needs all of --recording FILE, --figure NAME and -o OUT"),
        (("--recording", "{}", "--figure", "hal-000000", "-o", "a.gif"), 2, "shows no figure 'hal-000000'"),
        (("--recording", "{}", "--figure", "x", "-o", "a.mp4"), 2, "an animation is a .gif, or an animated .png"),
        (("--recording", "none.hrec", "--figure", "x", "-o", "a.gif"), 2, "none.hrec"),
        (("--recording", "{}", "--figure", "x", "-o", "a.gif", "--freedata"), 2, "--freedata is for blocks"),
    ],
)
def test_what_is_no_animation_is_refused_in_one_line(
    options: tuple[str, ...],
    code: int,
    says: str,
    demo: Workspace,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(demo.rom.path), *(option.format(recording) for option in options)]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(("region", "rate"), [(0, 60.0988), (1, 60.0988), (2, 50.007), (0x0C, 50.007), (0x0D, 60.0988)])
def test_a_game_of_a_pal_region_has_fifty_frames(region: int, rate: float, demo: Workspace, tmp_path: Path) -> None:
    image = bytearray(demo.rom.data.tobytes())
    image[0x7FD9] = region
    (tmp_path / "game.sfc").write_bytes(image)
    assert console_rate(Workspace.open(tmp_path / "game.sfc")) == rate
