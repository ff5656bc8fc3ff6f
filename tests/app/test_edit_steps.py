"""Undo, redo and revert of a running game's edits: the game, the watched files and the project follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.app import LiveEdits, LiveProject, Workspace, block_use, uses_in_sheets
from halscope.app._watched_folder import LOOK_EVERY
from halscope.demo import rom_path, truth
from halscope.formats.palettes import read_palette, write_palette
from halscope.hosts.libretro import available_cores
from halscope.inject import on_original, read_palette_sheet, read_sheet, sheet_edit, write_sheet
from halscope.project import Project, open_own_project
from halscope.session import Session
from halscope_hooks import HalscopeError, Update, UsageError
from PIL import Image
from support.demo_game import DemoGame
from support.painting import paint_one_colour

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")

LOUD = 0x7C1F


class Play:
    """The meadow with a project."""

    def __init__(self, game: DemoGame, folder: Path) -> None:
        game.go_to("meadow")
        self.said: list[str] = []
        self.told = 0
        with rom_path() as path:
            self.workspace = Workspace.open(path)
        self.project = Project.create(folder, self.workspace.rom)
        self.watched = self.project.watched
        self.watched.mkdir()
        self.session = Session(game.host, locate=self.workspace.tracker())
        live = LiveProject(self.project, self.workspace, self.watched, force=False, report=self.said.append)
        self.edits = LiveEdits(self.workspace, self.session, self.watched, report=self.said.append, project=live)
        self.edits.reports.listener = self.hear

    def hear(self) -> None:
        self.told += 1

    def run(self, looks: int = 2) -> Update:
        for _ in range(looks * LOOK_EVERY - 1):
            self.look()
        return self.look()

    def look(self) -> Update:
        update = self.session.step()
        assert update is not None
        self.edits.look(update)
        return update

    def sheet(self) -> Path:
        """The largest sheet whose tiles are all editable."""
        sheets = [
            path
            for path in sorted(self.watched.glob("hal-*/*.png"))
            if all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
        ]
        return max(sheets, key=lambda path: len(read_sheet(path).sheet.cells))

    def kept(self) -> list[str]:
        """The edits that the project's folder holds now."""
        with Project.open(self.project.folder) as project:
            return [edit.name for edit in project.state.edits.edits]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    with DemoGame(available_cores()[0].name) as game:
        playing = Play(game, tmp_path / "hack")
        playing.run()
        with playing.project:
            yield playing


def test_sheets_and_palettes_are_one_history_that_game_files_and_project_follow(play: Play) -> None:
    png = play.sheet()
    palette = next(
        path
        for path in sorted(play.watched.glob("palettes/*.gpl"))
        if (all(one.origin for one in read_palette_sheet(path).colours) and read_palette_sheet(path).colours[0].cgram)
    )
    first = read_palette_sheet(palette).colours[5].cgram
    assert first is not None
    original = {path: path.read_bytes() for path in (png, palette)}
    paint_one_colour(png)
    play.run()
    colours = read_palette(palette).colours()
    colours[5] = LOUD
    write_palette(palette, colours)
    assert int(play.run().snapshot.cgram[first]) == LOUD
    names = [path.relative_to(play.watched).as_posix() for path in (png, palette)]
    assert play.kept() == names

    view = play.edits.view()
    assert [edit.sheet for edit in view.edits] == names
    written = view.edits[0].blocks[0]
    assert written.text == f"{written.packed:,} of {written.room:,} bytes"
    assert sum(block.colours for block in view.edits[1].blocks) == 1
    assert [news.kind for news in view.news if news.kind in ("applied", "refused")] == ["applied", "applied"]
    assert play.told >= 2
    swatches = play.edits.picture(2, view.edits[1].id)
    assert [one for one, two in zip(swatches.after, swatches.before, strict=True) if one != two] == ["#ff00ff"]
    png_picture = play.edits.picture(2, view.edits[0].id).png
    assert png_picture is not None
    assert png_picture.startswith(b"\x89PNG")

    play.edits.step("undo")
    assert int(play.run().snapshot.cgram[first]) != LOUD
    assert read_palette(palette).colours().tolist() == read_palette_sheet(palette).words.tolist()
    assert play.kept() == names[:1]
    play.edits.step("undo")
    assert not sheet_edit(read_sheet(png)).changes
    assert play.kept() == []
    play.edits.step("redo")
    play.edits.step("redo")
    assert int(play.run().snapshot.cgram[first]) == LOUD
    assert int(read_palette(palette).colours()[5]) == LOUD
    assert sheet_edit(read_sheet(png)).changes
    play.edits.step("revert", view.edits[0].id)
    play.run()
    assert not sheet_edit(read_sheet(png)).changes
    assert play.kept() == names[1:]
    assert [step.what for step in play.edits.view().steps] == ["made", "made", "reverted"]
    with pytest.raises(UsageError, match="there is no edit to redo"):
        play.edits.step("redo")
    with pytest.raises(UsageError, match="there is no edit 99"):
        play.edits.step("revert", 99)
    assert play.kept() == names[1:]
    assert original[png] != b""


