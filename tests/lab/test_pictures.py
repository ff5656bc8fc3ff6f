"""All cores show the same picture of each scene, except of those that cores are known to draw differently."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from halscope.hosts.libretro import available_cores
from numpy.typing import NDArray
from support import lab_truth
from support.colours import count_colours
from support.lab_tour import LabTour

NAMES = [scene["name"] for scene in lab_truth.load_truth()["scenes"] if scene["agreed"]]
CORES = [core.name for core in available_cores()]


@pytest.mark.slow
@pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")
@pytest.mark.parametrize("core", CORES[1:])
def test_another_core_shows_the_same_pictures(lab_tour: Callable[[str], LabTour], core: str) -> None:
    one, other = lab_tour(CORES[0]), lab_tour(core)
    for name in NAMES:
        ours = one.snapshot(name).picture
        assert ours is not None
        assert count_colours(ours) > 8
        shots = [snapshot(name).picture for snapshot in (other.snapshot, other.following)]  # both fields
        assert any(shot is not None and same(ours, shot) for shot in shots), name


def same(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> bool:
    """Whether two cores' pictures are equal in 5 bits a channel.

    Of 512 columns, bsnes shows each one column further to the right than snes9x does.
    """
    if ours.shape == theirs.shape and ours.shape[1] == 512:
        return any(np.array_equal(ours[:, : 512 - by] >> 3, theirs[:, by:] >> 3) for by in (0, 1))
    return np.array_equal(ours >> 3, theirs >> 3)
