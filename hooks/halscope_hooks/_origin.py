"""Origin: a proven ROM location that a tile comes from, and the evidence for the start of its block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._errors import UsageError
from halscope_hooks._sizes import TILE_BYTES

RAW_CODEC: Final = "raw"
"""Codec name of an origin whose bytes are uncompressed."""

StartEvidence = Literal["traced", "pointer", "adjacent", "content"]
"""Evidence for the start of a block, strongest first.

`traced`: the game's decoder was observed reading it; `pointer`: something in the ROM points to it; `adjacent`: it
begins where another block ends; `content`: its output contains the bytes, and nothing more is known.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """A ROM location that contains the bytes of a tile, proven by decoding again and comparing.

    Args:
        codec: Name of the codec ("hal"), or `RAW_CODEC` for uncompressed bytes.
        block_offset: File offset of the compressed block in the headerless image; for raw bytes, of the tile itself.
        byte_offset: Offset of the tile in the block's decoded bytes, before the transform; 0 for raw bytes.
        start: Evidence for the start of the block.
        transform: How the game converts the decoded bytes on their way into VRAM: "none", "3bpp-low" and "3bpp-high"
            (three planes become four, the fourth empty or the union of the others), "1bpp", "mode7", or a name from a
            game profile.
    """

    codec: str
    block_offset: int
    byte_offset: int
    start: StartEvidence
    transform: str = "none"


@dataclass(frozen=True, slots=True, eq=False)
class VramOrigins:
    """The origins of VRAM in units of 32 bytes (one 4bpp tile).

    Args:
        origins: 2048 tuples, best origin first; an empty tuple if no origin is known. Any sequence type: the index
            builds the tuples lazily.
        informative: bool[2048], False where a unit holds too little information (blank, one colour) to identify it.
    """

    origins: Sequence[tuple[Origin, ...]]
    informative: NDArray[np.bool_] = field(repr=False)

    @property
    def located(self) -> int:
        """Number of informative units with a known origin."""
        return sum(bool(self.origins[tile]) for tile in np.flatnonzero(self.informative).tolist())

    def at(self, vram_byte: int, bpp: int = 4) -> tuple[Origin, ...]:
        """Return the origins of the tile at a VRAM address, best first; an empty tuple if none is known.

        A 2bpp tile is half a unit and shares that unit's origins. An 8bpp tile spans two units; its origins are those
        where the two units are adjacent.

        Args:
            vram_byte: Byte address of the tile, a multiple of its size (8 × bpp bytes).
            bpp: Bits per pixel: 2, 4 or 8.

        Raises:
            UsageError: VRAM has no such tile.
        """
        size = _TILE_SIZES.get(bpp)
        if size is None or vram_byte % size or not 0 <= vram_byte < len(self.origins) * TILE_BYTES:
            raise UsageError(f"VRAM has no {bpp}bpp tile at byte {vram_byte:#x}")
        piece, inside = divmod(vram_byte, TILE_BYTES)
        found = self.origins[piece]
        if size > TILE_BYTES:
            following = {_shifted(origin, -TILE_BYTES) for origin in self.origins[piece + 1]}
            return tuple(origin for origin in found if origin in following)
        return tuple(_shifted(origin, inside) for origin in found) if inside else found


@dataclass(frozen=True, slots=True, eq=False)
class CgramOrigins:
    """The origins of the 256 CGRAM colours; the counterpart of `VramOrigins`.

    Args:
        origins: 256 tuples, best origin first; an empty tuple if no origin is known.
    """

    origins: Sequence[tuple[Origin, ...]]

    @property
    def located(self) -> int:
        """Number of colours with a known origin."""
        return sum(bool(places) for places in self.origins)

    def at(self, colour: int) -> tuple[Origin, ...]:
        """Return the origins of a colour (0 to 255), best first. Raises UsageError for any other number."""
        if not 0 <= colour < len(self.origins):
            raise UsageError(f"CGRAM has no colour {colour}; it has 0 to {len(self.origins) - 1}")
        return self.origins[colour]


_TILE_SIZES: Final = {2: 16, 4: 32, 8: 64}


def _shifted(origin: Origin, by: int) -> Origin:
    """Return the origin of the byte `by` bytes further on."""
    if origin.codec == RAW_CODEC:
        return replace(origin, block_offset=origin.block_offset + by)
    return replace(origin, byte_offset=origin.byte_offset + by)
