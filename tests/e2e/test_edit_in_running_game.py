"""An edited PNG changes the running game at once, survives animation and reloads, and its patch does the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace
from halscope.app._patch_files import write_patch
from halscope.demo import rom_path
from halscope.inject import EditPlan, sheet_from_block, sheet_from_metasprite, sheet_from_raw, write_sheet
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope.session import Session
from halscope_hooks import Snapshot, Update, Write
from numpy.typing import NDArray
from PIL import Image
from pypatchergba import patcher
from support.cores import E2E_CORES, most_on_the_first
from support.demo_game import TILE_BYTES, DemoGame

LASTING = 300  # frames
HUD_LINES = 32  # the coin counter is above; it depends on what was played before
SETTLE = 40  # frames into a scene, when everything is on screen


@dataclass(frozen=True)
class Subject:
    """An edited object: where it is visible, and how its graphics get into VRAM."""

    scene: str
    blocks: tuple[str, ...]


SUBJECTS = {
    "streamed from WRAM": Subject("meadow", ("pip_idle", "pip_walk", "pip_jump", "pip_cheer")),
    "raw, by DMA from the ROM": Subject("keep", ("boss",)),
    "loaded once": Subject("cave", ("jelly",)),
}


def paint(png: Path) -> None:
    """Edit as in an image editor: everything but the outline in one colour; saved as RGBA, without metadata."""
    with Image.open(png) as image:
        entries = np.asarray(image)
        shown = np.asarray(image.convert("RGBA")).copy()
    common = max(range(2, 16), key=lambda entry: int((entries == entry).sum()))
    shown[entries >= 2] = shown[entries == common][0]
    Image.fromarray(shown).save(png)


def sheets(workspace: Workspace, game: DemoGame, subject: Subject, folder: Path) -> list[Path]:
    written = []
    for name in subject.blocks:
        raw = next((raw for raw in game.truth["raw"] if raw["name"] == name), None)
        if raw is not None:
            sheet = sheet_from_raw(workspace.rom, raw["offset"], raw["size"] // TILE_BYTES, columns=8)
        else:
            block = next(block for block in game.truth["blocks"] if block["name"] == name)
            sheet = sheet_from_block(
                workspace.rom, workspace.codec("hal"), block["offset"], start="pointer", lead=block["lead"]
            )
        path, _ = write_sheet(sheet, None, folder / f"{name}.png")
        paint(path)
        written.append(path)
    return written


def edited_tiles_in(game: DemoGame, snapshot: Snapshot, plan: EditPlan) -> int:
    """Check every tile in VRAM that comes from an edited place according to the build; returns how many were edited."""
    blocks = {(block.codec, block.block_offset): block for block in plan.blocks}
    count = 0
    for tile, (codec, block_offset, byte_offset) in game.known_tiles(snapshot).items():
        block = blocks.get((codec, block_offset))
        if block is None:
            continue
        wanted = block.new_data[byte_offset : byte_offset + TILE_BYTES]
        shown = snapshot.vram[tile * TILE_BYTES : (tile + 1) * TILE_BYTES].tobytes()
        assert shown == wanted, f"frame {snapshot.frame}: VRAM tile {tile} is not the edited one"
        count += wanted != block.old_data[byte_offset : byte_offset + TILE_BYTES]
    return count


def picture(snapshot: Snapshot) -> NDArray[np.uint8]:
    assert snapshot.picture is not None
    return snapshot.picture


def at_moment(game: DemoGame, scene: str) -> Snapshot:
    snapshot = game.go_to(scene)
    while game.word(snapshot, "scene_frame") < SETTLE:
        snapshot = game.host.step()
    return snapshot


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "kind"), most_on_the_first(E2E_CORES, SUBJECTS, ["streamed from WRAM"]), indirect=["core"]
)
def test_an_edit_shows_stays_and_leaves_as_a_patch(core: str, kind: str, tmp_path: Path) -> None:
    subject = SUBJECTS[kind]
    with rom_path() as path:
        workspace = Workspace.open(path)
    with DemoGame(core) as game:
        snapshot = at_moment(game, subject.scene)
        edits = LiveEdits(workspace, Session(game.host), report=print)
        state = game.host.save_state()
        before = picture(game.host.step())
        game.host.load_state(state)
        edits.bring_in(sheets(workspace, game, subject, tmp_path), snapshot)
        assert edits.plan is not None
        assert edits.patch is not None
        after = game.host.step()
        assert edited_tiles_in(game, after, edits.plan) > 0
        changed = (before != picture(after)).any(axis=2)
        assert changed.sum() > 20, "the edit is not on the screen"
        ours = compose_screen(Session(game.host).feed(after).frame)
        np.testing.assert_array_equal(ours.rgb >> 3, picture(after)[: ours.rgb.shape[0]] >> 3)
        for snapshot in game.frames(LASTING):
            if game.ready(snapshot):
                edited_tiles_in(game, snapshot, edits.plan)
        reloaded = at_moment(game, subject.scene)
        assert edited_tiles_in(game, reloaded, edits.plan) > 0
    patched = patch_with_others(workspace, edits, tmp_path)
    with DemoGame(core, patched) as game:
        booted = at_moment(game, subject.scene)
        assert edited_tiles_in(game, booted, edits.plan) > 0
        np.testing.assert_array_equal(picture(booted)[HUD_LINES:], picture(reloaded)[HUD_LINES:])


def patch_with_others(workspace: Workspace, edits: LiveEdits, folder: Path) -> bytes:
    """The patched image: as an independent program makes it from our BPS and our IPS, and as our own copy."""
    assert edits.patch is not None
    for ending in (".bps", ".ips", ".sfc"):
        write_patch(workspace, edits.patch, folder / f"edit{ending}")
    source = workspace.rom.data.tobytes()
    copy = (folder / "edit.sfc").read_bytes()
    assert bytes(patcher.apply_bps(source, (folder / "edit.bps").read_bytes())) == copy
    assert bytes(patcher.apply_ips(source, (folder / "edit.ips").read_bytes())) == copy
    assert copy != source
    return copy


@pytest.mark.slow
def test_a_second_save_replaces_the_first_and_undoing_brings_the_original_back(core: str, tmp_path: Path) -> None:
    with rom_path() as path:
        workspace = Workspace.open(path)
    with DemoGame(core) as game:
        session = Session(game.host, locate=workspace.tracker())
        update = session.feed(at_moment(game, "meadow"))
        assert update.origins is not None
        frog = max(group_sprites(update.frame), key=lambda group: named(game, update, group.indices[0]) == "frog")
        png, _ = write_sheet(
            sheet_from_metasprite(update.frame, frog, update.origins, workspace.rom), None, tmp_path / "frog.png"
        )
        original = png.read_bytes()
        edits = LiveEdits(workspace, session, report=print)
        snapshot = update.snapshot
        tiles = []
        for entry in (9, 1):
            fill(png, original, entry)
            edits.bring_in([png], snapshot)
            snapshot = game.host.step()
            assert edits.plan is not None
            assert edited_tiles_in(game, snapshot, edits.plan) > 0
            tiles.append(edits.plan.blocks[0].new_data)
        assert tiles[0] != tiles[1]
        edited_rom = edits.patch
        assert edited_rom is not None
        png.write_bytes(original)
        edits.bring_in([png], snapshot)
        snapshot = game.host.step()
        assert edits.plan is not None
        assert edits.plan.blocks == ()
        for tile, (codec, block_offset, byte_offset) in game.known_tiles(snapshot).items():
            if codec == "hal":
                data = workspace.codec("hal").decode(workspace.rom.data, block_offset).data.tobytes()
                shown = snapshot.vram[tile * TILE_BYTES : (tile + 1) * TILE_BYTES].tobytes()
                assert shown == data[byte_offset : byte_offset + TILE_BYTES]
        # The host refuses a write if its expected bytes are not there, which proves that the ROM is restored.
        for write in edited_rom.rom:
            place = slice(write.offset, write.offset + len(write.data))
            there = workspace.rom.data[place].tobytes()
            game.host.write([Write("rom", write.offset, there, there)])


def named(game: DemoGame, update: Update, index: int) -> str:
    """The build's name of the block that a sprite's first tile comes from."""
    assert update.origins is not None
    found = update.origins.origins[int(update.frame.sprites[index].cells[0, 0]) // TILE_BYTES]
    names = {block["offset"]: block["name"] for block in game.truth["blocks"]}
    return names.get(found[0].block_offset, "") if found else ""


def fill(png: Path, original: bytes, entry: int) -> None:
    """Fill all opaque pixels with one colour of the palette."""
    png.write_bytes(original)
    with Image.open(png) as image:
        colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        shown = np.asarray(image.convert("RGBA")).copy()
    shown[shown[:, :, 3] > 0, :3] = colours[entry]
    Image.fromarray(shown).save(png)
