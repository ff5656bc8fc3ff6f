"""Origin: a proven ROM location that a tile comes from, and the evidence for the start of its block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._errors import UsageError
from halscope_hooks._sizes import TILE_BYTES
from halscope_hooks._transform import (
    MODE7_BYTES,
    NO_TRANSFORM,
    TILE_SIZES,
    TRANSFORMS,
    Transform,
)

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
        transform: Name of the `Transform` by which the game converts the stored bytes on their way into VRAM
            ("3bpp-low", "mode7"), or "none".
    """

    codec: str
    block_offset: int
    byte_offset: int
    start: StartEvidence
    transform: str = NO_TRANSFORM


@dataclass(frozen=True, slots=True, eq=False)
class VramOrigins:
    """The origins of VRAM in units of 32 bytes (one 4bpp tile).

    Args:
        origins: 2048 tuples, best origin first; an empty tuple if no origin is known. Any sequence type: the index
            builds the tuples lazily. An attribute `known` of it (bool[2048]) is used instead of building them all.
        informative: bool[2048], False where a unit holds too little information (blank, one colour) to identify it.
        transforms: The transforms that origins may name.
    """

    origins: Sequence[tuple[Origin, ...]]
    informative: NDArray[np.bool_] = field(repr=False)
    transforms: Sequence[Transform] = field(default=TRANSFORMS, repr=False)

    @property
    def located(self) -> int:
        """Number of informative units with a known origin."""
        return int(np.count_nonzero(self.known & self.informative))

    @property
    def known(self) -> NDArray[np.bool_]:
        """bool[2048], the units with a known origin, whether they are informative or not."""
        counted = getattr(self.origins, "known", None)  # a sequence that builds its tuples lazily need not build them
        if counted is not None:
            return np.asarray(counted, np.bool_)
        return np.fromiter(map(bool, self.origins), np.bool_, len(self.origins))

    def at(self, vram_byte: int, bpp: int | Literal["mode7"] = 4) -> tuple[Origin, ...]:
        """Return the origins of the tile at a VRAM address, best first; an empty tuple if none is known.

        A 2bpp tile is half a unit, an 8bpp tile spans two and a mode 7 tile four. The origins of a tile that spans
        several units are those where the units are adjacent. Origins whose transform makes tiles of another depth are
        left out.

        Args:
            vram_byte: Byte address of the tile, a multiple of its size: 8 × bpp bytes, in mode 7 128 (of which every
                other byte belongs to the map).
            bpp: Bits per pixel: 2, 4 or 8; or "mode7".

        Raises:
            UsageError: VRAM has no such tile.
        """
        size = TILE_SIZES.get(bpp)
        end = MODE7_BYTES if bpp == "mode7" else len(self.origins) * TILE_BYTES
        if size is None or vram_byte % size or not 0 <= vram_byte < min(end, len(self.origins) * TILE_BYTES):
            raise UsageError(f"VRAM has no {bpp if bpp == 'mode7' else f'{bpp}bpp'} tile at byte {vram_byte:#x}")
        unit, inside = divmod(vram_byte, TILE_BYTES)
        if bpp == 4:  # most tiles of most games are stored as VRAM has them
            here = self.origins[unit]
            if all(origin.transform == NO_TRANSFORM for origin in here):
                return here
        stored = {transform.name: transform.unit_bytes for transform in self.transforms if transform.depth == bpp}
        if bpp != "mode7":
            stored[NO_TRANSFORM] = TILE_BYTES
        found: list[Origin] | None = None
        for further in range(max(1, size // TILE_BYTES)):
            # A mode 7 tile was compared as a whole, so a blank unit of it needs no origin of its own.
            if bpp == "mode7" and not self.informative[unit + further]:
                continue
            named = (origin for origin in self.origins[unit + further] if origin.transform in stored)
            there = [_shifted(origin, -further * stored[origin.transform]) for origin in named]
            found = there if found is None else [origin for origin in found if origin in there]
        if not found:
            return ()
        return tuple(_shifted(origin, inside * stored[origin.transform] // TILE_BYTES) for origin in found)


@dataclass(frozen=True, slots=True)
class ColourRun:
    """Consecutive colours of CGRAM that stand in the same order at one place of the ROM.

    Colour 0 of a palette (every sixteenth) may differ inside a run: games set the backdrop and the transparent entries
    in other ways. Bit 15, which CGRAM does not store, is not compared.

    Args:
        first: Number of its first colour, 0 to 255.
        count: Number of colours.
        origin: Where the first colour is stored. The next ones follow, two bytes each, little-endian.
        odds: Binary logarithm of the odds against finding such a run by chance.
        fade: Empty if the colours are as stored; otherwise how the game darkened, brightened or mixed them, for users.
    """

    first: int
    count: int
    origin: Origin
    odds: float
    fade: str = ""

    def origin_of(self, colour: int) -> Origin:
        """Return where a colour of the run is stored (before the fade). Raises UsageError for any other colour."""
        if not self.first <= colour < self.first + self.count:
            raise UsageError(f"colour {colour} is not in the run of {self.count} colours from {self.first} on")
        return _shifted(self.origin, 2 * (colour - self.first))


@dataclass(frozen=True, slots=True, eq=False)
class CgramOrigins:
    """The origins of the 256 CGRAM colours; the counterpart of `VramOrigins`.

    Args:
        origins: 256 tuples, best origin first; an empty tuple if no origin is known. The ROM holds exactly the colour
            there, apart from bit 15.
        runs: The runs that these are taken from, best first, and after them the faded copies of runs.
    """

    origins: Sequence[tuple[Origin, ...]]
    runs: tuple[ColourRun, ...] = ()

    @property
    def located(self) -> int:
        """Number of colours with a known origin."""
        return sum(bool(places) for places in self.origins)

    def at(self, colour: int) -> tuple[Origin, ...]:
        """Return the origins of a colour (0 to 255), best first. Raises UsageError for any other number."""
        if not 0 <= colour < len(self.origins):
            raise UsageError(f"CGRAM has no colour {colour}; it has 0 to {len(self.origins) - 1}")
        return self.origins[colour]


def _shifted(origin: Origin, by: int) -> Origin:
    """Return the origin of the byte `by` stored bytes further on."""
    if not by:
        return origin
    if origin.codec == RAW_CODEC:
        return replace(origin, block_offset=origin.block_offset + by)
    return replace(origin, byte_offset=origin.byte_offset + by)
