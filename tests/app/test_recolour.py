"""Colours that a person tries in the running game and stores: by the palettes of the watched folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from halscope.app import LiveEdits, Recolouring, Workspace
from halscope.app._watched_folder import LOOK_EVERY
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.inject import palette_of_edit, read_edited_palette, read_palette_sheet
from halscope.session import Session
from halscope_hooks import InjectError, Snapshot, UsageError
from support.demo_game import DemoGame

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

LOUD = 0x7C1F
MEADOW = next(block for block in truth()["blocks"] if block["name"] == "meadow_palettes")


class Meadow(NamedTuple):
    """The demo game's meadow with a watched folder."""

    game: DemoGame
    session: Session
    edits: LiveEdits
    desk: Recolouring
    folder: Path
    workspace: Workspace

    def run(self, frames: int = LOOK_EVERY) -> Snapshot:
        for _ in range(frames):
            update = self.session.step()
            assert update is not None
            self.edits.look(update)
        assert update is not None
        return update.snapshot


@pytest.fixture
def meadow(tmp_path: Path) -> Iterator[Meadow]:
    with DemoGame(available_cores()[0].name) as game:
        game.go_to("meadow")
        with rom_path() as path:
            workspace = Workspace.open(path)
        session = Session(game.host, locate=workspace.tracker())
        edits = LiveEdits(workspace, session, tmp_path, report=lambda _: None)
        yield Meadow(game, session, edits, Recolouring(lambda: workspace, tmp_path), tmp_path, workspace)


def test_a_colour_is_tried_in_the_game_and_stored_where_the_build_has_it(meadow: Meadow) -> None:
    now, colour = meadow.run(), 16 * 14 + 5
    old = int(now.cgram[colour])
    found = meadow.desk.describe(now, colour)
    assert found is not None
    (first, *_) = found["places"]
    assert (first["codec"], first["block_offset"], first["byte_offset"]) == ("hal", MEADOW["offset"], 2 * colour)
    assert first["snes"] == meadow.workspace.rom.to_snes(MEADOW["offset"])
    assert found["why"] == ""
    for word in (0x001F, LOUD):  # as while a picker is dragged
        meadow.game.host.write(meadow.desk.attempt(now, {colour: word}, meadow.session.info))
        now = meadow.run(1)
        assert int(now.cgram[colour]) == word
    stored = meadow.desk.store(now, {colour: LOUD})
    assert stored["places"] == 1
    assert (meadow.folder / stored["files"][0]).exists()
    now = meadow.run()
    (edit,) = meadow.edits.edits.edits
    assert [change.origin.block_offset for change in edit.sheet.changes] == [MEADOW["offset"]]
    # The ROM does not hold the edited colour, but its place is known, and it can be edited again.
    again = meadow.desk.describe(now, colour)
    assert again is not None
    assert again["places"][0]["byte_offset"] == 2 * colour
    assert again["word"] == LOUD
    meadow.desk.store(now, {colour: old})
    meadow.run()
    assert not meadow.edits.edits.edits
    assert int(meadow.run().cgram[colour]) == old


def test_a_stored_colour_stays_known_to_the_next_run_which_has_only_the_edit(meadow: Meadow) -> None:
    now, colour = meadow.run(), 16 * 14 + 5
    meadow.desk.store(now, {colour: LOUD})
    now = meadow.run()
    assert int(now.cgram[colour]) == LOUD
    meadow.workspace.palettes.made = ()  # another process stored it
    found = Recolouring(lambda: meadow.workspace, meadow.folder).describe(now, colour)
    assert found is not None
    assert found["places"][0]["byte_offset"] == 2 * colour


def test_a_palette_changes_here_only_or_everywhere(meadow: Meadow) -> None:
    """Palettes that two of the demo's scenes share stand in both of their blocks."""
    now = meadow.run()
    colour, found = next(
        (colour, found)
        for colour in range(129, 256, 16)
        if (found := meadow.desk.describe(now, colour)) is not None and found["copies"]
    )
    assert {one["block_offset"] for one in found["copies"]} <= {
        block["offset"] for block in truth()["blocks"] if block["kind"] == "palettes"
    }
    assert found["everywhere"] is False
    stored = meadow.desk.store(now, {colour: LOUD}, everywhere=True)
    assert stored["places"] == 1 + len(found["copies"])
    path = meadow.folder / stored["files"][0]
    edit = read_edited_palette(path)
    assert len({change.origin.block_offset for change in edit.changes}) == stored["places"]
    sheet, words = palette_of_edit(edit)  # as a project keeps it
    assert sheet.edit(edit.name, words) == edit
    assert sheet.copies == read_palette_sheet(path).copies
    now = meadow.run()
    again = meadow.desk.describe(now, colour)
    assert again is not None
    assert again["everywhere"] is True
    assert meadow.desk.store(now, {colour: LOUD})["places"] == 1
    assert not read_palette_sheet(path).copies


def test_what_cannot_be_stored_is_said_and_nothing_is_written(meadow: Meadow) -> None:
    now = meadow.run()
    cgram = now.cgram.copy()
    cgram[64:80] = np.arange(16) * 1999 + 1
    made_up = replace(now, cgram=cgram)
    found = meadow.desk.describe(made_up, 70)
    assert found is not None
    assert found["places"] == []
    assert "the game computes it" in found["why"]
    before = sorted(meadow.folder.rglob("*"))
    with pytest.raises(InjectError, match="colour 70: no place in the ROM"):
        meadow.desk.store(made_up, {70: LOUD})
    with pytest.raises(UsageError, match="256 colours of 15 bits"):
        meadow.desk.store(now, {70: 0x8000})
    with pytest.raises(UsageError, match="--watch"):
        Recolouring(lambda: meadow.workspace).store(now, {229: LOUD})
    assert sorted(meadow.folder.rglob("*")) == before
