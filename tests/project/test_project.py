"""A project's folder: what is in it, who may change it, what a killed process leaves, and what a damaged one says."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from halscope.app._project import refuse_lost
from halscope.inject import Moved, read_sheet, sheet_edit, write_sheet
from halscope.project import (
    CarriedProject,
    LeftEdit,
    Project,
    ProjectState,
    RomBase,
    is_sheet_name,
    new_project,
    project_from_json,
    project_to_json,
    sheet_name,
)
from halscope.project._journal import finish_journal
from halscope_hooks import FormatError, HalscopeError, InjectError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.rebuilt_rom import Build, build, painted

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def game() -> Build:
    return build()


@pytest.fixture
def project(game: Build, tmp_path: Path) -> Iterator[Project]:
    """A project with two edits."""
    with Project.create(tmp_path / "hack", game.rom) as project:
        put(project, game, "hal-008000/a.png", 0, 1)
        put(project, game, "b.png", 1, 3, 5)
        yield project


def put(project: Project, game: Build, name: str, block: int, *tiles: int, colour: int = 5) -> None:
    sheet = game.sheet(block)
    edits = project.state.edits.put([painted(sheet, name, *tiles, colour=colour)], NOON)
    project.save(project.state.with_edits(edits), {name: sheet})


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_folder_has_what_a_person_made_and_no_rom(project: Project, game: Build) -> None:
    pictures = [project.picture(edit) for edit in project.state.edits.edits]
    assert all(pictures)
    assert files(project.folder) == sorted(
        [
            *(".gitignore", "lock", "project.json"),
            *("sheets/b.png", "sheets/b.json", "sheets/hal-008000/a.png", "sheets/hal-008000/a.json"),
            *(path.relative_to(project.folder).as_posix() for path in pictures if path is not None),
        ]
    )
    text = (project.folder / "project.json").read_text()
    assert '"shown"' not in text
    changes = [line for line in text.splitlines() if '"over"' in line or '"new"' in line]
    assert len(changes) == 3, "one line a tile, so that a diff names it"
    assert json.loads(text)["rom"] == {
        "sha256": game.rom.sha256,
        "crc32": game.rom.crc32,
        "title": game.rom.title,
        "size": game.rom.data.size,
    }
    assert sheet_edit(read_sheet(project.sheets / "b.png")).changes == project.state.edits.edit(2).sheet.changes
    project.close()
    again = Project.open(project.folder)
    assert again.state == project.state


def test_a_patch_is_not_refused_for_a_left_edit_whose_sheet_has_another(project: Project, game: Build) -> None:
    left = LeftEdit(project.state.edits.edit(2), "its tiles are nowhere")
    state = replace(project.state.with_edits(project.state.edits.revert(2)), left=(left,))
    with pytest.raises(InjectError, match=r"edit 2 \(b.png\): its tiles are nowhere"):
        refuse_lost(project, CarriedProject(state, {}), "game.sfc")
    state = state.with_edits(state.edits.put([painted(game.sheet(1), "b.png", 2)], NOON))
    assert state.left == (left,)
    refuse_lost(project, CarriedProject(state, {}), "game.sfc")


def test_undone_edits_keep_their_sheets_and_pictures_until_they_cannot_return(project: Project, game: Build) -> None:
    edit = project.state.edits.edit(2)
    before = files(project.folder)
    project.save(project.state.with_edits(project.state.edits.undo()))
    assert files(project.folder) == before
    assert sheet_edit(read_sheet(project.sheets / "b.png")).changes == (), "it shows the original"
    project.save(project.state.with_edits(project.state.edits.redo()))
    assert sheet_edit(read_sheet(project.sheets / "b.png")).changes == edit.sheet.changes
    project.save(project.state.with_edits(project.state.edits.undo()))
    put(project, game, "hal-008000/a.png", 0, 4)
    assert not (project.sheets / "b.png").exists()
    assert project.picture(edit) is None


def test_what_a_person_painted_in_the_project_itself_is_never_written_over(project: Project) -> None:
    png = project.sheets / "b.png"
    sheet = read_sheet(png).sheet
    pixels = sheet.compose().pixels
    pixels[:8, :8] = 7
    write_sheet(sheet, pixels, png)
    assert project.painted() == [png]
    before = png.read_bytes()
    with pytest.raises(UsageError, match=r"sheets/b\.png: was edited, and the project does not have this edit"):
        project.save(project.state.with_edits(project.state.edits.revert(2)))
    assert png.read_bytes() == before
    assert len(project.state.edits.edits) == 2
    assert Project.open(project.folder).state == project.state


def test_a_second_process_is_told_who_has_the_project_and_may_read_it(project: Project) -> None:
    code = (
        "import sys; from halscope.project import Project\nfrom halscope_hooks import HalscopeError\n"
        "print(len(Project.open(sys.argv[1]).state.edits.edits))\n"
        "try: Project.open(sys.argv[1], write=True)\nexcept HalscopeError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(project.folder)]

    def ask() -> list[str]:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-2:]

    count, refused = ask()
    assert count == "2"
    assert f"another Halscope (process {os.getpid()} on " in refused
    project.close()
    assert ask()[-1] == "2", "it may be opened for changes now"


def test_the_lock_of_another_machine_is_believed_and_names_what_to_do(project: Project) -> None:
    project.close()
    (project.folder / "lock").write_text(" 4711 elsewhere\n")
    with pytest.raises(HalscopeError, match=r"process 4711 on elsewhere .* delete .*lock"):
        Project.open(project.folder, write=True)
    (project.folder / "lock").unlink()
    Project.open(project.folder, write=True).close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_process_that_is_killed_anywhere_leaves_a_whole_project(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, TESTS / "support/killed_project.py", tmp_path / "hack", "15", "1"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["saved"] >= 10, counts


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d | {"version": 2}, "version 2; this Halscope reads 1; update it"),
        (lambda d: d | {"format": "other"}, "this is not a Halscope project"),
        (lambda d: d | {"extra": 1}, 'unknown field "extra"'),
        (lambda d: d | {"rom": d["rom"] | {"sha256": "0"}}, '"rom.sha256" is "0"'),
        (lambda d: d | {"position": 9}, "position 9 of 3 states"),
        (lambda d: d["edits"][0].update(kind="palette") or d, "has an edit of the kind 'palette'"),
        (lambda d: d["edits"][0]["sheet"].update(name="../../x.png") or d, "'../../x.png' is not the name of a sheet"),
        (lambda d: d["edits"][0]["sheet"].update(name="/x.png") or d, "'/x.png' is not the name of a sheet"),
        (lambda d: d | {"lineage": [d["rom"], d["rom"]]}, "is in its lineage twice"),
    ],
)
def test_a_damaged_or_newer_file_is_named_with_the_place(project: Project, change: object, says: str) -> None:
    path = project.folder / "project.json"
    project.close()
    document = change(json.loads(path.read_text()))  # type: ignore[operator]
    path.write_text(json.dumps(document))
    for write in (False, True):
        with pytest.raises(FormatError) as caught:
            Project.open(project.folder, write=write)
        assert says in str(caught.value)
        assert str(path) in str(caught.value)
    assert json.loads(path.read_text()) == document, "it stays as it is"


@given(st.data())
def test_any_bytes_in_the_file_are_a_project_or_a_format_error(game: Build, data: st.DataObject) -> None:
    sheet = game.sheet(2)
    state = new_project(game.rom)
    state = state.with_edits(state.edits.put([painted(sheet, "a.png", 1)], NOON))
    whole = project_to_json(state).encode()
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 40))
    mutated = whole[:at] + data.draw(st.binary(max_size=20)) + whole[at + cut :]
    with contextlib.suppress(FormatError):
        project_from_json(mutated, "project.json")


@st.composite
def states(draw: st.DrawFn) -> ProjectState:
    game = build()
    state = new_project(game.rom)
    for number in draw(st.lists(st.integers(0, 3), max_size=4)):
        edit = painted(game.sheet(number), f"{number}.png", draw(st.integers(0, 11)), colour=draw(st.integers(5, 15)))
        state = state.with_edits(state.edits.put([edit], NOON))
    for _ in range(draw(st.integers(0, state.edits.position))):
        state = state.with_edits(state.edits.undo())
    lineage = tuple(
        RomBase(f"{number:064x}", "00000000", draw(st.text("aé?", max_size=3)), 1)
        for number in range(draw(st.integers(0, 2)))
    )
    left = tuple(
        LeftEdit(edit, draw(st.text(max_size=20)), draw(st.sampled_from(("there", "lost"))))
        for edit in state.edits.edits[: draw(st.integers(0, 2))]
    )
    moved = tuple(
        Moved("hal", old, draw(st.integers(0, 0xFFFFFF)), draw(st.integers(1, 9)))
        for old in draw(st.sets(st.integers(0, 0xFFFFFF), max_size=2))
    )
    return ProjectState(state.base, state.edits, lineage, left, moved)


@examples(40, deadline=None)
@given(states())
def test_a_project_is_read_as_it_was_written(state: ProjectState) -> None:
    text = project_to_json(state)
    assert text.isascii()
    assert project_from_json(text, "project.json") == state
    assert project_to_json(project_from_json(text, "project.json")) == text


@pytest.mark.parametrize(
    ("png", "name"),
    [
        ("watch/hal-035d23/32x32-016.png", "hal-035d23/32x32-016.png"),
        ("elsewhere/hal-035d23/32x32-016.png", "hal-035d23/32x32-016.png"),
        ("elsewhere/hero.png", "hero.png"),
        ("hero.PNG", "hero.PNG"),
    ],
)
def test_a_sheet_has_the_same_name_wherever_it_lies(png: str, name: str, tmp_path: Path) -> None:
    assert sheet_name(tmp_path / png, [tmp_path / "watch"]) == name


@pytest.mark.parametrize(
    "name",
    [
        *("../x.png", "/x.png", "a//x.png", "x.txt", ".x.png", "a\\x.png", "c:x.png", "a /x.png"),
        *("con.png", "Nul.tar.png", "LPT0 .png", "com9/x.png", "aux/x.png", "a/COM\u00b9.png"),
    ],
)
def test_names_that_leave_the_folder_or_fail_elsewhere_are_none(name: str) -> None:
    assert not is_sheet_name(name)
    assert is_sheet_name("a/console.png"), "only whole names are devices"


def test_two_names_that_are_one_file_on_some_system_are_refused(project: Project, game: Build, tmp_path: Path) -> None:
    assert sheet_name(tmp_path / "e\u0301.png", []) == "\u00e9.png"
    for name in ("B.PNG", "HAL-008000/a.png"):
        edits = project.state.edits.put([painted(game.sheet(2), name, 1)], NOON)
        with pytest.raises(UsageError, match=f"'{name}' are the same file where case"):
            project.state.with_edits(edits)
    put(project, game, "\u00e9.png", 2, 1)
    edits = project.state.edits.put([painted(game.sheet(2), "e\u0301.png", 2)], NOON)
    with pytest.raises(UsageError, match="are the same file"):
        project.state.with_edits(edits)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    "link", ["journal", "sheets", "sheets/hal-008000", "history", ".stage", "lock", "project.json", "local.json"]
)
def test_a_link_out_of_a_project_is_refused_and_nothing_behind_it_changes(
    project: Project, link: str, write: bool, tmp_path: Path
) -> None:
    project.close()
    path, outside = project.folder / link, tmp_path / "outside"
    if path.exists():
        path.rename(outside)
    else:
        outside.mkdir()
        (outside / "mine.txt").write_text("mine")
    try:
        path.symlink_to(outside)
    except OSError:
        pytest.skip("no symbolic links can be made here")
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    with pytest.raises(UsageError, match=f"{path.name}: is a link, and a project has none"):
        Project.open(project.folder, write=write)
    assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before


@pytest.mark.parametrize("link", ["journal", "journal/sheets", "journal/sheets/a.png"])
def test_a_journal_with_links_moves_no_file(link: str, tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / "hack" / link
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    path.parent.mkdir(parents=True)
    try:
        path.symlink_to(outside)
    except OSError:
        pytest.skip("no symbolic links can be made here")
    with pytest.raises(UsageError, match="is a link"):
        finish_journal(tmp_path / "hack")
    assert files(outside) == ["mine.txt"]
    assert path.is_symlink()


def test_a_folder_with_files_of_its_own_is_refused(game: Build, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".git").mkdir()
    Project.create(tmp_path, game.rom).close()
    with pytest.raises(UsageError, match="has a project already"):
        Project.create(tmp_path, game.rom)
    other = tmp_path / "other"
    (other / "sheets").mkdir(parents=True)
    with pytest.raises(UsageError, match="has a sheets that is not of a project"):
        Project.create(other, game.rom)
    with pytest.raises(UsageError, match="is not a folder"):
        Project.create(tmp_path / "README.md", game.rom)
