"""A block that has outgrown its place is moved: the game finds it by the rewritten pointers and shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace
from halscope.demo import rom_path
from halscope.export import bps, ips
from halscope.inject import EditPlan, apply_patch, make_room, sheet_from_block, to_patch, write_sheet
from halscope.inject.model import EditedSheet
from halscope.ppu import decode_frame
from halscope.ppu.compose import compose_screen
from halscope.session import Session
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support.demo_game import TILE_BYTES, DemoGame
from support.planning import plan_edit

SCENE, BLOCK = "cave", "jelly"
SETTLE = 40  # frames into a scene, when everything is on screen


def noisy_sheet(workspace: Workspace, block: dict[str, Any], seed: int = 1) -> EditedSheet:
    """An edit of a whole block that packs to far more than its place holds: noise, without transparent pixels."""
    sheet = sheet_from_block(
        workspace.rom, workspace.codec("hal"), block["offset"], start="pointer", lead=block["lead"]
    )
    noise = np.random.default_rng(seed).integers(1, 16, (sheet.height, sheet.width), np.uint8)
    return EditedSheet(sheet, noise, "noise.png")


def picture(snapshot: Snapshot) -> NDArray[np.uint8]:
    assert snapshot.picture is not None
    return snapshot.picture


def at_moment(game: DemoGame) -> Snapshot:
    snapshot = game.go_to(SCENE)
    while game.word(snapshot, "scene_frame") < SETTLE:
        snapshot = game.host.step()
    return snapshot


def assert_shown(game: DemoGame, snapshot: Snapshot, plan: EditPlan) -> None:
    """Every tile in VRAM that is from the block is the edited one, and the core's picture is what we draw of them."""
    (block,) = plan.blocks
    shown = 0
    for tile, (codec, block_offset, byte_offset) in game.known_tiles(snapshot).items():
        if (codec, block_offset) == block.key:
            wanted = block.new_data[byte_offset : byte_offset + TILE_BYTES]
            assert snapshot.vram[tile * TILE_BYTES : (tile + 1) * TILE_BYTES].tobytes() == wanted, hex(tile)
            shown += wanted != block.old_data[byte_offset : byte_offset + TILE_BYTES]
    assert shown > 8
    ours = compose_screen(decode_frame(snapshot))
    np.testing.assert_array_equal(ours.rgb >> 3, picture(snapshot)[: ours.rgb.shape[0]] >> 3)


@pytest.mark.slow
def test_the_game_shows_a_moved_block(core: str, tmp_path: Path) -> None:
    with rom_path() as path:
        workspace = Workspace.open(path)
    with DemoGame(core) as game:
        before = at_moment(game)
        block = next(block for block in game.truth["blocks"] if block["name"] == BLOCK)
    plan = plan_edit(workspace.rom, workspace.codecs(), noisy_sheet(workspace, block), index=workspace.index())
    room = make_room(plan, workspace.index())
    (move,) = room.moves
    assert move.old == block["offset"]
    image = apply_patch(workspace.rom, to_patch(plan, room))
    source = workspace.rom.data.tobytes()
    assert bps.apply(source, bps.create(source, image)) == ips.apply(source, ips.create(source, image)) == image
    with DemoGame(core, image) as game:
        after = at_moment(game)
        assert_shown(game, after, plan)
    assert (picture(before) != picture(after)).any(axis=2).sum() > 100


@pytest.mark.slow
def test_a_running_game_is_moved_along_and_back(tmp_path: Path) -> None:
    """A sheet that does not fit is read from its new place when the scene is loaded again, and can be undone."""
    with rom_path() as path:
        workspace = Workspace.open(path)
    said: list[str] = []
    with DemoGame("snes9x") as game:
        snapshot = at_moment(game)
        block = next(block for block in game.truth["blocks"] if block["name"] == BLOCK)
        edited = noisy_sheet(workspace, block)
        png, _ = write_sheet(edited.sheet, edited.pixels, tmp_path / "noise.png")
        edits = LiveEdits(workspace, Session(game.host), report=said.append)
        edits.bring_in([png], snapshot)
        assert edits.plan is not None
        assert_shown(game, at_moment(game), edits.plan)  # decoded anew
        plan, patch = edits.plan, edits.patch
        edits.take(edits.edits.undo(), game.host.step())
        original = at_moment(game)
        for tile, place in game.known_tiles(original).items():
            if place[:2] == plan.blocks[0].key:
                wanted = plan.blocks[0].old_data[place[2] : place[2] + TILE_BYTES]
                assert original.vram[tile * TILE_BYTES : (tile + 1) * TILE_BYTES].tobytes() == wanted
    assert patch is not None
    assert "moved: " in patch.summary
    assert any("it moves to 0x" in line for line in said), said
    assert any("needs the patched ROM to be loaded again" in line for line in said), said
