"""The scenes, one module each, in the order of their numbers."""

from __future__ import annotations

from labbuild.model import Scene
from labbuild.scenes import (
    bay,
    city,
    compass,
    crystals,
    embers,
    forest,
    lake,
    monsters,
    page,
    splits,
    swell,
    viaduct,
    weave,
)

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
    city.city(),
    city.mosaic(),
    city.tall(),
    city.dusk(),
    city.blocks(),
    page.scene(),
    embers.scene(),
    monsters.scene(),
    viaduct.scene(),
    swell.scene(),
    splits.windows(),
    splits.fade(),
    splits.interrupt(),
    splits.drawn(),
)
