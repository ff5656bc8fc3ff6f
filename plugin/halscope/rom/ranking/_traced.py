"""Starts that were traced, in an index that was ranked without knowing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halscope.rom.ranking._families import TRACED, KnownStarts, Starts
from halscope.rom.ranking._rows import first_of_each


def promoted(families: Starts, names: Sequence[str], traced: KnownStarts) -> Starts:
    """Return the families with these starts marked as traced; starts that are not among them have no effect.

    Rows keep their order: other arrays are indexed by it.

    Args:
        families: START_DTYPE, as in an index.
        names: Codec names, indexed by the field `codec`.
        traced: File offsets of the traced starts.
    """
    chosen = np.zeros(len(families), np.bool_)
    for number, name in enumerate(names):
        offsets = np.asarray(traced.get(name, ()), np.int64)
        flags = np.zeros(int(max(offsets.max(initial=0), families["offset"].max(initial=0))) + 1, np.bool_)
        flags[offsets] = True
        chosen |= flags[families["offset"]] & (families["codec"] == number)
    if not chosen.any():
        return families
    families = families.copy()
    families["start"][chosen] = TRACED
    known = np.zeros(int(families["family"].max()) + 1, np.bool_)
    known[families["family"][chosen]] = True
    sure = known[families["family"]]
    families["family_score"][sure] = 1
    families["score"][sure] = 0
    families["score"][chosen] = 1
    families.flags.writeable = False
    return families


def best_of_families(families: Starts) -> NDArray[np.intp]:
    """Return the row of each family's best start, by family: a traced one, or else its first that is not refused
    because it was executed (`without_executed`), or else its first."""
    best: NDArray[Any] = first_of_each(families["family"])
    numbers = families["family"][best]
    if (families["score"][best] < 0).any():
        rows = np.flatnonzero(families["score"] >= 0)
        kept = rows[first_of_each(families["family"][rows])]
        best[np.searchsorted(numbers, families["family"][kept])] = kept
    for row in np.flatnonzero(families["start"] == TRACED)[::-1].tolist():  # the first one of a family remains
        best[np.searchsorted(numbers, families["family"][row])] = row
    return best
