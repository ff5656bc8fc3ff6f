"""Recurrence: tell streams of packed bytes from code, tables and text that decode by chance.

The evidence of a stream compares a packer with random bytes. But most bytes of a ROM are not random: a table of numbers
decodes to long runs, and looks economical. Such bytes repeat all over the ROM, packed ones hardly do: of a block's
groups of four bytes about one in ten occurs elsewhere too, in code and tables two in three.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken
from halscope.rom.image import Rom
from halscope.rom.ranking._rows import best_rows

_DOUBTFUL: Final = (5.0, 90.0)
"""Range of evidence in which a family is examined. Below it is dropped anyway, above it no doubt is large enough."""

_PACKED: Final = 0.12
"""Chance that four bytes of a block occur elsewhere in its ROM. Measured: 7 % in the median, 24 % at most."""

_PLAIN: Final = 0.65
"""The same for streams in code, tables and text."""

_INDEPENDENCE: Final = 1 / 3
"""Groups of four bytes overlap."""

_MOST: Final = 40.0


def weigh_recurrence(
    rom: Rom,
    starts: NDArray[Any],
    native: NDArray[np.bool_],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> NDArray[np.float64]:
    """Subtract evidence from the families whose packed bytes recur.

    Args:
        rom: The image.
        starts: START_DTYPE.
        native: Which rows belong to codecs whose evidence is in nats. Families of others are left unchanged.
        cancel: Stops the work with CancelledError soon after it is cancelled.
        threads: Maximum number of C++ threads; 0 means one per core, up to four.

    Returns:
        float64[starts]: what was added to the evidence of each, 0 or less.
    """
    best = best_rows(starts)
    evidence = starts["evidence"][best]
    best = best[(evidence >= _DOUBTFUL[0]) & (evidence <= _DOUBTFUL[1]) & native[best]]
    if not len(best):
        return np.zeros(len(starts))
    offsets, sizes = (np.ascontiguousarray(starts[field][best]) for field in ("offset", "packed_size"))
    counts = _codec.locate_recurrence(rom.data, offsets, sizes, cancel, threads).astype(np.float64)
    grams, recurring = counts[:, 0], counts[:, 1]
    packed = recurring * np.log(_PACKED / _PLAIN) + (grams - recurring) * np.log((1 - _PACKED) / (1 - _PLAIN))
    of_family = np.zeros(int(starts["family"].max()) + 1)
    of_family[starts["family"][best]] = np.clip(packed * _INDEPENDENCE, -_MOST, 0)
    change: NDArray[np.float64] = of_family[starts["family"]]
    starts["evidence"] += change
    return change
