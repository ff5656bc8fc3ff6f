"""Every sprite pixel that we report as visible has the colour that the core itself put on the screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from halscope.ppu import decode_frame
from halscope.ppu.compose import compose_screen
from support.cores import E2E_CORES, most_on_the_first
from support.demo_game import DemoGame

FRAMES = 60
PIXELS = 2000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("core", "scene"),
    most_on_the_first(E2E_CORES, ["title", "meadow", "cave", "keep"], ["cave"]),
    indirect=["core"],
)
def test_sprite_pixels_are_those_on_the_screen(core: str, scene: str, measured: Callable[[str], None]) -> None:
    with DemoGame(core) as game:
        game.go_to(scene)
        fewest, compared = 1 << 30, 0
        for snapshot in game.frames(FRAMES):
            assert game.ready(snapshot)
            screen = compose_screen(decode_frame(snapshot))
            assert snapshot.picture is not None
            # Cores expand 5 bits to 8 in different ways; the 5 bits are what the console shows.
            same = (screen.rgb >> 3 == snapshot.picture[: screen.rgb.shape[0]] >> 3).all(axis=2)
            visible = screen.owner >= 0
            wrong = visible & ~same
            assert not wrong.any(), (
                f"frame {snapshot.frame}: {wrong.sum()} of {visible.sum()} sprite pixels differ, "
                f"of the sprites {np.unique(screen.owner[wrong])[:10]}"
            )
            assert same.all(), f"frame {snapshot.frame}: {(~same).sum()} background pixels differ"
            fewest, compared = min(fewest, int(visible.sum())), compared + int(visible.sum())
    measured(f"{core} {scene}: {compared} sprite pixels in {FRAMES} frames, at least {fewest} a frame")
    assert fewest >= PIXELS
