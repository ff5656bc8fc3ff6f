"""Tiles of three planes, which the game expands in two ways, are edited live and by a patch, and the game shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace
from halscope.cli import main
from halscope.hosts.libretro import available_cores
from halscope.inject import EditPlan, sheet_from_metasprite, write_sheet
from halscope.ppu.grouping import group_sprites
from halscope.session import Session
from halscope_hooks import Snapshot, Update
from numpy.typing import NDArray
from support import lab_truth
from support.lab_game import LabGame

CORES = [core.name for core in available_cores()[:1]]
FIGURES = {"robots": "3bpp-high", "beetles": "3bpp-low"}


def edited_sheets(workspace: Workspace, update: Update, folder: Path) -> list[Path]:
    """A sheet of each kind, one tile of which is filled with one of its colours; more would not pack as small."""
    assert update.origins is not None
    blocks = {block["name"]: block["offset"] for block in lab_truth.load_truth()["blocks"]}
    written: dict[str, Path] = {}
    for group in group_sprites(update.frame):
        sheet = sheet_from_metasprite(update.frame, group, update.origins, workspace.rom, workspace.plugins.codecs())
        pixels, cell = sheet.composition.pixels.copy(), max(sheet.cells, key=lambda cell: len(set(cell.tile)))
        pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = pixels.max()
        origins = {(cell.origin.block_offset, cell.origin.transform) for cell in sheet.cells if cell.origin is not None}
        for name, transform in FIGURES.items():
            if origins == {(blocks[name], transform)}:
                written[name], _ = write_sheet(sheet, pixels, folder / f"{name}.png")
    return [written[name] for name in FIGURES]


def vram_after(plan: EditPlan) -> NDArray[np.uint8]:
    """The scene's VRAM with the edited tiles expanded, by the truth file."""
    places = {(tile.block_offset, tile.byte_offset): tile for tile in lab_truth.tiles("crystals")}
    changes = [(places[block.block_offset, tile.byte_offset], tile) for block in plan.blocks for tile in block.changes]
    assert {place.transform for place, _ in changes} == set(FIGURES.values())
    vram = lab_truth.vram("crystals")
    for place, tile in changes:
        assert len(tile.new) == 24
        shown = vram[place.vram_byte : place.vram_byte + 32]
        assert shown.tobytes() == lab_truth.expanded(tile.old, place.transform)
        shown[:] = np.frombuffer(lab_truth.expanded(tile.new, place.transform), np.uint8)
    return vram


def picture(snapshot: Snapshot) -> NDArray[np.uint8]:
    assert snapshot.picture is not None
    return snapshot.picture


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_both_expansions_are_edited_in_the_running_game_and_by_a_patch(core: str, tmp_path: Path) -> None:
    workspace = Workspace.open(lab_truth.IMAGE)
    with LabGame(core) as game:
        session = Session(game.host, locate=workspace.tracker())
        update = session.feed(game.go_to("crystals"))
        sheets = edited_sheets(workspace, update, tmp_path)
        edits = LiveEdits(workspace, session, report=print)
        edits.bring_in(sheets, update.snapshot)
        assert edits.plan is not None
        expected = vram_after(edits.plan)
        at_once = game.host.step()
        loaded_again = game.go_to("crystals")
    patched = tmp_path / "patched.sfc"
    assert main(["inject", str(lab_truth.IMAGE), *map(str, sheets), "-o", str(patched)]) == 0
    with LabGame(core, patched) as game:
        booted = game.go_to("crystals")
    for snapshot in (at_once, loaded_again, booted):
        np.testing.assert_array_equal(snapshot.vram, expected)
        assert (picture(snapshot) != picture(update.snapshot)).any(axis=2).sum() > 64
        np.testing.assert_array_equal(picture(snapshot), picture(booted))
