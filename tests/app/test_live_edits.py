"""A watched folder: sheets are written as metasprites appear, saves reach the game, bad ones are only reported."""

from __future__ import annotations

import html
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import AppliedEdit, LiveEdits, Regrouping, Workspace, _new_sheets, _watched_folder
from halscope.app._watched_folder import LOOK_EVERY
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet, write_sheet
from halscope.session import Session
from halscope_hooks import Update
from PIL import Image
from support.demo_game import DemoGame
from support.hats import blank_tiles, paint_hat
from support.made_host import eventually
from support.painting import paint_one_colour

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


class Play:
    """The demo ROM with a watched folder."""

    def __init__(self, game: DemoGame, folder: Path, regrouping: Regrouping | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.said: list[str] = []
        with rom_path() as path:
            self.workspace = Workspace.open(path)
        self.session = Session(game.host, locate=self.workspace.tracker())
        self.applied: list[AppliedEdit] = []
        self.edits = LiveEdits(
            *(self.workspace, self.session, folder),
            regrouping=regrouping,
            report=self.said.append,
            applied=self.applied.append,
        )
        self.folder = folder

    def run(self, looks: int) -> Update:
        for _ in range(looks * LOOK_EVERY - 1):
            self.look()
        return self.look()

    def look(self) -> Update:
        update = self.session.step()
        assert update is not None
        self.edits.look(update)
        return update

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def sheet_on_screen(self) -> Path:
        """A sheet whose tiles are all editable, the largest one."""
        sheets = [
            path
            for path in sorted(self.folder.glob("hal-*/*.png"))
            if all(cell.origin is not None for cell in read_sheet(path).sheet.cells)
        ]
        return max(sheets, key=lambda path: len(read_sheet(path).sheet.cells))


def test_a_save_that_the_system_reports_waits_for_no_look_at_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(2)
        watched = play.edits._watched
        assert watched is not None
        watched._folder.watch()  # as with threads, where the first look does it
        monkeypatch.setattr(_watched_folder, "LOOK_EVERY", 1 << 30)
        png = play.sheet_on_screen()
        while not play.edits.wants_frame:  # until the folder is watched
            (tmp_path / "other.png").touch()
            time.sleep(0.01)
        paint_one_colour(png)
        deadline = time.monotonic() + 60
        while not any("applied to the game" in line for line in play.said) and time.monotonic() < deadline:
            play.look()
        assert [line for line in play.said if line.startswith(f"{play.name(png)}: applied to the game at frame ")]
        play.look()
        [edit] = play.applied
        assert (edit.edit, edit.saved_ns, edit.shown_frame) == (
            play.name(png),
            png.stat().st_mtime_ns,
            edit.written_frame + 1,
        )
        play.edits.finish()


def test_a_save_is_applied_to_a_running_game_before_the_next_frame_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watched_folder, "RUNNING", -1.0)
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(2)
        watched = play.edits._watched
        assert watched is not None
        folder = watched._folder
        folder.watch(watched._take_at_once)  # as with threads, where the first look does it
        png = play.sheet_on_screen()
        paint_one_colour(png)

        def eventually_saved() -> bool:
            png.touch()  # until the folder is watched
            return folder.may_have_changed

        assert eventually(eventually_saved)
        assert not play.edits.edits.edits, "the game stands still: the next look applies it"
        monkeypatch.setattr(_watched_folder, "RUNNING", 1e9)

        def eventually_applied() -> bool:
            png.touch()
            return bool(play.edits.edits.edits)

        assert eventually(eventually_applied)
        play.edits.finish()
        assert [line for line in play.said if line.startswith(f"{play.name(png)}: applied to the game at frame ")]


def test_a_save_reaches_the_game_and_a_bad_one_is_said(tmp_path: Path) -> None:
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(2)
        assert (tmp_path / "screen.png").exists()
        png = play.sheet_on_screen()
        paint_one_colour(png)
        bad = next(path for path in sorted(tmp_path.glob("hal-*/*.png")) if path != png)
        bad.write_bytes(b"no picture")
        count = len(list(tmp_path.glob("hal-*/*.png")))
        update = play.run(4)
        assert any(
            line.startswith(f"{png.parent.name}/{png.name}") and "applied to the game" in line for line in play.said
        )
        assert any(bad.name in line and "PNG" in line for line in play.said)
        assert play.edits.plan is not None
        new = {tile.new for block in play.edits.plan.blocks for tile in block.changes}
        there = {update.snapshot.vram[at : at + 32].tobytes() for at in range(0, 0x10000, 32)}
        assert new & there
        hero = next(
            path for path in sorted(tmp_path.glob("hal-*/*.png")) if path not in (png, bad) and blank_tiles(path)
        )
        paint_hat(hero)
        play.run(2)
        assert any(line.startswith(f"{play.name(hero)}: applied to the game") for line in play.said)
        (hat,) = [tile.new for block in play.edits.plan.blocks for tile in block.changes if not any(tile.old)]
        assert any(hat in play.look().snapshot.vram.tobytes() for _ in range(60)), "the hero walks past its frames"
        said = len(play.said)
        play.run(2)
        assert len(play.said) == said, "nothing was saved, and nothing is to be said"
        assert len(list(tmp_path.glob("hal-*/*.png"))) >= count


