"""Collecting the pictures of a figure's animation, where frames are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.app import Collecting, Workspace, known_figures
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.ppu.animation import LOST_AFTER
from halscope.session import Session
from halscope_hooks import UsageError
from PIL import Image
from support.demo_game import DemoGame

pytestmark = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


def collecting(workspace: Workspace, game: DemoGame) -> list[Collecting]:
    """Collect each figure of a scene, seeing too few frames to follow it from one to the next."""
    found: list[Collecting] = []
    with Session(game.host, locate=workspace.tracker()) as session:
        for _ in range(12):
            update = session.step()
            assert update is not None
            if not found:
                assert update.origins is not None
                for figure in known_figures(workspace, update.frame, update.origins).figures:
                    try:
                        found.append(Collecting(workspace, update, figure.group.indices[0]))
                    except UsageError:
                        continue  # none of its tiles is in the ROM
            for one in found:
                one.look(update)
            session.advance(LOST_AFTER + 1)
    return found


def test_an_animation_has_all_pictures_in_time_though_its_figure_was_lost_in_between(tmp_path: Path) -> None:
    with rom_path() as path, DemoGame(available_cores()[0].name) as game:
        workspace = Workspace.open(path)
        game.go_to("meadow")
        moving = [one for one in collecting(workspace, game) if one.describe()["count"] > 1]
        assert moving
        for one in moving:
            with Image.open(one.write("gif", tmp_path)) as animation:
                assert getattr(animation, "n_frames", 1) > 1
