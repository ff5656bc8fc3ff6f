"""Frame: the sprites, layers and palettes decoded from a snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._sizes import CGRAM_PALETTES, VRAM_TILES
from halscope_hooks._snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """A decoded OAM entry. Source: OAM layout and OBSEL ($2101).

    Args:
        index: OAM entry, 0 to 127.
        x: Horizontal position in pixels, -256 to 255.
        y: Vertical position, 0 to 255 as in OAM; the first line is drawn on screen line `y`. Wraps at 256.
        width: Width in pixels.
        height: Height in pixels.
        palette: 0 to 7; its colours start at CGRAM 128 + 16 × palette.
        priority: 0 to 3.
        hflip: Horizontal flip.
        vflip: Vertical flip.
        tile: First tile, 0 to 511 (bit 8 is the name table bit).
        large: Whether the OAM size bit is set.
        pixels: uint8[height, width], 0 to 15, as displayed (flips applied); 0 is transparent.
        cells: int32[height / 8, width / 8], the VRAM *byte* address of the tile in each 8×8 cell, as displayed.
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
    """A background layer in screen coordinates, with scroll and mosaic applied, before windows and colour math.

    The height is 224, or 239 with overscan. The width is 256, or 512 in modes 5 and 6 (even columns belong to the
    subscreen, odd columns to the main screen), which in an interlaced picture also have twice as many rows. Each line
    has the registers that HDMA left for it (`Snapshot.raster`); it is transparent if its BG mode lacks the layer.

    Args:
        index: 1 to 4.
        bpp: Bits per pixel: 2, 4 or 8; those of the first line that has the layer.
        colours: uint8[height, width], index into CGRAM (in direct-colour mode, the raw pixel value).
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
        snapshot: The snapshot that it was decoded from.
        sprites: All 128 sprites in OAM order, including off-screen ones; empty if `sprites_unknown` is set.
        palettes: uint8[256, 3], CGRAM as RGB (5 bits expanded as `c << 3 | c >> 2`).
        sprites_unknown: Why there are no sprites (OBSEL is not known), or `None`.
        layers: The background layers of the BG modes, BG1 first, whether displayed or not. Empty if layers were not
            requested; layers named by `layers_unknown` are missing.
        layers_unknown: For each missing layer, the register that is not known.
        matches: Whether the screen composed from this frame equals the host's own picture; `None` if the host has no
            picture or the two were not compared.
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
    """Return the read-only numbers 0 to `count` - 1; all callers share one array."""
    numbers = np.arange(count, dtype=np.int64)
    numbers.flags.writeable = False
    return numbers


def _none() -> NDArray[np.int64]:
    return _counted(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """Differences between a frame and an earlier one.

    Args:
        tiles: int64[n], ascending: 32-byte units of VRAM (0 to 2047) that differ.
        sprites: int64[n], ascending: OAM entries (0 to 127) whose sprite moved or looks different.
        palettes: int64[n], ascending: CGRAM rows of 16 colours (0 to 15) that differ.
        layers: Background layers (1 to 4) that differ; empty if layers were not requested.
    """

    tiles: NDArray[np.int64] = field(default_factory=_none)
    sprites: NDArray[np.int64] = field(default_factory=_none)
    palettes: NDArray[np.int64] = field(default_factory=_none)
    layers: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tiles.size or self.sprites.size or self.palettes.size or self.layers)

    def joined(self, earlier: Changes) -> Changes:
        """Return the combined changes of this step and the `earlier` step before it."""
        return Changes(
            tiles=_union(self.tiles, earlier.tiles),
            sprites=_union(self.sprites, earlier.sprites),
            palettes=_union(self.palettes, earlier.palettes),
            layers=tuple(sorted({*self.layers, *earlier.layers})),
        )

    @classmethod
    def everything(cls, frame: Frame) -> Changes:
        """Return changes that mark everything in `frame` as new."""
        return cls(
            tiles=_counted(VRAM_TILES),
            sprites=_counted(len(frame.sprites)),
            palettes=_counted(CGRAM_PALETTES),
            layers=tuple(layer.index for layer in frame.layers),
        )


def _union(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    if not one.size or not other.size:
        return one if one.size else other
    # np.union1d is avoided: its hashing reacquires the GIL in a destructor, which aborts the process at exit.
    found = np.zeros(1 + max(one[-1], other[-1]), np.bool_)
    found[one] = found[other] = True
    both = np.flatnonzero(found)
    both.flags.writeable = False
    return both
