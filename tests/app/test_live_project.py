"""The project of a running game: its sheets in the watched folder, another build of the ROM, and a folder that goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveProject, Workspace
from halscope.formats.palettes import read_palette, write_palette
from halscope.inject import (
    ColourEdit,
    Sheet,
    SheetEdit,
    palette_edit,
    palette_of_edit,
    read_edited_palette,
    read_sheet,
    sheet_edit,
    write_palette_sheet,
    write_sheet,
)
from halscope.plugins import Plugins
from halscope.project import Project
from halscope_hooks import RAW_CODEC, HalscopeError, Origin, UsageError
from support.rebuilt_rom import BLOCKS, Build, build, painted

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Begun:
    """A project with an edit of block 3, `a.png`, and the folder of a game's sheets."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = build(), build([*range(BLOCKS - 1, -1, -1)], gap=5)
        self.watched = folder / "watched"
        self.said: list[str] = []
        self.project = Project.create(folder / "hack", self.first.rom)
        sheet = self.first.sheet(3)
        edits = self.project.state.edits.put([painted(sheet, "a.png", 1, 2)], NOON)
        self.project.save(self.project.state.with_edits(edits), {"a.png": sheet})

    @property
    def png(self) -> Path:
        return self.watched / "a.png"

    def play(self, with_build: Build) -> LiveProject:
        """What `play --project` does before the game runs."""
        workspace = Workspace(with_build.rom, Plugins())
        return LiveProject(self.project, workspace, self.watched, force=False, report=self.said.append)

    def shown(self) -> SheetEdit:
        return sheet_edit(read_sheet(self.png))

    def paint(self, colour: int) -> None:
        """Paint another tile of the watched sheet, as a person does."""
        read = read_sheet(self.png)
        pixels = read.pixels.copy()
        cell = read.sheet.cells[7]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = colour
        write_sheet(read.sheet, pixels, self.png)


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Begun]:
    begun = Begun(tmp_path)
    with begun.project:
        yield begun


def test_the_sheets_of_the_edits_are_there_and_follow_the_project(begun: Begun) -> None:
    live = begun.play(begun.first)
    assert [edit.name for edit in live.edits.edits] == [str(begun.png)]
    assert begun.shown().changes == live.edits.edits[0].sheet.changes
    project = begun.project
    project.save(project.state.with_edits(project.state.edits.undo()))
    assert begun.play(begun.first).edits.edits == ()
    assert begun.shown().changes == (), "what was undone would else come back from the folder"
    project.save(project.state.with_edits(project.state.edits.redo()))
    begun.play(begun.first)
    assert len(begun.shown().changes) == 2
    assert begun.said == []


def test_what_a_person_painted_while_nothing_ran_stays(begun: Begun) -> None:
    begun.play(begun.first)
    begun.paint(9)
    before = begun.png.read_bytes()
    begun.play(begun.first)
    assert begun.png.read_bytes() == before


def test_in_another_build_edits_sheets_and_unsaved_work_are_carried_over(begun: Begun) -> None:
    begun.play(begun.first)
    live = begun.play(begun.second)
    assert "1 edit carried over, 1 of them moved; 0 without a place" in begun.said[0]
    assert begun.project.state.base.sha256 == begun.second.rom.sha256
    assert read_sheet(begun.png).sheet.rom_sha256 == begun.second.rom.sha256
    assert begun.shown().changes == live.edits.edits[0].sheet.changes
    begun.paint(9)
    begun.play(begun.first)
    shown = begun.shown()
    assert shown.rom_sha256 == begun.first.rom.sha256
    assert len(shown.changes) == 3
    assert {change.origin.block_offset for change in shown.changes} == {begun.first.offsets[3]}


def test_a_folder_that_goes_is_reported_once_and_fails_at_the_end(begun: Begun) -> None:
    live = begun.play(begun.first)
    begun.paint(9)
    shutil.rmtree(begun.project.folder)
    edits = live.edits.put([sheet_edit(read_sheet(begun.png))], NOON)
    live.save(edits, ())
    live.save(edits, ())
    (line,) = begun.said
    assert line.startswith(f"the project is not saved: {begun.project.folder}: cannot be written: ")
    assert line.endswith("; the game goes on")
    with pytest.raises(HalscopeError, match="cannot be written"):
        live.finish()
    assert not begun.project.folder.exists()


