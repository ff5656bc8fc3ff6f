"""What the believed tables of pointers occupy, and where all of their entries lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom.image import Rom
from halscope.rom.mapping import PAGE_BYTES, page_table
from halscope.rom.references import NO_BANK, References

_COLUMNS: Final = ("low", "high", "bank")


def table_areas(references: References) -> list[tuple[int, int]]:
    """Return the stretches of the file (begin, end) that hold pointers: whole tables, and single pointers."""
    areas: list[tuple[int, int]] = []
    for rows, stride in _tables(references):
        for column in _COLUMNS:
            places = rows[column][rows[column] != NO_BANK].astype(np.int64)
            if not places.size:
                continue
            if stride:
                areas.append((int(places.min()), int(places.max()) + max(stride, 1)))
            else:
                areas += ((at, at + 1) for at in places.tolist())
    return areas


def entry_targets(rom: Rom, references: References) -> NDArray[np.int64]:
    """Return the file offsets that the entries of all tables lead to, also those that lead to no block; ascending.

    An entry that is not known to lead to a block is where its neighbours' distances put it.
    """
    pages = page_table(rom.mapping, rom.data.size)
    found = [references.rows["target"].astype(np.int64)]
    for rows, stride in _tables(references):
        if not stride:
            continue
        order = np.argsort(rows["low"], kind="stable")
        rows = rows[order]
        numbers = (rows["low"].astype(np.int64) - int(rows["low"][0])) // stride
        every = np.arange(int(numbers[-1]) + 1)
        columns = [_filled(rows[column], numbers, every) for column in _COLUMNS]
        if any(column is None or column.max(initial=0) >= rom.data.size for column in columns[:2]):
            continue
        low, high, bank = columns
        if bank is not None and bank.max(initial=0) < rom.data.size:
            banks = rom.data[bank].astype(np.int64)
        else:  # the bank of the nearest known entry before
            banks = (rows["address"].astype(np.int64) >> 16)[np.searchsorted(numbers, every, "right") - 1]
        addresses = rom.data[low].astype(np.int64) | rom.data[high].astype(np.int64) << 8 | banks << 16
        bases = pages[addresses // PAGE_BYTES]
        found.append((bases + addresses % PAGE_BYTES)[bases >= 0])
    return np.sort(np.concatenate(found))


def _tables(references: References) -> Iterator[tuple[NDArray[Any], int]]:
    """Yield the rows and the stride of each table."""
    rows = references.rows[np.argsort(references.rows["table"], kind="stable")]
    firsts = np.flatnonzero(np.diff(rows["table"], prepend=-1))
    for group in np.split(rows, firsts[1:]) if len(rows) else ():
        yield group, int(references.tables["stride"][int(group["table"][0])])


def _filled(places: NDArray[Any], numbers: NDArray[np.int64], every: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return the places of a column's byte for every entry, from those of the known ones; `None` if it has none."""
    if bool((places == NO_BANK).any()):
        return None
    return np.rint(np.interp(every, numbers, places.astype(np.float64))).astype(np.int64)
