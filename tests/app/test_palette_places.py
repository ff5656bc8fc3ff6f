"""Where the colours on the screen are stored: one look-up for the command and the page, made when CGRAM changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from halscope.app import Workspace, describe_palettes, palette_places
from halscope.rom.colours import ColourIndex
from halscope_hooks import Snapshot
from support import lab_truth


def moment(frame: int) -> Snapshot:
    """The lab's first scene, with its colours in WRAM too."""
    cgram = lab_truth.cgram(lab_truth.load_truth()["scenes"][0]["name"])
    wram = np.zeros(0x20000, np.uint8)
    wram[0x1000:0x1200] = cgram.astype("<u2").view(np.uint8)
    return Snapshot(vram=np.zeros(0x10000, np.uint8), cgram=cgram, oam=np.zeros(544, np.uint8), frame=frame, wram=wram)


def test_the_colours_of_the_running_game_are_looked_up_only_when_cgram_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open(lab_truth.IMAGE)
    assert palette_places(workspace, moment(0)) is None  # the ROM is not indexed yet
    workspace.index()
    looked = []
    locate = ColourIndex.locate

    def counted(self: ColourIndex, cgram: np.ndarray, *more: np.ndarray) -> object:
        looked.append(cgram)
        return locate(self, cgram, *more)

    monkeypatch.setattr(ColourIndex, "locate", counted)
    first = palette_places(workspace, moment(0))
    assert first is not None
    assert first.origins.located >= 48
    assert ("wram", 0x1002) in [(buffer.space, buffer.place(1)) for buffer in first.buffers]
    assert all(palette_places(workspace, moment(frame)) is first for frame in range(4))
    assert len(looked) == 1
    described = describe_palettes(workspace, first)
    known = next(number for number in range(256) if first.origins.at(number))
    best = first.origins.at(known)[0]
    assert described["colours"][known]["origins"][0]["block_offset"] == best.block_offset
    changed = moment(5)
    changed = replace(changed, cgram=changed.cgram ^ np.uint16(0x1F))
    after = palette_places(workspace, changed)
    assert after is not first
    assert len(looked) == 2
