"""A game that is started again for the same scene begins a moment before it: it was run up to there once already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Final

from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot

_LEAD: Final = 2
"""Frames that are run after a state was loaded: a core's picture may be a frame late."""
_POWER_ON_WRAM: Final = 0x55  # as `LibretroHost` begins
_states: dict[Hashable, tuple[bytes, int]] = {}
"""In this process, by core, ROM and place: the state so many frames before the game is there, and the next frame's
number."""


def run_to(host: LibretroHost, place: Hashable, run: Callable[[Callable[[], Snapshot]], Snapshot]) -> Snapshot:
    """Run a game to a place, and return its snapshot, or that of an earlier run in this process.

    Only a game that has not run yet begins a moment before: another one may show the place in another way. A game
    behind the tap always runs all frames, as somebody may look on, and so does one whose reads are watched.

    Args:
        host: The game.
        place: Names the place.
        run: Runs the game with the function that it is given, which returns the next frame, until it is there.
    """
    core = host._machine.core_path
    rom = host._rom_memory
    key = (core, host.info.rom.sha256 if rom is None else hashlib.sha256(rom.bytes).digest(), place)  # as edited
    watched = host._touches is not None or core.name.startswith("halscope_tap")
    memories = host._machine
    fresh = not watched and not memories.vram.any() and bool((memories.wram == _POWER_ON_WRAM).all())
    if not fresh:
        return run(host.step)
    if key in _states:
        state, host._frame = _states[key]
        host.load_state(state)
        for _ in range(_LEAD - 1):
            host.step()
        return host.step()
    before: list[tuple[bytes, int]] = []

    def step() -> Snapshot:
        before.append((host.save_state(), host.state_frame))
        del before[:-_LEAD]
        return host.step()

    found = run(step)
    _states[key] = before[0]
    return found
