"""The script with the callbacks that Mesen really made: the log of the demo ROM, replayed beside a core."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.mesen2 import Listener, MesenHost
from support.mesen import StandIn, needs_lua
from support.mesen_demo import variable
from support.mesen_log import LOG, Call, Replay, read_log


def test_the_log_is_of_this_demo_rom(demo: Path) -> None:
    assert hashlib.sha256(demo.read_bytes()).hexdigest() in LOG.read_text("ascii").splitlines()[0]
    frames = read_log()
    assert {0, 1, 2, 3} <= {frame.moment[1] for frame in frames}
    assert sum(isinstance(event, Call) for frame in frames for event in frame.events) > 50


@needs_lua
@pytest.mark.slow
def test_every_frame_of_every_scene_is_whole_by_what_mesens_callbacks_tell(emulator: StandIn) -> None:
    Listener.shared()
    replay = Replay(emulator)
    replay.run_frame()
    with MesenHost(60) as host:
        compared = streamed = 0
        before = None
        while not replay.ended:
            core = replay.run_frame()
            snapshot = host.poll(1.0)
            if snapshot is None or variable(core, "ready") == 0 or "vram" in snapshot.ages:
                continue
            assert np.array_equal(snapshot.vram, core.vram), variable(core, "scene_frame")
            streamed += before is not None and (core.vram != before).any()
            before = core.vram
            compared += 1
    assert compared >= 4 * 45
    assert streamed > 40
    assert replay.fired > 3000
