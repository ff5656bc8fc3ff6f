"""A figure's pictures come as one sheet while the game runs; painted ones change the game, as does its patch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Workspace
from halscope.app._patch_files import write_patch
from halscope.demo import rom_path
from halscope.inject import Sheet, read_sheet, sheet_edit
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope.session import Session
from halscope_hooks import Frame, Update
from numpy.typing import NDArray
from PIL import Image
from pypatchergba import patcher
from support.demo_game import DemoGame

LONGEST = 420

FIGURES = {"streamed from WRAM": ("meadow", "pip_walk"), "raw, streamed from the ROM": ("keep", "boss")}


def folder_of(game: DemoGame, name: str) -> str:
    """The folder of a figure's sheets."""
    for block in game.truth["blocks"]:
        if block["name"] == name:
            return f"hal-{block['offset']:06x}"
    raw = next(raw for raw in game.truth["raw"] if raw["name"] == name)
    return f"raw-{raw['offset'] & ~0x7FFF:06x}"


def updates(game: DemoGame, session: Session, count: int) -> Iterator[Update]:
    for _ in range(count):
        yield session.feed(game.host.step())


def repaint(png: Path, fields: list[int], width: int) -> None:
    """Fill the opaque pixels of some pictures with one colour, and save RGBA without metadata, as many editors do."""
    with Image.open(png) as image:
        entries, shown = np.asarray(image), np.asarray(image.convert("RGBA")).copy()
        colour = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)[int(entries.max())]
    for field in fields:
        part = np.s_[:, field * width : (field + 1) * width]
        shown[part][entries[part] > 0, :3] = colour
    Image.fromarray(shown).save(png)


def after_edit(png: Path) -> Sheet:
    """The sheet as the edit leaves it: a tile that several pictures share is painted in all."""
    edited = read_sheet(png)
    new = {number: change.new for change in sheet_edit(edited).changes for number in change.cells}
    cells = tuple(replace(cell, tile=new.get(at, cell.tile)) for at, cell in enumerate(edited.sheet.cells))
    return replace(edited.sheet, cells=cells)


def fields_of(sheet: Sheet, width: int) -> dict[bytes, int]:
    """The pictures of a strip (one row of fields of this width), also mirrored, by their pixels; and their numbers."""
    pixels = sheet.compose().pixels
    fields: dict[bytes, int] = {}
    for field in range(sheet.width // width):
        part = pixels[:, field * width : (field + 1) * width] % 16
        for flipped in (part, part[:, ::-1]):
            fields.setdefault(flipped.tobytes(), field)
    return fields


def shown_fields(frame: Frame, fields: dict[bytes, int], shape: tuple[int, int]) -> list[int]:
    """The pictures of the strip that a frame shows."""
    groups = (group.pixels for group in group_sprites(frame))
    return [fields[key] for pixels in groups if pixels.shape == shape and (key := (pixels % 16).tobytes()) in fields]


def as_shown(snapshot_picture: NDArray[np.uint8] | None, frame: Frame) -> None:
    """The emulator's picture is what we compose of the frame."""
    assert snapshot_picture is not None
    ours = compose_screen(frame).rgb
    np.testing.assert_array_equal(ours >> 3, snapshot_picture[: ours.shape[0]] >> 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FIGURES)
def test_a_strip_comes_out_and_goes_back_in(kind: str, tmp_path: Path) -> None:
    scene, figure = FIGURES[kind]
    with rom_path() as path:
        workspace = Workspace.open(path)
    with DemoGame("snes9x") as game:
        name = folder_of(game, figure)
        session = Session(game.host, locate=workspace.tracker())
        edits = LiveEdits(workspace, session, tmp_path, strips=[name], report=print)
        assert edits.wants_frame, "a strip needs every frame"
        game.go_to(scene)
        png = tmp_path / name / "strip.png"
        for update in updates(game, session, LONGEST):
            edits.look(update)
            if png.exists():
                break
        plain = read_sheet(png).sheet
        assert plain.kind == "strip"
        width = plain.height  # of the demo's figures, which are square
        count = plain.width // width
        assert count >= 4
        assert len(fields_of(plain, width)) in (count, 2 * count), "each picture is there once, also mirrored"
        assert all(cell.origin is not None for cell in plain.cells)
        repaint(png, [1, 3], width)
        wanted = after_edit(png)
        fields, before = fields_of(wanted, width), fields_of(plain, width)
        seen: set[int] = set()
        for update in updates(game, session, LONGEST):
            edits.look(update)
            if edits.plan is None or not game.ready(update.snapshot):
                continue
            seen.update(shown_fields(update.frame, fields, (plain.height, width)))
            if seen.issuperset({1, 3}):
                as_shown(update.snapshot.picture, update.frame)
                break
        assert seen.issuperset({1, 3}), "the painted pictures came on the screen"
        assert not list((tmp_path / name).glob("strip-*.png")), "an edited picture is no new one"
        edits.finish()
        assert edits.patch is not None
        write_patch(workspace, edits.patch, tmp_path / "strip.bps")
    image = bytes(patcher.apply_bps(workspace.rom.data.tobytes(), (tmp_path / "strip.bps").read_bytes()))
    assert edits.plan is not None
    changed = np.frombuffer(image, np.uint8) != workspace.rom.data
    for block in edits.plan.blocks:
        changed[block.block_offset : block.end] = False
    changed[0x7FDC:0x7FE0] = False
    assert not changed.any(), "a byte outside of the named blocks changed"
    with DemoGame("snes9x", image) as game:
        session = Session(game.host)
        game.go_to(scene)
        seen = set()
        for update in updates(game, session, LONGEST):
            shown = shown_fields(update.frame, fields, (plain.height, width))
            assert not {1, 3} & {*shown_fields(update.frame, before, (plain.height, width))}, "an unedited picture"
            if {1, 3} & {*shown} and game.ready(update.snapshot):
                as_shown(update.snapshot.picture, update.frame)
            seen.update(shown)
            if seen.issuperset({1, 3}):
                break
        assert seen.issuperset({1, 3})
