"""`halscope palette`: show, export, import, set, convert and reduce, on the demo's ROM and a recorded moment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope.cli import main
from halscope.cli._arguments import _palettes
from halscope.demo import rom_path, truth
from halscope.formats.palettes import FORMATS, read_palette, write_palette
from halscope.formats.recording import RecordingWriter
from halscope_hooks import FormatError, RomIdentity, Snapshot
from PIL import Image

OFFSETS = {block["name"]: block["offset"] for block in truth()["blocks"]}
MEADOW = OFFSETS["meadow_palettes"]
LOUD = 0x7C1F


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


def stored(image: Path) -> list[int]:
    """The meadow's 256 colours in a ROM."""
    data = hal.decode(np.fromfile(image, np.uint8), MEADOW).data.view("<u2")
    colours: list[int] = data.tolist()
    return colours


@pytest.fixture
def recording(rom: Path, tmp_path: Path) -> Path:
    """Two frames: the meadow's palettes, then OBJ palette 0 at half its brightness."""
    cgram = np.array(stored(rom), np.uint16)
    faded = cgram.copy()
    faded[128:144] = faded[128:144] >> 1 & 0x3DEF
    path = tmp_path / "run.hrec"
    identity = RomIdentity(path=str(rom))
    blank = np.zeros(0x10000, np.uint8), np.zeros(544, np.uint8)
    with RecordingWriter(path) as writer:
        for frame, colours in enumerate((cgram, faded)):
            writer.append(Snapshot(vram=blank[0], cgram=colours, oam=blank[1], frame=frame, rom=identity))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert main(["palette", *map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    capsys.readouterr()
    assert main(["palette", *map(str, arguments)]) == code
    return capsys.readouterr().err


@pytest.mark.slow
def test_show_names_the_place_of_each_colour_and_faded_copies(
    rom: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, "show", rom, "--recording", recording)
    best = [colour["origins"][0] for colour in shown["colours"]]
    assert [(one["codec"], one["block_offset"], one["byte_offset"]) for one in best] == [
        ("hal", MEADOW, byte) for byte in range(0, 512, 2)
    ]
    assert best[0]["start"] in ("traced", "pointer")
    assert not [one for one in shown["runs"] if one["fade"]]
    later = run(capsys, "show", rom, "--recording", recording, "--frame", 1)
    (faded,) = (one for one in later["runs"] if one["fade"])
    assert (faded["first"], faded["fade"]) == (128, "darkened to 50%")
    assert faded["origin"]["byte_offset"] == 256
    assert main(["palette", "show", str(rom), "--recording", str(recording), "--frame", "1"]) == 0
    assert f"faded copy of hal {MEADOW:#x}+0x100" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".gpl", ".pal", ".act", ".tpl", ".pal.json", ".cgram"])