def test_an_undo_takes_back_what_was_saved_before_the_next_frame(play: Play) -> None:
    """The newest step is the newest save, however few frames the game sends."""
    png, palette = play.sheet(), min(play.watched.glob("palettes/*.gpl"))
    paint_one_colour(png)
    play.run()
    first = read_sheet(png)
    second = first.pixels.copy()
    second[:8, :8] = first.pixels[0, 0] // first.sheet.colours * first.sheet.colours + 1
    assert second.tobytes() != first.pixels.tobytes()
    write_sheet(first.sheet, second, png)
    colours = read_palette(palette).colours()
    before, colours[5] = int(colours[5]), LOUD
    write_palette(palette, colours)

    play.edits.step("undo")  # both were saved, and no frame has come since
    play.edits.step("undo")
    assert read_sheet(png).pixels.tobytes() == first.pixels.tobytes(), "as it was saved before"
    assert int(read_palette(palette).colours()[5]) == before
    play.edits.step("redo")
    play.edits.step("redo")
    assert read_sheet(png).pixels.tobytes() == second.tobytes()
    assert int(read_palette(palette).colours()[5]) == LOUD


def test_a_save_that_was_refused_is_not_written_over_by_a_step(play: Play) -> None:
    png = play.sheet()
    paint_one_colour(png)
    play.run()
    Image.new("P", (8, 8)).save(png)  # of another size, so it is refused
    saved = png.read_bytes()
    for step, edits in (("undo", 0), ("redo", 1)):
        play.edits.step(step)  # type: ignore[arg-type] # mypy sees a str
        assert len(play.edits.edits.edits) == edits
        assert png.read_bytes() == saved
    assert [*play.edits.view().refused] == [play.edits.view().edits[0].sheet]
    assert any("was refused, so the file stays" in line for line in play.said)


def test_an_edit_that_was_taken_back_is_not_reported_as_shown(play: Play) -> None:
    def news() -> list[str]:
        return [one.kind for one in play.edits.view().news]

    paint_one_colour(play.sheet())
    while "applied" not in news():
        play.look()
    shows = play.session.step()
    assert shows is not None
    play.edits.saw(shows.snapshot)  # and the undo comes before this frame is looked at
    play.edits.step("undo")
    play.look()
    assert news()[-1] == "undone"
    assert "shown" not in news()


