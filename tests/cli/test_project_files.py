"""Files other than PNG in a project: palettes, raw tiles and animated sheets work there as by `inject` alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope.cli import main
from halscope.formats.palettes import read_palette, write_palette
from halscope.inject import write_sheet
from halscope.inject.palette_sheet import source_path
from halscope.ppu.cgram import to_rgb
from halscope.project import Project
from PIL import Image
from support.in_process import json_of
from support.rebuilt_rom import Build, build

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
BLOCK = 3
COLOURS = 0x20000
"""Where the made game has plain colours, in noise."""
OTHER = 0x28000
"""Where a test puts the same ones."""


@pytest.fixture(scope="module")
def builds() -> tuple[Build, Build]:
    """Two builds of a game: in the second one all blocks are elsewhere."""
    return build(), build(gap=64)


@pytest.fixture
def here(builds: tuple[Build, Build], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for number, one in enumerate(builds):
        (tmp_path / f"{number}.sfc").write_bytes(one.rom.data.tobytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    return json_of


@pytest.fixture
def palette(here: Path, run: Run) -> Path:
    """An edited palette of plain colours: indices 1 and 5 are magenta."""
    run("palette", "export", "0.sfc", hex(COLOURS), "-o", "hero.gpl")
    colours = read_palette(here / "hero.gpl").colours(nearest=False)
    colours[[1, 5]] = 0x7C1F
    write_palette(here / "hero.gpl", colours, "gpl", "hero")
    return here / "hero.gpl"


def words(image: Path, at: int) -> list[int]:
    return [word & 0x7FFF for word in np.frombuffer(image.read_bytes(), "<u2", 16, at).tolist()]


def test_palettes_come_into_a_project_by_both_commands_and_alone(here: Path, palette: Path, run: Run) -> None:
    run("palette", "import", "0.sfc", palette, "-o", "alone.sfc")
    run("inject", "0.sfc", palette, "-o", "injected.sfc")
    expected = (here / "alone.sfc").read_bytes()
    assert (here / "injected.sfc").read_bytes() == expected
    assert words(here / "alone.sfc", COLOURS)[1] == 0x7C1F
    for number, command in enumerate((("palette", "import"), ("inject",))):
        folder = f"project{number}"
        run("project", "new", folder, "--rom", "0.sfc")
        done = run(*command, "0.sfc", palette, "--project", folder, "-o", f"{number}.bps")
        assert [edit["sheet"] for edit in done["edits"]] == ["hero.gpl"]
        run("project", "apply", folder, "-o", f"out{number}.sfc")
        assert (here / f"out{number}.sfc").read_bytes() == expected
        assert run(*command, "0.sfc", palette, "--project", folder)["changed"] is False
    write_palette(palette, read_palette(palette).colours(nearest=False) * 0, "gpl", "hero")
    run("palette", "import", "0.sfc", palette, "--project", "project0", "--format", "gpl")
    run("project", "apply", "project0", "-o", "black.sfc")
    assert words(here / "black.sfc", COLOURS) == [0] * 16


def test_the_other_places_of_a_palette_are_named_or_edited_in_a_project_too(
    here: Path, palette: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = bytearray((here / "0.sfc").read_bytes())
    rom[OTHER : OTHER + 32] = rom[COLOURS : COLOURS + 32]
    (here / "0.sfc").write_bytes(rom)
    run("palette", "export", "0.sfc", hex(COLOURS), "-o", "two.gpl")
    colours = read_palette(here / "two.gpl").colours(nearest=False)
    colours[[1, 5]] = 0x7C1F
    write_palette(here / "two.gpl", colours, "gpl", "two")
    run("project", "new", "hack", "--rom", "0.sfc")
    notes = run("palette", "import", "0.sfc", "two.gpl", "--project", "hack")["notes"]
    assert any(f"the same colours are also in plain bytes at {OTHER:#x}" in note for note in notes)
    run("project", "apply", "hack", "-o", "one.sfc")
    assert words(here / "one.sfc", OTHER)[1] != 0x7C1F
    run("palette", "import", "0.sfc", "two.gpl", "--project", "hack", "--everywhere")
    run("project", "apply", "hack", "-o", "both.sfc")
    assert words(here / "both.sfc", OTHER) == words(here / "both.sfc", COLOURS) == colours.tolist()
    (edit,) = run("project", "status", "hack")["edits"]
    assert (edit["kind"], edit["tiles"], edit["colours"]) == ("colours", 0, 4)
    capsys.readouterr()
    assert main(["project", "diff", "hack"]) == 0
    assert "two.gpl: 2 runs of colours of uncompressed data" in capsys.readouterr().out
    assert main(["project", "status", "hack"]) == 0
    assert "  4 colours  " in capsys.readouterr().out


def test_each_step_of_a_palette_has_a_picture_of_its_colours_before_and_after(
    here: Path, palette: Path, run: Run
) -> None:
    """Found by its hash, so another project has the same file, byte by byte."""
    pictures = []
    for folder in ("hack", "again"):
        run("project", "new", folder, "--rom", "0.sfc")
        run("palette", "import", "0.sfc", palette, "--project", folder)
        run("palette", "set", "0.sfc", hex(COLOURS + 32), "3=0x001f", "--project", folder)
        steps = run("project", "log", folder)["steps"]
        pictures.append([Path(change["picture"]) for step in steps for change in step])
    (first, second), again = pictures
    assert [path.name for path in again] == [first.name, second.name]
    assert [path.read_bytes() for path in again] == [first.read_bytes(), second.read_bytes()]

    def swatch(path: Path, index: int, *, after: bool) -> tuple[int, ...]:
        with Image.open(path) as image:
            left = (image.width // 2 + 4) * after
            pixel = image.convert("RGB").getpixel((left + 10 * index + 4, 4))
        assert isinstance(pixel, tuple)
        return pixel

    for path, changed, colour in ((first, {1, 5}, (255, 0, 255)), (second, {3}, (255, 0, 0))):
        before, after = ([swatch(path, at, after=which) for at in range(16)] for which in (False, True))
        assert {at for at in range(16) if before[at] != after[at]} == changed
        assert {after[at] for at in changed} == {colour}
    shown = words(here / "0.sfc", COLOURS)
    assert swatch(first, 0, after=False) == tuple(to_rgb(np.array(shown[:1], np.uint16))[0].tolist())
    run("project", "undo", "hack")
    assert second.exists(), "a step that can be done again"


def test_single_colours_are_set_in_a_project_one_after_the_other(
    here: Path, palette: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def set_colours(at: int, *colours: str) -> Any:
        return run("palette", "set", "0.sfc", hex(at), *colours, "--project", "hack")

    def applied() -> list[int]:
        run("project", "apply", "hack", "-o", "out.sfc")
        return words(here / "out.sfc", COLOURS)

    original = words(here / "0.sfc", COLOURS)
    run("project", "new", "hack", "--rom", "0.sfc")
    set_colours(COLOURS, "2=0x1234")
    set_colours(COLOURS, "7=0x0001", "8=0x0002")
    assert applied() == [*original[:2], 0x1234, *original[3:7], 1, 2, *original[9:]]
    set_colours(COLOURS + 14, "0=0x0003", f"1={original[8]:#x}")  # the same colours 7 and 8, named from elsewhere
    assert applied() == [*original[:2], 0x1234, *original[3:7], 3, *original[8:]]
    run("project", "undo", "hack")
    assert applied()[7:9] == [1, 2]
    set_colours(COLOURS, *(f"{number}={original[number]:#x}" for number in (2, 7, 8)))
    assert run("project", "status", "hack")["edits"] == []
    run("palette", "import", "0.sfc", palette, "--project", "hack")
    set_colours(COLOURS, "2=0x1234", "5=0x7c1f")  # as the palette has it
    assert (applied()[1], applied()[2], applied()[5]) == (0x7C1F, 0x1234, 0x7C1F)
    before = (here / "hack" / "project.json").read_bytes()
    assert main(["palette", "set", "0.sfc", hex(COLOURS), "1=5", "--project", "hack"]) == 2
    assert "hero.gpl, makes colour 1 $7c1f already" in capsys.readouterr().err
    assert (here / "hack" / "project.json").read_bytes() == before


@pytest.mark.parametrize("byte", [64, 66])
def test_set_colours_follow_their_block_and_are_set_again_there(
    here: Path, builds: tuple[Build, Build], run: Run, byte: int
) -> None:
    at = [hex(one.offsets[BLOCK]) for one in builds]
    where = ("--codec", "hal", "--byte", byte, "--project", "hack")
    run("project", "new", "hack", "--rom", "0.sfc")
    run("palette", "set", "0.sfc", at[0], "2=0x0111", "3=0x0222", *where)
    run("project", "rebase", "hack", "--rom", "1.sfc")
    run("palette", "set", "1.sfc", at[1], "3=0x0333", *where)
    run("project", "apply", "hack", "-o", "out.sfc")
    data = hal.decode(np.fromfile(here / "out.sfc", np.uint8), int(at[1], 0)).data
    assert (data[byte + 4 : byte + 8].view("<u2") & 0x7FFF).tolist() == [0x0111, 0x0333]


def test_a_palette_follows_its_block_to_another_build(
    here: Path, builds: tuple[Build, Build], run: Run, palette: Path
) -> None:
    at = [one.offsets[BLOCK] for one in builds]
    where = ("--codec", "hal", "--byte", 64, "--count", 16)
    run("palette", "export", "0.sfc", hex(at[0]), *where, "-o", "block.gpl")
    colours = read_palette(here / "block.gpl").colours(nearest=False)
    colours[2] ^= 0x1F
    write_palette(here / "block.gpl", colours, "gpl", "block")
    run("project", "new", "hack", "--rom", "0.sfc")
    run("inject", "0.sfc", "block.gpl", "--project", "hack")
    run("project", "rebase", "hack", "--rom", "1.sfc")
    run("inject", "1.sfc", "block.gpl", "--project", "hack")  # the file is of the first build
    run("project", "apply", "hack", "-o", "out.sfc")
    data = hal.decode(np.fromfile(here / "out.sfc", np.uint8), at[1]).data
    assert data[64:96].view("<u2")[2] & 0x7FFF == colours[2]
    assert [row["state"] for row in run("project", "status", "hack")["edits"]] == ["ok"]
    assert source_path(palette).exists()


@pytest.mark.parametrize("packed", [True, False])
def test_raw_tiles_come_into_a_project_with_their_place_and_follow_it(
    here: Path, builds: tuple[Build, Build], packed: bool, run: Run
) -> None:
    first, second = builds
    at = first.offsets[BLOCK] if packed else first.raw
    old = hal.decode(first.rom.data, at).data.tobytes() if packed else first.rom.data[at : at + 12 * 32].tobytes()
    new = old[:64] + bytes(64) + old[128:]
    (here / "hero.4bpp").write_bytes(new)
    where = ("--at", hex(at), *(() if packed else ("--codec", "raw")))
    run("inject", "0.sfc", "hero.4bpp", *where, "-o", "alone.sfc")
    run("project", "new", "hack", "--rom", "0.sfc")
    done = run("inject", "0.sfc", "hero.4bpp", *where, "--project", "hack")
    assert [edit["sheet"] for edit in done["edits"]] == ["hero.4bpp"]
    run("project", "apply", "hack", "-o", "out.sfc")
    assert (here / "out.sfc").read_bytes() == (here / "alone.sfc").read_bytes()
    run("project", "apply", "hack", "--rom", "1.sfc", "-o", "moved.sfc")
    image = np.fromfile(here / "moved.sfc", np.uint8)
    there = (
        hal.decode(image, second.offsets[BLOCK]).data.tobytes()
        if packed
        else image[second.raw : second.raw + len(new)].tobytes()
    )
    assert there == new
    (here / "hero.4bpp").write_bytes(old)
    assert run("inject", "0.sfc", "hero.4bpp", *where, "--project", "hack")["edits"] == [], "the ROM's take it back"


def test_an_animated_sheet_is_the_projects_png(here: Path, builds: tuple[Build, Build], run: Run) -> None:
    sheet = builds[0].sheet(BLOCK)
    write_sheet(sheet, None, here / "loop.png")
    pixels = sheet.compose().pixels.copy()
    pixels[:8, :8] = 7
    rgba = np.dstack([sheet.rgb[pixels], np.where(pixels % 16, 255, 0).astype(np.uint8)])
    half = sheet.width // 2
    frames = [
        Image.fromarray(np.ascontiguousarray(rgba[y : y + 8, x : x + half]))
        for y in range(0, sheet.height, 8)
        for x in (0, half)
    ]
    frames[0].save(here / "loop.apng", format="PNG", save_all=True, append_images=frames[1:], duration=100)
    (here / "loop.png").unlink()  # its sidecar stays
    run("project", "new", "hack", "--rom", "0.sfc")
    done = run("inject", "0.sfc", "loop.apng", "--project", "hack")
    assert [edit["sheet"] for edit in done["edits"]] == ["loop.png"]
    assert (here / "hack" / "sheets" / "loop.png").is_file()
    with Project.open(here / "hack") as project:
        assert project.painted() == []


def test_what_cannot_come_in_is_named(here: Path, capsys: pytest.CaptureFixture[str], run: Run) -> None:
    run("project", "new", "hack", "--rom", "0.sfc")

    def refused(*words: object) -> str:
        capsys.readouterr()
        assert main(["inject", "0.sfc", *map(str, words), "--project", "hack"]) in (1, 2)
        return capsys.readouterr().err

    (here / "hero.4bpp").write_bytes(bytes(64))
    (here / "hero.aseprite").write_bytes(bytes(64))
    assert "give --at OFFSET" in refused("hero.4bpp")
    assert "--codec is for raw tiles" in refused("hero.4bpp", "--codec", "raw")
    assert "is Aseprite's own file" in refused("hero.aseprite")
    assert "but 2 files are given" in refused("hero.4bpp", "hero.4bpp", "--at", "0x8000")
    assert not (here / "hack" / "sheets").exists()
