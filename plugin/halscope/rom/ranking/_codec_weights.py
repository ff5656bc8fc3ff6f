"""Codec weights: decide which codecs a ROM uses at all.

HAL, LZ1 and LZ2 have commands of the same lengths, so the same bytes are often a valid stream of two of them, and a
block of a few commands may look slightly more like the wrong one. But a game uses one codec, rarely two. A codec is
therefore trusted in a ROM on the strength of its unambiguous blocks. Where streams of two codecs share an end, the one
that the rest of the ROM supports is preferred.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom.ranking._rows import best_rows, disjoint, highest

_STRONG: Final = 20.0
"""Evidence from which a block counts for its codec. 4 MiB of noise rarely produces half as much."""

_BELIEVED: Final = 100.0
"""Total evidence that a codec needs beyond that of other codecs for the same bytes: a few blocks of graphics."""

_DOUBT: Final = 30.0
"""Evidence subtracted from the streams of an untrusted codec: more than a short block has."""

_MOST: Final = 10.0
_SLOPE: Final = 2.0


def weigh_codecs(starts: NDArray[Any], native: NDArray[np.bool_]) -> None:
    """Adjust the evidence of each start by how much the whole ROM supports its codec.

    Args:
        starts: START_DTYPE.
        native: Which rows belong to codecs whose evidence is comparable. The others are left unchanged.
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
    """Sum, for each codec, the evidence of its strong blocks beyond that of the next best codec at the same end."""
    best = highest(starts["family"], starts["codec"], starts["evidence"].astype(np.float64))
    rows = best_rows(starts)
    rows = rows[starts["evidence"][rows] >= _STRONG]
    rows = rows[np.argsort(-starts["evidence"][rows], kind="stable")]
    begins = starts["offset"][rows].astype(np.int64)
    rows = rows[disjoint(begins, begins + starts["packed_size"][rows])]
    ordered = np.sort(best[starts["family"][rows]], axis=1)
    lead = ordered[:, -1] - np.maximum(ordered[:, -2], 0)
    return np.bincount(starts["codec"][rows], weights=lead, minlength=best.shape[1])
