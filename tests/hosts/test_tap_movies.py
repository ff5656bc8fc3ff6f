"""A movie (a state, then the buttons of each frame) under the tap, which cannot see one."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import pytest
from halscope.demo import rom_path
from halscope.hosts._ring import REGISTERS_PROVEN
from support import taps
from support.cores import two_cores

rings = taps.rings
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("core", two_cores()), pytest.mark.usefixtures("rings")]
LENGTH = 180
BUTTONS = [{"right"}, {"right", "b"}, set(), {"left"}, {"a", "start"}]


def played(core: str, state: bytes | None, *, watched: bool) -> tuple[bytes, list[str]]:
    """Play a movie as RetroArch does: load its state, then hold its buttons. The state, and a hash of each frame."""
    with rom_path() as rom, taps.tapped(core, rom) as frontend:
        machine: Any = frontend._machine
        if state is None:  # it is recorded: RetroArch saves the state at the beginning
            for _ in range(90):
                machine.run()
            state = bytes(machine.state())
        with taps.attached() if watched else contextlib.nullcontext() as host:
            for _ in range(70):
                machine.run()
                if host is not None:
                    host.poll(1)
            if host is not None and core.startswith("bsnes-mercury"):
                assert host._ring.context & REGISTERS_PROVEN, "else a state is saved in each frame"
            machine.load(state)
            sums = []
            for frame in range(LENGTH):
                frontend.press(BUTTONS[frame // 20 % len(BUTTONS)])
                machine.run()
                seen = hashlib.sha256(machine.vram)
                for part in (machine.wram, machine.picture()):
                    seen.update(part.tobytes())
                sums.append(seen.hexdigest())
                if host is not None and frame > 30:
                    snapshot = host.poll(1)
                    assert snapshot is not None
                    assert snapshot.ppu.obsel is not None
                    assert "ppu" not in snapshot.ages
        return state, sums


def test_a_movie_stays_in_sync_while_halscope_is_attached(core: str) -> None:
    state, alone = played(core, None, watched=False)
    assert len(set(alone)) > LENGTH // 2
    # snes9x's states change nothing. bsnes-mercury runs on for an instruction or two when it saves one, so none is.
    _, watched = played(core, state, watched=True)
    first = next((n for n, (one, two) in enumerate(zip(alone, watched, strict=True)) if one != two), None)
    assert first is None, f"out of sync from frame {first} on"
