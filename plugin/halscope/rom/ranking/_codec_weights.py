"""Belief: which codecs a ROM uses at all.

HAL, LZ1 and LZ2 have commands of the same lengths, so the same bytes are often a stream of two of them, and a block of
a few commands may look a little more like the one that it is not. But a game uses one codec, seldom two. So a codec
is believed in a ROM by the blocks that are its own beyond doubt, and where two share an end, the one that
the rest of the ROM speaks for has the better claim.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom.ranking._rows import best_rows, disjoint, highest

_STRONG: Final = 20.0
"""Evidence from which a block speaks for its codec; noise of 4 MiB seldom makes half as much."""

_BELIEVED: Final = 100.0
"""Evidence in all that a codec needs beyond what other codecs make of the same bytes: a few blocks of graphics."""

_DOUBT: Final = 30.0
"""What is taken from the streams of a codec that is not believed: more than a short block has."""

_MOST: Final = 10.0
_SLOPE: Final = 2.0


def weigh_codecs(starts: NDArray[Any], native: NDArray[np.bool_]) -> None:
    """Add to the evidence of each start what the whole ROM says of its codec.

    Args:
        starts: START_DTYPE.
        native: Which rows are of codecs whose evidence can be compared; the others stay as they are.
    """
    comparable = starts[native]
    if not len(comparable) or (comparable["codec"] == comparable["codec"][0]).all():
        return
    credit = _credit(comparable)
    believed = (credit >= _BELIEVED) | (credit == credit.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(_SLOPE * np.log(credit / credit.max()), nan=0.0, neginf=-_MOST)
    change = np.where(believed, np.maximum(share, -_MOST), -_DOUBT)
    starts["evidence"][native] += change[comparable["codec"]]


def _credit(starts: NDArray[Any]) -> NDArray[np.float64]:
    """For each codec, the evidence of its strong blocks beyond that of the next best codec at the same end."""
    best = highest(starts["family"], starts["codec"], starts["evidence"].astype(np.float64))
    rows = best_rows(starts)
    rows = rows[starts["evidence"][rows] >= _STRONG]
    rows = rows[np.argsort(-starts["evidence"][rows], kind="stable")]
    begins = starts["offset"][rows].astype(np.int64)
    rows = rows[disjoint(begins, begins + starts["packed_size"][rows])]
    ordered = np.sort(best[starts["family"][rows]], axis=1)
    lead = ordered[:, -1] - np.maximum(ordered[:, -2], 0)
    return np.bincount(starts["codec"][rows], weights=lead, minlength=best.shape[1])
