"""Speed of frames: full and incremental decoding, layers of every BG mode, replay and recording.

Run with `pytest --benchmark-only tests/benchmarks/test_frame_speed.py`; figures mean nothing without the machine.
`python tests/support/frame_speed.py` prints those that have a target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import Snapshot, decode_frame
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.hosts.libretro import available_cores
from halscope.ppu import FrameDecoder, with_raster
from halscope.ppu.compose import compose_screen
from halscope_hooks import RASTER_DTYPE, CpuRegisters, DmaChannel
from support.frame_speed import demo_snapshots, frame_latency_under_index, record_demo, replay_rate
from support.ppu_states import add_layers, add_sprites, noise

needs_core = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed: pip install stable-retro")


def state(seed: int, mode: int) -> Snapshot:
    rng = np.random.default_rng(seed)
    made = noise(rng)
    add_layers(made, rng, mode)
    add_sprites(made, rng)
    made.registers["obsel"] = 0x63  # 16 × 16 and 32 × 32
    return made.snapshot()


def following(*snapshots: Snapshot, layers: bool = True) -> Callable[[], object]:
    """Decode the next of them, cyclically."""
    decoder, order = FrameDecoder(), cycle(snapshots)
    decoder.decode(next(order), layers=layers)
    return lambda: decoder.decode(next(order), layers=layers)


def test_sprites_and_palettes_afresh(benchmark: Any) -> None:
    snapshot = state(0, 1)
    assert len(benchmark(lambda: decode_frame(snapshot)).sprites) == 128


@pytest.mark.parametrize("mode", range(8))
def test_a_frame_in_which_everything_changes(benchmark: Any, mode: int) -> None:
    benchmark(following(state(0, mode), state(1, mode)))


@pytest.mark.parametrize("mode", [0, 1, 3, 5, 7])
def test_a_composed_screen(benchmark: Any, mode: int) -> None:
    """Target: 2 ms for the picture of 256 columns."""
    frame = decode_frame(state(0, mode))
    assert benchmark(lambda: compose_screen(frame)).rgb.any()


@pytest.mark.parametrize("mode", [0, 1, 3, 7])
def test_a_composed_screen_with_hdma(benchmark: Any, mode: int) -> None:
    """Target: 4 ms. A scroll and a colour change on every line."""
    writes = [(0x0D, 3), (0x0D, 0), (0x21, 1), (0x22, 7), (0x22, 8)]
    raster = np.array([(line, *write) for line in range(224) for write in writes], RASTER_DTYPE)
    frame = decode_frame(replace(state(0, mode), raster=raster))
    assert benchmark(lambda: compose_screen(frame)).rgb.any()


def test_a_frame_in_which_nothing_changes(benchmark: Any) -> None:
    benchmark(following(state(0, 1)))


def test_a_frame_that_scrolls(benchmark: Any) -> None:
    still = state(0, 1)
    benchmark(following(still, replace(still, ppu=replace(still.ppu, bg1hofs=1, bg2hofs=2))))


def test_a_frame_in_which_all_sprites_move(benchmark: Any) -> None:
    still = state(0, 1)
    oam = still.oam.copy()
    oam[0:512:4] += 1
    benchmark(following(still, replace(still, oam=oam)))


@needs_core
def test_reading_a_recording_in_sequence(benchmark: Any, tmp_path: Path) -> None:
    record_demo(tmp_path / "demo.rec", 600)
    with RecordingReader(tmp_path / "demo.rec") as reader:
        assert benchmark(lambda: sum(1 for _ in reader)) == 600


@needs_core
def test_writing_a_frame_of_the_demo(benchmark: Any, tmp_path: Path) -> None:
    order = cycle(list(demo_snapshots(300)))
    with RecordingWriter(tmp_path / "demo.rec") as writer:
        benchmark(lambda: writer.append(next(order)))


@pytest.mark.slow
@needs_core
def test_the_measurements_with_targets_measure_something(tmp_path: Path) -> None:
    """Small data, which only shows that they work."""
    latency = frame_latency_under_index(0.5, rom_bytes=0x80000, blocks=32)
    assert 0 < latency.frames <= 30
    assert 0 < latency.p50 <= latency.p99 <= latency.worst
    durations, cpu = record_demo(tmp_path / "demo.rec", 60)
    assert len(durations) == 60
    assert cpu > 0
    replay = replay_rate(tmp_path / "demo.rec", layers=True)
    assert replay.frames == 60
    assert "a second" in str(replay)


@pytest.mark.parametrize("channels", [0, 1, 8])
def test_following_hdma_through_a_picture(benchmark: Any, channels: int) -> None:
    """It runs on the emulator's thread, once per frame: each channel writes four bytes on every line here."""
    wram = np.zeros(0x20000, np.uint8)
    wram[0x2000 : 0x2000 + 509] = wram[0x21FD : 0x21FD + 509] = [0xFF, *[1] * 508]
    one = DmaChannel(dmap=4, bbad=0x0D, a1t=0x2000, a1b=0x7E, das=0, dasb=0, a2a=0x2000, ntrl=0)
    cpu = CpuRegisters(nmitimen=0x81, hdmaen=(1 << channels) - 1, htime=0, vtime=0, dma=(one,) * 8)
    snapshot = replace(state(0, 1), wram=wram, cpu=cpu)
    found = benchmark(lambda: with_raster(snapshot)).raster
    assert len(found) == channels * 225 * 4
