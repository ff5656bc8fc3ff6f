"""A movie (a state, then the buttons of each frame) under the tap, which cannot see one, so states are saved."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import pytest
from halscope.demo import rom_path
from support import taps
from support.cores import two_cores

rings = taps.rings
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("core", two_cores()), pytest.mark.usefixtures("rings")]
LENGTH = 180
BUTTONS = [{"right"}, {"right", "b"}, set(), {"left"}, {"a", "start"}]


def played(core: str, state: bytes | None, *, watched: bool, registers: bool = True) -> tuple[bytes, list[str]]:
    """Play a movie as RetroArch does: load its state, then hold its buttons. The state, and a hash of each frame."""
    with rom_path() as rom, taps.tapped(core, rom) as frontend:
        machine: Any = frontend._machine
        machine._session.options.variables[b"halscope_tap_registers"] = b"on" if registers else b"off"
        if state is None:  # it is recorded: RetroArch saves the state at the beginning
            for _ in range(90):
                machine.run()
            state = bytes(machine.state())
        for _ in range(70):  # the tap looks at its option once a second
            machine.run()
        machine.load(state)
        sums = []
        with taps.attached() if watched else contextlib.nullcontext() as host:
            for frame in range(LENGTH):
                frontend.press(BUTTONS[frame // 20 % len(BUTTONS)])
                machine.run()
                seen = hashlib.sha256(machine.vram)
                for part in (machine.wram, machine.picture()):
                    seen.update(part.tobytes())
                sums.append(seen.hexdigest())
                if host is not None and registers and frame > 30:
                    snapshot = host.poll(1)
                    assert snapshot is not None
                    assert snapshot.ppu.obsel is not None
                    assert "ppu" not in snapshot.ages, "a state is saved in each frame, which is what is tested"
        return state, sums


def test_a_movie_stays_in_sync_while_halscope_is_attached(core: str) -> None:
    state, alone = played(core, None, watched=False)
    assert len(set(alone)) > LENGTH // 2
    # bsnes-mercury runs on for an instruction or two when it saves a state: docs/how-to/retroarch.md says what to do.
    pure = core == "snes9x"
    _, watched = played(core, state, watched=True, registers=pure)
    first = next((n for n, (one, two) in enumerate(zip(alone, watched, strict=True)) if one != two), None)
    assert first is None, f"out of sync from frame {first} on"
