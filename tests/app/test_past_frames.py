"""A frame of a timeline is shown with its raster effects, also where the file holds only what they follow from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from halscope import decode_frame
from halscope.app import RecordedFrames
from halscope.app._past import PastFrames
from halscope.formats.recording import RecordingWriter
from halscope.ppu import with_raster
from halscope.ppu.compose import compose_screen
from halscope_hooks import CpuRegisters, DmaChannel
from support.ppu_states import add_layers, noise

IDLE = DmaChannel(dmap=0, bbad=0, a1t=0, a1b=0, das=0, dasb=0, a2a=0, ntrl=0)


def test_hdma_is_followed_in_a_frame_of_a_timeline(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    state = noise(rng, inidisp=0x0F)
    add_layers(state, rng, 1)
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000:0x2005] = [100, 0x0F, 1, 0x80, 0]  # INIDISP: 100 lines shown, then black
    channel = replace(IDLE, bbad=0x00, a1t=0x2000, a1b=0x7E, a2a=0x2005)
    cpu = CpuRegisters(nmitimen=0x81, hdmaen=1, htime=0, vtime=0, dma=(channel, *[IDLE] * 7))
    snapshot = replace(state.snapshot(), cpu=cpu, wram=wram, raster=None, raster_effects="unknown")
    with RecordingWriter(tmp_path / "state.hrec") as writer:
        writer.append(snapshot)
    frames = RecordedFrames(tmp_path / "state.hrec")
    shown = PastFrames(frames, lambda: None).show(0)
    frames.close()
    assert shown.composed
    assert shown.update.snapshot.raster_effects == "some"
    assert shown.picture is not None
    np.testing.assert_array_equal(shown.picture, compose_screen(decode_frame(with_raster(snapshot))).rgb)
    assert shown.picture[:100].any()
    assert not shown.picture[100:].any()
