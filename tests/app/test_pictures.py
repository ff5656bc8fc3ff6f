"""Boxes in the pictures of a frame lie where the game shows the sprites, and cards mark the tiles that are locked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app import Workspace
from halscope.app._pictures import boxes_of, entries_of, figures_of, legend, on_screen, write_frame_pictures
from halscope.export._canvas import LOCKED
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope_hooks import Changes, PpuRegisters, Snapshot, Update
from PIL import Image
from support.edit_scene import Entry, make_snapshot
from support.roms import make_rom

X, LARGE = 40, 32
"""Left edge, and the side of a large sprite (OBSEL $63)."""


@pytest.mark.parametrize(("setini", "height"), [(0x00, LARGE), (0x02, LARGE // 2)])
@pytest.mark.parametrize(("y", "cut"), [(20, 0), (250, 6)])
def test_the_box_of_a_half_height_sprite_covers_its_lines_only(setini: int, height: int, y: int, cut: int) -> None:
    oam = np.zeros(544, np.uint8)
    oam[:512].reshape(128, 4)[:, 1] = 240  # below the screen
    oam[:4] = X, y, 0, 0x30
    oam[512] = 0x02  # entry 0 is large
    snapshot = Snapshot(
        vram=np.full(0x10000, 0xFF, np.uint8),
        cgram=np.where(np.arange(256) % 16, 0x7FFF, 0).astype(np.uint16),
        oam=oam,
        ppu=PpuRegisters(inidisp=0x0F, obsel=0x63, bgmode=1, tm=0x10, setini=setini),
    )
    update = Update(decode_frame(snapshot), None, Changes())
    (box,) = [box for box in boxes_of(update, group_sprites(update.frame), {}) if box.x == X]
    rows = np.flatnonzero(compose_screen(update.frame).rgb[:224, X].any(axis=1))
    assert (box.y + cut, box.y + box.height - 1) == (rows[0], rows[-1])
    assert box.height == height


@pytest.mark.parametrize(
    ("setini", "y", "expected"), [(0, 223, True), (0, 230, False), (4, 230, True), (4, 239, False)]
)
def test_a_sprite_in_the_last_lines_is_on_screen_with_overscan(setini: int, y: int, expected: bool) -> None:
    snapshot = make_snapshot(bytes(range(1, 33)) * 32, [Entry(40, y, 0)])
    frame = decode_frame(replace(snapshot, ppu=replace(snapshot.ppu, setini=setini)))
    assert on_screen(frame.sprites[0], frame) == expected


@pytest.mark.parametrize("hflip", [False, True])
def test_cards_mark_the_tiles_whose_place_is_not_known(hflip: bool, tmp_path: Path) -> None:
    known, other = np.random.default_rng(7).integers(1, 255, (2, 32), np.uint8)
    image = bytearray(make_rom(0x10000))
    image[0x8000:0x8020] = known.tobytes()
    (tmp_path / "game.sfc").write_bytes(image)
    workspace = Workspace.open(tmp_path / "game.sfc")
    tiles = np.zeros((32, 32), np.uint8)
    tiles[[0, 16]], tiles[[1, 17]] = known, other  # a sprite of 16 pixels has the tiles 0, 1, 16 and 17
    snapshot = make_snapshot(tiles.tobytes(), [Entry(40, 40, 0, hflip=hflip)])
    snapshot = replace(snapshot, ppu=replace(snapshot.ppu, inidisp=0x0F, bgmode=1, tm=0x10))
    update = Update(decode_frame(snapshot), workspace.index().locate_vram(snapshot.vram), Changes())
    groups = group_sprites(update.frame)
    left = 0 if hflip else 8  # the column that is not known
    for cards in (entries_of, figures_of):
        (card,) = cards(update, groups, {}, workspace)
        assert (card.locked, card.unproven) == (((left, 0), (left, 8)), ())
        assert legend([card]) == ["striped: locked, painting it is refused"]
        (card,) = cards(update, groups, {})
        assert (card.locked, legend([card])) == ((), [])
    for path in write_frame_pictures(update, workspace, tmp_path, "last")[1:]:
        with Image.open(path) as picture:
            marked = np.flatnonzero((np.asarray(picture.convert("RGB")) == LOCKED).all(axis=2).any(axis=0))
        assert marked.max() - marked.min() == 63, "one column of tiles, eight times enlarged"
