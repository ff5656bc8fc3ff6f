"""RATS tags: areas of a ROM that a tool has claimed, as others shall see.

A tag is "STAR", then the size of what follows, less one, and the complement of that word, both little-endian. asar,
Lunar Magic and their kin never put anything into a tagged area, nor look for free space there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

TAG_BYTES: Final = 8
LARGEST: Final = 0x10000

_MAGIC: Final = b"STAR"


def tag(size: int) -> bytes:
    """Return the tag of `size` bytes, 1 to 65,536, that follow it."""
    if not 1 <= size <= LARGEST:
        raise ValueError(f"a RATS tag counts 1 to {LARGEST} bytes, not {size}")
    return _MAGIC + (size - 1).to_bytes(2, "little") + (size - 1 ^ 0xFFFF).to_bytes(2, "little")


def tagged_areas(rom: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return the areas (begin, end) that valid tags claim, with their tags, ascending. They may overlap."""
    image, areas = rom.tobytes(), []
    at = image.find(_MAGIC)
    while at >= 0:
        size, complement = (int.from_bytes(image[at + 4 + k : at + 6 + k], "little") for k in (0, 2))
        end = at + TAG_BYTES + size + 1
        if size ^ complement == 0xFFFF and end <= len(image):
            areas.append((at, end))
        at = image.find(_MAGIC, at + 1)
    return areas
