"""What differs between two snapshots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from halscope import Snapshot, compare_snapshots
from halscope_hooks import PpuRegisters


def test_each_kind_of_difference_is_named_with_its_place() -> None:
    before = Snapshot(
        vram=np.zeros(65536, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(obsel=0x63),
        wram=np.zeros(0x20000, np.uint8),
        picture=np.zeros((224, 256, 3), np.uint8),
    )
    vram, cgram, oam, wram = before.vram.copy(), before.cgram.copy(), before.oam.copy(), np.zeros(0x20000, np.uint8)
    picture = np.zeros((224, 256, 3), np.uint8)
    vram[[0x4000, 0x401F, 0xFFFF]] = 1
    cgram[131] = 0x7FFF
    oam[4 * 5 + 1] = 9  # y of sprite 5
    wram[[16, 20, 300]] = 1
    picture[3, 4] = 1
    after = replace(before, vram=vram, cgram=cgram, oam=oam, wram=wram, picture=picture, ppu=PpuRegisters(obsel=0x62))
    found = compare_snapshots(before, after).describe()
    assert found["tiles"] == [0x4000, 0xFFE0]
    assert found["colours"] == [{"index": 131, "before": 0, "after": 0x7FFF}]
    assert [(one["index"], one["fields"]) for one in found["sprites"]] == [(5, ["y"])]
    assert found["registers"] == [{"name": "obsel", "before": 0x63, "after": 0x62}]
    assert found["wram"] == {"bytes": 3, "ranges": [[16, 5], [300, 1]]}
    assert found["pixels"] == 1
    same = compare_snapshots(before, before).describe()
    assert not any(same[name] for name in ("tiles", "colours", "sprites", "registers", "pixels"))
