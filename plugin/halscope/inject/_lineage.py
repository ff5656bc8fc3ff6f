"""Edited tiles in a running game: where they belong in the ROM, and sheets that show them and can be edited again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TILE_BYTES, Codec, Origin

import halscope._codec as _codec
from halscope.inject._sheet_edit import COLOURS
from halscope.inject._transforms import shown_tiles, stored_bytes, transform_named
from halscope.inject.edits import EditPlan
from halscope.inject.model import Cell, Sheet
from halscope.inject.settle import Content
from halscope.rom.edited_tiles import EditedTiles
from halscope.rom.image import Rom


def edited_origins(plan: EditPlan | None) -> EditedTiles:
    """Return the tiles that a plan makes with their origins, without those that say too little to be recognised."""
    found: dict[bytes, dict[Origin, None]] = {}
    for tile, origin in () if plan is None else _made(plan):
        if _codec.locate_informative(np.frombuffer(tile, np.uint8)).all():
            found.setdefault(tile, {})[origin] = None
    return EditedTiles({tile: tuple(origins) for tile, origins in found.items()})


def _made(plan: EditPlan) -> Iterator[tuple[bytes, Origin]]:
    """Yield the units of 32 bytes that a plan changes, as they stand in VRAM."""
    for block in plan.blocks:
        for change in block.changes:
            if NO_TRANSFORM not in change.transforms:
                continue
            first = change.byte_offset - (change.size if change.size < TILE_BYTES else 0)
            for at in range(first, change.end, min(change.size, TILE_BYTES)):  # a 2bpp tile is half a unit
                new = block.new_data[max(at, 0) : at + TILE_BYTES]
                if at >= 0 and len(new) == TILE_BYTES and new != block.old_data[at : at + TILE_BYTES]:
                    raw = block.codec == RAW_CODEC
                    place = (block.block_offset + at, 0) if raw else (block.block_offset, at)
                    yield new, Origin(block.codec, *place, block.start)
    for edit in plan.edits:
        for one in edit.changes:
            if (
                one.origin.transform not in (NO_TRANSFORM, COLOURS)
                and len(one.new) == TILE_BYTES
                and one.new != one.old
            ):
                yield one.new, one.origin


def on_original(sheet: Sheet, rom: Rom, codecs: Sequence[Codec], contained: Rom | None = None) -> Sheet:
    """Return a sheet of a game that contains edits as one of the original ROM: its edited tiles know the original ones.

    Args:
        sheet: The sheet, whose origins are proven in the edited ROM.
        rom: The original ROM.
        codecs: The codecs that the origins name.
        contained: The edited ROM. Tiles that VRAM shows as they were before are then shown as they are in it.
    """
    content = Content(rom, codecs)
    edited = None if contained is None else Content(contained, codecs)

    def cell_on_original(cell: Cell) -> Cell:
        if cell.origin is None:
            return cell
        tile = _tile_at(content, cell.origin, len(cell.tile))
        if tile is None:
            return replace(cell, origin=None)
        now = cell.tile
        if now == tile and edited is not None:
            now = _tile_at(edited, cell.origin, len(cell.tile)) or now
        return cell if now == tile else replace(cell, tile=now, rom_tile=tile)

    cells = tuple(map(cell_on_original, sheet.cells))
    return sheet if cells == sheet.cells else replace(sheet, cells=cells)


def _tile_at(content: Content, origin: Origin, size: int) -> bytes | None:
    """Return the tile of `size` bytes at an origin as a sheet shows it, or `None` where there is none."""
    source, at = content.place_of(origin)
    stored_size = stored_bytes(origin.transform, size, content.transforms)
    stored = bytes(content[source][at : at + stored_size])
    if len(stored) < stored_size:
        return None
    return shown_tiles(transform_named(origin.transform, content.transforms), stored)
