"""The same moment of the demo game on two hosts: what one shows must be what the other shows.

A moment is `load_count`, `scene` and `scene_frame` with `ready` = 1. The frame counter of the game would not do: it
counts NMIs, and a scene takes a different number of them to load on each core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from halscope.app import Workspace
from halscope.demo import rom_path, truth
from halscope.ppu import decode_frame
from halscope_hooks import TILE_BYTES, Host, PpuRegisters, Snapshot, Write, capability
from numpy.typing import NDArray
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


def _rests(scene: int) -> NDArray[np.bool_]:
    """Which bytes of VRAM are rests of the scene before: the frame of an animation that it showed last."""
    rests = np.zeros(0x10000, np.bool_)
    scenes = _TRUTH["scenes"]
    for other in (*(one for one in scenes if one["id"] != scene), scenes[scene]):
        for slot in other["slots"]:
            for row in range(slot["rows"]):
                at = slot["vram_byte"] + row * slot["vram_row_stride"]
                rests[at : at + slot["row_bytes"]] = other["id"] != scene
    for piece in scenes[scene]["vram"]:
        rests[piece["vram_byte"] : piece["vram_byte"] + piece["size"]] = False
    return rests


def assert_same(snapshot: Snapshot, expected: Snapshot) -> None:
    """Sprites, palettes and video memory are equal byte by byte to those in process; registers are equal, or `None`."""
    assert moment_of(snapshot) == moment_of(expected)
    differs = (snapshot.vram != expected.vram) & ~_rests(variable(expected, "scene"))
    assert not differs.any(), f"vram differs at {np.flatnonzero(differs)[:8]}"
    assert np.array_equal(snapshot.cgram, expected.cgram)
    assert np.array_equal(snapshot.oam, expected.oam)
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


def assert_same_origins(snapshot: Snapshot, expected: Snapshot) -> None:
    """Every tile that the build knows has the same origins, best first, and there are some."""
    with rom_path() as path:
        locate = Workspace.open(path).tracker()
        ours, theirs = locate(snapshot.vram), locate(expected.vram)
    kept = np.flatnonzero(~_rests(variable(expected, "scene"))[::TILE_BYTES]).tolist()
    for tile in kept:
        assert ours.origins[tile] == theirs.origins[tile]
    assert theirs.located > 100


def injection(snapshot: Snapshot) -> tuple[Write, ...]:
    """Writes that draw the tiles of the first sprites on the screen anew."""
    shown = [sprite for sprite in decode_frame(snapshot).sprites if sprite.y < 200 and sprite.pixels.any()][:4]
    places = sorted({int(at) for sprite in shown for at in sprite.cells.flat})
    olds = [snapshot.vram[at : at + TILE_BYTES].tobytes() for at in places]
    return tuple(
        Write("vram", at, bytes(255 - byte for byte in old), old) for at, old in zip(places, olds, strict=True)
    )


def written(snapshot: Snapshot, writes: Sequence[Write]) -> Snapshot:
    """The snapshot after these writes into VRAM."""
    vram = snapshot.vram.copy()
    for write in writes:
        vram[write.offset : write.offset + len(write.data)] = np.frombuffer(write.data, np.uint8)
    return replace(snapshot, vram=vram)
