"""Find stretches of known colours in a memory of the console, at any byte, by three different colours in a row."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halscope.rom.colours._table import COLOUR, GRAM

_PLAIN: Final = (0x0000, 0x7FFF)
"""Black and white stand in every palette, and in much that is none."""
_MOST_STRETCHES: Final = 256


class Stretch(NamedTuple):
    """Colours that stand in a memory.

    Args:
        first: Number of the first one among the searched colours.
        length: Number of colours.
        at: Byte offset in the memory.
    """

    first: int
    length: int
    at: int


def is_telling(colours: NDArray[np.uint16]) -> bool:
    """Whether colours can be found by themselves: at least three different ones besides black and white."""
    different = np.zeros(COLOUR + 1, np.bool_)
    different[colours & np.uint16(COLOUR)] = True
    different[list(_PLAIN)] = False
    return int(np.count_nonzero(different)) >= GRAM


def words_of(memory: NDArray[np.uint8], step: int = 1) -> NDArray[np.uint16]:
    """Return uint16[n], the colour that begins at every byte of a memory, or at every other byte; without bit 15."""
    words = memory[:-1] | memory[1:].astype(np.uint16) << np.uint16(8)
    words &= np.uint16(COLOUR)
    return words[::step]


def find_stretches(memory: NDArray[np.uint8], colours: NDArray[np.uint16], *, step: int = 1) -> list[Stretch]:
    """Return where at least three different colours (besides black and white) of a run stand in a row, in order.

    Args:
        memory: uint8[n].
        colours: uint16[n], the run. Bit 15 is not compared.
        step: 2 if colours begin at even bytes only, as in CGRAM.

    Returns:
        The stretches, ascending by their offset, at most 256. A colour 0 of a palette that differs ends a stretch.
    """
    run = colours & np.uint16(COLOUR)
    if len(memory) < 2 * GRAM or not is_telling(run):
        return []
    words = words_of(memory, step)
    next_word = 2 // step
    grams: dict[tuple[int, int, int], list[int]] = {}
    known = np.zeros(COLOUR + 1, np.bool_)
    for number in range(len(run) - GRAM + 1):
        one, two, three = gram = run[number], run[number + 1], run[number + 2]
        if one != two != three != one:
            grams.setdefault((int(one), int(two), int(three)), []).append(number)
            known[list(gram)] = True
    there = known[words]
    ends = len(words) - 2 * next_word
    seeds = np.flatnonzero(there[:ends] & there[next_word : ends + next_word] & there[2 * next_word :])
    one, two, three = (words[seeds + far * next_word] for far in range(GRAM))
    seeds = seeds[(one != two) & (two != three) & (one != three)]  # most of a memory is zero
    rows = np.stack([words[seeds + far * next_word] for far in range(GRAM)], axis=1).tolist()
    found: dict[Stretch, None] = {}
    reached: dict[int, int] = {}  # word that the run would begin at → first word after its last stretch
    for seed, gram_there in zip(seeds.tolist(), rows, strict=True):
        for number in grams.get(tuple(gram_there), ()):
            begin = seed - number * next_word
            if seed < reached.get(begin, -(1 << 30)):
                continue
            back = _equal(words[begin % next_word : seed : next_word][::-1], run[:number][::-1])
            count = back + _equal(words[seed::next_word], run[number:])
            reached[begin] = seed + (count - back) * next_word
            if is_telling(run[number - back : number - back + count]) and len(found) < _MOST_STRETCHES:
                found[Stretch(number - back, count, (seed - back * next_word) * step)] = None
    return list(found)


def _equal(there: NDArray[np.uint16], run: NDArray[np.uint16]) -> int:
    """Count the equal colours from the beginning of both on."""
    length = min(len(there), len(run))
    differs = np.flatnonzero(there[:length] != run[:length])
    return int(differs[0]) if len(differs) else length
