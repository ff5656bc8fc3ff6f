"""Pointers that chance made: the start that one leads to has a rival in its own family."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halscope.rom.references import SHAPES, References, among

_MOST_BELOW: Final = 20.0
"""Most by which a start has less evidence than its family's best for a word alone to prove it. Measured on 4,319 blocks
without pointers: at most 15.5."""


def without_rivals(starts: NDArray[Any], native: NDArray[np.bool_], references: References) -> References:
    """Return the references without those that lead to a start with a better rival: blocks with one end are one block.

    Of a word whose bank nothing names, and of an entry at an end of a table, too little says that it is a pointer. What
    stands there leads to some start by chance, most often to one beside the start of a block, which is pointed at too.

    Args:
        starts: START_DTYPE, with the evidence of their streams.
        native: Whether the evidence of each start is comparable.
        references: The references found in the ROM.
    """
    rows, tables = references.rows, references.tables[references.rows["table"]]
    last = tables["base"] + np.maximum(tables["count"], 1).astype(np.int64) * tables["stride"] - tables["stride"]
    at_end = (tables["stride"] > 0) & ((rows["low"] == tables["base"]) | (rows["low"] == last))
    is_word = tables["shape"] == SHAPES.index("word")
    firm = among(starts["offset"], rows["target"][~is_word & ~at_end])
    rivalled = np.zeros(int(starts["family"].max(initial=0)) + 1, np.bool_)
    rivalled[starts["family"][firm]] = True
    alone = firm | ~rivalled[starts["family"]]
    kept = ~at_end | among(rows["target"], starts["offset"][alone])
    kept &= ~is_word | among(rows["target"], starts["offset"][_excelled_by_none(starts, native, rows["target"])])
    return References(rows[kept], references.tables)


def _excelled_by_none(
    starts: NDArray[Any], native: NDArray[np.bool_], targets: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Return which starts no other of their family excels by far, or by anything if both are pointed at."""
    evidence = np.where(native, starts["evidence"].astype(np.float64), np.inf)
    pointed = native & among(starts["offset"], targets)
    best = np.full(int(starts["family"].max(initial=0)) + 1, -np.inf)
    np.maximum.at(best, starts["family"][native], evidence[native] - _MOST_BELOW)
    np.maximum.at(best, starts["family"][pointed], evidence[pointed])
    return np.asarray(evidence >= best[starts["family"]])
