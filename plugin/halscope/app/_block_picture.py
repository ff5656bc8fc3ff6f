"""A whole block as a picture, in the colours in which the game shows it, and where its tiles are in VRAM now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from halscope_hooks import TILE_BYTES, Update, VramOrigins
from numpy.typing import NDArray

from halscope.app._block_layout import BlockLayout, BlockOptions, find_layout
from halscope.app._shown_blocks import ShownBlocks
from halscope.app._workspace import Workspace
from halscope.inject import sheet_from_block


@dataclass(frozen=True, slots=True, eq=False)
class BlockPicture:
    """A block as a picture.

    Args:
        pixels: uint8[height, width], index into `rgb`.
        rgb: uint8[colours, 3].
        cells: For each tile its left and top edge in the picture, and its offset in the decoded block.
        layout: How it is laid out, and where its colours are from.
    """

    pixels: NDArray[np.uint8]
    rgb: NDArray[np.uint8]
    cells: tuple[tuple[int, int, int], ...]
    layout: BlockLayout


def shown_blocks(workspace: Workspace, update: Update) -> ShownBlocks | None:
    """Return how a frame shows blocks; `None` while the origins of its tiles are not known."""
    if update.origins is None:
        return None
    return ShownBlocks(update.frame, workspace.plugins.group_sprites(update.frame), update.origins)


def block_picture(
    workspace: Workspace,
    codec: str,
    block_offset: int,
    shown: ShownBlocks | None = None,
    options: BlockOptions = BlockOptions(),  # noqa: B008 # immutable
) -> BlockPicture:
    """Draw a block as the game shows it now, or did before, or else in greys.

    Args:
        workspace: The ROM.
        codec: Name of the block's codec.
        block_offset: Its file offset.
        shown: The blocks of a moment.
        options: What the user says about the block.

    Raises:
        InjectError: No stream begins there.
        ImageError: The block is smaller than a tile.
        UsageError: There is no such codec.
    """
    found = workspace.codec(codec)
    layout = find_layout(workspace, found, block_offset, options, shown, workspace.known_before())
    sheet = sheet_from_block(
        workspace.rom,
        found,
        block_offset,
        palette=layout.palette,
        bpp=layout.layout.bpp,
        transform=layout.layout.transform,
        lead=layout.lead,
        columns=layout.columns,
    )
    cells = tuple((cell.x, cell.y, cell.origin.byte_offset) for cell in sheet.cells if cell.origin is not None)
    return BlockPicture(sheet.composition.pixels, sheet.rgb, cells, layout)


def places_in_vram(origins: VramOrigins, codec: str, block_offset: int) -> list[tuple[int, int]]:
    """Return the tiles of a block that are in VRAM: (offset in the decoded block, VRAM byte address), by address.

    A tile counts if the block is its best origin.
    """
    found = []
    for unit in np.flatnonzero(origins.informative).tolist():
        best = origins.origins[unit][:1]
        if best and (best[0].codec, best[0].block_offset) == (codec, block_offset):
            found.append((best[0].byte_offset, unit * TILE_BYTES))
    return found
