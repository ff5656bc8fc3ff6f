"""Picking rows of an array of starts: the best of each family, and the ranges that stronger ones do not cover."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best_of_each(groups: NDArray[Any], value: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Which rows are among the `count` highest of their group."""
    order = np.lexsort((-value, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    result = np.zeros(len(groups), np.bool_)
    result[order] = np.arange(len(order)) - first < count
    return result


def best_rows(starts: NDArray[Any]) -> NDArray[np.intp]:
    """The row of the start with the most evidence of each family, the first in the ROM of equal ones; by family."""
    families, evidence = np.ascontiguousarray(starts["family"]), np.ascontiguousarray(starts["evidence"])
    most = np.full(int(families.max(initial=0)) + 1, -np.inf, np.float32)
    np.maximum.at(most, families, evidence)
    rows = np.flatnonzero(evidence == most[families])  # few: the rest need not be sorted
    rows = rows[np.lexsort((starts["offset"][rows], families[rows]))]
    return rows[first_of_each(families[rows])]


def first_of_each(ordered: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Where each new value begins in an array whose equal values stand together."""
    return np.flatnonzero(np.r_[len(ordered) > 0, ordered[1:] != ordered[:-1]][: len(ordered)])


def disjoint(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which ranges, strongest first, have an end that lies in no stronger one."""
    taken = np.zeros(len(begins), np.bool_)
    claimed = np.zeros(int(ends.max(initial=0)) + 1, np.bool_)
    for k, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if not claimed[end - 1]:
            taken[k] = True
            claimed[begin:end] = True
    return taken


def highest(families: NDArray[Any], groups: NDArray[Any], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[families, groups]: the highest value of each group in each family, -infinity for none."""
    best = np.full((int(families.max(initial=0)) + 1, int(groups.max(initial=0)) + 1), -np.inf)
    np.maximum.at(best, (families, groups), value)
    return best


def numbered(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The number of each value among all different ones, ascending; by a table, which takes a tenth of a sort."""
    there = np.zeros(int(values.max(initial=0)) + 1, np.bool_)
    there[values] = True
    different = np.flatnonzero(there)
    number = np.empty(len(there), np.uint32)
    number[different] = np.arange(len(different), dtype=np.uint32)
    numbers: NDArray[np.uint32] = number[values]
    return numbers
