"""Frame: what Halscope hands out for a snapshot, its decoded sprites, layers and palettes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._sizes import CGRAM_PALETTES, VRAM_TILES
from halscope_hooks._snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """One of the 128 OAM entries, decoded. Source: OAM layout and OBSEL ($2101).

    Args:
        index: OAM entry, 0 to 127.
        x: -256 to 255, pixels.
        y: 0 to 255 as in OAM; the sprite's first line is drawn on screen line `y` (it wraps at 256).
        width: Pixels.
        height: Pixels.
        palette: 0 to 7; its colours are CGRAM 128 + 16 × palette.
        priority: 0 to 3.
        hflip: Horizontal flip.
        vflip: Vertical flip.
        tile: First tile, 0 to 511 (bit 8 is the name table bit).
        large: Whether OAM's size bit is set.
        pixels: uint8[height, width], 0 to 15, as the hardware shows them (flips applied); 0 is transparent.
        cells: int32[height / 8, width / 8], the VRAM *byte* address of the tile shown in each 8×8 cell, as shown.
    """

    index: int
    x: int
    y: int
    width: int
    height: int
    palette: int
    priority: int
    hflip: bool
    vflip: bool
    tile: int
    large: bool
    pixels: NDArray[np.uint8]
    cells: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A background layer as it falls on the screen, scroll and mosaic applied, before windows and colour math.

    The height is 224, or 239 with overscan; the width 256, or 512 in modes 5 and 6 (even columns are the subscreen's,
    odd ones the main screen's).

    Args:
        index: 1 to 4.
        bpp: 2, 4 or 8 bits a pixel.
        colours: uint8[height, width], index into CGRAM (or, in direct-colour mode, the raw pixel value).
        opaque: bool[height, width], False where the pixel is transparent.
        priority: uint8[height, width], the tile's priority bit (mode 7 with EXTBG: bit 7 of the pixel).
    """

    index: int
    bpp: int
    colours: NDArray[np.uint8]
    opaque: NDArray[np.bool_]
    priority: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A decoded snapshot.

    Args:
        snapshot: What it was decoded from.
        sprites: All 128 in OAM order, off-screen ones too; empty where `sprites_unknown` says why.
        palettes: uint8[256, 3], CGRAM as RGB (5 bits shown as `c << 3 | c >> 2`).
        sprites_unknown: Why there are no sprites (OBSEL is not known), or `None`.
        layers: The background layers of the BG mode, BG1 first, whether the screen shows them or not; empty where they
            were not asked for, and without those that `layers_unknown` names.
        layers_unknown: For each layer that is left out, which register is not known.
        matches: Whether the screen that is composed of this frame equals the host's own picture; `None` where the host
            has none, or nobody has compared them.
    """

    snapshot: Snapshot
    sprites: tuple[Sprite, ...]
    palettes: NDArray[np.uint8]
    sprites_unknown: str | None = None
    layers: tuple[Layer, ...] = ()
    layers_unknown: tuple[str, ...] = ()
    matches: bool | None = None


@cache
def _counted(count: int) -> NDArray[np.int64]:
    """The numbers from 0, read-only; the same array for every caller."""
    numbers = np.arange(count, dtype=np.int64)
    numbers.flags.writeable = False
    return numbers


def _none() -> NDArray[np.int64]:
    return _counted(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """What is new in a frame compared with an earlier one.

    Args:
        tiles: int64[n], ascending: the pieces of 32 bytes of VRAM (0 to 2047) that differ.
        sprites: int64[n], ascending: the OAM entries (0 to 127) whose sprite differs: moved, or drawn otherwise.
        palettes: int64[n], ascending: the rows of 16 colours of CGRAM (0 to 15) that differ.
        layers: The background layers (1 to 4) that differ; none where layers were not asked for.
    """

    tiles: NDArray[np.int64] = field(default_factory=_none)
    sprites: NDArray[np.int64] = field(default_factory=_none)
    palettes: NDArray[np.int64] = field(default_factory=_none)
    layers: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tiles.size or self.sprites.size or self.palettes.size or self.layers)

    def joined(self, earlier: Changes) -> Changes:
        """What changed in both steps together, where `earlier` is the step before this one."""
        return Changes(
            tiles=_union(self.tiles, earlier.tiles),
            sprites=_union(self.sprites, earlier.sprites),
            palettes=_union(self.palettes, earlier.palettes),
            layers=tuple(sorted({*self.layers, *earlier.layers})),
        )

    @classmethod
    def everything(cls, frame: Frame) -> Changes:
        """What is new to somebody who has seen no frame before this one."""
        return cls(
            tiles=_counted(VRAM_TILES),
            sprites=_counted(len(frame.sprites)),
            palettes=_counted(CGRAM_PALETTES),
            layers=tuple(layer.index for layer in frame.layers),
        )


def _union(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    if not one.size or not other.size:
        return one if one.size else other
    # Not np.union1d: numpy's hashing takes the GIL back in a destructor, which ends the process at its exit.
    found = np.zeros(1 + max(one[-1], other[-1]), np.bool_)
    found[one] = found[other] = True
    both = np.flatnonzero(found)
    both.flags.writeable = False
    return both
