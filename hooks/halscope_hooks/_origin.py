"""Origin: a proven place in the ROM that a tile comes from, and how its block's start is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._errors import UsageError
from halscope_hooks._sizes import TILE_BYTES

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
        byte_offset: Offset of the tile in the block's decoded bytes, before the transform; 0 where it is raw.
        start: How the block's start is known.
        transform: What the game does to the decoded bytes on their way into VRAM: "none", "3bpp-low" and "3bpp-high"
            (three planes become four, the fourth empty or the union of the others), "1bpp", "mode7", and what profiles
            add.
    """

    codec: str
    block_offset: int
    byte_offset: int
    start: StartEvidence
    transform: str = "none"


@dataclass(frozen=True, slots=True, eq=False)
class VramOrigins:
    """The origins of VRAM, counted in pieces of 32 bytes (a tile of 4 bits a pixel).

    Args:
        origins: 2048 tuples, best origin first; empty where no place is known. Any sequence: the index makes the
            tuples as they are asked for.
        informative: bool[2048], False where a piece carries too little information (blank, one colour) to say.
    """

    origins: Sequence[tuple[Origin, ...]]
    informative: NDArray[np.bool_] = field(repr=False)

    @property
    def located(self) -> int:
        """How many of the informative pieces have a known place."""
        return sum(bool(self.origins[tile]) for tile in np.flatnonzero(self.informative).tolist())

    def at(self, vram_byte: int, bpp: int = 4) -> tuple[Origin, ...]:
        """Where the tile at a place in VRAM comes from, best origin first; empty where no place is known.

        A tile of 2 bits a pixel is a part of a piece, and comes from where that comes from. One of 8 bits spans two
        pieces, and has the origins at which both stand one behind the other.

        Args:
            vram_byte: Byte address of the tile, a multiple of its size (8 × bpp bytes).
            bpp: Bits a pixel: 2, 4 or 8.

        Raises:
            UsageError: VRAM has no such tile.
        """
        size = _TILE_SIZES.get(bpp)
        if size is None or vram_byte % size or not 0 <= vram_byte < len(self.origins) * TILE_BYTES:
            raise UsageError(f"VRAM has no tile of {bpp} bits a pixel at byte {vram_byte:#x}")
        piece, inside = divmod(vram_byte, TILE_BYTES)
        found = self.origins[piece]
        if size > TILE_BYTES:
            following = {_shifted(origin, -TILE_BYTES) for origin in self.origins[piece + 1]}
            return tuple(origin for origin in found if origin in following)
        return tuple(_shifted(origin, inside) for origin in found) if inside else found


@dataclass(frozen=True, slots=True, eq=False)
class CgramOrigins:
    """The origins of the 256 colours of CGRAM, the twin of `VramOrigins`.

    Args:
        origins: 256 tuples, best origin first; empty where no place is known.
    """

    origins: Sequence[tuple[Origin, ...]]

    @property
    def located(self) -> int:
        """How many colours have a known place."""
        return sum(bool(places) for places in self.origins)

    def at(self, colour: int) -> tuple[Origin, ...]:
        """Where a colour (0 to 255) comes from, best origin first. Raises UsageError for another number."""
        if not 0 <= colour < len(self.origins):
            raise UsageError(f"CGRAM has no colour {colour}; it has 0 to {len(self.origins) - 1}")
        return self.origins[colour]


_TILE_SIZES: Final = {2: 16, 4: 32, 8: 64}


def _shifted(origin: Origin, by: int) -> Origin:
    """The origin of the byte so far behind another one's."""
    if origin.codec == RAW_CODEC:
        return replace(origin, block_offset=origin.block_offset + by)
    return replace(origin, byte_offset=origin.byte_offset + by)
