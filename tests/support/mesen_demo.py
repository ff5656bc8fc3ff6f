"""The demo ROM in the stand-in for Mesen: its moments, and the DMA that a frame's changes tell of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from halscope.demo import truth
from halscope.hosts.mesen2 import Listener, MesenHost
from halscope_hooks import HostAbsentError, Snapshot
from support.mesen import StandIn

_TRUTH: Final[dict[str, Any]] = truth()
SYMBOLS: Final[dict[str, int]] = _TRUTH["symbols"]
_CHUNK: Final = 256


def attached(emulator: StandIn) -> MesenHost:
    """Attach to an emulator and wait until all of VRAM has come. Its script looks for Halscope once a second."""
    Listener.shared()
    try:
        for _ in range(130):
            emulator.run_frame()
            with contextlib.suppress(HostAbsentError):
                host = MesenHost(0.0)
                break
        else:
            pytest.fail("the script has not connected in 130 frames")
    finally:
        Listener.release()
    for _ in range(10):
        emulator.run_frame()
        if host.poll(0.2) is not None:
            return host
    pytest.fail("no whole snapshot has come in ten frames")


def variable(snapshot: Snapshot, name: str) -> int:
    """A variable of the game."""
    assert snapshot.wram is not None
    at = SYMBOLS[name]
    return int.from_bytes(snapshot.wram[at : at + _TRUTH["symbol_sizes"][name]].tobytes(), "little")


def announced(emulator: StandIn) -> Callable[[], None]:
    """Return what has the game say, before the end of a frame, that DMA wrote all that has changed in VRAM.

    The transfers are not those of the game, which no libretro core tells of; they cover the same words.
    """
    before = emulator.snapshot.vram

    def announce() -> None:
        changed = np.flatnonzero((emulator.snapshot.vram != before).reshape(-1, _CHUNK).any(axis=1))
        for run in np.split(changed, np.flatnonzero(np.diff(changed) > 1) + 1):
            if run.size:
                emulator.transfer(int(run[0]) * _CHUNK // 2, run.size * _CHUNK & 0xFFFF, bank=0x80)

    return announce


def run_both(emulator: StandIn, host: MesenHost) -> tuple[Snapshot, Snapshot]:
    """Run a frame; return the core's own state and the host's snapshot of the same moment."""
    core = emulator.run_frame(announced(emulator))
    snapshot = host.poll(60)
    assert snapshot is not None
    return core, snapshot


def until(emulator: StandIn, host: MesenHost, wanted: Callable[[Snapshot], bool]) -> tuple[Snapshot, Snapshot]:
    """Run frames until the core's state is the wanted one; return it and the host's snapshot."""
    for _ in range(900):
        core, snapshot = run_both(emulator, host)
        if wanted(core):
            return core, snapshot
    pytest.fail("the game did not get there in 900 frames")


def is_ready(scene: int) -> Callable[[Snapshot], bool]:
    """Return whether a scene of the demo is ready and has been shown for some frames."""
    return lambda core: (
        variable(core, "ready") == 1 and variable(core, "scene") == scene and variable(core, "scene_frame") >= 8
    )
