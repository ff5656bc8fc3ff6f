"""States of the demo game in each of its scenes."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from halscope.hosts.libretro import available_cores
from halscope_hooks import Snapshot, Write
from support.demo_game import DemoGame

SETTLED: Final = {"title": 195}
"""Frames after a scene's beginning until its figures stand where they belong, in full colours."""
_SETTLED: Final = 60
_LATE: Final = 1000
"""More frames than a scene lasts without input. The game compares for equality, so one that is later stays on the
screen for 18 minutes of its time, however busy the machine is."""


class DemoState(NamedTuple):
    """A state of the console, and the frame before it."""

    data: bytes
    snapshot: Snapshot


@cache
def demo_state(scene: str) -> DemoState:
    """The demo on the first core, with this scene on the screen, which stays until Start or Select is pressed."""
    with DemoGame(available_cores()[0].name) as game:
        if scene == "title":  # the first one
            game.until(game.ready, scene)
        else:
            game.go_to(scene)
        *_, snapshot = game.frames(SETTLED.get(scene, _SETTLED))
        game.host.write([Write("wram", game.symbols["scene_frame"], _LATE.to_bytes(2, "little"))])
        return DemoState(game.host.save_state(), snapshot)
