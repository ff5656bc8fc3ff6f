"""Which tiles the maps of the displayed background layers name."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.ppu.placements import layer_placements
from halscope_hooks import RASTER_DTYPE, PpuRegisters, Snapshot


def mode_7(tm: int, setini: int | None, raster: list[tuple[int, int, int]] | None = None) -> Snapshot:
    vram = np.zeros(0x10000, np.uint8)
    vram[0:0x8000:2] = np.arange(0x4000) % 3 + 5  # tiles 5 to 7
    return Snapshot(
        vram=vram,
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(bgmode=7, tm=tm, ts=0, setini=setini),
        raster=None if raster is None else np.array(raster, RASTER_DTYPE),
    )


@pytest.mark.parametrize(
    ("tm", "setini", "shown"),
    [(1, 0, True), (1, None, True), (2, 0x40, True), (2, 0, False), (2, None, False), (0, 0x40, False)],
)
def test_the_tiles_of_mode_7_are_shown_by_bg1_and_by_bg2_with_extbg(tm: int, setini: int | None, shown: bool) -> None:
    placements = [*layer_placements(mode_7(tm, setini))]
    assert [(one.vram_byte, one.depth) for one in placements] == [(128 * n, "mode7") for n in (5, 6, 7) if shown]


def test_extbg_that_hdma_switches_on_counts() -> None:
    assert [*layer_placements(mode_7(2, 0, [(100, 0x33, 0x40)]))]
    assert not [*layer_placements(mode_7(2, 0, [(100, 0x33, 0x04)]))]
