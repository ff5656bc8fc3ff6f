"""`--everywhere` in a project: the choice is kept for each edit, in its patches, its history and another build."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.app import LiveEdits, LiveProject, Workspace
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import apply_patch, read_sheet, sheet_edit, write_sheet
from halscope.project import Project
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope.session import Session
from halscope_hooks import Update
from support.checksums import fix
from support.demo_game import DemoGame
from support.in_process import json_of
from support.rebuilt_rom import build

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
BLOCK, TILE = 3, 2
COPIES = (0x28000, 0x2A000)
"""Where each of two builds has the tile of the block uncompressed too, in noise."""
FROG, FREE = 0x35D23, 0x5000
"""A block of the demo's ROM, and a place in its padding."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two builds of a game, and the sheet of a block of the first one."""
    for number, (one, copy) in enumerate(zip((build(), build(gap=64)), COPIES, strict=True)):
        image = bytearray(one.rom.data)
        image[copy : copy + 32] = HAL.decode(image, one.offsets[BLOCK]).data[32 * TILE : 32 * TILE + 32].tobytes()
        (tmp_path / f"{number}.sfc").write_bytes(image)
    monkeypatch.chdir(tmp_path)
    assert main(["extract", "0.sfc", hex(build().offsets[BLOCK]), "--out", "."]) == 0
    return tmp_path


@pytest.fixture
def run() -> Run:
    return json_of


def sheet_path() -> Path:
    return Path(f"hal-{build().offsets[BLOCK]:06x}.png")


def paint(number: int, colour: int, png: Path | None = None) -> None:
    png = sheet_path() if png is None else png
    read = read_sheet(png)
    pixels, cell = read.pixels.copy(), read.sheet.cells[number]
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = colour
    write_sheet(read.sheet, pixels, png)


def copy_of(image: str, build_number: int = 0) -> bytes:
    at = COPIES[build_number]
    return Path(image).read_bytes()[at : at + 32]