def test_new_sheets_are_written_while_an_edit_is_being_made(tmp_path: Path) -> None:
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        with play.edits._game.turn(wait=True) as mine:
            assert mine
            play.look()
            assert play.sheet_on_screen().exists()
        play.edits.finish()


@pytest.mark.slow
def test_a_deleted_sheet_is_said_with_what_becomes_of_its_edit(tmp_path: Path) -> None:
    folder, output = tmp_path / "w", tmp_path / "edit.bps"
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, folder)
        play.run(2)
        edited = play.sheet_on_screen()
        paint_one_colour(edited)
        play.run(3)
        assert "applied" in play.said[0]
        play.said.clear()
        kept = edited.read_bytes()
        edited.unlink()
        play.run(1)
        edited.write_bytes(kept)  # as an editor does that deletes a file before it writes it anew
        play.run(3)
        assert [line for line in play.said if "deleted" in line] == []
        others = [path for path in sorted(folder.glob("hal-*/*.png")) if path != edited][:2]
        for path in (edited, *others):
            path.unlink()
        play.said.clear()
        play.run(5)
        assert play.said == [
            f"{play.name(edited)}: was deleted, but its edit stays in the game and in the patch; put the "
            "unedited sheet there again to take it back",
            f"{folder}: 2 sheets without edits were deleted; what is deleted is not written again before the next "
            "start",
        ]
        assert not any(path.exists() for path in (edited, *others))
        assert play.name(edited) not in (folder / "index.html").read_text("utf-8")
        play.edits.write_patch(output)
    assert output.exists()


@pytest.mark.slow
def test_saved_sheets_that_are_not_in_the_patch_are_named(tmp_path: Path) -> None:
    """One is refused, the other is saved too late to be read; the unedited ones stay silent."""
    folder, output = tmp_path / "w", tmp_path / "edit.bps"
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, folder)
        play.run(2)
        late = play.sheet_on_screen()
        bad = next(path for path in sorted(folder.glob("hal-*/*.png")) if path != late)
        bad.write_bytes(b"no picture")
        play.run(3)
        paint_one_colour(late)
        play.said.clear()
        play.edits.write_patch(output)
    assert play.said == [
        f"{play.name(bad)}: its edit is not in {output}: it was refused, as reported above",
        f"{play.name(late)}: its edit is not in {output}: the game ended before it was applied; add it with "
        "`halscope inject` or --edit",
        f"{output}: not written, no edit was applied",
    ]


@pytest.mark.slow
def test_edits_of_an_earlier_run_come_back_and_unedited_sheets_stay_silent(tmp_path: Path) -> None:
    core = available_cores()[0].name
    with DemoGame(core) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(1)
        edited = play.sheet_on_screen()
        paint_one_colour(edited)
    work = edited.read_bytes()
    with DemoGame(core) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(3)
        files = [line.partition(":")[0] for line in play.said if not line.startswith("note: ")]
        assert files == [f"{edited.parent.name}/{edited.name}"]
        play.edits.write_patch(tmp_path / "edit.bps")
    assert edited.read_bytes() == work
    assert (tmp_path / "edit.bps").read_bytes()[:4] == b"BPS1"


def test_the_palettes_of_what_appears_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "watched"
    folder.mkdir()
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, folder)
        play.run(1)
        play.edits.finish()
    seen = {(one.codec, one.block_offset, one.colours) for one in play.workspace.knowledge.load().palettes}
    sheets = [read_sheet(path).sheet for path in folder.glob("*-*/*.png")]
    assert seen == {
        (cell.origin.codec, cell.origin.block_offset, tuple(sheet.palettes[cell.palette].tolist()))
        for sheet in sheets
        for cell in sheet.cells
        if cell.origin is not None and cell.origin.codec != "raw"
    }
    assert seen
    assert not play.said


