"""The scenes, one module each, in the order of their numbers."""

from __future__ import annotations

from labbuild.model import Scene
from labbuild.scenes import bay, compass, crystals, forest, lake, weave

SCENES: tuple[Scene, ...] = (
    bay.scene(),
    crystals.scene(),
    lake.scene(),
    forest.scene(),
    compass.disc(),
    compass.plaza(),
    weave.weave(),
    weave.halves(),
    weave.fields(),
)