def test_a_project_keeps_for_each_edit_whether_its_other_places_follow(
    here: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def applied(*more: object) -> str:
        run("project", "apply", "hack", "-o", "out.sfc", *more)
        return "out.sfc"

    original = copy_of("0.sfc")
    run("project", "new", "hack", "--rom", "0.sfc")
    paint(TILE, 5)
    notes = run("inject", "0.sfc", sheet_path(), "--project", "hack")["notes"]
    assert any("--everywhere edits them too" in note for note in notes)
    assert copy_of(applied()) == original
    done = run("inject", "0.sfc", sheet_path(), "--project", "hack", "--everywhere", "-o", "direct.sfc")
    assert done["changed"]
    assert any(f"edited too, in uncompressed bytes at {COPIES[0]:#x}" in note for note in done["notes"])
    five = copy_of(applied())
    assert five != original
    assert Path("direct.sfc").read_bytes() == Path("out.sfc").read_bytes()
    run("inject", "0.sfc", sheet_path(), "--everywhere", "-o", "alone.sfc")
    assert Path("alone.sfc").read_bytes() == Path("out.sfc").read_bytes(), "as without a project"

    paint(TILE, 6)
    run("inject", "0.sfc", sheet_path(), "--project", "hack")
    six = copy_of(applied())
    assert six not in (original, five), "a sheet that comes in again stays as it was chosen"
    (edit,) = run("project", "status", "hack")["edits"]
    assert edit["everywhere"] is True
    run("inject", "0.sfc", sheet_path(), "--project", "hack", "--only-here")
    assert copy_of(applied()) == original
    assert "everywhere" not in run("project", "status", "hack")["edits"][0]
    run("project", "undo", "hack")
    assert copy_of(applied()) == six
    run("project", "undo", "hack")
    assert copy_of(applied()) == five
    assert ["everywhere" in change for step in run("project", "log", "hack")["steps"] for change in step] == [
        *(False, True, True, False)
    ]
    capsys.readouterr()
    assert main(["project", "status", "hack"]) == 0
    assert "ok, everywhere" in capsys.readouterr().out

    assert copy_of(applied("--rom", "1.sfc"), 1) == five, "the other places are those of the ROM at hand"
    run("project", "rebase", "hack", "--rom", "1.sfc")
    assert copy_of(applied(), 1) == five
    run("project", "undo", "hack")
    assert copy_of(applied(), 1) == original


def test_one_edit_is_made_everywhere_and_another_only_here(here: Path, run: Run) -> None:
    """The tile of the second edit stands in another block too, which the first edit does not concern."""
    other = 0x2C000
    image = bytearray(Path("0.sfc").read_bytes())
    second = build().offsets[BLOCK + 1]
    image[other : other + 32] = HAL.decode(image, second).data[:32].tobytes()
    Path("0.sfc").write_bytes(image)
    for offset in (build().offsets[BLOCK], second):
        assert main(["extract", "0.sfc", hex(offset), "--out", ".", "--overwrite"]) == 0
    paint(TILE, 5)
    sheet = read_sheet(Path(f"hal-{second:06x}.png"))
    pixels = sheet.pixels.copy()
    pixels[:8, :8] = 7
    write_sheet(sheet.sheet, pixels, Path(f"hal-{second:06x}.png"))
    run("project", "new", "hack", "--rom", "0.sfc")
    run("inject", "0.sfc", sheet_path(), "--project", "hack", "--everywhere")
    notes = run("inject", "0.sfc", f"hal-{second:06x}.png", "--project", "hack")["notes"]
    run("project", "apply", "hack", "-o", "out.sfc")
    out = Path("out.sfc").read_bytes()
    assert copy_of("out.sfc") != copy_of("0.sfc")
    assert out[other : other + 32] == image[other : other + 32]
    assert any(f"uncompressed bytes at {other:#x}; those copies stay as they are" in note for note in notes)
    assert not any(f"{COPIES[0]:#x}" in note and "stay" in note for note in notes)


@pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")
def test_a_running_game_makes_the_edits_of_its_project_as_they_were_chosen(tmp_path: Path) -> None:
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    frog = HAL.decode(image, FROG).data.tobytes()
    image[FREE : FREE + len(frog)] = frog
    (tmp_path / "game.sfc").write_bytes(fix(image, Mapping.LOROM.header_offset))
    assert main(["extract", str(tmp_path / "game.sfc"), hex(FROG), "--out", str(tmp_path)]) == 0
    png = tmp_path / f"hal-{FROG:06x}.png"
    paint(2, 5, png)
    (change,) = sheet_edit(read_sheet(png)).changes

    def copy(of: bytes) -> bytes:
        return of[FREE + change.origin.byte_offset :][:32]

    def in_game(edits: LiveEdits) -> bytes:
        patch = edits.patch
        rom = Rom.load(tmp_path / "game.sfc")
        return copy(rom.data.tobytes() if patch is None else bytes(apply_patch(rom, patch)))

    @contextlib.contextmanager
    def play(*, everywhere: bool | None) -> Iterator[tuple[LiveEdits, Callable[[], Update]]]:
        workspace = Workspace.open(tmp_path / "game.sfc")
        with DemoGame(available_cores()[0].name, tmp_path / "game.sfc") as game, project_of(workspace.rom) as project:
            game.go_to("meadow")
            session = Session(game.host, locate=workspace.tracker())
            live = LiveProject(project, workspace, project.watched, force=False, report=print)
            edits = LiveEdits(workspace, session, report=print, project=live, everywhere=everywhere)

            def frame() -> Update:
                update = session.step()
                assert update is not None
                edits.look(update)
                return update

            frame()
            if everywhere is not None:
                edits.bring_in([png], frame().snapshot)
            yield edits, frame
            session.close()

    def project_of(rom: Rom) -> Project:
        folder = tmp_path / "hack"
        return Project.open(folder, write=True) if folder.exists() else Project.create(folder, rom)

    with play(everywhere=True) as (edits, frame):
        assert in_game(edits) == change.new
        frame()
        edits.step("undo")
        assert in_game(edits) == change.old
        frame()
        edits.step("redo")
        assert in_game(edits) == change.new
        edits.write_patch(tmp_path / "live.sfc")
    with play(everywhere=None) as (edits, _):
        assert in_game(edits) == change.new, "another game, which was told nothing, has it as the project keeps it"
    with play(everywhere=False) as (edits, _):
        assert in_game(edits) == change.new, "a sheet that is as it was does not change what was chosen"
    assert copy((tmp_path / "live.sfc").read_bytes()) == change.new
    assert main(["project", "apply", str(tmp_path / "hack"), "-o", str(tmp_path / "applied.sfc")]) == 0
    assert (tmp_path / "applied.sfc").read_bytes() == (tmp_path / "live.sfc").read_bytes()
