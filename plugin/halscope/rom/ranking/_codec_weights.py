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

_UNUSED: Final = 12.0
"""Evidence subtracted from the streams of a codec of which the ROM has no strong block: most programs use no such
codec, and their code and data are less random than noise."""

_IN_USE: Final = 80.0
"""Total evidence of strong blocks from which a ROM is known to use a codec."""

_DOUBT: Final = 30.0
"""Evidence subtracted from the streams of an untrusted codec: more than a short block has."""

_MOST: Final = 10.0
_SLOPE: Final = 2.0


def weigh_codecs(starts: NDArray[Any], native: NDArray[np.bool_], recurs: NDArray[np.bool_]) -> None:
    """Adjust the evidence of each start by how much the whole ROM supports its codec.

    Args:
        starts: START_DTYPE.
        native: Which rows belong to codecs whose evidence is comparable. The others are left unchanged.
        recurs: Which rows' bytes occur elsewhere too; they are no evidence for their codec.
    """
    comparable = starts[native]
    if not len(comparable):
        return
    credit, total = _credit(comparable[~recurs[native]], int(comparable["codec"].max()) + 1)
    starts["evidence"][native] -= (_UNUSED * np.clip(1 - total / _IN_USE, 0, 1))[comparable["codec"]]
    if (comparable["codec"] == comparable["codec"][0]).all():
        return
    believed = (credit >= _BELIEVED) | (credit == credit.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(_SLOPE * np.log(credit / credit.max()), nan=0.0, neginf=-_MOST)
    change = np.where(believed, np.maximum(share, -_MOST), -_DOUBT)
    starts["evidence"][native] += change[comparable["codec"]]


def _credit(starts: NDArray[Any], codecs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum, for each codec, the evidence of its strong blocks: the part beyond that of the next best codec at the same
    end, and all of it."""
    if not len(starts):
        return np.zeros(codecs), np.zeros(codecs)
    best = highest(starts["family"], starts["codec"], starts["evidence"].astype(np.float64))
    rows = best_rows(starts)
    rows = rows[starts["evidence"][rows] >= _STRONG]
    rows = rows[np.argsort(-starts["evidence"][rows], kind="stable")]
    begins = starts["offset"][rows].astype(np.int64)
    rows = rows[disjoint(begins, begins + starts["packed_size"][rows])]
    ordered = np.sort(best[starts["family"][rows]], axis=1)
    lead = ordered[:, -1] - (np.maximum(ordered[:, -2], 0) if best.shape[1] > 1 else 0)
    own = starts["codec"][rows]
    return (
        np.bincount(own, weights=lead, minlength=codecs),
        np.bincount(own, weights=ordered[:, -1], minlength=codecs),
    )
