"""The same moment of the demo game on two hosts: what one shows must be what the other shows.

A moment is `load_count`, `scene` and `scene_frame` with `ready` = 1. The frame counter of the game would not do: it
counts NMIs, and a scene takes a different number of them to load on each core.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from halscope.demo import truth
from halscope.ppu import decode_frame
from halscope_hooks import Host, PpuRegisters, Snapshot, Write, capability
from support.demo_game import DemoGame

_TRUTH = truth()
_SYMBOLS: dict[str, int] = _TRUTH["symbols"]
PATIENCE = 60.0  # seconds


class Moment(NamedTuple):
    loads: int
    scene: int
    frame: int


def variable(snapshot: Snapshot, name: str) -> int:
    """One of the game's variables."""
    assert snapshot.wram is not None
    at = _SYMBOLS[name]
    return int.from_bytes(snapshot.wram[at : at + _TRUTH["symbol_sizes"][name]].tobytes(), "little")


def moment_of(snapshot: Snapshot) -> Moment | None:
    """The moment that a snapshot shows, or `None` while a scene is loaded."""
    if variable(snapshot, "ready") != 1:
        return None
    return Moment(*(variable(snapshot, name) for name in ("load_count", "scene", "scene_frame")))


def poll_until(host: Host, condition: Callable[[Snapshot], Any]) -> Snapshot:
    """Poll a pushing host until the condition holds for a snapshot."""
    pushing = capability(host, "pushing")
    assert pushing is not None
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        snapshot = pushing.poll(0.1)
        if snapshot is not None and condition(snapshot):
            return snapshot
    raise AssertionError("it did not happen in time")


def write_all(host: Host, *writes: Write) -> None:
    """Write to a pushing host, and wait for its answer."""
    receipt = host.write(writes)
    pushing = capability(host, "pushing")
    assert pushing is not None
    until = time.monotonic() + PATIENCE
    while not receipt.done:
        assert time.monotonic() < until, "the write was not answered"
        pushing.poll(0.01)
    if receipt.error is not None:
        raise receipt.error


def go_to(host: Host, scene: int) -> Snapshot:
    """Have the game on a pushing host load a scene, and wait for it."""
    first = poll_until(host, moment_of)
    loads = variable(first, "load_count")
    write_all(host, Write("wram", _SYMBOLS["next_scene"], bytes([scene])))

    def arrived(snapshot: Snapshot) -> bool:
        moment = moment_of(snapshot)
        return moment is not None and moment.scene == scene and moment.loads > loads

    return poll_until(host, arrived)


def in_process(game: DemoGame, moment: Moment) -> Snapshot:
    """The same moment in process. The game must have loaded one scene less than the moment's number of loads."""
    name = _TRUTH["scenes"][moment.scene]["name"]
    snapshot = game.go_to(name)
    for _ in range(2000):
        found = moment_of(snapshot)
        if found == moment:
            return snapshot
        assert found is None or found < moment, f"{moment} is over: {found}"
        snapshot = game.host.step()
    raise AssertionError(f"{moment} does not come")


def assert_same(snapshot: Snapshot, expected: Snapshot) -> None:
    """Sprites, palettes and video memory are equal byte by byte to those in process; registers are equal, or `None`."""
    assert moment_of(snapshot) == moment_of(expected)
    for name in ("vram", "cgram", "oam"):
        ours, theirs = getattr(snapshot, name), getattr(expected, name)
        assert np.array_equal(ours, theirs), f"{name} differs at {np.flatnonzero(ours != theirs)[:8]}"
    for field in fields(PpuRegisters):
        known = getattr(snapshot.ppu, field.name)
        assert known in (None, getattr(expected.ppu, field.name)), field.name
    if snapshot.ppu.obsel is None:
        assert decode_frame(snapshot).sprites_unknown
        return
    ours, theirs = decode_frame(snapshot), decode_frame(expected)
    assert len(ours.sprites) == len(theirs.sprites) == 128
    for one, other in zip(ours.sprites, theirs.sprites, strict=True):
        assert (one.x, one.y, one.width, one.height) == (other.x, other.y, other.width, other.height)
        flags, other_flags = (one.priority, one.hflip, one.vflip), (other.priority, other.hflip, other.vflip)
        assert (one.palette, flags) == (other.palette, other_flags)
        assert np.array_equal(one.pixels, other.pixels)
