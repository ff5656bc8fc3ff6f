"""Boxes in the pictures of a frame lie where the game shows the sprites."""

from __future__ import annotations

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app._pictures import boxes_of
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope_hooks import Changes, PpuRegisters, Snapshot, Update

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
