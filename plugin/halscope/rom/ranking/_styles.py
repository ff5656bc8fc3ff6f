"""Styles: infer the habits of the packer that produced a ROM's streams.

Equally good packers differ in where a match ends when it makes no difference: some always give the byte between two
matches to the first, some always to the second, some to either (rates in cpp/locate/economy.cpp). A habit of one packer
would be a fault in another, so a stream can only be judged with the style known. But one program packed most or all
blocks of a game: the unambiguous blocks reveal its style, and the others are judged by it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope._codec import CancelToken
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.ranking._rows import first_of_each

_EXPECTED: Final = np.array([0.70, 0.14, 0.14, 0.02])
"""Prior probability of each style. Most known programs give the byte to the first match."""

_EXPECTED_BLOCKS: Final = 2.0
"""Weight of the prior, in blocks."""

_STRONG: Final = 20.0
"""Evidence from which a stream counts towards the style. 4 MiB of noise rarely produces half as much."""

_ROUNDS: Final = 2
_STEPS: Final = 8


def mixed_styles(
    starts: NDArray[Any],
    evidence: NDArray[np.float32],
    joints: NDArray[np.float32],
    cancel: CancelToken | None = None,
) -> NDArray[np.float64]:
    """Return the evidence of starts in nats when the style of each codec's packer is unknown.

    Args:
        starts: START_DTYPE, of native codecs.
        evidence: Evidence of the starts without their joints.
        joints: float32[n, styles], evidence of their joints for each packer style.
        cancel: Stops the work with CancelledError soon after it is cancelled.
    """
    result = evidence.astype(np.float64)
    for codec in np.flatnonzero(np.bincount(starts["codec"])):
        rows = starts["codec"] == codec
        result[rows] += _mixed(starts["family"][rows], result[rows], joints[rows].astype(np.float64), cancel)
    return result


def _mixed(
    families: NDArray[np.uint32],
    evidence: NDArray[np.float64],
    joints: NDArray[np.float64],
    cancel: CancelToken | None,
) -> NDArray[np.float64]:
    """Return the evidence of the joints: the likelihood under each style, weighted by its share of the ROM."""
    of_style = np.ascontiguousarray(joints.T)  # one row per style: numpy is slow along short rows
    share = _EXPECTED
    mixed = _mixture(of_style, share)
    for _ in range(_ROUNDS):
        stop_if_cancelled(cancel)
        total = evidence + mixed
        order = np.lexsort((-total, families))
        best = order[first_of_each(families[order])]
        strong = np.ascontiguousarray(of_style[:, best[total[best] >= _STRONG]])
        for _ in range(_STEPS):
            with np.errstate(divide="ignore"):
                chance = np.exp(strong + np.log(share)[:, np.newaxis] - _mixture(strong, share))
            share = (_EXPECTED * _EXPECTED_BLOCKS + chance.sum(axis=1)) / (_EXPECTED_BLOCKS + strong.shape[1])
        stop_if_cancelled(cancel)
        mixed = _mixture(of_style, share)
    return mixed


def _mixture(of_style: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the mean likelihood over all styles, from float64[styles, n]."""
    terms = of_style + np.log(share)[:, np.newaxis]
    most: NDArray[np.float64] = terms.max(axis=0, initial=-np.inf)
    result: NDArray[np.float64] = most + np.log(np.exp(terms - most).sum(axis=0))
    return result
