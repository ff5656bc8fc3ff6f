"""Every scene of the lab ROM on a core, seen once in a run of the tests."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import final

import pytest
from halscope_hooks import Snapshot
from support import lab_truth
from support.lab_game import LabGame
from support.run_folder import once


@final
class LabTour:
    """The scenes on one core.

    Args:
        folder: A pickled pair of snapshots for each scene, written by this run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def snapshot(self, name: str) -> Snapshot:
        """The scene as `LabGame.go_to` finds it."""
        return self._both(name)[0]

    def following(self, name: str) -> Snapshot:
        """The frame after that of `snapshot`."""
        return self._both(name)[1]

    def _both(self, name: str) -> tuple[Snapshot, Snapshot]:
        first, second = pickle.loads((self._folder / name).read_bytes())
        return first, second


@pytest.fixture(scope="session")
def lab_tour(run_folder: Path) -> Callable[[str], LabTour]:
    """Return a function that gives the tour on a core, by the core's name or path."""

    @cache
    def tour(core: str) -> LabTour:
        def see(folder: Path) -> None:
            with LabGame(core) as game:
                for scene in lab_truth.load_truth()["scenes"]:
                    both = game.go_to(scene["name"]), game.host.step()
                    (folder / scene["name"]).write_bytes(pickle.dumps(both))

        return LabTour(once(run_folder, f"lab-tour-{core.replace(os.sep, '-')}", see))

    return tour
