"""Painting sheets of the watched folder: what is opened, saved, refused and mended."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Paintings, Workspace
from halscope.codecs.hal import HAL
from halscope.inject import MisfitError, read_sheet, sheet_edit
from halscope.ppu import decode_frame
from halscope.session import Session
from halscope_hooks import Changes, HalscopeError, Update, UsageError
from PIL import Image
from support.edit_rom import FIRST, LEAD
from support.edit_scene import OBJ_BYTE, Entry, make_snapshot
from support.rom_console import Console, seen, workspaces

UNKNOWN = np.random.default_rng(3).integers(0, 256, 64 * 32, np.uint8)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces(tmp_path)[0]


@pytest.fixture
def update(workspace: Workspace) -> Update:
    """Two sprites side by side in two palettes; the lower half of the second is in no ROM."""
    tiles = UNKNOWN.copy()
    block = HAL.decode(workspace.rom.data, FIRST).data[LEAD:]
    for at in (0, 1, 2, 3, 16, 17):
        tiles[at * 32 :][:32] = block[at * 32 :][:32]
    snapshot = make_snapshot(tiles.tobytes(), [Entry(32, 32, 0), Entry(48, 32, 2, palette=1)])
    return Update(decode_frame(snapshot), workspace.index().locate_vram(snapshot.vram), Changes())


def test_a_figure_is_opened_painted_and_saved_as_its_sheet(
    workspace: Workspace, update: Update, tmp_path: Path
) -> None:
    paintings = Paintings(tmp_path / "sheets")
    found = paintings.of_sprite(workspace, update, 0)
    told = found.describe()
    assert (told["width"], told["height"], len(told["palettes"])) == (32, 16, 2)
    allowed = np.frombuffer(base64.b64decode(told["allowed"]), np.uint8).reshape(16, 32)
    assert set(allowed[:, :16].ravel().tolist()) == {1}
    assert set(allowed[:8, 16:].ravel().tolist()) == {2}
    assert 0 in allowed[8:, 16:]
    assert [cell[4] >= 0 for cell in told["cells"]].count(False) == 2
    pixels = found.pixels.copy()
    pixels[2, 3], pixels[1, 20] = 5, 16 + 7
    saved = paintings.save(found.name, found.revision, pixels)
    edited = read_sheet(tmp_path / "sheets" / found.name)
    assert (edited.pixels == pixels).all()
    assert len(sheet_edit(edited).changes) == 2
    assert (paintings.of_sprite(workspace, update, 0).pixels == pixels).all()
    assert (saved.original == found.pixels).all()
    assert paintings.again(found.name, saved.revision) is None


def test_pictures_that_do_not_fit_are_refused_and_change_nothing(
    workspace: Workspace, update: Update, tmp_path: Path
) -> None:
    paintings = Paintings(tmp_path)
    found = paintings.of_sprite(workspace, update, 0)
    before = (tmp_path / found.name).read_bytes()

    def refuse(x: int, y: int, value: int, why: str) -> None:
        pixels = found.pixels.copy()
        pixels[y, x] = value
        with pytest.raises(UsageError, match=why):
            paintings.save(found.name, found.revision, pixels)

    refuse(1, 2, 32, r"\(1, 2\) has index 32; the sheet has 32")
    refuse(1, 2, 17, r"\(1, 2\) cannot have index 17: its tile does not use palette 1")
    y, x = np.argwhere(found.allowed == 0)[0].tolist()
    refuse(x, y, 17 if found.pixels[y, x] != 17 else 18, "no tile there can be edited")
    with pytest.raises(UsageError, match="8x8 pixels, its sheet 32x16"):
        paintings.save(found.name, found.revision, np.zeros((8, 8), np.uint8))
    with pytest.raises(UsageError, match="not open here"):
        paintings.save("../elsewhere.png", found.revision, found.pixels)
    with pytest.raises(UsageError, match="saved by another program meanwhile"):
        paintings.save(found.name, "0", found.pixels)
    assert (tmp_path / found.name).read_bytes() == before


def test_a_tile_of_vram_and_a_whole_block_are_opened(workspace: Workspace, update: Update, tmp_path: Path) -> None:
    paintings = Paintings(tmp_path)
    tile = paintings.of_tile(workspace, update, OBJ_BYTE + 32, 4)
    assert tile.pixels.shape == (8, 8)
    assert tile.sheet.cells[0].origin is not None
    assert tile.sheet.cells[0].origin.byte_offset == LEAD + 32
    with pytest.raises(UsageError, match="not in the ROM"):
        paintings.of_tile(workspace, update, OBJ_BYTE + 40 * 32, 4)
    block = paintings.of_block(workspace, update, "hal", FIRST)
    assert (block.sheet.kind, block.name) == ("block", f"hal-{FIRST:06x}.png")
    pixels = block.pixels.copy()
    pixels[0, 0] = 1 + pixels[0, 0] % 15
    paintings.save(block.name, block.revision, pixels)
    assert len(sheet_edit(read_sheet(tmp_path / block.name)).changes) == 1


def test_a_foreign_colour_is_told_and_mended(workspace: Workspace, update: Update, tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    paintings = Paintings(folder)
    found = paintings.of_sprite(workspace, update, 0)
    path = folder / found.name
    y, x = np.argwhere(found.pixels[:, :16])[0].tolist()
    with Image.open(path) as picture:
        saved = picture.convert("RGBA")
    saved.putpixel((x, y), (77, 131, 201, 255))
    saved.save(path)
    with Session(Console(workspace)) as session:
        edits = LiveEdits(workspace, session, folder, report=lambda _: None)
        told: list[tuple[str, HalscopeError | None]] = []

        def outcome(path: Path, error: HalscopeError | None) -> None:
            told.append((path.name, error))
            paintings.judge(path, error)

        edits.reports.outcome = outcome
        console = Console(workspace)
        edits.look(seen(console))
        ((name, error),) = told
        assert (name, type(error)) == (path.name, MisfitError)
        (unfit,) = paintings.unfit
        value = unfit.describe()
        assert (value["name"], value["x"], value["y"], value["colour"]) == (found.name, x, y, "#4d83c9")
        assert (value["palette"], value["elsewhere"], value["pixels"]) == (0, None, 1)
        mended = paintings.mend(found.name)
        assert mended.pixels[y, x] == value["nearest_index"]
        assert f"#{found.sheet.rgb[value['nearest_index']].tobytes().hex()}" == value["nearest"]
        assert (read_sheet(path).pixels == mended.pixels).all()
        paintings.judge(path, None)
        assert not paintings.unfit
