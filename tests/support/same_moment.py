"""The same moment of the demo game on two hosts: what one shows must be what the other shows.

A moment is `load_count`, `scene` and `scene_frame` with `ready` = 1. The frame counter of the game would not do: it
counts NMIs, and a scene takes a different number of them to load on each core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from halscope.demo import truth
from halscope_hooks import Host, Snapshot, Write, capability
from support.demo_game import DemoGame

_TRUTH = truth()
_SYMBOLS: dict[str, int] = _TRUTH["symbols"]
PATIENCE = 60.0  # seconds
SETTLED = 60
"""Frames of a scene after which all its animations have been uploaded."""


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
    """Poll a pushing host, or run a driven one, until the condition holds for a snapshot."""
    driven, pushing = capability(host, "driven"), capability(host, "pushing")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if driven is not None:
            snapshot: Snapshot | None = driven.step()
        else:
            assert pushing is not None
            snapshot = pushing.poll(0.1)
        if snapshot is not None and condition(snapshot):
            return snapshot
    raise AssertionError("it did not happen in time")


def write_all(host: Host, *writes: Write) -> None:
    """Write, and wait for the host's answer."""
    receipt = host.write(writes)
    until = time.monotonic() + PATIENCE
    while not receipt.done:
        pushing = capability(host, "pushing")
        assert pushing is not None
        assert time.monotonic() < until, "the write was not answered"
        pushing.poll(0)  # no longer: the frame that shows the write must not be taken here
        time.sleep(0.002)
    if receipt.error is not None:
        raise receipt.error


def go_to(host: Host, scene: int, frame: int = 0) -> Snapshot:
    """Have the game on a pushing host load a scene, and wait for its `frame`-th frame."""
    first = poll_until(host, moment_of)
    loads = variable(first, "load_count")
    write_all(host, Write("wram", _SYMBOLS["next_scene"], bytes([scene])))

    def arrived(snapshot: Snapshot) -> bool:
        moment = moment_of(snapshot)
        return moment is not None and moment.scene == scene and moment.loads > loads and moment.frame >= frame

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


def written(snapshot: Snapshot, writes: Sequence[Write]) -> Snapshot:
    """The snapshot after these writes into VRAM."""
    vram = snapshot.vram.copy()
    for write in writes:
        vram[write.offset : write.offset + len(write.data)] = np.frombuffer(write.data, np.uint8)
    return replace(snapshot, vram=vram)
