"""The packed bytes of the blocks whose starts are proven: what nothing else may be written over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import Origin

from halscope.rom.edges import Ranges
from halscope.rom.image import Rom
from halscope.rom.ranking import POINTER, START_KINDS, Starts


class ProvenStreams:
    """Where the streams of proven starts are in a ROM. Immutable.

    Args:
        rom: The image.
        codecs: Names of the codecs that `families` numbers.
        families: START_DTYPE.
    """

    def __init__(self, rom: Rom, codecs: Sequence[str], families: Starts) -> None:
        proven = families[families["start"] <= POINTER]  # START_KINDS is ordered: "traced", "pointer", ...
        self._origins: Final = [
            Origin(codecs[codec], offset, 0, START_KINDS[start])
            for codec, offset, start in zip(
                proven["codec"].tolist(), proven["offset"].tolist(), proven["start"].tolist(), strict=True
            )
        ]
        stretches = [
            (begin, end, number)
            for number, (origin, size) in enumerate(zip(self._origins, proven["packed_size"].tolist(), strict=True))
            for begin, end in rom.stream_ranges(origin.codec, origin.block_offset, size)
        ]
        self._begins, self._ends, self._numbers = np.array(stretches, np.int64).reshape(-1, 3).T

    def sharing(self, ranges: Ranges) -> tuple[Origin, ...]:
        """Return the starts whose streams share bytes with these stretches of the file, in the order of the index."""
        shares = np.zeros(len(self._begins), np.bool_)
        for begin, end in ranges:
            shares |= (self._begins < end) & (begin < self._ends)
        return tuple(self._origins[number] for number in dict.fromkeys(self._numbers[shares].tolist()))
