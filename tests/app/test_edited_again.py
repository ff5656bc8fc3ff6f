"""Tiles that were edited in a running game keep their origin: they are located, exported and edited again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from halscope.app import LiveEdits, LiveProject, Workspace, sheet_of_sprite
from halscope.app._watched_folder import LOOK_EVERY
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import Sheet, apply_patch, on_original, read_sheet, write_sheet
from halscope.ppu.coverage import coverage
from halscope.project import Project
from halscope.session import Session
from halscope_hooks import TILE_BYTES, Update
from support.demo_game import DemoGame
from support.painting import paint_one_colour

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]


class Play:
    """The demo game at the meadow, whose sheets appear in a folder."""

    def __init__(self, game: DemoGame, folder: Path, project: Project | None = None) -> None:
        folder.mkdir(exist_ok=True)
        with rom_path() as path:
            self.workspace = Workspace.open(path)
        self.said: list[str] = []
        self.folder = folder
        self.session = Session(game.host, locate=self.workspace.tracker())
        live = (
            None
            if project is None
            else LiveProject(project, self.workspace, folder, force=False, report=self.said.append)
        )
        self.edits = LiveEdits(self.workspace, self.session, folder, report=self.said.append, project=live)

    def run(self, looks: int) -> Update:
        last: Update | None = None
        for _ in range(looks * LOOK_EVERY):
            last = self.session.step()
            assert last is not None
            self.edits.look(last)
        assert last is not None
        return last


def whole(folder: Path) -> list[Path]:
    """The sheets all of whose tiles can be edited, the largest ones last."""
    read = {path: read_sheet(path).sheet for path in sorted(folder.glob("hal-*/*.png"))}
    found = [path for path, sheet in read.items() if all(cell.origin is not None for cell in sheet.cells)]
    return sorted(found, key=lambda path: len(read[path].cells))


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Play, Path, Update]]:
    """A game with an edited figure, the figure's sheet, and a frame that shows it."""
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path_factory.mktemp("sheets"))
        play.run(2)
        png = whole(play.folder)[-1]
        paint_one_colour(png)
        update = play.run(3)
        assert play.edits.plan is not None, play.said
        yield play, png, update


def edited_units(play: Play, update: Update) -> list[int]:
    """The units of VRAM that hold tiles that the edits have made."""
    assert play.edits.plan is not None
    new = {change.new for edit in play.edits.plan.edits for change in edit.changes if len(set(change.new)) > 2}
    vram = update.snapshot.vram.reshape(-1, TILE_BYTES)
    return [unit for unit in range(len(vram)) if vram[unit].tobytes() in new]


def test_an_edited_tile_is_located_where_it_was_made_and_counts_as_known(edited: tuple[Play, Path, Update]) -> None:
    play, png, update = edited
    units = edited_units(play, update)
    assert units
    assert update.origins is not None
    places = {
        (cell.origin.block_offset, cell.origin.byte_offset) for cell in read_sheet(png).sheet.cells if cell.origin
    }
    for unit in units:
        best = update.origins.at(unit * TILE_BYTES)[0]
        assert (best.block_offset, best.byte_offset) in places
    plain = play.workspace.index()
    for _ in range(600):  # the figure is in VRAM before it comes on the screen
        alone = coverage(update.frame, plain.locate_vram(update.snapshot.vram))
        if set(alone.sprites) - {"known", "plain"}:
            break
        update = play.run(1)
        assert update.origins is not None
    assert set(alone.sprites) - {"known", "plain"}, "the index alone does not know the edited tiles"
    assert set(coverage(update.frame, update.origins).sprites) <= {"known", "plain"}


def test_the_figure_that_is_pointed_at_is_a_sheet_of_the_original_rom(
    edited: tuple[Play, Path, Update], tmp_path: Path
) -> None:
    play, _, update = edited
    for _ in range(600):
        numbers = [number for number in range(128) if shows_an_edit(play, update, number)]
        if numbers:
            break
        update = play.run(1)
    path = sheet_of_sprite(play.workspace, update, numbers[0], tmp_path)
    sheet = read_sheet(path).sheet
    assert any(cell.rom_tile is not None for cell in sheet.cells)
    plain = replace(sheet, cells=tuple(replace(cell, tile=cell.original, rom_tile=None) for cell in sheet.cells))
    write_sheet(plain, None, path)
    sheet_of_sprite(play.workspace, update, numbers[0], tmp_path)
    assert read_sheet(path).sheet.cells == sheet.cells, "a sheet from before the edit shows it from now on"
    paint_one_colour(path)
    mine = path.read_bytes()
    sheet_of_sprite(play.workspace, update, numbers[0], tmp_path)
    assert path.read_bytes() == mine, "what was painted and is not in the game yet stays"


def test_a_sheet_shows_the_edit_while_vram_has_the_old_tiles(edited: tuple[Play, Path, Update]) -> None:
    play, png, _ = edited
    sheet = read_sheet(png).sheet
    contained = play.workspace.running.rom
    assert contained is not None
    shown = on_original(sheet, play.workspace.rom, play.workspace.plugins.codecs(), contained)
    made = {change.place: change.new for edit in play.edits.edits.edits for change in edit.sheet.changes}
    assert {
        place: shown.cells[cells[0]].tile
        for place, cells in shown.places.items()
        if shown.cells[cells[0]].rom_tile is not None
    } == made


def shows_an_edit(play: Play, update: Update, number: int) -> bool:
    """Whether a sprite that is on the screen shows a tile that the edits have made."""
    sprite = update.frame.sprites[number]
    on_screen = sprite.x > -8 and sprite.y < 216 and sprite.pixels.any()
    return bool(on_screen and {int(at) // TILE_BYTES for at in sprite.cells.flat} & {*edited_units(play, update)})


def test_a_figure_with_edited_tiles_is_exported_and_edited_again(
    edited: tuple[Play, Path, Update], tmp_path: Path
) -> None:
    play, png, _ = edited
    before = play.edits.edits
    for path in (png, png.with_suffix(".json")):
        path.rename(tmp_path / path.name)  # as in a later session, with another folder
    play.edits._game.running.shown.clear()
    play.edits._game.running.looks.clear()
    play.run(8)
    assert png.exists(), play.said
    again = read_sheet(png).sheet
    assert any(cell.rom_tile is not None for cell in again.cells)
    new = {change.new for edit in before.edits for change in edit.sheet.changes}
    assert {cell.tile for cell in again.cells if cell.rom_tile is not None} <= new
    assert again.rom_sha256 == play.workspace.rom.sha256
    play.run(1)
    assert play.edits.edits.edits == before.edits, "an exported sheet is no edit"
    blank_one_tile(png, again)
    play.run(3)
    [edit] = play.edits.edits.edits
    assert any(change.over for change in edit.sheet.changes), play.said
    kept = {change.place for one in before.edits for change in one.sheet.changes}
    assert kept <= {change.place for change in edit.sheet.changes}, "the tiles that were not painted again stay edited"
    patch = play.edits.patch
    assert patch is not None
    assert apply_patch(play.workspace.rom, patch)


def blank_one_tile(png: Path, sheet: Sheet) -> None:
    """Erase the first edited tile of a sheet."""
    cell = next(cell for cell in sheet.cells if cell.rom_tile is not None)
    pixels = sheet.compose().pixels.copy()
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 0
    write_sheet(sheet, pixels, png)
