"""Figures of a recorded frame as sheets: named by what they show, merged and split as asked, on one page."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app import Workspace, known_figures, merge_figures, name_figure, split_figure
from halscope.cli import main
from halscope.demo import truth
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope.inject import read_sheet
from halscope.ppu.compose import compose_screen
from halscope_hooks import UsageError
from PIL import Image
from support.hats import SIDE, blank_tiles, paint_hat
from support.in_process import halscope

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

FRAME = 290  # of the meadow
SAME = 230  # an earlier one with the same frame of the hero


@pytest.fixture(scope="module")
def folder(recorded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo ROM and a recording of it."""
    return shutil.copytree(recorded_demo, tmp_path_factory.mktemp("figures") / "demo")


def extract(folder: Path, out: str, *options: object, frame: int = FRAME) -> dict[str, Path]:
    """Extract a frame's figures; the sheets by name."""
    done = halscope(
        *("extract", "game.sfc", "--recording", "run.hrec", "--frame", frame, "--out", out, "--json", *options),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    sheets = [folder / sheet["png"] for sheet in json.loads(done.stdout)["sheets"]]
    return {sheet.relative_to(folder / out).with_suffix("").as_posix(): sheet for sheet in sheets}


def test_a_figure_has_one_name_wherever_it_is_and_the_name_says_what_it_shows(folder: Path) -> None:
    offsets = {block["name"]: block["offset"] for block in truth()["blocks"]}
    seen: dict[str, set[bytes]] = {}
    for frame in (230, 260, FRAME):
        for name, path in extract(folder, f"names-{frame}", frame=frame).items():
            sheet = read_sheet(path).sheet
            match = re.fullmatch(r"(hal|raw)-([0-9a-f]{6})/(\d+)x(\d+)(w\d+)?-([0-9a-f]+)(-\w+)?", name)
            assert match is not None, name
            assert (sheet.width, sheet.height) == (int(match[3]), int(match[4]))
            origins = [cell.origin for cell in sheet.cells if cell.origin is not None]
            if match[1] == "hal":
                assert int(match[2], 16) in offsets.values()
                assert min(o.byte_offset for o in origins if o.block_offset == int(match[2], 16)) // 32 == int(match[6])
            seen.setdefault(name, set()).add(b"".join(cell.tile for cell in sheet.cells))
    assert all(len(tiles) == 1 for tiles in seen.values()), "one name for two figures"
    frogs = {name for name in seen if name.startswith(f"hal-{offsets['frog']:06x}/")}
    assert frogs
    assert all(re.search(r"/32x32w16-\d{3}(-mirrored)?$", name) for name in frogs), "its rows are 16 tiles apart"


@pytest.mark.parametrize("option", [("--split", "hal-035d32"), ("--merge", "hal-035d23", "hal-035d32")])
def test_a_name_that_no_figure_has_is_refused(option: tuple[str, ...], folder: Path) -> None:
    done = halscope(
        *("extract", "game.sfc", "--recording", "run.hrec", "--frame", FRAME, "--out", "wrong", *option), cwd=folder
    )
    assert done.returncode == 2
    assert f"run.hrec: frame {FRAME}: shows no figure 'hal-035d32'; " in done.stderr
    assert not [*(folder / "wrong").rglob("*.png")]


def test_two_figures_become_one_and_one_its_sprites(folder: Path) -> None:
    plain = extract(folder, "plain")
    frog, mushroom = (next(name for name in plain if name.startswith(block)) for block in ("hal-035d23", "hal-065c5b"))
    tiles = {name: read_sheet(path).sheet.cells for name, path in plain.items()}
    merged = extract(folder, "merged", "--merge", frog, mushroom.partition("/")[0])
    assert {mushroom} <= set(plain) - set(merged) <= {frog, mushroom}  # a second frog may be left
    (name,) = set(merged) - set(plain)
    sheet = read_sheet(merged[name]).sheet
    assert sorted(cell.tile for cell in sheet.cells) == sorted(cell.tile for cell in (*tiles[frog], *tiles[mushroom]))
    again = extract(folder, "split", "--merge", frog, mushroom, "--split", frog)
    assert len(again) > len(plain) or frog in again, "a figure of one sprite stays what it is"
    single = extract(folder, "single", "--single")
    assert set(extract(folder, "all", *(part for name in plain for part in ("--split", name)))) == set(single)


def test_figures_that_were_named_merged_and_split_for_good_are_extracted_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path))
    plain = extract(folder, "unnamed")
    frog, mushroom = (next(name for name in plain if name.startswith(block)) for block in ("hal-035d23", "hal-065c5b"))
    workspace = Workspace.open(folder / "game.sfc")
    assert name_figure(workspace, frog, "The frog!") == f"{frog.partition('/')[0]}/The_frog"
    with pytest.raises(UsageError, match="is called 'The frog!' already"):
        name_figure(workspace, f"{frog.partition('/')[0]}/8x8-999", "the frog")
    named = extract(folder, "named")
    assert set(named) - set(plain) == {"hal-035d23/The_frog"}
    with RecordingReader(folder / "run.hrec") as reader:
        snapshot = reader[FRAME]
    frame, origins = decode_frame(snapshot), workspace.index().locate_vram(snapshot.vram)
    figures = known_figures(workspace, frame, origins).figures
    pair = [next(one for one in figures if one.key == key) for key in (frog, mushroom)]
    merge_figures(workspace, frame, origins, pair)
    merged = set(extract(folder, "joined")) - set(named)
    (whole,) = merged
    split_figure(workspace, whole)
    assert set(extract(folder, "apart")) == set(named)
    merge_figures(workspace, frame, origins, pair)  # a merge takes its own split back
    assert set(extract(folder, "again")) - set(named) == merged


