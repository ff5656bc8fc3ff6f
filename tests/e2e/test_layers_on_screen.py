"""An edited background layer changes the running game, and its patch does the same, pixel for pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace, inject
from halscope.demo import rom_path
from halscope.inject import Sheet, read_sheet, sheet_from_layer, write_sheet
from halscope.ppu import decode_frame
from halscope.ppu.compose import compose_screen
from halscope.session import Session
from halscope_hooks import Snapshot
from PIL import Image
from pypatchergba import patcher
from support.demo_game import DemoGame
from support.lab_game import LabGame
from support.layer_scene import colours_of

pytestmark = pytest.mark.slow

CORE = "snes9x"
SETTLE = 40  # frames into a scene, when everything is on screen


def layer_of(workspace: Workspace, snapshot: Snapshot, layer: int) -> Sheet:
    origins = workspace.index().locate_vram(snapshot.vram)
    return sheet_from_layer(snapshot, layer, origins, workspace.rom, workspace.plugins.codecs())


def assert_on_screen(snapshot: Snapshot) -> None:
    """The emulator's picture is what we compose of its memory."""
    assert snapshot.picture is not None
    ours = compose_screen(decode_frame(snapshot, layers=True)).rgb
    np.testing.assert_array_equal(ours >> 3, snapshot.picture[: ours.shape[0]] >> 3)


def in_meadow(game: DemoGame) -> Snapshot:
    snapshot = game.go_to("meadow")
    while game.word(snapshot, "scene_frame") < SETTLE:
        snapshot = game.host.step()
    return snapshot


def test_trees_are_felled_and_another_is_planted(tmp_path: Path) -> None:
    with rom_path() as path:
        workspace = Workspace.open(path)
    with DemoGame(CORE) as game:
        snapshot = in_meadow(game)
        sheet = layer_of(workspace, snapshot, 1)
        assert all(cell.origin is not None for cell in sheet.cells)
        png, _ = write_sheet(sheet, None, tmp_path / "bg1.png")
        with Image.open(png) as image:
            shown = image.convert("RGBA")
        tree = shown.crop((24, 104, 88, 192))  # of 8 by 11 tiles
        for left in (152, 344):  # these trees are felled, one stands in the sky, and part of one is mirrored there
            shown.paste((0, 0, 0, 0), (left, 96, left + 64, 176))
        shown.paste(tree, (352, 16))
        shown.paste(tree.crop((24, 24, 40, 32)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (64, 40))
        shown.save(png)
        wanted = colours_of(sheet, read_sheet(png).pixels)
        assert (wanted != colours_of(sheet, sheet.compose().pixels)).sum() > 3000
        edits = LiveEdits(workspace, Session(game.host), report=print)
        edits.bring_in([png], snapshot)
        assert edits.plan is not None
        assert [block.block_offset for block in edits.plan.blocks] == [
            block["offset"] for block in game.truth["blocks"] if block["name"] == "meadow_front_map"
        ], "the map alone was rewritten"
        after = game.host.step()
        np.testing.assert_array_equal(colours_of(sheet, layer_pixels(workspace, after)), wanted)
        assert_on_screen(after)
    done = inject(workspace, [png], tmp_path / "meadow.bps", force=False, nearest=False)
    assert done.plan.notes == ()
    patched = bytes(patcher.apply_bps(workspace.rom.data.tobytes(), (tmp_path / "meadow.bps").read_bytes()))
    with DemoGame(CORE, patched) as game:
        booted = in_meadow(game)
        np.testing.assert_array_equal(colours_of(sheet, layer_pixels(workspace, booted)), wanted)
        assert_on_screen(booted)


def layer_pixels(workspace: Workspace, snapshot: Snapshot) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return layer_of(workspace, snapshot, 1).compose().pixels


def test_a_tile_of_mode_7_is_painted(lab_rom: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(lab_rom)
    with LabGame(CORE, lab_rom) as game:
        snapshot = game.go_to("disc")
        sheet = layer_of(workspace, snapshot, 1)
        known = [at for at, cell in enumerate(sheet.cells) if cell.origin is not None]
        names = [sheet.cells[at].origin.transform for at in known if sheet.cells[at].origin is not None]  # type: ignore[union-attr]
        assert (sheet.width, sheet.height, sheet.map, set(names)) == (1024, 1024, None, {"mode7"})
        most = max({sheet.cells[at].tile for at in known}, key=lambda tile: sum(c.tile == tile for c in sheet.cells))
        places = [cell for cell in sheet.cells if cell.tile == most]
        png, _ = write_sheet(sheet, None, tmp_path / "bg1.png")
        pixels = sheet.compose().pixels
        colour = int(pixels.max())
        for cell in places:
            pixels[cell.y + 2 : cell.y + 6, cell.x + 2 : cell.x + 6] = colour
        write_sheet(sheet, pixels, png)
    done = inject(workspace, [png], tmp_path / "disc.sfc", force=False, nearest=False)
    assert len(done.plan.blocks) == 1
    with LabGame(CORE, tmp_path / "disc.sfc") as game:
        booted = game.go_to("disc")
        after = layer_of(workspace, booted, 1)
        np.testing.assert_array_equal(colours_of(after, after.compose().pixels), colours_of(sheet, pixels))
        before, now = snapshot.picture, booted.picture
        assert before is not None
        assert now is not None
        assert (before != now).any()
        assert_on_screen(booted)