def test_sheets_that_were_exported_with_an_edit_follow_its_steps(play: Play) -> None:
    png = play.sheet()
    original = read_sheet(png)
    paint_one_colour(png)
    play.run()
    contained = play.workspace.running.rom
    codecs = play.workspace.plugins.codecs()
    shows = on_original(original.sheet, play.workspace.rom, codecs, contained)
    assert any(cell.rom_tile is not None for cell in shows.cells)
    copy, mine = (play.watched / f"{name}.png" for name in ("copy", "mine"))
    for path in (copy, mine):
        write_sheet(shows, None, path)  # as key E exports the figure now
    last = next(cell for cell in reversed(shows.cells) if cell.rom_tile is not None)
    pixels = shows.compose().pixels.copy()
    pixels[last.y : last.y + 8, last.x : last.x + 8] = pixels[last.y, last.x] // shows.colours * shows.colours + 3
    write_sheet(shows, pixels, mine)
    play.run()
    assert [edit.sheet for edit in play.edits.view().edits][1:] == ["mine.png"], play.said
    play.edits.step("revert", play.edits.view().edits[0].id)
    for path in (copy, mine):
        now = read_sheet(path)
        differs = {cell.origin for cell in now.sheet.cells if cell.rom_tile is not None}
        assert differs == {last.origin}, "what the other sheet made is gone"
        assert now.pixels[last.y, last.x] == pixels[last.y, last.x], "what this one made stays"
    play.run()
    assert [edit.sheet for edit in play.edits.view().edits] == ["mine.png"], "no file that was written is an edit"
    play.edits.step("undo")
    again, before = (
        [cell for cell in sheet.cells if cell.origin != last.origin] for sheet in (read_sheet(copy).sheet, shows)
    )
    assert again == before, "it shows the other sheet's tiles again"
    refused = pixels.copy()
    refused[:8, :8] = 1
    write_sheet(read_sheet(copy).sheet, refused, copy)
    play.edits._watched._folder.settle(copy)  # type: ignore[union-attr] # read, and not in the game
    saved = copy.read_bytes()
    play.edits.step("redo")
    assert copy.read_bytes() == saved, "what a person has painted is not written over"


def test_a_step_is_made_while_the_game_sends_no_frames(play: Play) -> None:
    png = play.sheet()
    before = play.look().snapshot.vram.tobytes()
    paint_one_colour(png)
    play.run()
    changes = [change for edit in play.edits.edits.edits for change in edit.sheet.changes]
    tiles = {change.new for change in changes if change.new not in before}
    assert tiles
    for action, there in (("undo", False), ("redo", True), ("undo", False)):
        play.edits.step(action)  # type: ignore[arg-type] # mypy sees a str
        memory = play.session.step()
        assert memory is not None
        vram = memory.snapshot.vram.tobytes()
        assert any(tile in vram for tile in tiles) is there, action


def test_who_uses_a_tile_counts_figures_sheets_and_the_room_of_its_block(play: Play) -> None:
    update = play.run()
    assert update.origins is not None
    cell = read_sheet(play.sheet()).sheet.cells[0]
    assert cell.vram_byte is not None
    assert cell.origin is not None
    block = next(one for one in truth()["blocks"] if one["offset"] == cell.origin.block_offset)
    use = block_use(play.workspace, cell.origin)
    assert (use.packed, use.tiles) == (block["packed_size"], block["size"] // 32)
    assert use.pointers == play.workspace.index().references("hal", block["offset"])[0].parts[:1]
    sheets = uses_in_sheets(play.watched, cell.origin)
    mine = next(one for one in sheets if play.watched / one.sheet == play.sheet())
    places = [one.origin for one in read_sheet(play.sheet()).sheet.cells if one.origin is not None]
    assert mine.same == sum(one.byte_offset == cell.origin.byte_offset for one in places)
    assert mine.block == sum(one.block_offset == cell.origin.block_offset for one in places)
    (play.watched / "other.json").write_text('{"cells": "\\"block_offset\\":' + str(block["offset"]) + ',"}')
    assert uses_in_sheets(play.watched, cell.origin) == sheets


def test_a_rom_has_a_project_of_its_own_which_one_process_may_change(tmp_path: Path) -> None:
    with rom_path() as path:
        rom = Workspace.open(path).rom
    with open_own_project(rom) as project:
        assert project.folder.name == f"halscope-demo-{rom.sha256[:12]}"
        with pytest.raises(HalscopeError, match="another Halscope"):
            open_own_project(rom)
    with open_own_project(rom) as again:
        assert again.folder == project.folder