def colours_edited(of: Build, colour: int) -> SheetEdit:
    """An edit of sixteen uncompressed colours."""
    old = of.rom.data[of.raw : of.raw + 32].view("<u2").astype(np.uint16)
    new = old.copy()
    new[5] = colour
    origin = Origin(RAW_CODEC, of.raw, 0, "content")
    return palette_edit("palettes/a.gpl", "hero", of.rom.sha256, [ColourEdit(origin, old, new, (*range(128, 144),))])


def test_a_palette_of_the_project_stands_in_the_watched_folder_as_the_project_has_it(begun: Begun) -> None:
    path, project = begun.watched / "palettes/a.gpl", begun.project
    edit = colours_edited(begun.first, 0x1F)
    project.save(project.state.with_edits(project.state.edits.put([edit], NOON)))
    begun.play(begun.first)
    assert read_edited_palette(path).changes == edit.changes, "a fresh clone has the file, and it changes nothing more"
    colours = read_palette(path).colours()
    colours[5] = 0x3E0
    write_palette(path, colours)
    begun.play(begun.first)
    assert int(read_palette(path).colours()[5]) == 0x3E0, "what a person painted stays"
    colours[5] = 0x1F
    write_palette(path, colours)
    project.save(project.state.with_edits(project.state.edits.undo()))
    begun.play(begun.first)
    assert not path.exists(), "what was undone does not come back"


def save(sheet: Sheet, path: Path, *tiles: int) -> SheetEdit:
    """Save a sheet elsewhere, with these tiles painted."""
    path.parent.mkdir(exist_ok=True)
    pixels = sheet.compose().pixels
    for number in tiles:
        cell = sheet.cells[number]
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = 5
    return sheet_edit(read_sheet(write_sheet(sheet, pixels, path)[0]))


def test_another_figure_of_the_same_name_does_not_take_an_edit_s_place(begun: Begun, tmp_path: Path) -> None:
    live = begun.play(begun.first)
    path = tmp_path / "other/a.png"
    save(begun.first.sheet(9), path, 3)
    with pytest.raises(UsageError, match=r"another sheet of the name a\.png, from other places"):
        live.name_of(path)
    palette = tmp_path / "other/a.gpl"
    mine = colours_edited(begun.first, 0x1F)
    project = begun.project
    project.save(project.state.with_edits(project.state.edits.put([replace(mine, name="a.gpl")], NOON)))
    elsewhere = replace(mine.changes[0], origin=Origin(RAW_CODEC, begun.first.raw + 0x40, 0, "content", "colours"))
    sheet, colours = palette_of_edit(replace(mine, changes=(elsewhere,)))
    write_palette(palette, colours, write_palette_sheet(sheet, palette), sheet.title)
    with pytest.raises(UsageError, match=r"another palette of the name a\.gpl"):
        live.name_of(palette)


def test_an_edit_from_elsewhere_is_not_taken_back_by_the_watched_sheet_of_its_name(
    begun: Begun, tmp_path: Path
) -> None:
    project = begun.project
    begun.play(begun.first)
    project.save(project.state.with_edits(project.state.edits.undo()))
    live = begun.play(begun.first)
    assert begun.shown().changes == ()
    path = tmp_path / "other/a.png"
    edit = save(begun.first.sheet(3), path, 4)
    name = live.name_of(path)
    live.save(live.edits.put([replace(edit, name=name)], NOON), ())
    live.show([name])
    assert begun.shown().changes == edit.changes
    begun.paint(9)
    with pytest.raises(UsageError, match="holds an edit that the project does not have"):
        live.name_of(path)


def test_two_files_of_one_name_are_refused(begun: Begun, tmp_path: Path) -> None:
    live = begun.play(begun.first)
    assert live.name_of(tmp_path / "a/hero.png") == live.name_of(tmp_path / "a/hero.png")
    with pytest.raises(UsageError, match="same name"):
        live.name_of(tmp_path / "b/hero.png")
