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
PETAL = 109
"""A tile of the lab's mode 7 scene that its map shows once, in the rose."""
SETTLE = 40  # frames into a scene, when everything is on screen


def layer_of(workspace: Workspace, snapshot: Snapshot, layer: int) -> Sheet:
    origins = workspace.index().locate_vram(snapshot.vram)
    lookup = workspace.index().lookup
    return sheet_from_layer(snapshot, layer, origins, workspace.rom, workspace.plugins.codecs(), lookup=lookup)


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


def test_tiles_and_the_map_of_mode_7_are_edited(lab_rom: Path, tmp_path: Path) -> None:
    """Part of the rose is laid again beside it, which takes entries alone. A stone is painted, and a tile of the rose:
    in VRAM its pixels stand between the entries that change."""
    workspace = Workspace.open(lab_rom)
    with LabGame(CORE, lab_rom) as game:
        snapshot = game.go_to("disc")
        sheet = layer_of(workspace, snapshot, 1)
        blocks = {block["name"]: block["offset"] for block in game.truth["blocks"]}
        assert sheet.map is not None
        assert [(one.block_offset, one.byte_offset) for one in sheet.map.origins if one is not None] == [
            (blocks["world"], 32 * unit) for unit in range(512)
        ]
        png, _ = write_sheet(sheet, None, tmp_path / "bg1.png")
        pixels = sheet.compose().pixels
        pixels[400:456, 560:600] = pixels[480:536, 480:520]
        painted = {sheet.map.words[0], PETAL}
        for cell, word in zip(sheet.cells, sheet.map.words, strict=True):
            if word in painted and not (392 < cell.y < 456 and 552 < cell.x < 600):
                pixels[cell.y + 2 : cell.y + 6, cell.x + 2 : cell.x + 6] = int(pixels.max())
        write_sheet(sheet, pixels, png)
        edits = LiveEdits(workspace, Session(game.host), report=print)
        edits.bring_in([png], snapshot)
        assert edits.plan is not None
        petal = sheet.cells[sheet.map.words.index(PETAL)].origin
        assert petal is not None
        assert petal.codec == "raw"
        changed = {block.block_offset: block.tiles for block in edits.plan.blocks}
        assert set(changed) == {blocks["world"], blocks["stones"], petal.block_offset}
        assert changed[blocks["stones"]] == 1, "what is in the layer already costs no tile"
        after = game.host.step()
        np.testing.assert_array_equal(layer_pixels(workspace, after), pixels)
        assert_on_screen(after)
        assert after.picture is not None
        assert (after.picture != snapshot.picture).any()
        edits.take(edits.edits.undo(), after)
        np.testing.assert_array_equal(game.host.step().vram, snapshot.vram)
    inject(workspace, [png], tmp_path / "disc.sfc", force=False, nearest=False)
    with LabGame(CORE, tmp_path / "disc.sfc") as game:
        booted = game.go_to("disc")
        np.testing.assert_array_equal(layer_pixels(Workspace.open(tmp_path / "disc.sfc"), booted), pixels)
        assert_on_screen(booted)
