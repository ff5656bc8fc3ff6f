"""Palettes in the watched folder: written as they appear, applied when they are saved, kept in the patch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.app import AppliedEdit, LiveEdits, Workspace
from halscope.app._watched_folder import LOOK_EVERY
from halscope.demo import rom_path
from halscope.formats.palettes import read_palette, write_palette
from halscope.hosts.libretro import available_cores
from halscope.inject import read_palette_sheet
from halscope.session import Session
from halscope_hooks import Update, Write
from support.demo_game import DemoGame
from support.made_host import eventually

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")

LOUD, TRIED = 0x7C1F, 0x03FF


class Play:
    """The meadow with a watched folder."""

    def __init__(self, game: DemoGame, folder: Path) -> None:
        game.go_to("meadow")
        self.said: list[str] = []
        self.applied: list[AppliedEdit] = []
        with rom_path() as path:
            self.workspace = Workspace.open(path)
        self.session = Session(game.host, locate=self.workspace.tracker())
        self.edits = LiveEdits(
            *(self.workspace, self.session, folder), report=self.said.append, applied=self.applied.append
        )

    def run(self, looks: int = 1) -> Update:
        for _ in range(looks * LOOK_EVERY - 1):
            self.look()
        return self.look()

    def look(self) -> Update:
        update = self.session.step()
        assert update is not None
        self.edits.look(update)
        return update

    def palette(self, folder: Path) -> tuple[Path, int]:
        """A palette of sprites that is stored whole, and the number of its first colour."""
        for path in sorted((folder / "palettes").glob("*.gpl")):
            colours = read_palette_sheet(path).colours
            if colours[0].cgram is not None and colours[0].cgram >= 128 and all(one.origin for one in colours):
                return path, colours[0].cgram
        raise AssertionError("no palette was written")


def test_a_saved_palette_changes_the_running_game_and_the_patch_and_can_be_taken_back(tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    with DemoGame(available_cores()[0].name) as game:
        play = Play(game, folder)
        play.run(2)
        path, first = play.palette(folder)
        count = len(list((folder / "palettes").glob("*.gpl")))
        before = path.read_bytes()
        colours = read_palette(path).colours()
        assert (play.run().snapshot.cgram[first : first + 16] & 0x7FFF).tolist() == colours.tolist()
        colours[5] = LOUD
        write_palette(path, colours)
        update = play.run(2)
        assert int(update.snapshot.cgram[first + 5]) == LOUD
        assert [line.partition(" at ")[0] for line in play.said] == [f"palettes/{path.name}: applied to the game"]
        (edit,) = play.applied
        assert edit.shown_frame is not None
        play.edits.write_patch(tmp_path / "out.ips")
        assert "1 colour changed" in play.said[1]
        # The edited colours are not taken for a palette of another place.
        assert len(list((folder / "palettes").glob("*.gpl"))) == count
        assert int(game.go_to("meadow").cgram[first + 5]) == LOUD  # from the edited ROM
        path.write_bytes(before)
        assert int(play.run(2).snapshot.cgram[first + 5]) != LOUD
        assert play.edits.patch is None


def test_a_colour_is_taken_back_before_a_frame_has_shown_what_was_tried_last(tmp_path: Path) -> None:
    with DemoGame(available_cores()[0].name) as game:
        play = Play(game, tmp_path)
        play.run(2)
        path, first = play.palette(tmp_path)
        colours = read_palette(path).colours()
        original = int(colours[5])
        for tried in (TRIED, LOUD):  # as a drag does
            writes = [Write("cgram", 2 * (first + 5), tried.to_bytes(2, "little"))]
            game.host.write(writes)
            play.edits.wrote(writes)
            if tried == TRIED:
                assert int(play.run().snapshot.cgram[first + 5]) == TRIED
        colours[5] = LOUD
        write_palette(path, colours)

        def is_applied() -> bool:
            play.edits.catch_up()
            return bool(play.said)

        assert eventually(is_applied)
        play.edits.step("undo")
        update = play.session.step()
        assert update is not None
        assert int(update.snapshot.cgram[first + 5]) & 0x7FFF == original


def test_a_colour_that_the_console_lacks_is_named_and_the_game_goes_on(tmp_path: Path) -> None:
    with DemoGame(available_cores()[0].name) as game:
        play = Play(game, tmp_path)
        play.run(2)
        path, first = play.palette(tmp_path)
        lines = path.read_text().splitlines()
        lines[6] = "200 201 200\tIndex 2"
        path.write_text("\n".join(lines))
        (tmp_path / "own.gpl").write_text("GIMP Palette\n1 2 3\n")  # not from here: left alone
        before = play.session.step()
        assert before is not None
        update = play.run(2)
        assert np.array_equal(update.snapshot.cgram[first : first + 16], before.snapshot.cgram[first : first + 16])
        (line,) = play.said
        assert "index 2 is #c8c9c8 (200,201,200), the nearest is #c6c6c6" in line
