"""Frame: what Halscope hands out for a snapshot, its decoded sprites, layers and palettes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """

    snapshot: Snapshot
    sprites: tuple[Sprite, ...]
    palettes: NDArray[np.uint8]
    sprites_unknown: str | None = None
    layers: tuple[Layer, ...] = ()
    layers_unknown: tuple[str, ...] = ()
