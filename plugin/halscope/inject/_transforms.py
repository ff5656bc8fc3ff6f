"""Convert a sheet's tiles between the form that they are shown in and the bytes that a game stores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, TRANSFORMS, InjectError, Transform, UsageError
from numpy.typing import NDArray

from halscope.ppu.tiles import TileDepth, decode_tiles, encode_tiles

MODE7_MAP: Final = "mode7-map"
"""Transform name, in sheets of layers and their edits alone, of a mode 7 map: its bytes are every other one in VRAM."""


def transform_named(name: str, transforms: Sequence[Transform] = TRANSFORMS) -> Transform | None:
    """Return a transform, or `None` for "none" and for a map: nothing is converted.

    Args:
        name: Its name.
        transforms: Those that there are: of a ROM `Rom.transforms`, of a sheet `Sheet.known_transforms`.

    Raises:
        UsageError: There is none of this name.
    """
    if name in (NO_TRANSFORM, MODE7_MAP):
        return None
    for transform in transforms:
        if transform.name == name:
            return transform
    known = ", ".join([NO_TRANSFORM, *(transform.name for transform in transforms)])
    raise UsageError(f"no transform {name!r}; there are: {known}; a game file describes others (--profile)")


def shown_depth(transform: Transform) -> TileDepth:
    """Return the bits per pixel of the tiles that a transform makes; those of mode 7 have 8."""
    return 8 if transform.depth == "mode7" else transform.depth


def shown_tiles(transform: Transform | None, stored: bytes) -> bytes:
    """Return stored tiles as planar tiles, as the sheet shows them; in mode 7 a stored tile is one byte per pixel."""
    if transform is None:
        return stored
    if transform.depth == "mode7":
        return encode_tiles(np.frombuffer(stored, np.uint8).reshape(-1, 8, 8), 8).tobytes()
    return transform.expand(stored)


def stored_tile(name: str, tile: bytes, transforms: Sequence[Transform]) -> bytes | None:
    """Return the bytes that a tile is stored as under a transform, or `None` if none represent it.

    Args:
        name: Name of the transform, or "none".
        tile: The tile as shown, planar.
        transforms: See `transform_named`.

    Raises:
        InjectError: There is no such transform, or it makes tiles of another depth.
    """
    try:
        transform = transform_named(name, transforms)
    except UsageError as error:
        raise InjectError(str(error)) from None
    if transform is None:
        return tile
    depth = shown_depth(transform)
    if len(tile) != 8 * depth:
        raise InjectError(f"the transform {transform.name} makes {depth}bpp tiles, not tiles of {len(tile)} bytes")
    if transform.depth == "mode7":
        return decode_tiles(tile, 8).tobytes()
    return transform.collapse(tile)


def stored_bytes(name: str, shown: int, transforms: Sequence[Transform]) -> int:
    """Return the size of a stored tile under a transform, given the size of the tile as shown."""
    return next((transform.stored_bytes for transform in transforms if transform.name == name), shown)


def lost_pixels(transform: Transform, tile: bytes) -> NDArray[np.bool_]:
    """Return bool[8, 8]: which pixels of a planar tile the transform cannot represent."""
    depth = shown_depth(transform)
    if transform.depth == "mode7":
        return np.zeros((8, 8), np.bool_)
    nearest = transform.expand(transform.recover(tile))
    lost: NDArray[np.bool_] = decode_tiles(tile, depth)[0] != decode_tiles(nearest, depth)[0]
    return lost


@cache
def colours(transform: Transform) -> tuple[int, ...]:
    """Return the colours that a transform can represent, ascending."""
    depth = shown_depth(transform)
    flat = (encode_tiles(np.full((8, 8), colour, np.uint8), depth).tobytes() for colour in range(1 << depth))
    return tuple(colour for colour, tile in enumerate(flat) if not lost_pixels(transform, tile).any())


def colours_text(transform: Transform) -> str:
    """Return the colours that a transform can represent as text: "0 to 7"."""
    runs: list[list[int]] = []
    for colour in colours(transform):
        if runs and runs[-1][-1] == colour - 1:
            runs[-1].append(colour)
        else:
            runs.append([colour])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
