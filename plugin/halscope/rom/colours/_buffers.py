"""The buffers in the console's memories from which a game refreshes CGRAM, found by their content."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import Snapshot

from halscope.rom.colours._stretches import find_stretches, words_of
from halscope.rom.colours._table import COLOUR

_SPACES: Final[tuple[Literal["wram", "bwram", "iram"], ...]] = ("wram", "bwram", "iram")
_LEAST: Final = 16
"""Colours that a buffer holds at least: one palette. Fewer may be a leftover."""


class Buffer(NamedTuple):
    """A copy of CGRAM, or of a part of it, in a memory.

    Args:
        space: The memory.
        offset: Byte offset of the first colour there.
        first: Number of that colour in CGRAM.
        length: Colours from the first to the last equal one.
        equal: How many of these are equal to CGRAM's.
    """

    space: Literal["wram", "bwram", "iram"]
    offset: int
    first: int
    length: int
    equal: int

    def place(self, colour: int) -> int | None:
        """Return the byte offset of a colour of CGRAM in the memory, or `None` if the buffer does not hold it."""
        inside = self.first <= colour < self.first + self.length
        return self.offset + 2 * (colour - self.first) if inside else None


def colour_buffers(snapshot: Snapshot) -> tuple[Buffer, ...]:
    """Find the buffers whose colours stand as in CGRAM, one after the other; those with the most colours first.

    One snapshot shows a copy; that the game refreshes CGRAM from it shows when the two change together.
    """
    found: list[Buffer] = []
    colours = snapshot.cgram & np.uint16(COLOUR)
    for space in _SPACES:
        memory = getattr(snapshot, space)
        if memory is None:
            continue
        shifts: Counter[int] = Counter()
        for stretch in find_stretches(memory, colours):
            shifts[stretch.at - 2 * stretch.first] += stretch.length
        words = words_of(memory)
        for shift, count in shifts.items():
            if count < _LEAST:
                continue
            places = shift + 2 * np.arange(len(colours))
            inside = (places >= 0) & (places < len(words))
            equal = np.flatnonzero(inside & (words[np.where(inside, places, 0)] == colours))
            first, last = int(equal[0]), int(equal[-1])
            found.append(Buffer(space, shift + 2 * first, first, last + 1 - first, len(equal)))
    return tuple(sorted(found, key=lambda one: (-one.equal, one.space, one.offset)))