def test_a_hat_can_be_painted_on_the_hero(folder: Path) -> None:
    """On a blank tile, which many places in the ROM equal: the game draws it there and changes nothing else."""
    walks = next(f"hal-{block['offset']:06x}" for block in truth()["blocks"] if block["name"] == "pip_walk")
    (hero,) = [path for path in extract(folder, "hat").values() if path.parent.name == walks and blank_tiles(path)]
    colour = paint_hat(hero)
    assert main(["inject", str(folder / "game.sfc"), str(hero), "-o", str(folder / "hat.sfc")]) == 0
    with RecordingReader(folder / "run.hrec") as reader:
        before = compose_screen(decode_frame(reader[SAME])).rgb
    with LibretroHost(folder / "hat.sfc", registers=False, wram=False) as host:
        for number in range(SAME + 1):
            host.press(["start"] if 150 <= number <= 152 else [])
            after = host.step().picture
    assert after is not None
    rows, columns = np.nonzero((before >> 3 != after >> 3).any(axis=2))
    assert len(rows) == SIDE**2
    assert np.ptp(rows) == np.ptp(columns) == SIDE - 1
    assert (after[rows, columns] >> 3 == np.array(colour) >> 3).all()


def test_the_page_shows_every_sheet_and_says_where_it_is_from(folder: Path) -> None:
    sheets = extract(folder, "page")
    page = (folder / "page/index.html").read_text("utf-8")
    pictures = re.findall(r'<img src="([^"]+)" width="(\d+)" height="(\d+)"', page)
    assert {source for source, _, _ in pictures} == {f"{name}.png" for name in sheets}
    for source, width, height in pictures:
        with Image.open(folder / "page" / source) as image:
            assert int(width) % image.width == 0
            assert int(width) // image.width == int(height) // image.height >= 2, "small figures are enlarged"
    assert page.count("hal block 0x") == len(sheets)
    assert "12 sheets" in page or f"{len(sheets)} sheets" in page


def test_text_names_each_sheet_with_its_origin(folder: Path) -> None:
    done = halscope("extract", "game.sfc", "0x35D23", "--lead", 3, "--out", "text", cwd=folder)
    assert done.stdout.splitlines() == [
        "text/hal-035d23.png: 64 tiles of hal block 0x35d23 (pointer); lead 3",
        "text/index.html: all of them on one page",
    ]
