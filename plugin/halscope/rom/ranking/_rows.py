"""Select rows of an array of starts: the best of each family, and ranges not covered by stronger ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best_of_each(groups: NDArray[Any], value: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Return which rows are among the `count` highest of their group."""
    order = np.lexsort((-value, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    result = np.zeros(len(groups), np.bool_)
    result[order] = np.arange(len(order)) - first < count
    return result


def best_rows(starts: NDArray[Any]) -> NDArray[np.intp]:
    """Return the row of each family's start with the most evidence (the first in the ROM on ties), by family."""
    families, evidence = np.ascontiguousarray(starts["family"]), np.ascontiguousarray(starts["evidence"])
    most = np.full(int(families.max(initial=0)) + 1, -np.inf, np.float32)
    np.maximum.at(most, families, evidence)
    rows = np.flatnonzero(evidence == most[families])  # only a few rows are left to sort
    rows = rows[np.lexsort((starts["offset"][rows], families[rows]))]
    return rows[first_of_each(families[rows])]


def first_of_each(ordered: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return the index of the first of each value in an array whose equal values are adjacent."""
    return np.flatnonzero(np.r_[len(ordered) > 0, ordered[1:] != ordered[:-1]][: len(ordered)])


def disjoint(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which ranges, given strongest first, have an end that is not inside a stronger one."""
    taken = np.zeros(len(begins), np.bool_)
    claimed = np.zeros(int(ends.max(initial=0)) + 1, np.bool_)
    for k, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if not claimed[end - 1]:
            taken[k] = True
            claimed[begin:end] = True
    return taken


def highest(families: NDArray[Any], groups: NDArray[Any], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64[families, groups]: the highest value of each group in each family, or -infinity."""
    best = np.full((int(families.max(initial=0)) + 1, int(groups.max(initial=0)) + 1), -np.inf)
    np.maximum.at(best, (families, groups), value)
    return best
