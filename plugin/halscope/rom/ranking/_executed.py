"""Starts whose streams contain code that was executed: they are no blocks, whatever else speaks for them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom.ranking._families import CONTENT, TRACED, Starts

NO_BLOCK: Final = -1.0
"""Score of such a start. It is below all others, so that no list of blocks contains it."""


def without_executed(families: Starts, executed: NDArray[np.bool_]) -> Starts:
    """Return the families with the starts whose packed bytes were executed marked as no blocks.

    A traced start stays: the game was seen unpacking it. Rows keep their order: other arrays are indexed by it.

    Args:
        families: START_DTYPE, as in an index.
        executed: bool[n], by file offset: bytes that a debugger saw the game execute.
    """
    before = np.concatenate([[0], np.cumsum(executed)])
    first = np.minimum(families["offset"].astype(np.int64), executed.size)
    last = np.minimum(first + families["packed_size"], executed.size)
    refused = (before[last] > before[first]) & (families["start"] != TRACED)
    if not refused.any():
        return families
    families = families.copy()
    families["score"][refused] = NO_BLOCK
    families["start"][refused] = CONTENT
    plausible = np.zeros(int(families["family"].max()) + 1, np.bool_)
    plausible[families["family"][~refused]] = True
    families["family_score"][~plausible[families["family"]]] = 0
    families.flags.writeable = False
    return families
