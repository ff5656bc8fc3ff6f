"""What the commands print for people: the same facts as their JSON, with nothing to read a hundred times."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from halscope.export._canvas import DIM, TEXT
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import available_cores
from PIL import Image
from support.in_process import halscope
from support.painting import paint_one_colour
from support.terminals import on_a_terminal
from support.written_words import is_written

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

FRAME = 290  # of the meadow


@pytest.fixture(scope="module")
def folder(recorded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo ROM, a recording of it, and dumps of one of its frames."""
    folder = shutil.copytree(recorded_demo, tmp_path_factory.mktemp("shown") / "demo")
    with RecordingReader(folder / "run.hrec") as reader:
        snapshot = reader[FRAME]
    snapshot.vram.tofile(folder / "vram.dmp")
    snapshot.cgram.tofile(folder / "cgram.dmp")
    snapshot.oam.tofile(folder / "oam.dmp")
    (folder / "obsel").write_text(hex(snapshot.ppu.obsel or 0))
    return folder


def inspect(folder: Path, *options: object) -> str:
    obsel = (folder / "obsel").read_text()
    dumps = ("vram.dmp", "cgram.dmp", "oam.dmp")
    done = halscope("inspect", *dumps, "--obsel", obsel, "--out", "sprites", *options, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_inspect_lists_what_is_on_screen_and_folds_the_rest_into_one_line(folder: Path) -> None:
    lines = inspect(folder).splitlines()
    document = json.loads(inspect(folder, "--json"))
    (hidden,) = [line for line in lines if "off screen or blank" in line]
    count = int(re.findall(r"\((\d+) sprites\)", hidden)[0])
    rows = lines[1 : lines.index(hidden)]
    assert count > 90
    assert len(rows) + count == 128
    for row in rows:
        index, x, y, size, palette, priority, flips = row.split()
        sprite = document["sprites"][int(index)]
        assert (int(x), int(y), size) == (sprite["x"], sprite["y"], f"{sprite['width']}x{sprite['height']}")
        assert (int(palette), int(priority)) == (sprite["palette"], sprite["priority"])
        assert flips == ("h" * sprite["hflip"] + "v" * sprite["vflip"] or "-")
    palettes = dict(re.findall(r"^palette (\d): (.+)$", "\n".join(lines), re.MULTILINE))
    assert {number: colours.split() for number, colours in palettes.items()} == document["palettes"]
    assert f"{Path('sprites/sprites.png')}: the sprites on screen, enlarged" in lines
    with Image.open(folder / "sprites/sprites.png") as sheet:
        assert min(sheet.size) > 400


def test_equal_sprites_are_one_row(folder: Path, tmp_path: Path) -> None:
    oam = np.fromfile(folder / "oam.dmp", np.uint8)
    oam[4 * 100 : 4 * 128] = np.tile(oam[4 * 1 : 4 * 2], 28)  # 28 copies of sprite 1, at its place
    oam[512 + 25 : 544] = 0x55 * (oam[512] >> 2 & 1) | 0xAA * (oam[512] >> 3 & 1)
    copies = tmp_path / "oam.dmp"
    oam.tofile(copies)
    obsel = (folder / "obsel").read_text()
    done = halscope(
        *("inspect", folder / "vram.dmp", folder / "cgram.dmp", copies, "--obsel", obsel, "--out", tmp_path / "out")
    )
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("1, 100 to 127 ")]
    assert row.split()[4:7] == inspect(folder).splitlines()[2].split()[1:4]


def test_inspect_names_origins_in_text_as_in_json(folder: Path) -> None:
    lines = inspect(folder, "--rom", "game.sfc").splitlines()
    document = json.loads(inspect(folder, "--rom", "game.sfc", "--json"))
    found = 0
    for row in lines[1:]:
        match = re.match(r"(\d+) .* (\d+) of (\d+) tiles known.* (hal|raw) \$(\w{6})\+?\$?(\w{4})? (\w+)$", row)
        if match is not None:
            origins = [best for cell in document["sprites"][int(match[1])]["origins"] for best in cell[:1]]
            assert (match[4], int(match[5], 16), match[7]) in {
                (one["codec"], one["block_offset"], one["start"]) for one in origins
            }
            found += 1
    assert found > 10


def test_replay_shows_one_frame_with_its_figures_and_colours(folder: Path) -> None:
    command = "replay", "run.hrec", "--rom", "game.sfc", "--frame", FRAME
    halscope(*command, cwd=folder)  # from here on the starts that are traced on the way are known
    done = halscope(*command, "--out", "pictures", cwd=folder)
    assert done.returncode == 0
    assert re.fullmatch(r"watched: \d+ starts of blocks were traced; tiles of \d+ .* a traced start\n", done.stderr)
    (document,) = map(
        json.loads,
        halscope(*f"replay run.hrec --rom game.sfc --frame {FRAME} --json".split(), cwd=folder).stdout.splitlines(),
    )
    assert document["frame"] == FRAME
    figures = document["figures"]
    lines = done.stdout.splitlines()
    assert lines[0] == (
        f"frame {FRAME}: {len(figures)} figures, {document['located_tiles']} of {document['informative_tiles']} tiles "
        "in VRAM found in the ROM"
    )
    for line, figure in zip(lines[2:], figures, strict=False):
        words = line.split()
        assert (int(words[0]), int(words[1]), words[2]) == (
            figure["x"],
            figure["y"],
            f"{figure['width']}x{figure['height']}",
        )
        assert words[-1] == figure["name"]
        assert words[-2] == figure["origins"][0]["start"]
        assert f"${figure['origins'][0]['block_offset']:06X}" in line
    palettes = dict(re.findall(r"^palette (\d): (.+)$", done.stdout, re.MULTILINE))
    assert {number: colours.split() for number, colours in palettes.items()} == document["palettes"]
    names = [f"frame-{FRAME:05}-{kind}.png" for kind in ("screen", "figures", "sprites")]
    assert lines[-3:] == [str(Path("pictures") / name) for name in names]
    assert all((folder / "pictures" / name).exists() for name in names)
    wrong = halscope("replay", "run.hrec", "--frame", 300, cwd=folder)
    assert wrong.returncode == 2
    assert "has the frames 0 to 299, not 300" in wrong.stderr


