"""Styles: whose habits the packer of a ROM's streams had.

Packers that are equally good differ in where a match ends when it does not matter: some give the byte between two
matches always to the first, some always to the second, some to either (cpp/locate/economy.cpp has the rates). What is a
habit of one would be a fault in another, so no stream can be judged without knowing. But one program packed most blocks
of a game, if not all: the blocks that are beyond doubt tell its style, and that is what the others are held against.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope._codec import CancelToken
from halscope.rom.cancelling import stop_if_cancelled
from halscope.rom.ranking._rows import first_of_each

_EXPECTED: Final = np.array([0.70, 0.14, 0.14, 0.02])
"""How common each style is; of the programs that are known, most give the byte to the first match."""

_EXPECTED_BLOCKS: Final = 2.0
"""How many blocks the expectation counts as."""

_STRONG: Final = 20.0
"""Evidence from which a stream speaks for its packer; noise of 4 MiB seldom makes half as much."""

_ROUNDS: Final = 2
_STEPS: Final = 8


def mixed_styles(
    starts: NDArray[Any],
    evidence: NDArray[np.float32],
    joints: NDArray[np.float32],
    cancel: CancelToken | None = None,
) -> NDArray[np.float64]:
    """The evidence of starts in nats, the style of each codec's packer unknown.

    Args:
        starts: START_DTYPE, of codecs that C++ knows.
        evidence: Without that of their joints.
        joints: float32[n, styles]: that of their joints, were the packer of this style.
        cancel: Raises CancelledError soon after it is cancelled.
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
    """What the joints say: the likelihood under each style, mixed by how much of the ROM has it."""
    share = _EXPECTED
    mixed = _mixture(joints, share)
    for _ in range(_ROUNDS):
        stop_if_cancelled(cancel)
        total = evidence + mixed
        order = np.lexsort((-total, families))
        best = order[first_of_each(families[order])]
        strong = joints[best[total[best] >= _STRONG]]
        for _ in range(_STEPS):
            with np.errstate(divide="ignore"):
                chance = np.exp(strong + np.log(share) - _mixture(strong, share)[:, np.newaxis])
            share = (_EXPECTED * _EXPECTED_BLOCKS + chance.sum(axis=0)) / (_EXPECTED_BLOCKS + len(strong))
        stop_if_cancelled(cancel)
        mixed = _mixture(joints, share)
    return mixed


def _mixture(joints: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the mean likelihood over styles."""
    terms = joints + np.log(share)
    most: NDArray[np.float64] = terms.max(axis=1, initial=-np.inf)
    result: NDArray[np.float64] = most + np.log(np.exp(terms - most[:, np.newaxis]).sum(axis=1))
    return result
