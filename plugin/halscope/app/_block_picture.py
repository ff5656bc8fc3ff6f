"""A whole block as a picture, in the colours in which the game shows it, and where its tiles are in VRAM now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from halscope_hooks import NO_TRANSFORM, TILE_BYTES, StartEvidence, Update, VramOrigins
from numpy.typing import NDArray

from halscope.app._block_layout import BlockLayout, BlockOptions, find_layout
from halscope.app._shown_blocks import ShownBlocks
from halscope.app._workspace import Workspace
from halscope.inject import Cell, Sheet, sheet_from_block
from halscope.rom.edited_tiles import EditedTiles


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
    sheet, layout = block_sheet(workspace, codec, block_offset, shown, options)
    cells = tuple((cell.x, cell.y, cell.origin.byte_offset) for cell in sheet.cells if cell.origin is not None)
    return BlockPicture(sheet.composition.pixels, sheet.rgb, cells, layout)


def block_sheet(
    workspace: Workspace,
    codec: str,
    block_offset: int,
    shown: ShownBlocks | None,
    options: BlockOptions,
    *,
    edited: bool = False,
) -> tuple[Sheet, BlockLayout]:
    """Return a block as a sheet, in the colours of `block_picture`, and how it is laid out.

    Args:
        workspace, codec, block_offset, shown, options: As for `block_picture`.
        edited: Show the tiles that edits of the running game have made as edited, with what the index knows about the
            block's start: the sheet is one to edit.

    Raises:
        InjectError, ImageError, UsageError: As for `block_picture`.
    """
    found = workspace.codec(codec)
    layout = find_layout(workspace, found, block_offset, options, shown, workspace.known_before())
    start: StartEvidence = "content"
    if edited:
        known = workspace.blocks(min_score=0, codec=codec)
        start = next((block.start for block in known if block.offset == block_offset), start)
    sheet = sheet_from_block(
        workspace.rom,
        found,
        block_offset,
        palette=layout.palette,
        start=start,
        bpp=layout.layout.bpp,
        transform=layout.layout.transform,
        lead=layout.lead,
        columns=layout.columns,
    )
    return (_as_edited(sheet, workspace.running.edited) if edited else sheet), layout


def _as_edited(sheet: Sheet, edited: EditedTiles) -> Sheet:
    """Return a block's sheet with the tiles that edits have made, which know the original ones."""

    def as_edited(cell: Cell) -> Cell:
        origin = cell.origin
        if origin is None:
            return cell
        tile = cell.tile
        if origin.transform != NO_TRANSFORM:
            tile = made.get((origin.byte_offset, origin.transform), tile)
        else:
            for at, unit in plain:
                first = max(at, origin.byte_offset)
                last = min(at + TILE_BYTES, origin.byte_offset + len(tile))
                if first < last:
                    begin = first - origin.byte_offset
                    tile = tile[:begin] + unit[first - at : last - at] + tile[begin + last - first :]
        return cell if tile == cell.tile else replace(cell, tile=tile, rom_tile=cell.original)

    first = sheet.cells[0].origin
    if first is None:
        return sheet
    made = edited.in_block(first.codec, first.block_offset)
    plain = [(at, unit) for (at, transform), unit in made.items() if transform == NO_TRANSFORM]
    return replace(sheet, cells=tuple(map(as_edited, sheet.cells))) if made else sheet


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
