"""How a block's tiles are stored and shown: bits per pixel, transform, and where a short palette belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TRANSFORMS, Origin, Transform, UsageError, VramOrigins
from numpy.typing import NDArray

from halscope.inject import colours, grey_palette, shown_depth, transform_named
from halscope.ppu.tiles import DEPTHS, TileDepth
from halscope.rom.image import Rom

_OF_DEPTH: Final = {1: "1bpp", 3: "3bpp-low"}
"""The transform meant by a depth that the console itself does not have."""


@dataclass(frozen=True, slots=True)
class TileLayout:
    """How tiles are stored and shown.

    Args:
        bpp: Bits per pixel as shown: 2, 4 or 8.
        row: The transform between the two forms, or `None`.
    """

    bpp: TileDepth
    row: Transform | None = None

    @property
    def transform(self) -> str:
        """Name of the transform, or "none"."""
        return NO_TRANSFORM if self.row is None else self.row.name

    @property
    def stored_bytes(self) -> int:
        """Size of a stored tile."""
        return 8 * self.bpp if self.row is None else self.row.stored_bytes

    @property
    def stored_bpp(self) -> int:
        """Bits per pixel as stored: 1 to 8."""
        return self.stored_bytes // 8

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: bits per pixel as stored, and the transform."""
        return {"bpp": self.stored_bpp, "transform": self.transform}

    def read_palette(self, rom: Rom, offset: int) -> NDArray[np.uint16]:
        """Return uint16[2^bpp]: BGR555 as stored in the ROM at `offset` (bytes), as many colours as are stored.

        Colours that stored tiles cannot have are grey. If all of their colours but 0 are beyond the first ones of the
        palette, as with "3bpp-high", the colours are read into the part where they are.

        Raises:
            UsageError: The ROM ends before the last colour.
        """
        count = 1 << self.stored_bpp
        if offset + 2 * count > rom.data.size:
            raise UsageError(f"{rom.name}: no {count} colours at {offset:#x}: the ROM ends at {rom.data.size:#x}")
        palette = grey_palette(self.bpp)
        lowest = 1 if self.row is None else colours(self.row)[1]
        first = lowest // count * count if lowest >= count else 0
        palette[first : first + count] = rom.data[offset : offset + 2 * count].copy().view("<u2") & np.uint16(0x7FFF)
        return palette


def tile_layout(bpp: int | None, transform: str | None, transforms: Sequence[Transform] = TRANSFORMS) -> TileLayout:
    """Return the layout that a user asks for.

    Args:
        bpp: Bits per pixel as stored, 1, 2, 3, 4 or 8; `None` for those of the transform, or else 4. 1 and 3 stand for
            the transforms "1bpp" and "3bpp-low".
        transform: Name of a transform, or `None` for that of `bpp`.
        transforms: Those that there are.

    Raises:
        UsageError: There is no such transform or depth, or the two do not fit each other.
    """
    name = transform if transform is not None else _OF_DEPTH.get(bpp or 0, NO_TRANSFORM)
    row = transform_named(name, transforms)
    if row is None:
        depth = next((one for one in DEPTHS if one == (bpp or 4)), None)
        if depth is None:
            raise UsageError(f"tiles of {bpp} bits per pixel need a transform; give one with --transform")
        return TileLayout(depth)
    if bpp not in (None, row.stored_bytes // 8):
        raise UsageError(f"the transform {name} stores {row.stored_bytes // 8} bits per pixel, not {bpp}")
    return TileLayout(shown_depth(row), row)


def describe_origin(origin: Origin, transforms: dict[str, Transform]) -> dict[str, Any]:
    """Return the JSON form of an origin; with "bpp", the bits per pixel as stored, where the transform tells."""
    value: dict[str, Any] = {
        "codec": origin.codec,
        "block_offset": origin.block_offset,
        "byte_offset": origin.byte_offset,
        "start": origin.start,
        "transform": origin.transform,
    }
    row = transforms.get(origin.transform)
    return value if row is None else {**value, "bpp": row.stored_bytes // 8}


def origin_line(origin: Origin, name: str | None = None) -> str:
    """Format an origin for a list: codec, place, evidence, the transform if there is one, and its label."""
    inside = "" if origin.codec == RAW_CODEC else f"+{origin.byte_offset:#x}"
    by = "" if origin.transform == NO_TRANSFORM else f", {origin.transform}"
    return f"{origin.codec} {origin.block_offset:#x}{inside} ({origin.start}{by})" + f" {name}" * (name is not None)


def tile_origins(found: VramOrigins, transform: Transform, count: int) -> list[tuple[Origin, ...]]:
    """Return the origins of `count` tiles, the first at byte 0, under one transform and no other."""
    size = transform.vram_bytes
    # Where only the order of tiles changes, every plain tile may be one of these.
    names = (transform.name,) if transform.changes_bytes else (transform.name, NO_TRANSFORM)
    return [
        tuple(
            replace(origin, transform=transform.name)
            for origin in found.at(at, transform.depth)
            if origin.transform in names
        )
        for at in range(0, count * size, size)
    ]
