"""How a block is laid out as a sheet, found where the user does not say: codec, place of its tiles, colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from halscope_hooks import Codec, CodecError
from numpy.typing import NDArray

from halscope.app._shown_blocks import ShownBlocks
from halscope.app._tile_layout import TileLayout, tile_layout
from halscope.app._workspace import Workspace
from halscope.inject import shown_tiles
from halscope.ppu.tiles import decode_tiles

COLUMNS: Final = 16
"""Tiles per row where nothing is known: as in the console's tile pages."""
DEFAULT_CODEC: Final = "hal"
_CLEARER: Final = 0.025
"""How much smoother tiles are where they begin. In the demo's 23 blocks with bytes to spare it is 0.035 to 0.18; only a
block whose tiles begin after one byte has less, 0.016, and of the wrong sign."""


@dataclass(frozen=True, slots=True)
class BlockOptions:
    """What a user says about the blocks to extract; `None` is found for each block.

    Args:
        codec: Name of the codec.
        bpp: Bits per pixel as stored, see `tile_layout`.
        transform: Name of the transform, see `tile_layout`.
        lead: Bytes before the first tile.
        columns: Tiles per row.
        palette: File offset of the colours in the ROM.
    """

    codec: str | None = None
    bpp: int | None = None
    transform: str | None = None
    lead: int | None = None
    columns: int | None = None
    palette: int | None = None


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """How a block is shown.

    Args:
        layout: How its tiles are stored and shown.
        lead: Bytes before the first tile.
        columns: Tiles per row.
        palette: uint16[2^bpp], BGR555; `None` for greys.
        shown: Whether the given moment shows the block; `None` if no moment was given.
    """

    layout: TileLayout
    lead: int
    columns: int
    palette: NDArray[np.uint16] | None
    shown: bool | None = None


def find_codec(workspace: Workspace, offset: int) -> str:
    """Return the name of the codec of the block at a file offset.

    The index names it if it knows a start there. Otherwise it is the codec that decodes a block, the default one first.
    """
    index = workspace.index()
    known = index.families[index.families["offset"] == offset]
    if len(known):
        best = known[int(np.lexsort((-known["score"], known["start"]))[0])]
        return index.codecs[int(best["codec"])].name
    codecs = sorted(workspace.codecs(), key=lambda codec: codec.name != DEFAULT_CODEC)
    return next((codec.name for codec in codecs if _decoded(workspace, codec, offset) is not None), DEFAULT_CODEC)


def find_layout(
    workspace: Workspace, codec: Codec, offset: int, options: BlockOptions, shown: ShownBlocks | None = None
) -> BlockLayout:
    """Return the layout of a block: what the user says, and the rest as it is found or by default.

    Args:
        workspace: The ROM.
        codec: The block's codec.
        offset: Its file offset.
        options: What the user says.
        shown: The blocks of a moment, to take the rest from where the game shows this one.

    Raises:
        UsageError: The ROM ends before the last colour, or there is no such transform or depth.
    """
    rom = workspace.rom
    asked = options.bpp is not None or options.transform is not None
    known = None if asked else rom.block_transforms.get(codec.name, offset)
    layout = tile_layout(options.bpp, options.transform if known is None else known, rom.transforms)
    seen = None if shown is None else shown.find(codec.name, offset, layout if asked or known is not None else None)
    if seen is not None:
        layout = seen.layout
    lead = options.lead
    if lead is None and seen is not None:
        lead = seen.lead
    if lead is None:
        data = _decoded(workspace, codec, offset)
        lead = 0 if data is None else judged_lead(data, layout)
    palette: NDArray[np.uint16] | None
    if options.palette is not None:
        palette = layout.read_palette(rom, options.palette)
    else:
        palette = None if seen is None else seen.palette
    columns = options.columns or (None if seen is None else seen.columns) or COLUMNS
    return BlockLayout(layout, lead, columns, palette, None if shown is None else seen is not None)


def judged_lead(data: bytes, layout: TileLayout) -> int:
    """Return how many bytes of a block are before its first tile, judged by its size and its pixels.

    The bytes by which a block is longer than whole tiles are mostly all before them or all after them. Tiles that are
    read from a wrong byte on have their planes mixed up, so fewer pixels equal their neighbours. If neither place is
    clearly smoother, the tiles begin with the block.

    Args:
        data: The decoded block.
        layout: How its tiles are stored.
    """
    rest = len(data) % layout.stored_bytes
    if not rest or len(data) < layout.stored_bytes:
        return 0
    return rest if _smoothness(data[rest:], layout) > _smoothness(data, layout) + _CLEARER else 0


def _smoothness(data: bytes, layout: TileLayout) -> float:
    """Return the part of the neighbouring pixels in whole tiles that are equal, 0 to 1."""
    whole = data[: len(data) // layout.stored_bytes * layout.stored_bytes]
    pixels = decode_tiles(shown_tiles(layout.row, whole), layout.bpp)
    across, down = pixels[:, :, 1:] == pixels[:, :, :-1], pixels[:, 1:] == pixels[:, :-1]
    return (float(across.mean()) + float(down.mean())) / 2


def _decoded(workspace: Workspace, codec: Codec, offset: int) -> bytes | None:
    try:
        return workspace.rom.decode(codec, offset).data.tobytes()
    except CodecError:
        return None
