"""Packed palettes that are too small for the index of tiles: the other entries of tables that are known."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import CodecError
from numpy.typing import NDArray

from halscope.rom.colours._table import COLOUR, GRAM
from halscope.rom.edges import Ranges
from halscope.rom.index import RomIndex
from halscope.rom.references import NO_BANK

_LARGEST: Final = 64
"""Decoded bytes from which on a block is in the index."""
_FURTHER: Final = 16
"""Entries tried before the first and behind the last one of a table that lead to blocks of the index."""
_MOST_TARGETS: Final = 1 << 14


class SmallBlock(NamedTuple):
    """A block that a table's entry leads to.

    Args:
        codec: Number of its codec in the index.
        offset: ROM offset.
        data: uint8[n], decoded.
        ranges: The stretches of the file that hold its packed bytes.
    """

    codec: int
    offset: int
    data: NDArray[np.uint8]
    ranges: Ranges


def small_blocks(index: RomIndex) -> list[SmallBlock]:
    """Return the blocks of fewer than 64 bytes, all of them colours, that entries of known tables lead to, ascending.

    A table is known by the blocks that its entries lead to, and these say the codec.
    """
    found: dict[int, SmallBlock] = {}
    known = {*index.families["offset"].tolist()}
    for target, codec in _targets(index):
        if target in known or target in found:
            continue
        try:
            block, ranges = index.rom.read_stream(index.codecs[codec], target)
        except CodecError:
            continue
        data = np.asarray(block.data, np.uint8)
        if len(data) < _LARGEST and _are_colours(data):
            found[target] = SmallBlock(codec, target, data, ranges)
    return [found[target] for target in sorted(found)]


def _are_colours(data: NDArray[np.uint8]) -> bool:
    if len(data) % 2 or len(data) < 2 * GRAM:
        return False
    words = np.ascontiguousarray(data).view("<u2")
    return bool((words <= COLOUR).all()) and len(set(words.tolist())) >= GRAM


def _targets(index: RomIndex) -> dict[tuple[int, int], None]:
    """Return the ROM offsets that the entries of known tables lead to, each with the codec of the table's blocks."""
    rows, tables = index.pointers.rows, index.pointers.tables
    codecs = {int(start["offset"]): int(start["codec"]) for start in index.best_starts}
    found: dict[tuple[int, int], None] = {}
    data = index.rom.data
    for number, table in enumerate(tables):
        stride = int(table["stride"])
        mine = rows[rows["table"] == number]
        counted = Counter(codecs[target] for target in mine["target"].tolist() if target in codecs)
        if stride <= 0 or not counted:
            continue
        codec = counted.most_common(1)[0][0]
        first = mine[int(np.argmin(mine["low"]))]
        low, high, bank = int(first["low"]), int(first["high"]), int(first["bank"])
        for entry in range(-_FURTHER, int(table["count"]) + _FURTHER):
            step = entry * stride
            places = [low + step, high + step, *([] if bank == NO_BANK else [bank + step])]
            if min(places) < 0 or max(places) >= len(data) or len(found) >= _MOST_TARGETS:
                continue
            address = int(data[places[0]]) | int(data[places[1]]) << 8
            address |= int(first["address"]) & 0xFF0000 if bank == NO_BANK else int(data[places[2]]) << 16
            target = index.rom.to_offset(address)
            if target is not None:
                found[target, codec] = None
    return found