def test_an_exported_palette_comes_back_as_a_patch_in_every_format(
    rom: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    path, out = tmp_path / f"obj{suffix}", tmp_path / "out.sfc"
    exported = run(capsys, "export", rom, "--recording", recording, "--palette", 8, "-o", path)
    assert [colour["cgram"] for colour in exported["colours"]] == list(range(128, 144))
    assert refused(capsys, 1, "import", rom, path, "-o", out).endswith("no colour was changed\n")
    colours = read_palette(path).colours()
    colours[3] = LOUD
    write_palette(path, colours, exported["format"])
    done = run(capsys, "import", rom, path, "-o", out)
    assert done["blocks"][0]["colours"] == 1
    before = stored(rom)
    assert stored(out) == [*before[:131], LOUD, *before[132:]]
    assert any("the same colours are also in" in note for note in done["notes"])


@pytest.mark.slow
def test_a_raw_palette_that_could_be_of_two_formats_comes_back_as_it_was_exported(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keep.pal"
    place = hex(OFFSETS["keep_palettes"]), "--codec", "hal", "--byte", 32
    run(capsys, "export", rom, *place, "--format", "rgb24", "-o", file)
    with pytest.raises(FormatError, match="may be 16 colours in RGB24 or 24 in BGR555"):
        read_palette(file)
    data = bytearray(file.read_bytes())
    data[9:12] = 0xFF, 0, 0
    file.write_bytes(data)
    output = tmp_path / "red.sfc"
    (block,) = run(capsys, "import", rom, file, "-o", output)["blocks"]
    assert block["colours"] == 1


def test_everywhere_changes_every_place_of_the_same_colours(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ips"
    first = run(capsys, "set", rom, MEADOW, "--codec", "hal", "--byte", 256, "--count", 16, f"3={LOUD:#x}", "-o", out)
    every = run(
        capsys,
        *("set", rom, MEADOW, "--codec", "hal", "--byte", 256, "--count", 16, "3=#f800f8", "--everywhere", "-o", out),
    )
    assert [block["offset"] for block in first["blocks"]] == [MEADOW]
    offsets = {block["offset"] for block in every["blocks"]}
    assert MEADOW in offsets
    assert offsets == {OFFSETS[f"{scene['name']}_palettes"] for scene in truth()["scenes"]}  # the item's, in each scene


def test_plain_colours_are_shown_exported_and_set(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = truth()["raw"][0]["offset"]
    colours = run(capsys, "show", rom, hex(at), "--count", 5)["colours"]
    assert [one["bgr555"] for one in colours] == np.fromfile(rom, "<u2", 5, offset=at).tolist()
    out = tmp_path / "out.sfc"
    run(capsys, "set", rom, hex(at), "1=$1234", "4=#ffffff", "-o", out)
    now = np.fromfile(out, "<u2", 5, offset=at) & 0x7FFF
    assert (int(now[1]), int(now[4])) == (0x1234, 0x7FFF)


def test_convert_tells_formats_apart_and_asks_where_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "p.pal"
    raw.write_bytes(bytes(48))
    assert "--format rgb24 or --format bgr555" in refused(capsys, 1, "convert", raw, "-o", tmp_path / "p.gpl")
    done = run(capsys, "convert", raw, "--format", "rgb24", "-o", tmp_path / "p.gpl")
    assert (done["input"], done["format"], len(done["colours"])) == ("rgb24", "gpl", 16)
    (tmp_path / "p.gpl").write_text("GIMP Palette\n1 2 3\n")
    assert "index 0 is #010203" in refused(capsys, 1, "convert", tmp_path / "p.gpl", "-o", tmp_path / "q.act")
    assert run(capsys, "convert", tmp_path / "p.gpl", "--nearest", "-o", tmp_path / "q.act")["colours"] == [0]
    run(capsys, "convert", tmp_path / "q.act", "-o", tmp_path / "q.pal", "--to", "bgr555")
    assert (tmp_path / "q.pal").read_bytes() == bytes(2)


def test_reduce_writes_indexed_pictures_and_their_palette(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(tmp_path / "a.png")
    done = run(capsys, "reduce", tmp_path / "a.png", "--out", tmp_path / "out", "--colours", 7)
    assert len(done["colours"]) == 8
    assert done["pictures"][0]["error"] < 0.05
    assert len(read_palette(tmp_path / "out" / "palette.gpl").rgb) == 8
    assert "--overwrite" in refused(capsys, 2, "reduce", tmp_path / "a.png", "--out", tmp_path / "out")


@pytest.mark.slow
def test_wrong_usage_is_said_and_nothing_is_written(
    rom: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.bps"
    assert "one of them" in refused(capsys, 2, "show", rom)
    assert "--codec is for an OFFSET" in refused(capsys, 2, "show", rom, "--recording", recording, "--codec", "hal")
    assert "--frame is for" in refused(capsys, 2, "show", rom, "0x100", "--frame", 1)
    assert "0 to 15" in refused(
        capsys, 2, "export", rom, "--recording", recording, "--palette", 16, "-o", tmp_path / "p.gpl"
    )
    assert "INDEX=COLOUR" in refused(capsys, 2, "set", rom, "0x100", "3", "-o", out)
    assert "larger --count" in refused(capsys, 2, "set", rom, "0x100", "9=1", "--count", 4, "-o", out)
    assert "--byte is for packed blocks" in refused(capsys, 2, "show", rom, "0x100", "--byte", 2)
    assert "only 1 colours" in refused(capsys, 2, "show", rom, hex(rom.stat().st_size - 2))
    (tmp_path / "own.gpl").write_text("GIMP Palette\n1 2 3\n")
    assert "palette export" in refused(capsys, 2, "import", rom, tmp_path / "own.gpl", "-o", out)
    path = tmp_path / "p.gpl"
    run(capsys, "export", rom, "--recording", recording, "--frame", 1, "--palette", 8, "-o", path)
    colours = read_palette(path).colours()
    colours[2] = LOUD
    write_palette(path, colours)
    assert "index 2 is $7c1f, was $" in refused(capsys, 1, "import", rom, path, "-o", out)
    write_palette(path, colours[:12])
    assert "12 colours and was exported with 16" in refused(capsys, 1, "import", rom, path, "-o", out)
    (tmp_path / "p.gpl.source.json").write_text("{}")
    assert "missing" in refused(capsys, 1, "import", rom, path, "-o", out)
    assert not out.exists()


def test_the_parser_knows_the_formats() -> None:
    assert _palettes.FORMATS == FORMATS