def test_an_empty_frame_is_not_silence(folder: Path) -> None:
    done = halscope("replay", "run.hrec", "--frame", 0, cwd=folder)
    assert done.stdout == (
        "frame 0: no figures (the screen is off)\n"
        "none of 1 decoded frame was compared with the emulator's picture: there is none\n"
    )
    done = halscope("extract", "game.sfc", "--recording", "run.hrec", "--out", "empty", cwd=folder)
    assert (done.returncode, done.stdout) == (1, ""), "a script must notice that there is no sheet"
    frame = int(re.findall(r"run\.hrec: frame 0 shows no sprites; frame (\d+) does: --frame \1;", done.stderr)[0])
    assert "halscope replay run.hrec --every 30 --out DIR" in done.stderr
    done = halscope("extract", "game.sfc", "--recording", "run.hrec", "--frame", frame, "--out", "first", cwd=folder)
    assert list((folder / "first").rglob("*.png"))
    before = halscope("replay", "run.hrec", "--frame", frame - 1, cwd=folder)
    assert before.stdout.startswith(f"frame {frame - 1}: no figures")


def test_a_contact_sheet_shows_every_nth_frame_with_its_number(folder: Path) -> None:
    done = halscope("replay", "run.hrec", "--every", 50, "--out", "contact", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == str(Path("contact/frames.png"))
    with Image.open(folder / "contact/frames.png") as image:
        sheet = np.asarray(image.convert("RGB")).astype(int)
        assert is_written(image, (16, 16), "run.hrec: 300 frames, every 50th", 20, TEXT)
        for at in range(6):
            assert is_written(image, (16 + at * 144, 60 + 112 + 3), f"frame {50 * at}", 12, DIM)
    with Image.open(folder / "contact/last-screen.png") as image:
        screen = np.asarray(image.convert("RGB"))
    cells = [sheet[60:172, 16 + at * 144 : 144 + at * 144] for at in range(6)]  # frames 0, 50, … 250
    drawn = [len(np.unique(cell.reshape(-1, 3), axis=0)) > 100 for cell in cells]
    assert drawn == [False, True, True, True, False, True]
    assert sheet.shape[1] == 16 + 6 * 144
    assert screen.shape[1] == 256 * 3
    assert halscope("replay", "run.hrec", "--every", 50, cwd=folder).returncode == 2, "it has to be written somewhere"


def test_extract_and_scan_say_as_much_as_their_json(folder: Path) -> None:
    done = halscope("extract", "game.sfc", "--recording", "run.hrec", "--frame", FRAME, "--out", "a", cwd=folder)
    document = json.loads(
        halscope(
            *("extract", "game.sfc", "--recording", "run.hrec", "--frame", FRAME, "--out", "b", "--json"), cwd=folder
        ).stdout
    )
    for line, sheet in zip(done.stdout.splitlines(), document["sheets"], strict=False):
        path, places, colours = re.fullmatch(r"(\S+): (.*); colours (.*)", line).groups()  # type: ignore[union-attr]
        assert path == sheet["png"].replace("b/", "a/", 1)
        assert places.startswith(f"{sheet['tiles']} tile")
        assert all(f"block {one['block_offset']:#x} ({one['start']})" in places for one in sheet["origins"])
        assert [colours.split()] == sheet["palettes"]
    grey = halscope("extract", "game.sfc", "0x35D23", "--lead", 3, "--out", "grey", cwd=folder)
    assert "colours" not in grey.stdout, "greys are not the game's colours"
    text = halscope("scan", "game.sfc", cwd=folder).stdout
    rom = json.loads(halscope("scan", "game.sfc", "--json", cwd=folder).stdout)["rom"]
    assert f"sha256 {rom['sha256']}" in text
    assert rom["game"]["name"] in text


def test_inject_says_how_full_the_block_is_now(folder: Path) -> None:
    done = halscope("extract", "game.sfc", "0x8821", "--lead", 3, "--out", "coin", cwd=folder)
    assert done.returncode == 0, done.stderr
    png = folder / "coin/hal-008821.png"
    paint_one_colour(png)
    done = halscope("inject", "game.sfc", png, "-o", "coin.bps", cwd=folder)
    (block,) = json.loads(halscope("inject", "game.sfc", png, "-o", "again.bps", "--json", cwd=folder).stdout)["blocks"]
    size, place = block["new_packed_size"], block["packed_size"]
    assert f"coin.bps: hal block at 0x8821: {size} of {place} bytes, {place - size} free\n" in done.stdout


def test_a_terminal_shows_palettes_as_patches(folder: Path) -> None:
    shown = on_a_terminal("replay", folder / "run.hrec", "--frame", FRAME, columns=200)
    assert shown.code == 0
    assert re.search(r"\x1b\[48;2;\d+;\d+;\d+m  \x1b\[0m", shown.text) or "\x1b[48;5;" in shown.text