@pytest.mark.slow
def test_sheets_of_a_frame_that_differs_from_the_cores_picture_say_so(tmp_path: Path) -> None:
    with DemoGame(available_cores()[0].name) as game:
        snapshot = game.go_to("meadow")
        assert snapshot.picture is not None
        for name, picture in (("true", snapshot.picture), ("wrong", snapshot.picture ^ np.uint8(0x80))):
            play = Play(game, tmp_path / name)
            play.edits.look(play.session.feed(replace(snapshot, picture=picture)))
            play.edits.finish()
    doubt = "decoded graphics differ from the emulator's picture: something changed while it was drawn"
    for name, doubts in (("true", ()), ("wrong", (doubt,))):
        paths = list((tmp_path / name).glob("*-*/*.png"))
        assert len(paths) > 3
        assert all(read_sheet(path).sheet.doubts == doubts for path in paths)
        page = html.unescape((tmp_path / name / "index.html").read_text("utf-8"))
        assert page.count("<figcaption>") == len(paths)
        assert page.count(f"; {doubt}</small>") == len(paths) * len(doubts)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_said_once_and_the_edits_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, folder)
        play.run(2)
        paint_one_colour(play.sheet_on_screen())
        play.run(3)
        assert any("applied to the game" in line for line in play.said)
        shutil.rmtree(folder)
        folder.touch()  # what a full disk is: nothing can be written there
        said = len(play.said)
        play.run(3)
        assert [line.partition(";")[2] for line in play.said[said:]] == [" nothing was changed; the game goes on"]
        folder.unlink()
        folder.mkdir()
        play.run(2)
        assert (folder / "screen.png").exists(), "the folder is used again as soon as it can be"
        play.edits.write_patch(tmp_path / "edit.bps")
    assert (tmp_path / "edit.bps").read_bytes()[:4] == b"BPS1"


@pytest.mark.slow
def test_two_figures_are_one_sheet_whose_edit_reaches_both(tmp_path: Path) -> None:
    core = available_cores()[0].name
    (tmp_path / "plain").mkdir()
    (tmp_path / "merged").mkdir()
    with DemoGame(core) as game:
        game.go_to("meadow")
        Play(game, tmp_path / "plain").run(1)
    blocks = sorted(path.name for path in (tmp_path / "plain").glob("hal-*"))
    with DemoGame(core) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path / "merged", Regrouping(merges=((blocks[0], blocks[1]),)))
        play.run(2)
        both = {int(block.removeprefix("hal-"), 16) for block in blocks[:2]}
        (png,) = [path for path in (tmp_path / "merged").glob("hal-*/*.png") if blocks_of(path) == both][:1]
        with Image.open(png) as image:
            shown = np.asarray(image.convert("RGBA")).copy()
        shown[:, :, 3] = 0  # erased, in both palettes: packs smaller than before
        Image.fromarray(shown).save(png)
        play.run(3)
        assert play.edits.plan is not None, play.said
        assert {block.block_offset for block in play.edits.plan.blocks} == both


def blocks_of(png: Path) -> set[int]:
    return {cell.origin.block_offset for cell in read_sheet(png).sheet.cells if cell.origin is not None}


@pytest.mark.slow
def test_the_limit_of_sheets_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_new_sheets, "MOST_SHEETS", 3)
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(3)
        assert play.edits.sheets == 3
    assert len(list(tmp_path.glob("*-*/*.png"))) == 3
    assert [line.partition(": ")[2][:26] for line in play.said] == ["3 sheets have appeared, an"]


@pytest.mark.slow
def test_sheets_of_an_earlier_build_are_replaced_where_they_hold_no_edit(tmp_path: Path) -> None:
    core = available_cores()[0].name
    with DemoGame(core) as game:
        game.go_to("meadow")
        Play(game, tmp_path).run(1)
    paths = sorted(tmp_path.glob("hal-*/*.png"))
    for path in paths:  # as if another build of the ROM had written them
        sheet = read_sheet(path).sheet
        write_sheet(replace(sheet, rom_sha256="0" * 64), None, path)
    paint_one_colour(paths[0])
    work = paths[0].read_bytes()
    with DemoGame(core) as game:
        game.go_to("meadow")
        play = Play(game, tmp_path)
        play.run(1)
    assert paths[0].read_bytes() == work
    hashes = {path: read_sheet(path).sheet.rom_sha256 for path in paths}
    assert {path for path in paths if hashes[path] == "0" * 64} == {paths[0]}
    assert any("another ROM" in line for line in play.said)


@pytest.mark.slow
def test_where_nothing_can_be_remembered_that_is_said_once_and_sheets_appear_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALSCOPE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").touch()
    folder = tmp_path / "watched"
    folder.mkdir()
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        play = Play(game, folder)
        play.run(3)
    assert [line.partition(":")[0] for line in play.said] == ["knowledge about this ROM is not saved"]
    assert list(folder.glob("hal-*/*.png"))
