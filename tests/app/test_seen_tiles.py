"""The tiles of a block that were in VRAM since the start."""

from __future__ import annotations

import numpy as np
from halscope.app import SeenTiles
from halscope.ppu import decode_frame
from halscope_hooks import Changes, Frame, Origin, PpuRegisters, Snapshot, Update, VramOrigins

UNITS = 2048


def frame() -> Frame:
    empty = Snapshot(
        vram=np.zeros(0x10000, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(),
    )
    return decode_frame(empty)


def origins(places: dict[int, Origin]) -> VramOrigins:
    informative = np.zeros(UNITS, np.bool_)
    informative[list(places)] = True
    return VramOrigins([(places[unit],) if unit in places else () for unit in range(UNITS)], informative)


def test_tiles_count_for_their_block_from_when_they_came_and_stay_when_they_go() -> None:
    seen, shown = SeenTiles(), frame()
    seen.see(Update(shown, None, Changes.everything(shown)))
    assert seen.of("hal", 0x100) == []
    first = origins({5: Origin("hal", 0x100, 0x40, "pointer"), 6: Origin("hal", 0x200, 0, "pointer")})
    seen.see(Update(shown, first, Changes()))  # the index was ready after the frame: nothing has changed, all is new
    assert (seen.of("hal", 0x100), seen.of("hal", 0x200)) == ([0x40], [0])
    second = origins({5: Origin("hal", 0x100, 0x20, "pointer"), 6: Origin("hal", 0x200, 0, "pointer")})
    seen.see(Update(shown, second, Changes(tiles=np.array([5]))))
    assert seen.of("hal", 0x100) == [0x20, 0x40]
    assert seen.of("lz2", 0x100) == []
