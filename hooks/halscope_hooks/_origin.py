"""Origin: a proven place in the ROM that a tile comes from, and how its block's start is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

RAW_CODEC: Final = "raw"
"""The codec of an origin whose bytes are not compressed."""

StartEvidence = Literal["traced", "pointer", "adjacent", "content"]
"""How the start of a block is known, strongest first.

`traced`: the game's decoder was seen reading it; `pointer`: something in the ROM points at it; `adjacent`: it begins
where another block ends; `content`: its output holds the bytes, and nothing more is known.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in the ROM that holds the bytes of a tile, proven by decoding again and comparing.

    Args:
        codec: The codec's name ("hal"), or `RAW_CODEC` for uncompressed bytes.
        block_offset: File offset of the compressed block in the headerless image; of the tile itself where it is raw.
        byte_offset: Offset of the tile in the block's decoded bytes; 0 where it is raw.
        start: How the block's start is known.
    """

    codec: str
    block_offset: int
    byte_offset: int
    start: StartEvidence


@dataclass(frozen=True, slots=True, eq=False)
class VramOrigins:
    """The origins of every 32-byte tile of a VRAM.

    Args:
        origins: 2048 tuples, best origin first; empty where no place is known. Any sequence: the index makes the
            tuples as they are asked for.
        informative: bool[2048], False where a tile carries too little information (blank, one colour) to say.
    """

    origins: Sequence[tuple[Origin, ...]]
    informative: NDArray[np.bool_] = field(repr=False)

    @property
    def located(self) -> int:
        """How many of the informative tiles have a known place."""
        return sum(bool(self.origins[tile]) for tile in np.flatnonzero(self.informative).tolist())
