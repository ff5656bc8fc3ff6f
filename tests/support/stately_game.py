"""A game whose graphics, palettes and sprites are unlike any other bytes, so that a state can be recognised by them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from support import probe_rom


def stately_game(animate: Collection[probe_rom.Animation]) -> bytes:
    """Return the image.

    Args:
        animate: What changes each frame, see `probe_rom.build`.
    """
    random = np.random.default_rng(7)
    vram, oam = random.bytes(0x10000), random.bytes(544)
    cgram = random.integers(0, 0x8000, 256, np.uint16)
    return probe_rom.build(vram, cgram.view(np.uint8), oam, {"tm": 0x11, "bgmode": 1}, animate=animate)
