"""A table of every place in the ROM and in decoded blocks where three different colours may stand in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

COLOUR: Final = 0x7FFF
"""The bits of a colour; CGRAM does not store bit 15."""
GRAM: Final = 3
"""Colours in a row by which places are found: the shortest palettes of games."""

_SPAN: Final = 2 * GRAM
_FACTORS: Final = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D], np.uint32)
_CHUNK: Final = 1 << 18
"""Positions at a time: temporary arrays of this length stay in the processor's cache."""
_BUCKETS: Final = 1 << 16
_MOST_PLACES: Final = 4096
"""Places examined per gram; one with more is no palette's own."""


@dataclass(frozen=True, slots=True, eq=False)
class ColourTable:
    """The bytes that colours are looked up in, and where three different ones stand in a row.

    Args:
        data: uint8[n], decoded blocks, then the ROM.
        bits: float32[32768], the information of each colour in bits: how rare it is among all words of `data`.
    """

    data: NDArray[np.uint8]
    bits: NDArray[np.float32]
    _positions: NDArray[np.uint32]
    _first: NDArray[np.int64]

    @classmethod
    def build(cls, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> ColourTable:
        """Build the table: 20 to 40 ms per MiB.

        A place is entered if bit 15 of its three words is equal: a quarter of the places in random data, nearly all in
        palettes. Longer runs with other bits 15 are found by extending them.

        Args:
            data: uint8[n].
            ends: Ends of the blocks in it, ascending; no run extends beyond the end of its block.
        """
        counts = np.zeros(COLOUR + 1, np.int64)
        positions, keys = [], []
        for begin in range(0, max(0, len(data) - 1), _CHUNK):
            part = data[begin : begin + _CHUNK + _SPAN - 1]
            words = part[:-1] | part[1:].astype(np.uint16) << np.uint16(8)
            colours = words & np.uint16(COLOUR)
            counts += np.bincount(colours[:_CHUNK], minlength=COLOUR + 1)
            if len(words) <= _SPAN - 2:
                break
            one, two, three = (words[at : len(words) - (_SPAN - 2 - at)] for at in (0, 2, 4))
            same = ((one ^ two | one ^ three) <= COLOUR) & (one != two) & (two != three) & (one != three)
            at = np.flatnonzero(same)
            positions.append((at + begin).astype(np.uint32))
            keys.append(_keys(np.stack([colours[at], colours[at + 2], colours[at + 4]])))
        places = np.concatenate(positions) if positions else np.zeros(0, np.uint32)
        key = np.concatenate(keys) if keys else np.zeros(0, np.uint16)
        # Three words from here on reach into the next block.
        across = np.zeros(len(data) + _SPAN, np.bool_)
        for back in range(1, _SPAN):
            across[np.maximum(ends - back, 0)] = True
        inside = ~across[places]
        places, key = places[inside], key[inside]
        order = np.argsort(key, kind="stable")  # by radix, as the keys have 16 bits
        first = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=_BUCKETS))])
        rarity = -np.log2((counts + 1) / (counts.sum() + COLOUR + 1))
        return cls(data, rarity.astype(np.float32), places[order], first)

    def places(self, colours: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each three colours in a row stand in `data`.

        Args:
            colours: uint16[n], 15 bits each.

        Returns:
            int64[m], numbers of first colours, and int64[m], offsets in `data`. Three colours of which two are equal
            are not looked up.
        """
        one, two, three = colours[:-2], colours[1:-1], colours[2:]
        grams = np.flatnonzero((one != two) & (two != three) & (one != three))
        keys = _keys(np.stack([one, two, three])[:, grams])
        begin, counts = self._first[keys], self._first[keys.astype(np.int64) + 1] - self._first[keys]
        counts[counts > _MOST_PLACES] = 0
        number = np.repeat(grams, counts)
        within = np.arange(len(number)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = self._positions[np.repeat(begin, counts) + within].astype(np.int64)
        equal = np.ones(len(at), np.bool_)
        for step in range(GRAM):
            equal &= self.words(at + 2 * step) == colours[number + step]
        return number[equal], at[equal]

    def words(self, at: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the colours at these offsets in `data`, without bit 15."""
        low, high = self.data[at], self.data[at + 1]
        words: NDArray[np.uint16] = (low | high.astype(np.uint16) << np.uint16(8)) & np.uint16(COLOUR)
        return words


def _keys(grams: NDArray[Any]) -> NDArray[np.uint16]:
    """Return uint16[n], a hash of uint16[3, n]."""
    mixed = (grams.astype(np.uint32) * _FACTORS[:, None]).sum(axis=0, dtype=np.uint32)
    return (mixed >> np.uint32(16)).astype(np.uint16)
